"""Events that workflows publishes through jobs (handlers run in their own jobs, maybe twice)."""

TASK_CREATED = "workflows.task.created"  # {task_id, instance_id, business_key, process_key, node, candidate_ids}
TASK_DECIDED = "workflows.task.decided"  # {task_id, instance_id, business_key, node, outcome, decided_by, effective_at}: can still be undone
TASK_COMPLETED = "workflows.task.completed"  # {task_id, instance_id, business_key, node, outcome, decided_by}
TASK_REASSIGNED = "workflows.task.reassigned"  # {task_id, instance_id, business_key, node, to_id}
TASK_CANCELLED = "workflows.task.cancelled"  # {task_id, instance_id, business_key, node, reason}
INSTANCE_STARTED = "workflows.instance.started"  # {instance_id, process_key, business_key, starter_id}
INSTANCE_COMPLETED = "workflows.instance.completed"  # {instance_id, process_key, business_key, state, end}
INSTANCE_WITHDRAWN = "workflows.instance.withdrawn"  # {instance_id, process_key, business_key, reason}
INCIDENT_OPENED = "workflows.incident.opened"  # {incident_id, instance_id, business_key, kind, node}
INCIDENT_RESOLVED = "workflows.incident.resolved"  # {incident_id, instance_id, business_key, state}
