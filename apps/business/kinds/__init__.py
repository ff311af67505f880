"""Messages of OA's own documents, by subject."""

from apps.business.kinds import announcements, loops, visits

__all__ = ["announcements", "loops", "visits"]
