"""What widgets do in place. Each answers with its card, as it is afterwards, and a toast; without script it leads back to where it was pressed.

A refusal shows the system's own words in the card and keeps what was typed.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.core import clock
from apps.core.access import declare
from apps.core.errors import InvalidInput, NotFound
from apps.core.htmx import add_toast, wants_fragment
from apps.core.requests import PortalRequest
from apps.integrations import services as integrations
from apps.records import services as records
from apps.workflows import services as workflows
from apps.workspace import services
from apps.workspace.selectors.customers import CHANNELS
from apps.workspace.selectors.shipments import found as shipment_of
from apps.workspace.selectors.shipments import next_step
from apps.workspace.views.failures import EXPECTED, describe
from apps.workspace.views.home import widget_card


def _acted(request: PortalRequest, key: str, act: Callable[[], str], *, title: Any = "", system: str = "", typed: Mapping[str, str] | None = None,
           ) -> HttpResponse:
    """Do it; `act` returns the words of the toast. `title`: what did not happen, when it is refused."""
    try:
        words = act()
    except EXPECTED as error:
        failure = describe(error, title=title or _("It could not be done"), system=system)
        if not wants_fragment(request):
            messages.error(request, f"{failure.title}. {failure.words}", extra_tags="danger")
            return HttpResponseRedirect(_back(request))
        note = {**(typed or {}), "text": failure.title, "words": failure.words, "system": failure.system, "safe": failure.safe}
        return widget_card(request, key, note=note, status=failure.status)
    if not wants_fragment(request):
        messages.success(request, words, extra_tags="ok")
        return HttpResponseRedirect(_back(request))
    return add_toast(widget_card(request, key, again=True), words)


def _back(request: PortalRequest) -> str:
    """The page the button stands on, when it is ours."""
    came = request.POST.get("back", "")
    return came if url_has_allowed_host_and_scheme(came, allowed_hosts=None) and came.startswith("/") else "/"


def _given(request: PortalRequest, name: str) -> str:
    return request.POST.get(name, "").strip()


def _id(request: PortalRequest, name: str) -> uuid.UUID:
    try:
        return uuid.UUID(_given(request, name))
    except ValueError as error:
        raise NotFound(_("There is no such thing, or you may not see it.")) from error


# --- ERP --------------------------------------------------------------------------------------------------------------------------------


@declare("erp.purchase_request", "create")
@require_POST
def reorder(request: PortalRequest) -> HttpResponse:
    """Ask the ERP to buy more of a product for the stock."""
    def act() -> str:
        made = records.request_purchase(person=request.person, sku=_given(request, "sku"), quantity=_quantity(request), now=clock.now())
        return _("Requested in the ERP: %(ids)s") % {"ids": ", ".join(made)}

    return _acted(request, "erp.stock_alerts", act, title=_("The ERP did not take the request"), system="ERP")


def _quantity(request: PortalRequest) -> Decimal:
    try:
        return Decimal(_given(request, "quantity"))
    except InvalidOperation as error:
        raise InvalidInput(_("Say how many, more than none.")) from error


@declare("erp.shipment", "advance")
@require_POST
def ship(request: PortalRequest) -> HttpResponse:
    """Take a delivery note one step on, all of it; a part of it is shipped on its own page."""
    def act() -> str:
        step = next_step(str(shipment_of(request.person, _given(request, "shipment")).get("state", "")))
        if step is None or _given(request, "to") != step.to:
            raise InvalidInput(_("The shipment is already further on. Look at its state, then go on."))
        records.advance_shipment(person=request.person, shipment_id=_given(request, "shipment"), to=step.to, now=clock.now())
        return _("Done in the ERP: %(step)s") % {"step": step.label}

    return _acted(request, "erp.to_ship", act, title=_("The ERP did not take the step"), system="ERP")


@declare("erp.receivable", "remind")
@require_POST
def remind(request: PortalRequest) -> HttpResponse:
    """Ask the seller to collect what is overdue."""
    def act() -> str:
        seller = records.remind_payment(person=request.person, customer_key=_given(request, "customer"), now=clock.now())
        return _("%(name)s has a to-do now.") % {"name": seller.display(get_language() or "en")}

    return _acted(request, "erp.overdue", act, title=_("Nobody was reminded"))


# --- CRM --------------------------------------------------------------------------------------------------------------------------------


@declare("crm.deal", "win")
@require_POST
def win(request: PortalRequest) -> HttpResponse:
    """Set to won in the CRM; its own event starts the case."""
    def act() -> str:
        records.move_deal(person=request.person, deal_id=_given(request, "deal"), to="won", now=clock.now())
        return _("Won. The approval is on its way.")

    return _acted(request, "crm.closing", act, title=_("The CRM did not take the change"), system="CRM")


@declare("crm.deal", "edit")
@require_POST
def stage(request: PortalRequest) -> HttpResponse:
    """Move a deal to a stage in the CRM."""
    def act() -> str:
        if not _given(request, "to"):
            raise InvalidInput(_("Choose a stage."))
        records.move_deal(person=request.person, deal_id=_given(request, "deal"), to=_given(request, "to"), now=clock.now())
        return _("Moved in the CRM.")

    return _acted(request, "crm.closing", act, title=_("The CRM did not take the change"), system="CRM")


@declare("crm.follow_up", "create")
@require_POST
def follow_up(request: PortalRequest) -> HttpResponse:
    """Note a call or visit in the CRM."""
    typed = {name: _given(request, name) for name in ("customer", "channel", "subject", "body")}

    def act() -> str:
        channel = typed["channel"] if typed["channel"] in CHANNELS else "note"
        records.add_follow_up(person=request.person, customer_id=typed["customer"], channel=channel, subject=typed["subject"], body=typed["body"],
                              now=clock.now())
        return _("Follow-up added in the CRM.")

    return _acted(request, "crm.follow_up", act, title=_("The CRM did not take the follow-up"), system="CRM", typed=typed)


# --- processes ----------------------------------------------------------------------------------------------------------------------------


@declare("workflows.task", "act")
@require_POST
def undo(request: PortalRequest) -> HttpResponse:
    """Take a decision back while there is time."""
    def act() -> str:
        workflows.undo_completion(task_id=_id(request, "task"), person=request.person, now=clock.now())
        return _("Taken back. Nothing left the house.")

    return _acted(request, "workflows.approvals", act, title=_("The decision stands"))


@declare("workflows.instance", "view")
@require_POST
def urge(request: PortalRequest) -> HttpResponse:
    """Remind those who have the task of one's own case."""
    def act() -> str:
        workflows.urge(instance_id=_id(request, "instance"), person=request.person, now=clock.now())
        return _("Urged. Again in four hours at the earliest.")

    return _acted(request, "workflows.requests", act, title=_("Nobody was urged"))


