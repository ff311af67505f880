"""Home page widgets. Each app declares its own in widgets.py; apps.workspace lays them out."""

from __future__ import annotations

import datetime as dt
from typing import Any


class Widget:
    """`key` "erp.stock_alerts"; `title` lazy text; `resource`/`action`: who may see it; `size` (w, h) in grid cells of 12 columns;
    `refresh` seconds; `scope`: person | all (what the cache key holds); `template`: rendered with what `load` returns."""

    key: str = ""
    title: Any = ""
    icon: str = "home"
    system: str = "oa"
    resource: str = ""
    action: str = "view"
    size: tuple[int, int] = (4, 2)
    refresh: int = 60
    scope: str = "person"
    template: str = ""

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """Context of the template; only Projected data. May raise SystemUnavailable. `as_of` (datetime) is shown as age."""
        raise NotImplementedError(self.key)


WIDGETS: dict[str, Widget] = {}


def register(widget: type[Widget]) -> type[Widget]:
    """Class decorator. Twice the same key is an error."""
    if not widget.key or widget.key in WIDGETS:
        raise ValueError(f"widget {widget.key!r} is empty or registered twice")
    WIDGETS[widget.key] = widget()
    return widget
