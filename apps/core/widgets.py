"""Home page widgets. Each app declares its own in widgets.py; apps.workspace lays them out, loads and remembers them."""

from __future__ import annotations

import datetime as dt
from typing import Any


class Widget:
    """One panel of the home page.

    `key` "erp.stock_alerts"; `title` and `about` (one sentence for the gallery) lazy texts; `resource`/`action`: who may see it: who may not is not
    offered it; `size` (w, h) in cells of the grid of 12 columns and `least`, the smallest it can be read at; `refresh`: seconds after which a
    remembered figure is read again; `scope`: person | all (whose memory it is); `listens`: pushes that make the page read it again; `flush`: the
    body has no padding; `template`: rendered with what `load` returns, also as `data`.

    `outside`: the system `load` asks over the network; "" when it reads the portal's own tables. An outside widget is never waited for by the page.
    `kept` False: read with each page and never remembered (cheap, and must be right). `frame`: a template that draws the whole card itself.
    """

    key: str = ""
    title: Any = ""
    about: Any = ""
    icon: str = "home"
    system: str = "oa"
    resource: str = ""
    action: str = "view"
    size: tuple[int, int] = (4, 2)
    least: tuple[int, int] = (3, 2)
    refresh: int = 60
    scope: str = "person"
    listens: tuple[str, ...] = ("instance",)
    flush: bool = False
    template: str = ""
    outside: str = ""
    kept: bool = True
    frame: str = "workspace/widgets/frame.html"

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
