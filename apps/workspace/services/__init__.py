"""What the workspace does by itself: layouts of the home page, its widgets, what is kept at hand, the tour of the demo."""

from apps.workspace.services.layouts import UnableToArrange, change_own, change_role, reset_own, reset_role, save_own, save_role
from apps.workspace.services.loading import WidgetView, fetched, fetched_together, keep_drawn, shown
from apps.workspace.services.pins import STARS, opened, star, unstar
from apps.workspace.services.tour import take_step

__all__ = [
    "STARS",
    "UnableToArrange", "WidgetView", "change_own", "change_role", "fetched", "fetched_together", "keep_drawn", "opened", "reset_own", "reset_role",
    "save_own", "save_role", "shown", "star", "take_step", "unstar",
]
