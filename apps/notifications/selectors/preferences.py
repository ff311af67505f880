"""Reading how people are reached: their choices with the company's filled in, their addresses, what last week would have looked like."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count

from apps.core import kinds
from apps.core.access import plan
from apps.core.kinds import NotificationKind
from apps.identity import selectors as identity
from apps.integrations import selectors as integrations
from apps.integrations.registry import manifests
from apps.notifications import channels, policies
from apps.notifications.channels import chat
from apps.notifications.models import ChatAccount, Delivery, DeliveryState, Device, Notification, Reach
from apps.notifications.policies import Reaching
from apps.notifications.selectors.inbox import Rendered, rendered

COMPANY = uuid.UUID(int=0)  # the row of the company in Reach
WEEK = dt.timedelta(days=7)
MOST_PREVIEWED = 500
DIGEST, REMIND_AFTER = "daily", 120  # of a company that chose nothing


def account_of(person: Any) -> Any:
    """The person's account, or None: nobody signed on yet."""
    return identity.account_by_subject(person.issuer, person.subject)


def language_of(account: Any) -> str:
    """The language a person is written to in."""
    return (account.language if account else "") or settings.LANGUAGE_CODE


def zone_of(account: Any) -> ZoneInfo:
    """The zone a person's clock shows."""
    return ZoneInfo((account.time_zone if account else "") or settings.COMPANY_TIME_ZONE)


def rows_of(person: Any) -> tuple[Reach, Reach]:
    """(the person's row, the company's); unsaved ones where none is stored."""
    found = {row.pk == COMPANY: row for row in Reach.objects.filter(pk=COMPANY) | Reach.objects.filter(person_id=person.pk)}
    return found.get(False) or Reach(person_id=person.pk), found.get(True) or company_default()


def company_default() -> Reach:
    """What the company's row says before an administrator changed it."""
    return Reach(id=COMPANY, quiet={}, digest=DIGEST, remind_after=REMIND_AFTER)


def signing_in() -> list[str]:
    """Chat products that may sign people in: set up for it, and chosen by the company."""
    able = chat.may_sign_in()
    chosen = company_row().sign_in if able else []
    return [key for key in able if key in chosen]


def reaching_of(person: Any, account: Any = None) -> Reaching:
    """How this person is reached now."""
    own, company = rows_of(person)
    return merged(own, company, zone_of(account or account_of(person)))


def merged(own: Reach, company: Reach, zone: ZoneInfo) -> Reaching:
    """The person's choices over the company's."""
    return Reaching(
        zone=zone, off=frozenset(own.off), kinds=own.kinds, quiet=company.quiet or {} if own.quiet is None else own.quiet,
        digest=own.digest or company.digest or DIGEST, remind_by=own.remind_by or company.remind_by, limits=company.limits,
        remind_after=next(value for value in (own.remind_after, company.remind_after, REMIND_AFTER) if value is not None))


def addresses_of(person: Any) -> dict[str, Any]:
    """Where this person can be reached, by channel: only channels that are set up and lead somewhere."""
    outside, found = channels.outside(), {}
    if "email" in outside and person.email and person.email_verified:
        found["email"] = person.email
    if "web_push" in outside and (devices := list(Device.objects.filter(person_id=person.pk).order_by("created_at"))):
        found["web_push"] = devices
    if any(key.startswith("chat:") for key in outside):
        for one in ChatAccount.objects.filter(person_id=person.pk):
            if f"chat:{one.vendor}" in outside:
                found[f"chat:{one.vendor}"] = one.user_id
    return found


def locked(person: Any) -> tuple[str, ...]:
    """Ids of the person's devices whose session is over by itself: the person may be another one by now."""
    account = account_of(person)
    living = identity.living_names(account) if account else set()
    return tuple(str(pk) for pk, session in Device.objects.filter(person_id=person.pk).values_list("pk", "session") if session not in living)


def families() -> list[str]:
    """The columns of the table: families of channels that are set up here."""
    found = {policies.family(key) for key in channels.outside()}
    return [one for one in policies.CHANNELS if one in found]


@dataclass(frozen=True)
class Cell:
    """One kind on one channel, as it stands. `options`: the levels offered; `fixed`: why it cannot be changed, or empty."""

    channel: str
    level: str
    options: tuple[str, ...]
    fixed: str = ""


@dataclass(frozen=True)
class Row:
    key: str
    label: str
    system: str
    urgent: bool
    todo: bool
    cells: tuple[Cell, ...]


