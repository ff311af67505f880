"""Pages of tasks and cases."""

from django.urls import path

from apps.workflows.views import approvals, lists, loops

urlpatterns = [
    path("approvals/", lists.approval_list, name="approvals"),
    path("approvals/<uuid:task_id>/", approvals.approval, name="approval"),
    path("approvals/<uuid:task_id>/pane/", approvals.approval_pane, name="approval-pane"),
    path("approvals/<uuid:task_id>/state/", approvals.approval_state, name="approval-state"),
    path("approvals/<uuid:task_id>/decide/", approvals.approval_decide, name="approval-decide"),
    path("approvals/<uuid:task_id>/undo/", approvals.approval_undo, name="approval-undo"),
    path("approvals/<uuid:task_id>/reassign/", approvals.approval_reassign, name="approval-reassign"),
    path("requests/", lists.request_list, name="requests"),
    path("requests/<uuid:instance_id>/withdraw/", lists.request_withdraw, name="request-withdraw"),
    path("done/", lists.done_list, name="done"),
    path("loop/<path:business_key>/", loops.loop, name="loop"),
    path("incidents/<uuid:incident_id>/retry/", loops.incident_retry, name="incident-retry"),
    path("incidents/<uuid:incident_id>/skip/", loops.incident_skip, name="incident-skip"),
    path("incidents/<uuid:incident_id>/resolve/", loops.incident_resolve, name="incident-resolve"),
]
