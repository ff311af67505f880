"""The board on the home page: the first figures of the board a person sees first."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.widgets import Widget, register
from apps.insight.payloads import Filters
from apps.insight.policies import periods
from apps.insight.selectors import board_readings
from apps.insight.selectors.boards import start_of

MOST = 6


@register
class Figures(Widget):
    """This month's figures, each with its change and a way to its records."""

    key = "insight.figures"
    title = _("Figures of the month")
    about = _("The first figures of your board, against the same days of last month.")
    icon = "chart-bar"
    system = "oa"
    resource = "insight.board"
    size = (6, 4)
    least = (4, 2)
    listens = ("kpi",)
    template = "insight/widgets/figures.html"

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        month = periods.period("month", today=clock.company_today(now))
        keys = [tile.kpis[0] for tile in start_of(person).tiles if tile.is_figure]
        found = [one for one in board_readings(person, list(dict.fromkeys(keys)), period=month, filters=Filters(), now=now) if one.state != "forbidden"]
        return {"readings": found[:MOST]}
