"""Deciding where no page of the deciding app is open: from a mail's link, from a chat card. Rights, watched facts, audit and events are the
decider's own (`registry.DECIDERS`): a channel adds no way around them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core.errors import NotFound
from apps.notifications import registry
from apps.notifications.models import UNDONE, Delivery, Notification, State
from apps.notifications.registry import DecisionCard
from apps.notifications.services import links


@dataclass(frozen=True)
class Asked:
    """What a mail asked its person, as it stands now. `version`: of the card the mail showed. `undone`: it was decided since, and undone."""

    notification: Notification
    version: str
    sent_at: dt.datetime | None
    undone: bool = False

    @property
    def is_open(self) -> bool:
        return self.notification.state == State.OPEN


def asked_by_mail(*, token: str, person: Any, now: dt.datetime) -> Asked:
    """The question behind a link; what was asked again since (undone, handed back) stands in a newer message of the same person.

    Raises UnableToFollow: a changed link, somebody else's, one that is too old, one of a message that is gone."""
    link = links.read(token, person, now)
    row = Delivery.objects.select_related("notification__closed_by").filter(pk=uuid.UUID(link.delivery_id)).first()
    if row is None or row.notification.kind not in registry.DECIDERS:
        raise links.UnableToFollow(_("This link is too old. What waits for you stands in your inbox."), details={"why": "expired"})
    return Asked(_as_it_stands(row.notification), link.version, row.sent_at, undone=row.notification.outcome == UNDONE)


def _as_it_stands(asked: Notification) -> Notification:
    """This message, or the one in which the same question to the same person is open again or was answered since."""
    if asked.state == State.OPEN or not asked.ref:
        return asked
    same = Notification.objects.select_related("closed_by").filter(person_id=asked.person_id, kind=asked.kind, ref=asked.ref)
    return max(same, key=lambda one: (one.state == State.OPEN, one.outcome != UNDONE, one.closed_at or one.created_at))


def card(*, notification: Notification, person: Any, now: dt.datetime, since: str = "") -> DecisionCard:
    """The card as it is now (network), as this person may see it. Raises NotFound, OutsideError."""
    return _decider(notification).card(person=person, params=notification.params, since=since, now=now)


def decide(*, notification: Notification, person: Any, outcome: str, comment: str, version: str, acknowledged: Iterable[str] = (),
           channel: str, now: dt.datetime) -> None:
    """The person's decision, taken on `channel` (network). Raises what the page would raise; then nothing was decided.

    The decision and its own audit entry are the decider's; which way it came is recorded beside it.
    """
    _decider(notification).decide(person=person, params=notification.params, outcome=outcome, comment=comment, version=version,
                                  acknowledged=acknowledged, now=now)
    audit.record(actor=person, action="notifications.decided", object=notification.ref, data={"channel": channel, "outcome": outcome}, now=now)


def _decider(notification: Notification) -> registry.Decider:
    found = registry.DECIDERS.get(notification.kind)
    if found is None:
        raise NotFound(_("There is nothing to decide here."))
    return found
