"""Twelve widgets over the three outside systems, as an app would write them."""

from __future__ import annotations

import datetime as dt
import os
import threading
from typing import Any

import requests

from apps.core.widgets import WIDGETS, Widget

SYSTEMS = ("desk", "shop", "plant")
# how long each system needs for what its widgets ask: 50 to 400 ms, 2,240 ms in all
MILLISECONDS = {"desk": (50, 90, 120, 200), "shop": (60, 130, 250, 400), "plant": (80, 160, 300, 400)}
SLOWEST = max(max(times) for times in MILLISECONDS.values())
_of_thread = threading.local()


class Asks(Widget):
    """Asks its system over a connection that its thread keeps."""

    title, about = "Figure", "A figure of an outside system."
    resource = "workspace.home"
    size = least = (3, 2)
    refresh = 3600
    template = "workspace/widgets/favourites.html"

    def __init__(self, system: str, number: int, milliseconds: int) -> None:
        self.key, self.system, self.outside, self.milliseconds = f"bench.{system}_{number}", system, system, milliseconds

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        session = getattr(_of_thread, "session", None)
        if session is None:
            session = _of_thread.session = requests.Session()
            session.trust_env = False
        answer = session.get(f"http://127.0.0.1:{os.environ['BENCH_OUTSIDE']}/{self.system}/{self.milliseconds}", timeout=10)
        return {"rows": [], "number": int(answer.text), "as_of": now}


def install() -> list[Widget]:
    """Register them; twice is once."""
    made: list[Widget] = [Asks(system, number, time) for system, times in MILLISECONDS.items() for number, time in enumerate(times)]
    WIDGETS.update({widget.key: widget for widget in made})
    return made
