"""Reaching people outside the inbox: planned, held back, sent, and closed behind a decision. All of it by jobs, after the notice is committed.

A message is put into words when it leaves, for the person it leaves to: masks, language and zone are those of that moment.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone, translation

from apps.core import kinds
from apps.core.errors import DomainError
from apps.core.http import OutsideError
from apps.directory import selectors as directory
from apps.jobs import selectors as queue
from apps.jobs import services as jobs
from apps.jobs.registry import JobContext
from apps.notifications import channels, policies, registry, selectors
from apps.notifications.channels import IN_APP, Button, Envelope, Message, Sent
from apps.notifications.channels.web_push import PartlySent
from apps.notifications.models import Delivery, DeliveryState, Device, Notification, State
from apps.notifications.policies import Reaching, Route
from apps.notifications.services import digests, links
from apps.notifications.services.moving import settle

PLAN, SEND, CLOSE, REMIND = (f"notifications.{name}" for name in ("plan", "send", "close", "remind"))
S = DeliveryState
WAITING = (S.PLANNED, S.HELD)
DEALT_WITH = "dealt_with"  # why it was not sent: its notice was closed before
REMINDER = 1  # `nth` of the reminder; 0 is the first time, from 2 on each return from a snooze
PATIENCE = dt.timedelta(minutes=2)  # what the reconciler leaves to the jobs themselves


def announce(*, notices: Iterable[Notification], now: dt.datetime) -> None:
    """Plan the ways of new notices, by one job; in the caller's transaction. Nothing is set up outside: nothing is to be done."""
    ids = [str(notice.pk) for notice in notices]
    if ids and channels.outside():
        jobs.enqueue(kind=PLAN, payload={"ids": ids}, now=now)


def ring_again(*, notice: Notification, now: dt.datetime) -> None:
    """It came back from a snooze: it is told anew, as a new message would be; in the caller's transaction."""
    if not channels.outside():
        return
    last = Delivery.objects.filter(notification=notice).aggregate(last=Max("nth"))["last"] or 0
    jobs.enqueue(kind=PLAN, payload={"ids": [str(notice.pk)], "nth": max(last, REMINDER) + 1}, now=now)


def plan(*, notification_ids: Iterable[uuid.UUID], now: dt.datetime, nth: int = 0) -> int:
    """A row for each open notice and each channel that leads to its person, and the jobs that send. A second call changes nothing.

    `nth`: from 2 on for what came back from a snooze; a channel on which the notice still waits is left to that row.
    """
    notices = list(Notification.objects.filter(pk__in=list(notification_ids), state=State.OPEN).order_by("created_at", "pk"))
    people = directory.people_by_id(notice.person_id for notice in notices)
    made = 0
    for notice in notices:
        person, kind = people.get(notice.person_id), kinds.KINDS.get(notice.kind)
        if person is None or kind is None or not person.active:
            continue
        reaching = selectors.reaching_of(person)
        for channel in _ways(notice, selectors.addresses_of(person), nth):
            made += _planned(notice, channel, policies.route(kind, channel, reaching, now), reaching, now, nth)
        if notice.todo and reaching.remind_after:
            jobs.enqueue(kind=REMIND, key=f"{REMIND}:{notice.pk}{f':back:{nth}' if nth else ''}", payload={"id": str(notice.pk)}, now=now,
                         run_at=now + dt.timedelta(minutes=reaching.remind_after))
    return made


def _ways(notice: Notification, addresses: Iterable[str], nth: int) -> list[str]:
    if not nth:
        return [IN_APP, *addresses]
    waiting = set(Delivery.objects.filter(notification=notice, state__in=WAITING).exclude(nth=nth).values_list("channel", flat=True))
    return [channel for channel in addresses if channel not in waiting]


def _planned(notice: Notification, channel: str, way: Route, reaching: Reaching, now: dt.datetime, nth: int = 0) -> int:
    row = Delivery(notification=notice, channel=channel, nth=nth, state=way.state, reason=way.why, held_until=way.until, planned_at=now)
    if channel == IN_APP:
        row.state, row.sent_at = S.SENT, notice.created_at  # the row in the inbox is its own delivery
    with transaction.atomic():
        Delivery.objects.bulk_create([row], ignore_conflicts=True)
        if not Delivery.objects.filter(pk=row.pk).exists():
            return 0
        _arm(row, notice, now)
    return 1


