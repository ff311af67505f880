"""Widgets over the CRM's records; what they offer to do is written to the CRM as the person."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.core.access import plan
from apps.core.widgets import Widget, register
from apps.records import selectors as records
from apps.workflows import selectors as workflows
from apps.workspace.selectors import parts
from apps.workspace.selectors.customers import CHANNELS
from apps.workspace.selectors.deals import problems, rank
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
    about = _("What your roles let you begin: visits, contracts, announcements.")
    icon = "rocket"
    system = "oa"
    resource = "workspace.home"
    size = (4, 3)
    refresh = 3600
    template = "workspace/widgets/quick_launch.html"
    listens = ()
    flush = True

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """rows: Startable."""
        return {"rows": workflows.startables(person)}


@register
class Closing(Widget):
    """Open deals of the person by closing date; move them or set them to won."""

    key = "crm.closing"
    title = _("Closing next")
    about = _("Your deals by closing date; move them to a stage or set them to won here.")
    icon = "trophy"
    system = "crm"
    resource = "crm.deal"
    action = "edit"
    size = (4, 4)
    least = (4, 3)
    refresh = 30
    template = "workspace/widgets/closing.html"
    listens = ("record-deal",)
    flush = True

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """rows: {deal, may_edit, may_win, warnings}; stages: names in use, in the order of selling."""
        found = records.deals(person, mine=True, state="open", size=500).rows
        edit, win = plan(person, "edit", "crm.deal"), plan(person, "win", "crm.deal")
        dated = sorted(found, key=lambda deal: (str(deal.get("closed_on") or "9999"), str(deal["id"])))[:ROWS]
        rows = [{"deal": deal, "may_edit": edit.matches(deal.get("owner_id")), "may_win": win.matches(deal.get("owner_id")), "warnings": problems(deal)}
                for deal in dated]  # fmt: skip
        stages = sorted({str(deal["stage"]) for deal in found if deal.get("stage")}, key=rank)
        return {"rows": rows, "stages": stages, "count": len(found), **freshness(state_of("crm"), dated)}


@register
class FollowUp(Widget):
    """The person's customers nobody has spoken with for longest; the call is noted in the CRM here."""

    key = "crm.follow_up"
    title = _("Call back")
    about = _("Your customers whom nobody has spoken with for longest; note the call here.")
    icon = "phone"
    system = "crm"
    resource = "crm.follow_up"
    action = "create"
    size = (4, 4)
    least = (4, 3)
    refresh = 60
    template = "workspace/widgets/follow_up.html"
    listens = ("record-follow_up", "record-customer")
    flush = True

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """rows: {customer, last}, the longest silence first."""
        if not (plan(person, "view", "crm.customer").allowed and plan(person, "view", "crm.follow_up").allowed):
            return {"rows": []}
        found = records.contacts_due(person, size=ROWS).rows
        last = records.last_contacts(person, [str(row["id"]) for row in found])
        rows = [{"customer": row, "last": last.get(str(row["id"]))} for row in found]
        return {"rows": rows, "channels": CHANNELS, **freshness(state_of("crm"), found)}


@register
class NewCustomers(Widget):
    """Customers the CRM changed or got last."""

    key = "crm.customers"
    title = _("Customers, newest changes")
    about = _("Customers that are new or were changed in the CRM last.")
    icon = "building"
    system = "crm"
    resource = "crm.customer"
    size = (4, 3)
    refresh = 60
    template = "workspace/widgets/customers.html"
    listens = ("record-customer",)
    flush = True

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        found = records.customers(person, latest=True, size=ROWS)
        return {"rows": found.rows, "count": found.total, **freshness(state_of("crm"), found.rows)}
