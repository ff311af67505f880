"""What the workspace does by itself: the tour of the demo."""

from apps.workspace.services.tour import take_step

__all__ = ["take_step"]
