"""The reconciler: looks whether the to-do lists tell the truth, puts right what does not, and says so."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from apps.audit import services as audit
from apps.core.locks import hold
from apps.directory import selectors as directory
from apps.notifications import selectors
from apps.notifications.models import Notification, State
from apps.notifications.registry import OWNERS
from apps.notifications.selectors import Drift
from apps.notifications.services import deliveries
from apps.notifications.services.notices import notify, push_changes

logger = logging.getLogger(__name__)
LOCK = "notifications:truth"  # two that cure the same difference would both tell of it
RECONCILE, DRIFTED = "notifications.reconcile", "notifications.drifted"
NAMED = 20  # differences that the audit entry names one by one


@dataclass(frozen=True)
class Report:
    """`found`: the differences; `cured`: they were put right."""

    found: tuple[Drift, ...]
    cured: bool

    @property
    def counts(self) -> dict[str, int]:
        return dict(Counter(one.what for one in self.found))


def reconcile(*, now: dt.datetime, cure: bool = True) -> Report:
    """Compare and put right. A difference counts when two looks in a row see it: what commits in between is no lie of a list.

    Cured: ghosts are closed, doubles become one, who was not told is told; audited, and the named administrator hears of it, since a
    difference is a fault of the portal.
    """
    found = selectors.drift(now)
    found = found & selectors.drift(now) if found else found
    report = Report(tuple(sorted(found, key=lambda one: (one.kind, one.ref, str(one.person_id)))), bool(found) and cure)
    if report.cured:
        logger.error("to-do lists differ from what can be done: %s", report.counts)
        with transaction.atomic():
            hold(LOCK)
            for one in report.found:
                _cure(one, now)
            _say(report, now)
    return report


def follow_rights(*, now: dt.datetime) -> int:
    """Rights were changed: to-dos that their person may not act on any more end, and those they may act on now begin. No fault of the portal,
    so nobody is alarmed. Returns how many."""
    seen = selectors.drift(now)
    found = [one for one in (seen & selectors.drift(now) if seen else seen) if one.what != "DOUBLE"]  # two looks, as the reconciler takes
    with transaction.atomic():
        hold(LOCK)
        for one in sorted(found, key=lambda one: (one.kind, one.ref, str(one.person_id))):
            _cure(one, now)
    return len(found)


def _cure(one: Drift, now: dt.datetime) -> None:
    if one.what == "MISSING":
        if not Notification.objects.filter(kind=one.kind, person_id=one.person_id, ref=one.ref, state=State.OPEN, todo=True).exists():
            OWNERS[one.kind].tell(ref=one.ref, person_ids=[one.person_id], now=now)
        return
    rows = Notification.objects.select_for_update().filter(
        kind=one.kind, person_id=one.person_id, ref=one.ref, state=State.OPEN).order_by("-created_at", "-pk")
    closed = list(rows)[1 if one.what == "DOUBLE" else 0 :]
    Notification.objects.filter(pk__in=[row.pk for row in closed]).update(state=State.RESOLVED, closed_at=now)
    deliveries.close_behind(notices=closed, now=now)
    push_changes([one.person_id], todo=True, change="closed", ref=one.ref, now=now)


def _say(report: Report, now: dt.datetime) -> None:
    audit.record(actor=None, action="notifications.drift.cured", object="notifications.truth:all", now=now, data={
        **report.counts, "named": [f"{one.what} {one.ref} {one.person_id}" for one in report.found[:NAMED]]})
    admin = directory.find_person_by_login(settings.FALLBACK_ADMIN)
    if admin is not None:
        notify(kind=DRIFTED, person_ids=[admin.pk], params=report.counts, ref="", now=now)
