"""What a record says in facts. Pure: everything it needs of other records comes in `Around`.

A flow is one fact on its day. A stock that is known by its two ends (an order is open from its date until it is done) is two facts: what came in, and the
same with a minus on the day it went out (in `n` too, so that the sum of it is how many there are). A stock of which only readings are known (on hand,
receivables) is the difference to the reading before.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

from apps.core import clock
from apps.core.kpis import SCALE, bucket_of
from apps.core.worktime import WorkingCalendar

Json = Mapping[str, Any]
MOST = 60
WHOLE = 100 * SCALE  # 100 percent
JUDGED = ("case.agreed", "case.field")
OF_CASE = ("case_flow.started", "case_flow.over", "case_flow.ended", "case_flow.rounds", "case.touches", "case.switches", "claim.voucher", "task.asked",
           "task.open", "task.due", "task.decided", "task.outcome", "task.punctual", "task.hour")  # fmt: skip
LEFT, OUT_OF_ORDERS, OPEN_ORDER = {"shipped", "done"}, {"draft", "cancelled"}, {"confirmed", "processing"}
ANSWERED_FOR = {"closed", "rejected", "duplicate"}
IN_TIME_HOURS = 4
QUARANTINE, CURRENCY, NO_DATE = "quarantine", "currency", "no_date"
HELD = "held"  # the part of what is left out
LEVELS = {"stock": ("stock.items", "stock.short", "stock.out", "stock.worth"), "receivable": ("receivable", "receivable.overdue")}
# Where a record that was never taken is counted as left out.
MAIN = {
    "order": ("order",), "invoice": ("invoice",), "shipment": ("shipment.left",), "deal": ("deal.closed_won", "deal.open"), "customer": ("customer",),
    "follow_up": ("follow_up",), "payment": ("payment",), "production": ("production.planned",), "purchase_order": ("purchase.planned",),
    "case": ("case.answered",), **LEVELS,
}  # fmt: skip
AMOUNTS = ("amount", "total_amount", "amount_total", "untaxed_amount", "total", "balance")
OVERDUE = ("overdue",)


@dataclass(frozen=True)
class Draft:
    """A fact to be. Fields as in models.Fact."""

    stream: str
    day: dt.date
    part: str = ""
    value: int = 0
    n: int = 1
    hit: bool = False
    bucket: int = 0
    owner: uuid.UUID | None = None
    department: uuid.UUID | None = None
    product_line: str = ""
    region: str = ""
    excluded: str = ""

    @property
    def place(self) -> tuple[str, str]:
        return self.stream, self.part

    @property
    def dimensions(self) -> tuple[Any, ...]:
        return self.owner, self.department, self.product_line, self.region


@dataclass(frozen=True)
class Around:
    """What other records say: lines and prices of products by SKU, days of orders by id, the moments
    their customers' wish came into a system (`begun`), how many follow-ups a deal has; `region` of the customer;
    `first_seen`: the day the portal first read this record; `read_on`: the day of this reading; `over_since`: the day that its facts say it was over."""

    read_on: dt.date
    first_seen: dt.date
    currency: str
    region: str = ""
    lines: Mapping[str, str] = field(default_factory=dict)
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    ordered_on: Mapping[str, dt.date] = field(default_factory=dict)
    follow_ups: int = 0
    begun: Mapping[str, dt.datetime] = field(default_factory=dict)
    calendar: WorkingCalendar | None = None
    over_since: dt.date | None = None


def hundredths(value: Any) -> int:
    return int((Decimal(str(value or 0)) * SCALE).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def day_of(value: Any) -> dt.date | None:
    """A day of canonical JSON; a moment counts on the company's day."""
    if not value:
        return None
    text = str(value)
    return dt.date.fromisoformat(text) if len(text) == 10 else clock.company_today(dt.datetime.fromisoformat(text))


def moment_of(value: Any) -> dt.datetime | None:
    return dt.datetime.fromisoformat(str(value)) if value else None


def region_of(record: Json) -> str:
    """Of a customer, or of a record that says its own."""
    return str(record.get("region") or record.get("city") or "")[:MOST]


def line_of(record: Json) -> str:
    """Of a product, or of a record that says its own."""
    return str(record.get("product_line") or record.get("category") or "")[:MOST]