def _arm(row: Delivery, notice: Notification, now: dt.datetime, again: str = "") -> None:
    """The job that sends this row, or the digest that takes it along."""
    if row.state not in WAITING:
        return
    if row.reason == "digest" and row.held_until:
        digests.arm(person_id=notice.person_id, channel=row.channel, at=row.held_until, now=now, again=again)
        return
    at = row.held_until or now
    jobs.enqueue(kind=SEND, key=f"{SEND}:{row.pk}:{at.isoformat()}{again}", order_key=order_key(row.pk), payload={"id": str(row.pk)}, now=now,
                 run_at=at)


def order_key(delivery_id: uuid.UUID) -> str:
    """What is closed is closed behind what was sent."""
    return f"notifications.delivery:{delivery_id}"


# --- sending ------------------------------------------------------------------------------------------------------------------------------


def deliver(ctx: JobContext) -> None:
    """Send one delivery, unless it is pointless by now. TransientError is tried again; what is refused for good ends as FAILED (`fail`)."""
    row = Delivery.objects.select_related("notification__person", "notification__closed_by").get(pk=ctx.payload["id"])
    if row.state not in (*WAITING, S.FAILED):
        return
    person = row.notification.person
    why_not = pointless(row, ctx.now)
    address = selectors.addresses_of(person).get(row.channel)
    if why_not or address is None:
        with ctx.commit():
            settle(row.pk, S.SUPPRESSED, ctx.now, reason=why_not or "no_address")
        return
    way = policies.route(kinds.get(row.notification.kind), row.channel, selectors.reaching_of(person), ctx.now)
    if row.nth == REMINDER:
        way = _reminding(row, ctx.now)
    if way.state != S.PLANNED:
        with ctx.commit():
            _again(row, way, ctx.now)
        return
    channel = channels.get(row.channel)
    if channel is None:
        raise LookupError(row.channel)
    message, version = compose(row, ctx.now, facts=channel.decides)
    envelope = Envelope(to=address, message=message, key=ctx.key, extra={
        "reached": tuple(row.reached), "version": version, "now": ctx.now, "locked": selectors.locked(person) if row.channel == "web_push" else ()})
    try:
        sent = channel.send(envelope)
    except PartlySent as error:
        _reached(row, error.sent, ctx.now)
        raise
    with ctx.commit():
        _sent(row.pk, sent, version, ctx.now)


def _reminding(row: Delivery, now: dt.datetime) -> Route:
    """A reminder asks nothing but whether it is quiet, also when it comes late."""
    reaching = selectors.reaching_of(row.notification.person)
    urgent = kinds.get(row.notification.kind).urgent
    pause = None if urgent else policies.quiet_until(reaching.quiet, reaching.zone, now)
    return Route(S.HELD, "quiet", pause) if pause else Route(S.PLANNED, "reminder")


def pointless(row: Delivery, now: dt.datetime) -> str:
    """Why this is not worth sending any more, or empty."""
    notice = row.notification
    if notice.state != State.OPEN:
        return DEALT_WITH
    if not notice.person.active:
        return "left"
    if notice.snoozed_until and notice.snoozed_until > now:
        return "snoozed"
    if notice.kind not in kinds.KINDS:
        return "unknown_kind"
    return "read" if row.nth == REMINDER and notice.read_at else ""


def _again(row: Delivery, way: Route, now: dt.datetime) -> None:
    """Something changed while it waited: the person's choice, or the quiet began."""
    if way.state == S.SUPPRESSED:
        settle(row.pk, S.SUPPRESSED, now, reason=way.why)
        return
    row.state, row.reason, row.held_until = S.HELD, way.why, way.until
    row.save(update_fields=["state", "reason", "held_until"])
    _arm(row, row.notification, now)


def _sent(delivery_id: uuid.UUID, sent: Sent, version: str, now: dt.datetime) -> None:
    if sent.gone and not sent.reached and not Delivery.objects.get(pk=delivery_id).reached:
        Device.objects.filter(pk__in=sent.gone).delete()
        settle(delivery_id, S.SUPPRESSED, now, reason="no_address")
        return
    row = settle(delivery_id, S.SENT, now, external_id=sent.external_id, version=version, sent_at=now, error="", held_until=None)
    _reached(row, sent, now)
    if not Notification.objects.filter(pk=row.notification_id, state=State.OPEN).exists():
        _arm_close(row, now)  # it was dealt with while this was on its way


def _reached(row: Delivery, sent: Sent, now: dt.datetime) -> None:
    """Devices that have it, and those that are no more."""
    if sent.reached:
        row.reached = sorted({*row.reached, *sent.reached})
        row.save(update_fields=["reached"])
        Device.objects.filter(pk__in=sent.reached).update(reached_at=now)
    if sent.gone:
        Device.objects.filter(pk__in=sent.gone).delete()


