"""Boards by mail: who wants which, and the mails themselves. A mail is made under the rights its reader has when it is made."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core import clock
from apps.core.access import decide, plan
from apps.core.errors import InvalidInput, NotFound
from apps.directory import selectors as directory
from apps.insight.models import Rhythm, Subscription
from apps.insight.payloads import Filters, Period
from apps.insight.policies import figures, mailing
from apps.insight.selectors import boards as selectors
from apps.insight.selectors import then
from apps.insight.selectors.boards import BoardView, TileView
from apps.insight.services import exporting
from apps.jobs import services as jobs
from apps.notifications import selectors as notifications
from apps.notifications.services import letters

MAIL = "insight.mail_board"
LONGEST_QUERY = 400


def subscribe(*, person: Any, ident: str, rhythm: str, query: str = "", now: dt.datetime) -> Subscription:
    """This board by mail; the order before is replaced. `query`: kind of period and filters, as in an address; which one it is, each mail says anew. Raises
    NotPermitted, NotFound, InvalidInput."""
    decide(person, "view", "insight.board").require(_("You may not look at boards."))
    selectors.board(person, ident)
    if rhythm not in Rhythm.values:
        raise InvalidInput(_("Choose daily, weekly or monthly."), details={"fields": {"rhythm": [_("Choose daily, weekly or monthly.")]}})
    if len(query) > LONGEST_QUERY:
        raise InvalidInput(_("This is too long."), details={"fields": {"query": [_("This is too long.")]}})
    refusal = mailing.refusal(dict(parse_qsl(query, keep_blank_values=True)))
    if refusal:
        raise InvalidInput(refusal, details={"fields": {"query": [refusal]}})
    with transaction.atomic():
        order, _made = Subscription.objects.update_or_create(
            person_id=person.pk, board=ident, defaults={"rhythm": rhythm, "query": query, "created_at": now, "sent_for": None},
        )  # fmt: skip
        audit.record(actor=person, action="insight.mail.ordered", object=f"insight.board:{ident}", data={"rhythm": rhythm, "query": query}, now=now)
    return order


def unsubscribe(*, person: Any, ident: str, now: dt.datetime) -> bool:
    """No mail of this board any more. False: there was none."""
    with transaction.atomic():
        gone, _rows = Subscription.objects.filter(person=person.pk, board=ident).delete()
        if gone:
            audit.record(actor=person, action="insight.mail.ended", object=f"insight.board:{ident}", data={}, now=now)
    return bool(gone)


def plan_mails(*, now: dt.datetime) -> int:
    """Orders that are due get their job, once a day of theirs. In the caller's transaction."""
    local, made = now.astimezone(clock.company_zone()), 0
    for order in Subscription.objects.select_for_update().order_by("pk"):
        if not mailing.is_due(order.rhythm, local, made_on=clock.company_today(order.created_at), sent_for=order.sent_for):
            continue
        day = mailing.slot(order.rhythm, local)
        order.sent_for = day
        order.save(update_fields=["sent_for"])
        jobs.enqueue(kind=MAIL, payload={"subscription": str(order.pk), "day": str(day)}, key=f"insight.mail:{order.pk}:{day}", now=now)
        made += 1
    return made


def order_of(subscription_id: str) -> Subscription | None:
    return Subscription.objects.filter(pk=subscription_id).first()


def send(*, order: Subscription, period: Period, filters: Filters, name: str, now: dt.datetime, query: str = "") -> str:
    """Make the mail, hand it over and keep its figures as a print; `query`: period and filters, the start of the period with them. Network, so never in a
    transaction. Returns what came of it: sent | no_right | gone | no_address."""
    person = directory.get_person(order.person_id)
    if not person.active or not plan(person, "view", "insight.board").allowed:
        return "no_right"
    address = letters.address_of(person)
    if not address:
        return "no_address"
    with translation.override(notifications.language_of(notifications.account_of(person))):
        try:
            board = selectors.board(person, order.board)
        except NotFound:
            return "gone"
        now = then.whole_until(now)
        views = selectors.shown(person, board.tiles, period=period, filters=filters, now=now, as_shown=now)
        context = _context(board, views, period, query, now)
        letters.send_letter(to=address, subject=f"{board.name}: {context['period']}", name=name, unsubscribe_url=context["url"],
                            text=render_to_string("insight/email/board.txt", context), html=render_to_string("insight/email/board.html", context))
        exporting.keep_mail(person=person, board=board, paper=exporting.paper_of(person, board, views, period, filters, now, now), query=query, now=now)
    return "sent"


def _context(board: BoardView, views: list[TileView], period: Period, query: str, now: dt.datetime) -> dict[str, Any]:
    readings = {reading.key: reading for view in views for reading in view.readings if reading.state in ("ok", "empty")}
    chinese = (translation.get_language() or "").startswith("zh")
    return {
        "board": board, "period": figures.period_words(period), "now": now, "readings": list(readings.values()),
        "url": f"{settings.PORTAL_URL}/board/b/{board.ident}/?{query}", "base": settings.PORTAL_URL,
        "company": settings.COMPANY_NAME_ZH if chinese else settings.COMPANY_NAME,
    }  # fmt: skip
