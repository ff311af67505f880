"""Messages of OA's own documents, by subject."""

from apps.business.kinds import loops, visits

__all__ = ["loops", "visits"]
