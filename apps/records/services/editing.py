"""What a person does to a record of an outside system. It is written there at once, as that person, and read back; the portal changes nothing by
itself. Refusals carry the system's own words. None of these may run inside a transaction."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core.access import Projected, decide, plan
from apps.core.clock import company_today
from apps.core.errors import DomainError, InvalidInput, NotFound, NotPermitted
from apps.core.http import OutsideError, PermanentError
from apps.identity import selectors as identity
from apps.identity.services import UnableToActAsPerson, exchanged_token
from apps.integrations import services as integrations
from apps.integrations.events import PERSON_KEY
from apps.integrations.sdk import Actor
from apps.records import policies
from apps.records.models import Record
from apps.records.selectors.rows import one, row_of
from apps.records.services.taking import announce, take
from apps.records.services.telling import payment_followed_up

log = logging.getLogger(__name__)
STEPS = ("assigned", "picked", "packed", "shipped", "done")


class UnableToSave(DomainError):
    """Somebody changed the record meanwhile."""

    code = "changed_meanwhile"


def actor_for(*, person: Any, system: str, now: dt.datetime) -> Actor:
    """How `person` acts in a system: with a token of their own where the system takes one (network), else by the service account, which names them.
    Raises UnableToActAsPerson."""
    if not integrations.takes_person_tokens(system):
        return Actor(login=person.login)
    account = identity.account_by_subject(person.issuer, person.subject)
    if account is None:
        raise UnableToActAsPerson(_("You are not signed on at the company's sign-on service. Sign in again, then repeat this."))
    return Actor(login=person.login, token=exchanged_token(account=account, audience=system, now=now))


def edit_customer(*, person: Any, customer_id: str, changes: Mapping[str, str], if_version: str, now: dt.datetime) -> Projected:
    """Change fields of a customer in the CRM. `if_version`: the version the person saw. Returns the customer as read back.

    Raises NotFound, NotPermitted, InvalidInput, UnableToSave (changed meanwhile), UnableToActAsPerson, or the CRM's refusal (OutsideError).
    """
    row = visible_row(person, "customer", customer_id)
    _require(person, "edit", row, now)
    _require_fields(person, "edit", row, changes, now)
    _require_sound(changes)
    current = {name: str(row.data.get(name) or "") for name in changes}
    wanted = {name: value.strip() for name, value in changes.items() if value.strip() != current[name]}
    if not wanted:
        return _shown(person, row)
    data = {"customer_id": customer_id, "changes": wanted, "if_version": if_version}
    return _write(person, row, "customer.update", data, audited={"fields": sorted(wanted)}, verb="edited", now=now)


def move_deal(*, person: Any, deal_id: str, to: str, now: dt.datetime) -> Projected:
    """Move a deal to a stage: a stage kind (open | won | lost) or a stage's name. Setting it to won is a right of its own."""
    row = visible_row(person, "deal", deal_id)
    _require(person, "win" if to == "won" else "edit", row, now)
    data = {"deal_id": deal_id, "to": to, "closed_on": company_today(now) if to in {"won", "lost"} else None}
    return _write(person, row, "deal.move", data, audited={"to": to, "from": row.state}, verb="moved", now=now)


def advance_shipment(*, person: Any, shipment_id: str, to: str, quantities: Mapping[str, Decimal] | None = None, now: dt.datetime) -> Projected:
    """Take a shipment one step on in the ERP. `quantities`: sku -> shipped now; less than the note says leaves a second shipment; empty = all."""
    row = visible_row(person, "shipment", shipment_id)
    _require(person, "advance", row, now)
    if to not in STEPS:
        raise InvalidInput(_("A shipment cannot be moved there. Choose one of the steps shown."), details={"fields": {"to": [to]}})
    given = {sku: str(amount) for sku, amount in (quantities or {}).items()}
    _require_quantities(row, quantities or {})
    data = {"shipment_id": shipment_id, "to": to, "quantities": given}
    shown = _write(person, row, "shipment.advance", data, audited={"to": to, "quantities": given}, verb="advanced", now=now)
    _refresh_orders(row, now)
    return shown


def add_follow_up(*, person: Any, customer_id: str, channel: str, subject: str, now: dt.datetime, body: str = "",
                  deal_id: str = "") -> Projected | None:
    """Add a call, visit or note in the CRM. Returns it as read back; None when it cannot be read yet."""
    customer = visible_row(person, "customer", customer_id)
    decide(person, "create", "crm.follow_up", customer.owner_id).require(_("You may not add follow-ups here."))
    if not subject.strip():
        raise InvalidInput(_("Say in a few words what it was about."), details={"fields": {"subject": [_("Fill this in.")]}})
    actor = actor_for(person=person, system=customer.system, now=now)
    result = integrations.invoke_action(
        system=customer.system, action="follow_up.create", actor=actor, key=person_key(), now=now,
        data={"customer_id": customer_id, "deal_id": deal_id, "channel": channel, "subject": subject.strip()[:200], "body": body.strip()[:4000]})
    ident = str(result.get("external_id") or "")
    _read_back(system=customer.system, kind="follow_up", external_id=ident, person=person, action="records.follow_up.added",
               audited={"customer": customer_id}, now=now)
    payment_followed_up(customer_key=customer.key, person=person, now=now)
    return one(person, "follow_up", ident)


def open_ticket(*, person: Any, system: str, kind: str = "", external_id: str = "", now: dt.datetime) -> str:
    """A one-time link into the system's own screens, signed in as this person. Raises UnableToActAsPerson, OutsideError; NotPermitted for a
    record the person may not see."""
    if kind:
        visible_row(person, kind, external_id)
    actor = actor_for(person=person, system=system, now=now)
    try:
        data = {"kind": kind, "external_id": external_id}
        result = integrations.invoke_action(system=system, action="ticket.open", data=data, key=person_key(), actor=actor, now=now)
    except LookupError as error:
        raise NotFound(_("This system has no screens of its own.")) from error
    return str(result["url"])