def choosable() -> list[NotificationKind]:
    """Kinds with a name for people, the to-dos and alarms first. A connector that is connected to nothing brings none."""
    idle = set(manifests()) - integrations.connected_ids()
    named = [kind for kind in kinds.KINDS.values()
             if kind.label and kind.key != "notifications.lost" and kind.key.partition(".")[0] not in idle]
    return sorted(named, key=lambda kind: (not kind.todo, not kind.urgent, kind.system, str(kind.label)))


def grid(reaching: Reaching, families: list[str]) -> list[Row]:
    """The table kind x channel."""
    return [Row(kind.key, str(kind.label), kind.system, kind.urgent, kind.todo, tuple(_cell(kind, one, reaching) for one in families))
            for kind in choosable()]


def _cell(kind: NotificationKind, channel: str, reaching: Reaching) -> Cell:
    fixed, why = policies.fixed_level(kind, channel, reaching.limits)
    options = ("instant", "digest", "off") if channel == "email" else ("instant", "off")
    if fixed:
        return Cell(channel, fixed, options, why)
    # what was chosen, not what becomes of it while the channel or the digest is off: the grid keeps the choice
    chosen = reaching.kinds.get(kind.key, {}).get(channel) or policies.default_level(kind, channel)
    return Cell(channel, chosen if chosen in options else "off", options)


@dataclass(frozen=True)
class Previewed:
    """One message of last week and what would have become of it: (channel, state, why, until)."""

    notice: Rendered
    created_at: dt.datetime
    ways: tuple[tuple[str, str, str, dt.datetime | None], ...]


@dataclass(frozen=True)
class Preview:
    """`totals`: channel -> {"now": n, "later": n, "digest": n, "not": n}; `rows`: the newest of them."""

    count: int
    totals: dict[str, dict[str, int]]
    rows: list[Previewed]


def preview(person: Any, reaching: Reaching, families: list[str], now: dt.datetime, shown: int = 12) -> Preview:
    """ "What you would have got last week" with these choices."""
    found = list(Notification.objects.select_related("closed_by").filter(person_id=person.pk, created_at__gte=now - WEEK)
                 .order_by("-created_at", "-pk")[:MOST_PREVIEWED])
    counts = {channel: Counter[str]() for channel in families}
    rows: list[Previewed] = []
    for notice in found:
        kind = kinds.KINDS.get(notice.kind)
        if kind is None:
            continue
        ways = [(channel, policies.route(kind, channel, reaching, notice.created_at)) for channel in families]
        for channel, way in ways:
            counts[channel][_word(way)] += 1
        if len(rows) < shown:
            rows.append(Previewed(rendered(notice, person), notice.created_at, tuple(
                (channel, _word(way), way.why, way.until) for channel, way in ways)))
    totals = {channel: {word: counted[word] for word in ("now", "later", "digest", "not")} for channel, counted in counts.items()}
    return Preview(len(found), totals, rows)


def _word(way: policies.Route) -> str:
    return {"PLANNED": "now", "SUPPRESSED": "not"}.get(way.state) or ("digest" if way.why == "digest" else "later")


def may_manage(person: Any) -> bool:
    """Whether this person sets how everybody is reached."""
    return plan(person, "manage", "notifications.channel").allowed


def company_row() -> Reach:
    """The company's row, or what it says before anybody changed it."""
    return Reach.objects.filter(pk=COMPANY).first() or company_default()


def devices_of(person: Any) -> list[Device]:
    """One's devices that ring, the newest first."""
    return list(Device.objects.filter(person_id=person.pk).order_by("-created_at", "pk"))


def chat_accounts(person: Any) -> list[ChatAccount]:
    return list(ChatAccount.objects.filter(person_id=person.pk).order_by("vendor"))


def health(now: dt.datetime) -> list[tuple[str, dict[str, int]]]:
    """Deliveries of the last week by channel and state, the inbox left out."""
    counted = Delivery.objects.filter(planned_at__gte=now - WEEK).exclude(channel=channels.IN_APP).values_list("channel", "state").annotate(
        Count("pk"))
    found: dict[str, dict[str, int]] = {}
    for channel, state, count in counted:
        found.setdefault(channel, {})[state] = count
    return sorted(found.items())


def failed(shown: int = 20) -> list[Delivery]:
    """What no channel took, the newest first: to whom and why, never what it said."""
    return list(Delivery.objects.select_related("notification__person").filter(state=DeliveryState.FAILED).order_by("-planned_at", "pk")[:shown])
