"""A board as it goes onto paper or into a table: its tiles with their figures, and what stands around them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from apps.insight.payloads import Reading
from apps.insight.selectors.boards import TileView


@dataclass(frozen=True)
class Paper:
    """`filters`: in words, with what they do not act on; `past`: shown as of a moment that is over; `watermark`: who took it and when."""

    name: str
    period: str
    company: str
    filters: tuple[str, ...]
    views: tuple[TileView, ...]
    watermark: str
    moment: dt.datetime
    past: bool

    @property
    def readings(self) -> list[Reading]:
        """Each figure once; what its reader may not see is not in it."""
        found = {reading.key: reading for view in self.views for reading in view.readings}
        return [one for one in found.values() if one.state in ("ok", "empty")]
