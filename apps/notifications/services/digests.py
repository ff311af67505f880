"""The digest: one mail for what could wait, by case. What was acted on, read or told at once is not repeated."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.utils import timezone, translation

from apps.core import kinds
from apps.directory import selectors as directory
from apps.jobs import services as jobs
from apps.jobs.registry import JobContext
from apps.notifications import channels, policies, selectors
from apps.notifications.channels import IN_APP, Digest, DigestCase, Envelope
from apps.notifications.models import Delivery, DeliveryState, Notification, State
from apps.notifications.services.moving import hold, settle

S = DeliveryState
DIGEST = "notifications.digest"


def send_digest(ctx: JobContext) -> None:
    """Everything that waits for this person on this channel, in one message; nothing left to tell, nothing is sent."""
    person = directory.people_by_id([ctx.payload["person_id"]]).get(uuid.UUID(ctx.payload["person_id"]))
    key = ctx.payload["channel"]
    rows = list(_waiting(ctx.payload["person_id"], key, ctx.now))
    channel, address = channels.get(key), selectors.addresses_of(person).get(key) if person and person.active else None
    pause = _quiet(rows, person, ctx.now) if channel and address else None
    if pause is not None:
        with ctx.commit():
            _put_off(rows, pause, ctx)
        return
    told, dropped = _sorted(rows, person if channel and address else None, key, ctx.now)
    external_id = ""
    if told and channel is not None:
        external_id = channel.send_digest(Envelope(to=address, message=compose(told, person, ctx.key), key=ctx.key)).external_id
    with ctx.commit():
        for row in told:
            settle(row.pk, S.SENT, ctx.now, external_id=external_id, sent_at=ctx.now, held_until=None)
        for row, why in dropped:
            settle(row.pk, S.SUPPRESSED, ctx.now, reason=why, held_until=None)
        for row in told:
            _closed_meanwhile(row, ctx.now)


def _quiet(rows: list[Delivery], person: Any, now: dt.datetime) -> dt.datetime | None:
    """The end of the quiet that reigns: it was chosen after the digest was planned, or the digest comes late."""
    if not rows or person is None:
        return None
    reaching = selectors.reaching_of(person)
    return policies.quiet_until(reaching.quiet, reaching.zone, now)


def _put_off(rows: list[Delivery], until: dt.datetime, ctx: JobContext) -> None:
    for row in rows:
        hold(row.pk, "digest", until)
    arm(person_id=uuid.UUID(ctx.payload["person_id"]), channel=ctx.payload["channel"], at=until, now=ctx.now)


def arm(*, person_id: uuid.UUID, channel: str, at: dt.datetime, now: dt.datetime, again: str = "") -> None:
    """The digest of this moment. Digests of one person and channel follow each other: two at once would tell the same."""
    name = f"{DIGEST}:{person_id}:{channel}"
    jobs.enqueue(kind=DIGEST, key=f"{name}:{at.isoformat()}{again}", order_key=name, now=now, run_at=at,
                 payload={"person_id": str(person_id), "channel": channel})


def _waiting(person_id: str, channel: str, now: dt.datetime) -> Any:
    return Delivery.objects.select_related("notification__closed_by").filter(
        notification__person_id=person_id, channel=channel, state=S.HELD, reason="digest", held_until__lte=now).order_by("notification__created_at", "pk")


def _sorted(rows: list[Delivery], person: Any, channel: str, now: dt.datetime) -> tuple[list[Delivery], list[tuple[Delivery, str]]]:
    """What the digest tells, and what it leaves out and why. `person` None: there is nobody to tell, or no way."""
    at_once = set(Delivery.objects.filter(notification__in=[row.notification_id for row in rows], state__in=[S.SENT, S.CLOSED]).exclude(
        channel__in=[IN_APP, channel]).values_list("notification_id", flat=True))
    reaching = selectors.reaching_of(person) if person else None
    told, dropped = [], []
    for row in rows:
        notice = row.notification
        if reaching is None or notice.kind not in kinds.KINDS:
            dropped.append((row, "no_address"))
        elif notice.state != State.OPEN:
            dropped.append((row, "dealt_with"))
        elif notice.read_at is not None:
            dropped.append((row, "read"))
        elif notice.snoozed_until is not None and notice.snoozed_until > now:
            dropped.append((row, "snoozed"))  # it rings again when the snooze is over
        elif notice.pk in at_once:
            dropped.append((row, "sent_at_once"))
        elif policies.level_of(kinds.get(notice.kind), policies.family(channel), reaching)[0] == "off":
            dropped.append((row, "kind"))
        else:
            told.append(row)
    return told, dropped


def compose(rows: list[Delivery], person: Any, key: str) -> Digest:
    """The digest in its reader's words, masks applied; each case once, where its first message stands."""
    account = selectors.account_of(person)
    language = selectors.language_of(account)
    with translation.override(language), timezone.override(selectors.zone_of(account)):
        cases: dict[str, list[tuple[str, str, str, dt.datetime]]] = {}
        about: dict[str, str] = {}
        for row in rows:
            shown = selectors.rendered(row.notification, person, language)
            link = settings.PORTAL_URL + (shown.url or f"/inbox/{shown.id}/")
            cases.setdefault(shown.number, []).append((shown.title, shown.body, link, row.notification.created_at))
            about.setdefault(shown.number, shown.about)
        loose = cases.pop("", [])
        found = [DigestCase(number, about[number], tuple(items)) for number, items in cases.items()]
        if loose:
            found.append(DigestCase("", "", tuple(loose)))
        return Digest(id=key.rpartition(":")[0].replace(":", "-").replace("+", "-"), language=language, zone=str(selectors.zone_of(account)),
                      cases=tuple(found), count=len(rows), preferences_url=f"{settings.PORTAL_URL}/profile/notifications/")


def _closed_meanwhile(row: Delivery, now: dt.datetime) -> None:
    if not Notification.objects.filter(pk=row.notification_id, state=State.OPEN).exists():
        settle(row.pk, S.CLOSED, now, closed_at=now)