def drafts(kind: str, record: Json, around: Around) -> list[Draft]:
    """All facts of a record but the differences of `levels`."""
    maker = MAKERS.get(kind)
    made = list(maker(record, around)) if maker else []
    region = region_of(record) or around.region
    return [replace(draft, region=draft.region or region) for draft in made]


def _money(record: Json, around: Around) -> str:
    currency = str(record.get("currency") or around.currency)
    return "" if currency == around.currency else CURRENCY


def _order(record: Json, around: Around) -> Iterator[Draft]:
    if record.get("state") in OUT_OF_ORDERS:
        return
    day = day_of(record.get("ordered_on"))
    excluded = _money(record, around) or ("" if day else NO_DATE)
    on = day or around.first_seen
    parts = _by_line(record, around)
    done = record.get("state") == "done"
    for index, (line, value) in enumerate(parts):
        draft = Draft("order", on, part=line, value=value, n=int(index == 0), hit=done, product_line=line, excluded=excluded)
        yield draft
        came = replace(draft, stream="order.open", part=f"in:{line}", hit=False)
        yield came
        if done:
            yield replace(came, part=f"out:{line}", value=-value, n=-came.n, day=max(on, _over(record, "done_on", around) or on))


def _over(record: Json, name: str, around: Around) -> dt.date | None:
    """The day that something open was over; where its system does not say, the day that it was first seen over: later edits do not move it."""
    return day_of(record.get(name)) or around.over_since or day_of(record.get("updated_at"))


def _by_line(record: Json, around: Around) -> list[tuple[str, int]]:
    """The amount of an order by product line; what its lines do not explain stays without one. Adds up to the amount exactly."""
    found: dict[str, int] = {}
    for line in record.get("lines") or ():
        name = around.lines.get(str(line.get("sku") or ""), "")
        found[name] = found.get(name, 0) + hundredths(line.get("amount"))
    rest = hundredths(record.get("amount")) - sum(found.values())
    if rest or not found:
        found[""] = found.get("", 0) + rest
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def _shipment(record: Json, around: Around) -> Iterator[Draft]:
    state, planned = record.get("state"), day_of(record.get("planned_on"))
    if state == "cancelled":
        return
    left = state in LEFT
    went = day_of(record.get("shipped_at")) if left else None
    if planned:
        yield Draft("shipment.planned", planned, hit=left)
    if not left:
        return
    if went is None:
        yield Draft("shipment.left", around.first_seen, excluded=NO_DATE)
        return
    yield Draft("shipment.left", went, hit=planned is None or went <= planned)
    began = [around.ordered_on[str(one)] for one in record.get("order_ids") or () if str(one) in around.ordered_on]
    if began:
        days = hundredths(max(0, (went - min(began)).days))
        yield Draft("shipment.time", went, value=days, bucket=bucket_of(days))
    yield from _cycle(record, went, around)


def _cycle(record: Json, went: dt.date, around: Around) -> Iterator[Draft]:
    """Working hours from the customer's order to the delivery note."""
    began = [around.begun[str(one)] for one in record.get("order_ids") or () if str(one) in around.begun]
    left = moment_of(record.get("shipped_at"))
    if began and left and around.calendar:
        hours = hundredths(Decimal(around.calendar.seconds_between(min(began), left)) / 3600)
        yield Draft("shipment.cycle", went, value=hours, bucket=bucket_of(hours))


def begun_at(order: Json, deal: Json | None, calendar: WorkingCalendar) -> dt.datetime | None:
    """When an order began: its deal was won in the CRM; without a deal it was entered, or (its day alone is known) work began on its day."""
    won = moment_of(deal.get("stage_changed_at")) if deal and deal.get("stage_kind") == "won" else None
    made, day = moment_of(order.get("created_at")), day_of(order.get("ordered_on"))
    return won or made or (calendar.start_of(day) if day else None)


def _invoice(record: Json, around: Around) -> Iterator[Draft]:
    if record.get("state") not in {"posted", "paid"}:
        return
    day = day_of(record.get("invoiced_on"))
    yield Draft("invoice", day or around.first_seen, value=hundredths(record.get("amount")), hit=record.get("state") == "paid",
                excluded=_money(record, around) or ("" if day else NO_DATE))  # fmt: skip