def fail(*, delivery_id: uuid.UUID, words: str, now: dt.datetime) -> None:
    """The channel refused, or did not answer for a day: the job lies among the dead and can be replayed. Called in the job's transaction."""
    row = Delivery.objects.select_for_update().filter(pk=delivery_id).first()
    if row is not None and row.state in WAITING:
        settle(delivery_id, S.FAILED, now, error=words[:300])


# --- words --------------------------------------------------------------------------------------------------------------------------------


def compose(row: Delivery, now: dt.datetime, *, facts: bool = False) -> tuple[Message, str]:
    """(what this delivery says now, the version of the card it shows). `facts`: read the decision card, too (network)."""
    notice, person = row.notification, row.notification.person
    account = selectors.account_of(person)
    language = selectors.language_of(account)
    with translation.override(language), timezone.override(selectors.zone_of(account)):
        shown = selectors.rendered(notice, person, language)
        card = card_of(notice, person, now) if facts and notice.todo and notice.state == State.OPEN else None
        return Message(
            id=str(row.pk), topic=notice.pk.hex, title=shown.title, body=shown.body, label=shown.label, system=shown.system, language=language,
            url=settings.PORTAL_URL + (shown.url or f"/inbox/{notice.pk}/"), number=shown.number, thread=shown.number or notice.ref,
            critical=kinds.get(notice.kind).urgent, standing=shown.ended,
            facts=tuple((fact.label, fact.value, fact.system) for fact in card.facts) if card else (),
            buttons=tuple(Button(one.value, one.label, one.style, one.needs_reason) for one in card.outcomes) if card else (),
            decide_url=links.decide_url(row, card.version, now) if card else "",
            preferences_url=f"{settings.PORTAL_URL}/profile/notifications/",
        ), card.version if card else ""


def card_of(notice: Notification, person: Any, now: dt.datetime) -> registry.DecisionCard | None:
    """The decision card, or None: it is not decided on cards, or its systems do not answer now (the message is sent without facts then)."""
    decider = registry.DECIDERS.get(notice.kind)
    if decider is None:
        return None
    try:
        card = decider.card(person=person, params=notice.params, now=now)
    except (DomainError, OutsideError):
        return None
    return card if card.may_decide else None


# --- closing ------------------------------------------------------------------------------------------------------------------------------


def close_behind(*, notices: Iterable[Notification], now: dt.datetime) -> None:
    """These notices are dealt with: what waits is not sent, what was sent is told. In the caller's transaction."""
    rows = list(Delivery.objects.select_for_update().filter(
        notification__in=[notice.pk for notice in notices], state__in=[*WAITING, S.FAILED, S.SENT]).order_by("pk"))
    waiting = [row.pk for row in rows if row.state != S.SENT]
    Delivery.objects.filter(pk__in=waiting).update(state=S.SUPPRESSED, reason=DEALT_WITH, held_until=None)
    Delivery.objects.filter(pk__in=[row.pk for row in rows if row.state == S.SENT and row.channel == IN_APP]).update(
        state=S.CLOSED, closed_at=now)
    for row in rows:
        if row.state == S.SENT and row.channel != IN_APP:
            _arm_close(row, now)


def open_again(*, notices: Iterable[Notification], now: dt.datetime) -> None:
    """These were put away and are back: what `close_behind` kept from being sent takes the way of now, as if it were planned now (that is no
    move of `policies.MOVES`: no job may do it). In the caller's transaction."""
    left = Q(state=S.SUPPRESSED, reason=DEALT_WITH, sent_at=None) | Q(state=S.CLOSED, channel=IN_APP)
    rows = Delivery.objects.select_for_update(of=("self",)).select_related("notification__person").filter(
        left, notification__in=[notice.pk for notice in notices]).order_by("pk")
    for row in rows:
        if row.channel == IN_APP:
            row.state, row.closed_at = S.SENT, None
        elif row.notification.kind in kinds.KINDS:
            way = _way_back(row, now)
            row.state, row.reason, row.held_until = way.state, way.why, way.until
        row.save(update_fields=["state", "reason", "held_until", "closed_at"])
        _arm(row, row.notification, now, again=f":{now.isoformat()}")


def _way_back(row: Delivery, now: dt.datetime) -> Route:
    if row.nth == REMINDER:
        way = _reminding(row, now)
    else:
        way = policies.route(kinds.get(row.notification.kind), row.channel, selectors.reaching_of(row.notification.person), now)
    return Route(S.FAILED, way.why) if row.error else way