# --- steps --------------------------------------------------------------------------------------------------------------------------------


def person_key() -> str:
    """The idempotency key of what a person does."""
    return f"{PERSON_KEY}{uuid.uuid4()}"


def visible_row(person: Any, kind: str, ident: str) -> Record:
    """The row, for a person who may see it. Raises NotFound."""
    row = row_of(kind, ident)
    if row is None or not plan(person, "view", policies.RESOURCES[kind]).matches(row.owner_id):
        raise NotFound(_("There is no such record, or you may not see it."))
    return row


def _require(person: Any, action: str, row: Record, now: dt.datetime) -> None:
    decision = decide(person, action, policies.RESOURCES[row.kind], row.owner_id)
    if not decision.allowed:
        _audit_refusal(person, action, row, now)
        decision.require(_("You may not change this record."))


def _require_fields(person: Any, action: str, row: Record, changes: Mapping[str, str], now: dt.datetime) -> None:
    rights = plan(person, action, policies.RESOURCES[row.kind])
    refused = sorted(name for name in changes if name in policies.EDITABLE and not rights.may_write(name, row.owner_id))
    if refused:
        _audit_refusal(person, action, row, now)
        raise NotPermitted(_("You may not change: %(names)s.") % {"names": ", ".join(refused)}, details={"fields": refused})


def _audit_refusal(person: Any, action: str, row: Record, now: dt.datetime) -> None:
    with transaction.atomic():
        audit.record(actor=person, action="access.refused", object=f"{policies.RESOURCES[row.kind]}:{row.external_id}",
                     data={"action": action}, now=now)


def _require_sound(changes: Mapping[str, str]) -> None:
    words = {
        "empty": _("Fill this in."), "email": _("This is not an e-mail address."), "long": _("This is too long."),
        "unknown": _("This field cannot be changed here."),
    }
    found = {name: [words[code] for code in codes] for name, codes in policies.customer_problems(changes).items()}
    if found:
        raise InvalidInput(_("Some fields need another value."), details={"fields": found})


def _require_quantities(row: Record, quantities: Mapping[str, Decimal]) -> None:
    on_note: dict[str, Decimal] = {}
    for line in row.data.get("lines") or ():
        on_note[str(line["sku"])] = on_note.get(str(line["sku"]), Decimal(0)) + Decimal(str(line["quantity"]))
    wrong = {sku: [_("At most %(most)s can be shipped.") % {"most": on_note.get(sku, Decimal(0)).normalize()}]
             for sku, amount in quantities.items() if amount < 0 or amount > on_note.get(sku, Decimal(0))}
    if quantities and not any(amount > 0 for amount in quantities.values()):
        raise InvalidInput(_("Nothing would be shipped. Enter at least one quantity."))
    if wrong:
        raise InvalidInput(_("Some quantities do not fit the delivery note."), details={"fields": wrong})


def _write(person: Any, row: Record, action: str, data: Mapping[str, Any], *, audited: Mapping[str, Any], verb: str, now: dt.datetime) -> Projected:
    """Send as the person, then read back and store in one transaction with the audit entry."""
    actor = actor_for(person=person, system=row.system, now=now)
    try:
        integrations.invoke_action(system=row.system, action=action, data=data, key=person_key(), actor=actor, now=now)
    except PermanentError as error:
        if error.code == "conflict":
            raise UnableToSave(_("Somebody changed this record meanwhile. Look at the new values, then try again.")) from error
        raise
    _read_back(system=row.system, kind=row.kind, external_id=row.external_id, person=person, action=f"records.{row.kind}.{verb}",
               audited=audited, now=now)
    row.refresh_from_db()
    return _shown(person, row)


def _shown(person: Any, row: Record) -> Projected:
    shown = one(person, row.kind, row.external_id)
    if shown is None:
        raise NotFound(_("There is no such record, or you may not see it."))
    return shown


def _read_back(*, system: str, kind: str, external_id: str, person: Any, action: str, audited: Mapping[str, Any], now: dt.datetime) -> None:
    """The write has happened: whatever goes wrong from here on, it is audited, and the record is read sooner or later."""
    fresh = None
    try:
        fresh = integrations.read_now(system=system, kind=kind, external_id=external_id, now=now) if external_id else None
    except OutsideError as error:
        log.warning("%s %s was written but not read back: %s", kind, external_id, error.message)
    with transaction.atomic():
        audit.record(actor=person, action=action, object=f"{policies.RESOURCES[kind]}:{external_id}", data=dict(audited), now=now)
        if fresh is not None and fresh.record is not None:
            change = take(system=fresh.system, connection=fresh.connection, kind=kind, external_id=external_id, record=fresh.record,
                          as_of=fresh.as_of)
            if change.changed:
                announce(change, hint={"origin": PERSON_KEY}, now=now)
        elif external_id:
            stream = integrations.stream_of(system=system, kind=kind)
            integrations.request_read(connection=system, stream=stream, external_id=external_id, now=now)


def _refresh_orders(row: Record, now: dt.datetime) -> None:
    """A shipment that moved moves its order: have it read without waiting for the feed."""
    stream = integrations.stream_of(system=row.system, kind="order")
    with transaction.atomic():
        for order_id in row.data.get("order_ids") or ():
            integrations.request_read(connection=row.system, stream=stream, external_id=str(order_id), now=now)