@declare("workflows.instance", "view")
@require_POST
def withdraw(request: PortalRequest) -> HttpResponse:
    """Take one's own request back."""
    def act() -> str:
        workflows.withdraw(instance_id=_id(request, "instance"), reason=workflows.WITHDRAWN_BY_STARTER, person=request.person, now=clock.now())
        return _("Withdrawn. Whoever was asked has been told.")

    return _acted(request, "workflows.requests", act, title=_("It was not withdrawn"))


@declare("workflows.instance", "repair")
@require_POST
def retry(request: PortalRequest) -> HttpResponse:
    """Try a broken step again."""
    def act() -> str:
        workflows.retry_incident(incident_id=_id(request, "incident"), person=request.person, now=clock.now())
        return _("It is tried again now, from this step on.")

    return _acted(request, "workflows.stuck", act, title=_("It was not tried again"))


# --- systems ------------------------------------------------------------------------------------------------------------------------------


@declare("integrations.connection", "manage")
@require_POST
def check(request: PortalRequest) -> HttpResponse:
    """Ask a system now who it is."""
    def act() -> str:
        result = integrations.check(person=request.person, connection_key=_given(request, "connection"), now=clock.now())
        if not result.ok:
            raise integrations.UnableToConnect(result.message)
        return _("It answers.")

    return _acted(request, "integrations.connections", act, title=_("It does not answer"))


@declare("integrations.quarantine", "cure")
@require_POST
def read_again(request: PortalRequest) -> HttpResponse:
    """Read a record again that was not taken."""
    def act() -> str:
        integrations.read_again(person=request.person, item_id=_id(request, "item"), now=clock.now())
        return _("It is read again now; when it is right it leaves the quarantine by itself.")

    return _acted(request, "integrations.quarantine", act, title=_("It was not read again"))


# --- favourites ---------------------------------------------------------------------------------------------------------------------------


@declare("workspace.home", "view")
@require_POST
def star(request: PortalRequest) -> HttpResponse:
    """Keep a record at hand; back to its page."""
    def act() -> str:
        services.star(person=request.person, kind=_given(request, "kind"), external_id=_given(request, "id"), now=clock.now())
        return _("It stands under Favourites now.")

    return _acted(request, "workspace.favourites", act, title=_("It was not starred"))


@declare("workspace.home", "view")
@require_POST
def unstar(request: PortalRequest) -> HttpResponse:
    """Put it away again."""
    def act() -> str:
        services.unstar(person=request.person, kind=_given(request, "kind"), external_id=_given(request, "id"))
        return _("It is no favourite any more.")

    return _acted(request, "workspace.favourites", act)
