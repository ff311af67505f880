"""Widgets over the CRM's records; what they offer to do is written to the CRM as the person."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.core.widgets import Widget, register
from apps.records import selectors as records
from apps.workflows import selectors as workflows
from apps.workspace.selectors import parts
from apps.workspace.selectors.systems import freshness, state_of

ROWS = 5


@register
class MyPipeline(Widget):
    """Open deals of the person by stage."""

    key = "crm.my_pipeline"
    title = _("My pipeline")
    about = _("Your open deals by stage, with their amounts.")
    icon = "target-arrow"
    system = "crm"
    resource = "crm.deal"
    size = (4, 3)
    refresh = 30
    template = "workspace/widgets/my_pipeline.html"
    listens = ("record-deal",)

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """rows: {stage, count, amount, percent}; left_out: deals in another currency than the company's."""
        deals = [d for d in records.deals(person, mine=True, page=1, size=500).rows if d.get("stage_kind") == "open"]
        stages: dict[str, dict[str, Any]] = {}
        left_out = 0
        for deal in deals:
            row = stages.setdefault(str(deal.get("stage") or "–"), {"count": 0, "amount": Decimal(0)})
            row["count"] += 1
            amount = deal.get("amount")
            if amount in (None, "") or parts.masked(amount):
                continue
            if deal.get("currency") != settings.COMPANY_CURRENCY:
                left_out += 1
                continue
            row["amount"] += Decimal(str(amount))
        most = max((row["amount"] for row in stages.values()), default=Decimal(0)) or Decimal(1)
        rows = [{"stage": stage, **row, "percent": int(100 * row["amount"] / most)} for stage, row in stages.items()]
        rows.sort(key=lambda row: -row["amount"])
        return {
            "rows": rows[:ROWS],
            "count": len(deals),
            "left_out": left_out,
            "currency": settings.COMPANY_CURRENCY,
            **freshness(state_of("crm"), deals),
        }


@register
class QuickLaunch(Widget):
    """What the person may begin."""

    key = "workspace.quick_launch"
    title = _("Start something")
    icon = "rocket"
    system = "oa"
    resource = "workspace.home"
    size = (3, 3)
    refresh = 3600
    template = "workspace/widgets/quick_launch.html"
    listens = ()
    flush = True

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """rows: Startable."""
        return {"rows": workflows.startables(person)}