def _payment(record: Json, around: Around) -> Iterator[Draft]:
    day = day_of(record.get("paid_on") or record.get("received_on"))
    if record.get("state") in {"draft", "cancelled", "failed"}:
        return
    yield Draft("payment", day or around.first_seen, value=hundredths(record.get("amount")),
                excluded=_money(record, around) or ("" if day else NO_DATE))  # fmt: skip


def _production(record: Json, around: Around) -> Iterator[Draft]:
    planned, done = day_of(record.get("planned_on")), day_of(record.get("done_on"))
    if record.get("state") == "cancelled":
        return
    line = line_of(record) or around.lines.get(str(record.get("sku") or ""), "")
    quantity = hundredths(record.get("quantity"))
    if planned:
        yield Draft("production.planned", planned, value=quantity, hit=done is not None, product_line=line)
    if done:
        yield Draft("production.done", done, value=quantity, hit=planned is None or done <= planned, product_line=line)


def _purchase_order(record: Json, around: Around) -> Iterator[Draft]:
    planned, came = day_of(record.get("planned_on")), day_of(record.get("received_on"))
    if record.get("state") == "cancelled":
        return
    first: Json = next(iter(record.get("lines") or ()), {})
    line = line_of(record) or around.lines.get(str(first.get("sku") or ""), "")
    if planned:
        yield Draft("purchase.planned", planned, hit=came is not None, product_line=line)
    if came:
        late = hundredths(max(0, (came - planned).days)) if planned else 0
        yield Draft("purchase.received", came, value=late, hit=late == 0, bucket=bucket_of(late), product_line=line)


def _customer(record: Json, around: Around) -> Iterator[Draft]:
    day = day_of(record.get("created_at") or record.get("created_on")) or around.first_seen
    yield Draft("customer", day, value=SCALE)


def _deal(record: Json, around: Around) -> Iterator[Draft]:
    kind, value, excluded = record.get("stage_kind"), hundredths(record.get("amount")), _money(record, around)
    closed = _closed_on(record) or around.read_on
    began = day_of(record.get("created_at") or record.get("created_on")) or around.first_seen
    line = line_of(record)
    weighted = value * int(record.get("probability") or 0) // 100
    if kind == "open":
        yield Draft("deal.open", began, part="in", value=value, excluded=excluded, product_line=line)
        yield Draft("deal.weighted", began, part="in", value=weighted, excluded=excluded, product_line=line)
        return
    if began < closed:
        yield Draft("deal.open", began, part="in", value=value, excluded=excluded, product_line=line)
        yield Draft("deal.open", closed, part="out", value=-value, n=-1, excluded=excluded, product_line=line)
    won = kind == "won"
    yield Draft("deal.closed", closed, hit=won, product_line=line)
    if won:
        yield Draft("deal.closed_won", closed, value=value, excluded=excluded, product_line=line)
    if around.follow_ups:
        yield Draft("deal.followed", closed, hit=won, product_line=line)


def _closed_on(record: Json) -> dt.date | None:
    """The day that a deal came into its last stage; its closing date may be one that was expected. A deal that was made as a closed one (its history was
    loaded) tells by its closing date when that was, unless that lies ahead."""
    expected, changed = day_of(record.get("closed_on")), day_of(record.get("stage_changed_at"))
    made = day_of(record.get("created_at") or record.get("created_on"))
    if changed and (made is None or changed > made):
        return changed
    return min((day for day in (expected, changed) if day), default=None)


def _follow_up(record: Json, around: Around) -> Iterator[Draft]:
    yield Draft("follow_up", day_of(record.get("occurred_at")) or around.first_seen)


def _case(record: Json, around: Around) -> Iterator[Draft]:
    made, answered = moment_of(record.get("created_at")), moment_of(record.get("responded_at"))
    if made is None:
        yield Draft("case.answered", around.first_seen, excluded=NO_DATE)
        return
    began = clock.company_today(made)
    yield Draft("case.open", began, part="in", value=SCALE)
    if record.get("state") in ANSWERED_FOR:
        over = _over(record, "closed_on", around) or around.read_on
        yield Draft("case.open", max(began, over), part="out", value=-SCALE, n=-1)
    if answered:
        hours = _hours(made, answered)
        yield Draft("case.answered", clock.company_today(answered), value=hours, bucket=bucket_of(hours), hit=hours <= IN_TIME_HOURS * SCALE)


