"""Background work: enqueue and publish in the caller's transaction; claim, run and finish by workers; cure of dead letters."""

from apps.jobs.registry import JobContext, LeaseLost
from apps.jobs.services.claiming import Claim, claim, expire_leases
from apps.jobs.services.failing import hasten
from apps.jobs.services.queue import UnableToCure, arm_periodic, cancel, enqueue, postpone, publish, repeat, replay, skip
from apps.jobs.services.running import run_claimed, run_due
from apps.jobs.services.worker import Worker, start_worker_thread

__all__ = [
    "Claim", "JobContext", "LeaseLost", "UnableToCure", "Worker", "arm_periodic", "cancel", "claim", "enqueue", "expire_leases", "hasten",
    "postpone", "publish", "repeat", "replay", "run_claimed", "run_due", "skip", "start_worker_thread",
]
