"""Steps of the processes and timers of OA's own documents, by subject."""

from apps.business.tasks import announcements, loops, visits

__all__ = ["announcements", "loops", "visits"]
