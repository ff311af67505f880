"""Chat products: whose account it is, and what becomes of a pressed button. A callback is verified and stored, answered at once, acted on by a job."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core.access import decide as may
from apps.core.errors import DomainError, InvalidInput, NotFound
from apps.core.http import OutsideError
from apps.directory import selectors as directory
from apps.identity import services as identity
from apps.jobs import services as jobs
from apps.jobs.registry import JobContext
from apps.notifications import selectors
from apps.notifications.channels import chat
from apps.notifications.channels.chat import Call, CallbackRefused, Vendor
from apps.notifications.models import ChatAccount, ChatCode, ChatEvent, Delivery, DeliveryState, State
from apps.notifications.services import deciding, deliveries, links

ANSWER = "notifications.chat_event"
CODE_LASTS = dt.timedelta(minutes=10)
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that is taken for another


class UnableToBind(DomainError):
    """The chat account is another person's, or the product is not set up."""

    code = "chat_not_bound"


# --- whose account ------------------------------------------------------------------------------------------------------------------------


def _digest(code: str) -> str:
    return hashlib.sha256(code.strip().upper().encode()).hexdigest()


def new_code(*, person: Any, vendor: str, now: dt.datetime) -> str:
    """A code to send to the portal's bot from one's own chat account, within ten minutes. An earlier one is void. Raises UnableToBind."""
    if chat.vendor(vendor) is None:
        raise UnableToBind(_("This chat product is not set up here."))
    code = "AT-" + "".join(secrets.choice(LETTERS) for _place in range(8))
    with transaction.atomic():
        ChatCode.objects.filter(person_id=person.pk, vendor=vendor, used_at=None).delete()
        ChatCode.objects.create(person_id=person.pk, vendor=vendor, digest=_digest(code), expires_at=now + CODE_LASTS)
    return code


def bind(*, person: Any, vendor: str, user_id: str, actor: Any, now: dt.datetime) -> ChatAccount:
    """`user_id` of this product is this person; an earlier account of the person is let go, and the sessions it began end. The person itself by
    a code, or an administrator (right notifications.channel manage). Raises NotPermitted, InvalidInput, UnableToBind."""
    if actor is None or actor.pk != person.pk:
        may(actor, "manage", "notifications.channel").require(_("You may not connect other people's chat accounts."))
    user_id = user_id.strip()
    if not user_id or len(user_id) > 120:
        raise InvalidInput(_("Say which user of the chat product it is."), details={"fields": {"user_id": [_("Say which user of the chat product it is.")]}})
    with transaction.atomic():
        _let_go(person, vendor, user_id, now)
        try:
            with transaction.atomic():
                made = ChatAccount.objects.create(person_id=person.pk, vendor=vendor, user_id=user_id, bound_at=now)
        except IntegrityError as error:
            raise UnableToBind(_("This chat account is connected to somebody else.")) from error
        audit.record(actor=actor, action="notifications.chat.bound", object=f"directory.person:{person.login}", now=now, data={
            "vendor": vendor, "user_id": user_id})
    return made


def unbind(*, person: Any, vendor: str, actor: Any, now: dt.datetime) -> bool:
    """Nothing is sent there any more, and nothing pressed there counts. Raises NotPermitted."""
    if actor is None or actor.pk != person.pk:
        may(actor, "manage", "notifications.channel").require(_("You may not disconnect other people's chat accounts."))
    with transaction.atomic():
        gone = _let_go(person, vendor, "", now)
        if gone:
            audit.record(actor=actor, action="notifications.chat.unbound", object=f"directory.person:{person.login}", now=now, data={
                "vendor": vendor})
    return bool(gone)


def _let_go(person: Any, vendor: str, but: str, now: dt.datetime) -> int:
    """Forget the person's account of this product, and end what it opened, unless it stays the same one (`but`)."""
    old = ChatAccount.objects.select_for_update().filter(person_id=person.pk, vendor=vendor).first()
    if old is None:
        return 0
    account = selectors.account_of(person)
    if old.user_id != but and account is not None:
        identity.end_by_chat(via=vendor, account=account, reason="the chat account was let go", now=now)
    old.delete()
    return 1


# --- callbacks ----------------------------------------------------------------------------------------------------------------------------


def receive(*, vendor: str, call: Call, now: dt.datetime) -> tuple[bytes, str]:
    """Verify, store, enqueue; returns what the vendor wants to hear at once. Sent twice it is stored once. Raises NotFound, CallbackRefused."""
    product = chat.vendor(vendor)
    if product is None:
        raise NotFound(_("There is no such page."))
    told = product.read(call, now)
    if told.kind == "probe":
        return told.answer
    event = ChatEvent(vendor=vendor, key=told.key[:200], received_at=now, payload={
        "kind": told.kind, "user_id": told.user_id, "card_id": told.card_id, "value": told.value, "reason": told.reason, "text": told.text[:500],
        "handle": told.handle})
    with transaction.atomic():
        ChatEvent.objects.bulk_create([event], ignore_conflicts=True)
        if ChatEvent.objects.filter(pk=event.pk).exists():
            jobs.enqueue(kind=ANSWER, key=f"{ANSWER}:{event.pk}", payload={"id": str(event.pk)}, now=now)
    return told.answer