def _arm_close(row: Delivery, now: dt.datetime, again: str = "") -> None:
    jobs.enqueue(kind=CLOSE, key=f"{CLOSE}:{row.pk}{again}", order_key=order_key(row.pk), payload={"id": str(row.pk)}, now=now)


def close(ctx: JobContext) -> None:
    """Tell the channel that it is dealt with. A notice that was opened again meanwhile (put back by hand) is left alone."""
    row = Delivery.objects.select_related("notification__person", "notification__closed_by").get(pk=ctx.payload["id"])
    if row.state != S.SENT or row.notification.state == State.OPEN:
        return
    channel, address = channels.get(row.channel), selectors.addresses_of(row.notification.person).get(row.channel)
    if channel is not None and address is not None:
        message, _version = compose(row, ctx.now)
        channel.close(Envelope(to=address, message=message, key=ctx.key, external_id=row.external_id, extra={"now": ctx.now}))
    with ctx.commit():
        settle(row.pk, S.CLOSED, ctx.now, closed_at=ctx.now)


def reconcile(*, now: dt.datetime) -> dict[str, int]:
    """What the jobs should have done and did not: cards that stay open behind a decision, rows that waited too long. Returns how many."""
    late = now - PATIENCE
    turn = f":{now:%Y%m%d%H%M}"
    open_cards = list(Delivery.objects.filter(state=S.SENT, notification__closed_at__lt=late).exclude(channel=IN_APP).exclude(
        notification__state=State.OPEN)[:500])
    held = list(Delivery.objects.select_related("notification").filter(state=S.HELD, held_until__lt=late)[:500])
    with transaction.atomic():
        for row in open_cards:
            _arm_close(row, now, again=turn)
        for row in held:
            if not _in_hand(row):
                _arm(row, row.notification, now, again=turn)
    return {"closed": len(open_cards), "sent": len(held)}


def _in_hand(row: Delivery) -> bool:
    """A job that is being tried again sends it: another one would only stand behind it."""
    name = f"{digests.DIGEST}:{row.notification.person_id}:{row.channel}" if row.reason == "digest" else order_key(row.pk)
    return queue.pending(order_key=name).filter(attempts__gt=0).exists()


# --- reminders ----------------------------------------------------------------------------------------------------------------------------


def remind(*, notification_id: uuid.UUID, now: dt.datetime) -> bool:
    """A to-do that nobody looked at is told once more: on the channel chosen for it, else on one that was not used yet, else again."""
    notice = Notification.objects.select_for_update().filter(pk=notification_id, state=State.OPEN, read_at=None).first()
    if notice is None or (notice.snoozed_until and notice.snoozed_until > now):  # asleep: the clock begins anew when it is back
        return False
    person = directory.people_by_id([notice.person_id]).get(notice.person_id)
    kind = kinds.KINDS.get(notice.kind)
    if person is None or kind is None or not person.active:
        return False
    reaching, addresses = selectors.reaching_of(person), selectors.addresses_of(person)
    told = Delivery.objects.filter(notification=notice, state__in=WAITING).exclude(nth=REMINDER)
    waits = told.exclude(reason="digest").aggregate(until=Max("held_until"))["until"]
    if waits is not None:  # not told yet: it is reminded of after it was, and not together with it
        after = max(waits, now) + dt.timedelta(minutes=reaching.remind_after or 60)
        jobs.enqueue(kind=REMIND, key=f"{REMIND}:{notice.pk}:{after.isoformat()}", payload={"id": str(notice.pk)}, now=now, run_at=after)
        return False
    channel = _reminder_channel(notice, list(addresses), reaching)
    if not channel or policies.fixed_level(kind, policies.family(channel), reaching.limits) == ("off", "limit"):
        return False
    pause = None if kind.urgent else policies.quiet_until(reaching.quiet, reaching.zone, now)
    way = Route(S.HELD, "quiet", pause) if pause else Route(S.PLANNED, "reminder")
    return bool(_planned(notice, channel, way, reaching, now, nth=REMINDER))


def _reminder_channel(notice: Notification, reachable: list[str], reaching: Reaching) -> str:
    wanted = [one for one in reachable if policies.family(one) == reaching.remind_by]
    used = set(Delivery.objects.filter(notification=notice, state=S.SENT).values_list("channel", flat=True))
    waiting = set(Delivery.objects.filter(notification=notice, state__in=WAITING).values_list("channel", flat=True))
    fresh = [one for one in reachable if one not in used and one not in waiting and policies.family(one) not in reaching.off]
    return next(iter([*wanted, *fresh, *(one for one in reachable if one in used)]), "")
