"""Events of jobs."""

JOB_DIED = "jobs.job.died"  # {job_id, kind, key, order_key, payload, error, system}