def act(ctx: JobContext) -> None:
    """Do what a callback asks for. What is refused is said in the chat; nothing is decided by it then."""
    event = ChatEvent.objects.get(pk=ctx.payload["id"])
    product = chat.vendor(event.vendor)
    if product is None or event.outcome:
        return
    account = ChatAccount.objects.select_related("person").filter(vendor=event.vendor, user_id=event.payload["user_id"]).first()
    person = directory.get_person(account.person_id) if account else None
    own = selectors.account_of(person) if person else None
    with translation.override(selectors.language_of(own)), timezone.override(selectors.zone_of(own)):
        outcome = _texted(event, product, ctx) if event.payload["kind"] == "text" else _pressed(event, product, person, ctx)
    with ctx.commit():
        ChatEvent.objects.filter(pk=event.pk).update(outcome=outcome)


def _texted(event: ChatEvent, product: Vendor, ctx: JobContext) -> str:
    """A text is a code, or something that a program cannot answer."""
    user_id = event.payload["user_id"]
    with transaction.atomic():
        code = ChatCode.objects.select_for_update(of=("self",)).select_related("person").filter(
            vendor=event.vendor, digest=_digest(event.payload["text"]), used_at=None, expires_at__gt=ctx.now).first()
        if code is not None:
            code.used_at = ctx.now
            code.save(update_fields=["used_at"])
            try:
                bind(person=code.person, vendor=event.vendor, user_id=user_id, actor=code.person, now=ctx.now)
            except UnableToBind:
                code = None
    if code is None:
        product.send_text(user_id, _("This is no valid code. Get a new one in the portal, under Profile, Notifications: %(url)s") % {
            "url": f"{settings.PORTAL_URL}/profile/notifications/"}, key=f"{event.pk}:code")
        return "no_code"
    with translation.override(selectors.language_of(selectors.account_of(code.person))):
        product.send_text(user_id, _("Connected to %(name)s. What waits for you arrives here from now on.") % {
            "name": code.person.display(translation.get_language() or "en")}, key=f"{event.pk}:bound")
    return "bound"


def _pressed(event: ChatEvent, product: Vendor, person: Any, ctx: JobContext) -> str:
    told = event.payload
    card_id = _uuid(told["card_id"])
    row = Delivery.objects.select_related("notification__person", "notification__closed_by").filter(
        pk=card_id, channel=f"chat:{event.vendor}").first() if card_id else None
    if person is None or not person.active or row is None or row.notification.person_id != person.pk:
        product.send_text(told["user_id"], _("This card is not yours to decide. Nothing was decided."), key=f"{event.pk}:stranger")
        return "stranger"
    if told["handle"]:
        row.external_id = told["handle"]
        Delivery.objects.filter(pk=row.pk).update(external_id=told["handle"])
    outcome, _at, version = told["value"].partition("@")
    if row.notification.state != State.OPEN:
        _say_closed(product, row, event, ctx.now)
        return "closed"
    try:
        deciding.decide(notification=row.notification, person=person, outcome=outcome, comment=told["reason"], version=version or row.version,
                        channel=row.channel, now=ctx.now)
    except DomainError as error:
        _say_refused(product, row, event, error, ctx.now)
        return error.code
    except OutsideError as error:
        product.send_text(told["user_id"], _("A system does not answer now: %(words)s. Nothing was decided.") % {"words": error.message},
                          key=f"{event.pk}:away")
        return "unavailable"
    return "decided"


def _uuid(text: str) -> uuid.UUID | None:
    """The id of a delivery out of a callback, or None."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _say_closed(product: Vendor, row: Delivery, event: ChatEvent, now: dt.datetime) -> None:
    message, _version = deliveries.compose(row, now)
    product.send_text(event.payload["user_id"], f"{message.title}: {message.standing}", key=f"{event.pk}:closed")


def _say_refused(product: Vendor, row: Delivery, event: ChatEvent, error: DomainError, now: dt.datetime) -> None:
    """Why not. A card that can be changed shows the difference and the facts of now, so that the next press decides on them."""
    user_id, note = event.payload["user_id"], refusal_words(error)
    if error.code == "stale_card" and row.notification.state == State.OPEN:
        message, version = deliveries.compose(row, now, facts=True)
        link = links.decide_url(row, version or row.version, now)
        if product.updates and version:
            handle = product.update_card(user_id, chat.card_of(message, product, version, note), row.external_id)
            Delivery.objects.filter(pk=row.pk, state=DeliveryState.SENT).update(external_id=handle, version=version)
            return
        note = f"{note}\n{_('Look at it and decide again:')} {link}"
    elif error.code == "unacknowledged":
        note = f"{note}\n{_('Look at it and decide again:')} {links.decide_url(row, row.version, now)}"
    product.send_text(user_id, note, key=f"{event.pk}:refused")


def refusal_words(error: DomainError) -> str:
    """The refusal with the difference, line by line, as text."""
    fields = [text for texts in error.details.get("fields", {}).values() for text in texts if text != str(error)]
    diff = [f"{one['label']}: {one['old']} → {one['new']} ({one['system'].upper()})" for one in error.details.get("diff", ())]
    return "\n".join([str(error), *fields, *diff])


__all__ = ["ANSWER", "CallbackRefused", "UnableToBind", "act", "bind", "new_code", "receive", "refusal_words", "unbind"]
