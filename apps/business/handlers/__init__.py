"""What OA's own documents hear and what they plug into the engine, by subject."""

from apps.business.handlers import announcements, loops, starting, visits

__all__ = ["announcements", "loops", "starting", "visits"]
