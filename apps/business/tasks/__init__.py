"""Steps of the processes and timers of OA's own documents, by subject."""

from apps.business.tasks import loops, visits

__all__ = ["loops", "visits"]