def _hours(first: dt.datetime, last: dt.datetime) -> int:
    return hundredths(Decimal(max(0, int((last - first).total_seconds()))) / 3600)


MAKERS: dict[str, Callable[[Json, Around], Iterator[Draft]]] = {
    "order": _order, "shipment": _shipment, "invoice": _invoice, "payment": _payment, "production": _production, "purchase_order": _purchase_order,
    "customer": _customer, "deal": _deal, "follow_up": _follow_up, "case": _case,
}  # fmt: skip


def levels(kind: str, record: Json, around: Around) -> dict[str, Draft]:
    """Stream -> the reading of today, of stocks that are known by readings alone; `excluded` where it does not count."""
    on, region = around.read_on, region_of(record) or around.region
    if kind == "stock":
        line, price = around.lines.get(str(record.get("key") or ""), ""), around.prices.get(str(record.get("key") or ""), Decimal(0))
        available, point = Decimal(str(record.get("available") or 0)), record.get("order_point")
        short = point is not None and available < Decimal(str(point))
        worth = hundredths(Decimal(str(record.get("on_hand") or 0)) * price)
        values = {"stock.items": SCALE, "stock.short": SCALE * short, "stock.out": SCALE * (available <= 0), "stock.worth": worth}
        return {stream: Draft(stream, on, value=value, product_line=line) for stream, value in values.items()}
    if kind == "receivable":
        values = {"receivable": hundredths(record.get("balance")), "receivable.overdue": hundredths(record.get("overdue"))}
        return {stream: Draft(stream, on, value=value, region=region, excluded=_money(record, around)) for stream, value in values.items()}
    return {}


def set_aside(kind: str, record: Json, around: Around, held_on: dt.date | None) -> list[Draft]:
    """What stands beside a stock as left out: all of it since a later reading is in quarantine (without an amount: the last good one goes on counting);
    and what is in another currency."""
    made = levels(kind, record, around).values()
    if held_on:
        return [replace(draft, day=held_on, part=HELD, value=0, excluded=QUARANTINE) for draft in made]
    return [replace(draft, part=HELD) for draft in made if draft.excluded] if any(draft.value for draft in made) else []


def differences(wanted: Draft | None, before: Mapping[tuple[Any, ...], int], today: dt.date, stream: str) -> list[Draft]:
    """Today's facts of a stock, so that they and those `before` today (dimensions -> their sum) add up to the reading; nothing for a stock that is as it
    was. Without a reading (the record is gone) they add up to nothing."""
    target = {wanted.dimensions: wanted.value} if wanted else {}
    found = []
    for index, place in enumerate(sorted({*target, *before}, key=str)):
        value = target.get(place, 0) - before.get(place, 0)
        if value:
            owner, department, line, region = place
            n = int(bool(target.get(place))) - int(bool(before.get(place)))
            found.append(Draft(stream, today, part=f"{today}:{index}", value=value, n=n, owner=owner, department=department, product_line=line,
                               region=region))  # fmt: skip
    return found


def left_out(kind: str, raw: Json, day: dt.date) -> list[Draft]:
    """A record that was never taken: counted as left out in its main streams, with the amount it seems to have."""
    amounts = {"receivable.overdue": _amount(raw, OVERDUE)}
    return [Draft(stream, day, part=HELD, value=amounts.get(stream, _amount(raw)), excluded=QUARANTINE) for stream in MAIN.get(kind, ())]


def held_back(kind: str, last: list[Draft], raw: Json, day: dt.date) -> list[Draft]:
    """A record that is known and whose later reading was not taken: what it said last is left out, and so is what it says now in main streams that it was
    not in before: a deal that was open, and whose winning cannot be taken."""
    streams = {draft.stream for draft in last}
    return [*(replace(draft, excluded=QUARANTINE) for draft in last), *(draft for draft in left_out(kind, raw, day) if draft.stream not in streams)]


def _amount(raw: Json, names: Sequence[str] = AMOUNTS) -> int:
    """Of a record as its system has it: at the top, or in the record that the answer is about."""
    for place in (raw, *(value for value in raw.values() if isinstance(value, Mapping))):
        found = next((place[name] for name in names if _is_number(place.get(name))), None)
        if found is not None:
            return hundredths(found)
    return 0


def _is_number(value: Any) -> bool:
    try:
        return value is not None and Decimal(str(value)).is_finite()
    except ArithmeticError:
        return False


def task_drafts(task: Any, calendar: WorkingCalendar) -> list[Draft]:
    """An approval: asked, due, waiting, decided; and in which hour of the working day a person decided it."""
    if task.cancelled:
        return []
    asked, decided, part = clock.company_today(task.asked_at), task.decided_at, str(task.id)
    found = [Draft("task.asked", asked, part, hit=decided is not None), Draft("task.open", asked, f"in:{part}", value=SCALE)]
    if task.due_at:
        found.append(Draft("task.due", clock.company_today(task.due_at), part, hit=decided is not None))
    if decided:
        day, hours = clock.company_today(decided), _hours(task.asked_at, decided)
        found += [
            Draft("task.open", day, f"out:{part}", value=-SCALE, n=-1),
            Draft("task.decided", day, part, value=hours, bucket=bucket_of(hours)),
            Draft("task.outcome", day, part, hit=task.outcome == "RETURNED"),
        ]
        if task.due_at:
            found.append(Draft("task.punctual", day, part, hit=decided <= task.due_at))
        if task.person_id and calendar.is_open(decided):
            found.append(Draft("task.hour", day, part, value=SCALE * decided.astimezone(calendar.zone).hour))
    return [replace(draft, owner=task.person_id) for draft in found]


def lag_draft(*, occurred_at: dt.datetime, as_of: dt.datetime, part: str) -> Draft:
    """How long a change in its source was not to be seen here; in hundredths of a second."""
    return Draft("shipment.lag", clock.company_today(as_of), part=part[:MOST], value=hundredths(max(0.0, (as_of - occurred_at).total_seconds())))


def case_drafts(case: Any) -> list[Draft]:
    """A case: begun, and how it ended."""
    began = clock.company_today(case.started_at)
    given_up = case.state in {"WITHDRAWN", "CANCELLED"}
    found = [] if given_up else [Draft("case_flow.started", began, hit=case.ended_at is not None)]
    if case.ended_at:
        day, hours = clock.company_today(case.ended_at), _hours(case.started_at, case.ended_at)
        found.append(Draft("case_flow.over", day, hit=given_up))
        if not given_up:
            found.append(Draft("case_flow.ended", day, value=hours, bucket=bucket_of(hours)))
            found.append(Draft("case_flow.rounds", day, hit=case.rounds == 1))
            found += _touch_drafts(case, day)
    if case.approved_at and case.vouchered_at:
        hours = _hours(case.approved_at, case.vouchered_at)
        found.append(Draft("claim.voucher", clock.company_today(case.vouchered_at), value=hours, bucket=bucket_of(hours)))
    return [replace(draft, owner=case.starter_id) for draft in found]


def _touch_drafts(case: Any, day: dt.date) -> list[Draft]:
    """What a finished case took of people: how many acts, and how often two acts that follow each other were in different systems."""
    switches = sum(1 for first, second in pairwise(case.acts) if first != second)
    return [Draft("case.touches", day, value=SCALE * len(case.acts)), Draft("case.switches", day, value=SCALE * switches)] if case.acts else []


def agreement_drafts(case: Any, fields: Sequence[Any]) -> list[Draft]:
    """Of a finished case whose process compares its systems: do all agree, and each field that at least two of them know."""
    compared = [one for one in fields if one.compared]
    if not compared or case.ended_at is None or case.state != "COMPLETED":
        return []
    day, agree = clock.company_today(case.ended_at), all(one.agree for one in compared)
    found = [Draft("case.agreed", day, value=WHOLE * agree, hit=agree)]
    found += [Draft("case.field", day, part=one.label[:MOST], value=WHOLE * (not one.agree), hit=not one.agree) for one in compared]
    return [replace(draft, owner=case.starter_id) for draft in found]
