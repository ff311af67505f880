"""From records and cases to facts."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Min, Sum

from apps.core import clock, worktime
from apps.core.kpis import KPIS, Kpi, bucket_of
from apps.directory import selectors as directory
from apps.insight.models import Fact, KpiVersion
from apps.insight.policies import facts as policies
from apps.insight.policies.facts import Around, Draft
from apps.insight.services.facts import add, keep, keep_many
from apps.integrations import selectors as integrations
from apps.records import selectors as records
from apps.records.selectors import Measured
from apps.workflows import selectors as workflows

FLOWING = ("customer", "deal", "follow_up", "order", "shipment", "invoice", "receivable", "payment", "production", "purchase_order", "stock", "case")
CHUNK = 200
PAST = uuid.UUID("5c0b5f0a-8a0e-4c39-9f0e-3d1f6c2b7a11")  # names the one unseen case of each stream that was measured before the portal
JUDGED_FOR = dt.timedelta(days=1)


def subject_of(connection: str, kind: str, external_id: str) -> str:
    return f"{connection}:{kind}:{external_id}"[:180]


def take_records(*, connection: str, kind: str, external_ids: Iterable[str], now: dt.datetime, further: bool = True) -> int:
    """Read these records' facts again: what they say now, or nothing for those that are gone; in the caller's transaction. `further`: also the records
    whose facts lean on them. Returns how many facts were written or ended."""
    changed = 0
    for some in _chunks(list(dict.fromkeys(external_ids))):
        while some:
            page = _Page(connection, kind, some)
            changed += page.take(now)
            if further:
                changed += _further(kind, page.found, now)
            some = page.outdated()
    return changed


class _Page:
    """Some records of a kind and what of them is in quarantine, read at one moment."""

    def __init__(self, connection: str, kind: str, ids: Sequence[str]) -> None:
        self.connection, self.kind, self.ids = connection, kind, ids
        self.found = records.measured(kind, ids, connection)
        self.held = integrations.open_items_of(connection, kind, ids)

    def take(self, now: dt.datetime) -> int:
        looking, changed = _Looking(self.kind, self.found, now), 0
        made: dict[str, list[Draft]] = {}
        if self.kind in policies.LEVELS:
            changed += sum(_take_levels(record, looking, self.held.get(record.external_id), now) for record in self.found)
        else:
            made = {_subject(record): _drafts(record, looking, self.held.get(record.external_id)) for record in self.found}
        unseen = {ident: self.held.get(ident) for ident in set(self.ids) - {record.external_id for record in self.found}}
        units = _units_of({item.owner_id for item in unseen.values() if item})
        made |= {subject_of(self.connection, self.kind, ident): _left_out(self.kind, item, units) for ident, item in unseen.items()}
        return changed + keep_many(drafts=made, now=now, stay=True)

    def outdated(self) -> list[str]:
        """Those that another job may have taken meanwhile, newer than here: their facts are locked by now, so what is read again is the latest."""
        again = _Page(self.connection, self.kind, self.ids)
        before, after = self._stamps(), again._stamps()
        return [ident for ident in self.ids if before.get(ident) != after.get(ident)]

    def _stamps(self) -> dict[str, Any]:
        found = {record.external_id: record for record in self.found}
        return {ident: (found.get(ident), getattr(self.held.get(ident), "pk", None)) for ident in self.ids}


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


def _subject(record: Measured) -> str:
    return subject_of(record.connection, record.kind, record.external_id)


def _drafts(record: Measured, looking: _Looking, held: Any) -> list[Draft]:
    owner, unit = record.owner_id, looking.units.get(record.owner_id)
    made = [] if record.gone else policies.drafts(record.kind, record.data, looking.around(record))
    if held:
        made = policies.held_back(record.kind, made, held.raw, clock.company_today(held.created_at))
    return [replace(draft, owner=owner, department=unit) for draft in made]


def _left_out(kind: str, held: Any, units: Mapping[uuid.UUID | None, uuid.UUID | None]) -> list[Draft]:
    """Of a record that was never taken: nothing where it is not in quarantine either. It is missing to its owner, as far as one is known."""
    made = policies.left_out(kind, held.raw, clock.company_today(held.created_at)) if held else []
    return [replace(draft, owner=held.owner_id, department=units.get(held.owner_id)) for draft in made]


def _take_levels(record: Measured, looking: _Looking, held: Any, now: dt.datetime) -> int:
    """The last good reading of a stock goes on counting while a later one is in quarantine."""
    subject, around = _subject(record), looking.around(record)
    owner, unit, streams = record.owner_id, looking.units.get(record.owner_id), policies.LEVELS[record.kind]
    changed = _keep_aside(subject, [] if record.gone and not held else policies.set_aside(
        record.kind, record.data, around, clock.company_today(held.created_at) if held else None), owner, unit, now)  # fmt: skip
    if held:
        return changed
    wanted = {} if record.gone else policies.levels(record.kind, record.data, around)
    wanted = {stream: replace(draft, owner=owner, department=unit) for stream, draft in wanted.items() if not draft.excluded}
    return changed + sum(_keep_level(subject, stream, wanted.get(stream), around.read_on, now) for stream in streams)


def _keep_aside(subject: str, aside: Sequence[Draft], owner: uuid.UUID | None, unit: uuid.UUID | None, now: dt.datetime) -> int:
    """Left out since the day that it was first, not since that of its latest reading; what was left out before the portal knew the record is over."""
    place = f"{subject}:held"[:180]
    since = dict(Fact.objects.filter(subject=place, replaced_at=None).values_list("stream", "day")) if aside else {}
    drafts = [replace(draft, day=min(draft.day, since.get(draft.stream, draft.day)), owner=owner, department=unit) for draft in aside]
    return keep(subject=place, drafts=drafts, now=now) + keep(subject=subject, drafts=[], now=now, part=policies.HELD)


def _keep_level(subject: str, stream: str, wanted: Draft | None, today: dt.date, now: dt.datetime) -> int:
    """An older reading never comes after a newer one: the read model takes none."""
    rows = Fact.objects.filter(subject=subject, stream=stream, replaced_at=None, excluded="", day__lt=today)
    sums = rows.values_list("owner", "department", "product_line", "region").annotate(Sum("value"))
    before = {(owner, unit, line, region): int(value) for owner, unit, line, region, value in sums}
    return keep(subject=subject, drafts=policies.differences(wanted, before, today, stream), now=now, streams=[stream], since=today)


def _units_of(owners: Iterable[uuid.UUID | None]) -> dict[uuid.UUID | None, uuid.UUID | None]:
    """Person -> the unit that person is in now."""
    return {pk: person.org_unit_id for pk, person in directory.people_by_id(owners).items()}


class _Looking:
    """What the facts of some records need of others, in a few queries for all of them."""

    def __init__(self, kind: str, found: Sequence[Measured], now: dt.datetime) -> None:
        self.now = now
        self.units = _units_of({one.owner_id for one in found})
        self.regions = {one.key: policies.region_of(one.data) for one in records.naming("customer", {one.customer_key for one in found})}
        by_id = {one.customer_id for one in found if one.customer_id}
        self.regions_by_id = {one.external_id: policies.region_of(one.data) for one in records.measured("customer", by_id)} if by_id else {}
        skus = {sku for one in found for sku in _skus(one)}
        products = records.naming("product", skus) if skus else []
        self.lines = {one.key: policies.line_of(one.data) for one in products}
        self.prices = {one.key: Decimal(str(one.data.get("list_price") or 0)) for one in products}
        orders = {str(ident) for one in found for ident in one.data.get("order_ids") or ()} if kind == "shipment" else set()
        ordered = records.measured("order", orders) if orders else []
        dated = {one.external_id: policies.day_of(one.data.get("ordered_on")) for one in ordered}
        self.ordered_on = {ident: day for ident, day in dated.items() if day}
        self.calendar = worktime.company() if ordered else None
        self.begun = _begun(ordered, self.calendar) if self.calendar else {}
        self.follow_ups = records.follow_ups_of([one.external_id for one in found]) if kind == "deal" else {}
        subjects = {subject_of(one.connection, one.kind, one.external_id) for one in found}
        first = Fact.objects.filter(subject__in=subjects).values_list("subject").annotate(Min("recorded_at"))
        self.first_seen = dict(first)
        over = Fact.objects.filter(subject__in=subjects, stream=f"{kind}.open", part__startswith="out", replaced_at=None) if kind in ("order", "case") else None
        self.over_since = dict(over.values_list("subject").annotate(Min("day"))) if over is not None else {}

    def around(self, record: Measured) -> Around:
        subject = subject_of(record.connection, record.kind, record.external_id)
        seen = self.first_seen.get(subject, self.now)
        return Around(
            read_on=clock.company_today(max(record.as_of, seen) if record.kind in policies.LEVELS else record.as_of), first_seen=clock.company_today(seen),
            currency=settings.COMPANY_CURRENCY, region=self.regions.get(record.customer_key) or self.regions_by_id.get(record.customer_id, ""),
            lines=self.lines, prices=self.prices, ordered_on=self.ordered_on, follow_ups=self.follow_ups.get(record.external_id, 0),
            begun=self.begun, calendar=self.calendar, over_since=self.over_since.get(subject),
        )  # fmt: skip


def _begun(orders: Sequence[Measured], calendar: worktime.WorkingCalendar) -> dict[str, dt.datetime]:
    """Order id -> when it began; the deal is the one that the order names."""
    named = {str(one.data.get("reference") or "") for one in orders} - {""}
    deals = {one.external_id: one.data for one in records.measured("deal", named)} if named else {}
    found = {one.external_id: policies.begun_at(one.data, deals.get(str(one.data.get("reference") or "")), calendar) for one in orders}
    return {ident: moment for ident, moment in found.items() if moment}


def _skus(record: Measured) -> set[str]:
    if record.kind == "stock":
        return {record.key}
    named = {str(record.data.get(name) or "") for name in ("product", "sku")}
    return (named | {str(line.get("sku") or "") for line in record.data.get("lines") or () if isinstance(line, dict)}) - {""}


def _further(kind: str, found: Sequence[Measured], now: dt.datetime) -> int:
    """Facts that lean on these records: of a customer, everything that names it; of an order, its deliveries and the customer's first order; of a
    follow-up, its deal; of a product, its stock."""
    if kind == "customer":
        return _of_customers(found, now)
    if kind == "order":
        return _of_orders(found, now)
    if kind == "follow_up":
        deals = {str(one.data["deal_id"]) for one in found if one.data.get("deal_id")}
        return _again("deal", records.measured("deal", deals), now) if deals else 0
    if kind == "product":
        return _again("stock", records.naming("stock", {one.key for one in found}), now)
    return 0


def _of_customers(customers: Sequence[Measured], now: dt.datetime) -> int:
    named = records.of_customers([one.key for one in customers], [one.external_id for one in customers], except_for=("customer",))
    changed = sum(take_records(connection=connection, kind=kind, external_ids=ids, now=now, further=False)
                  for (connection, kind), ids in sorted(named.items()) if kind in FLOWING)  # fmt: skip
    places = {(connection, one.key): one.owner_id for connection, kind in named if kind == "order" for one in customers if one.key}
    known = set(Fact.objects.filter(subject__in=[_first_order(*place) for place in places], replaced_at=None).values_list("subject", flat=True))
    return changed + _first_orders({place: owner for place, owner in places.items() if _first_order(*place) in known}, now)


def _of_orders(orders: Sequence[Measured], now: dt.datetime) -> int:
    changed = _first_orders({(one.connection, one.customer_key): one.owner_id for one in orders if one.customer_key}, now)
    ids = records.orders_named("shipment", [one.external_id for one in orders])
    return changed + (_again("shipment", records.measured("shipment", ids), now) if ids else 0)


def _first_order(connection: str, customer_key: str) -> str:
    return f"{connection}:first_order:{customer_key}"[:180]


def _first_orders(places: Mapping[tuple[str, str], uuid.UUID | None], now: dt.datetime) -> int:
    """The first order of each of these customers, (connection, customer key) -> whose it is where the CRM does not know the customer: it is the customer's
    seller's, whoever's order was read last."""
    keys = {key for _connection, key in places}
    first = records.dated_by_customer("order", keys, policies.OUT_OF_ORDERS)
    customers = {one.key: one for one in records.naming("customer", keys)}
    owners = {place: customers[place[1]].owner_id if place[1] in customers else owner for place, owner in places.items()}
    units = _units_of(owners.values())
    made = {}
    for (connection, key), owner in owners.items():
        draft = Draft("customer.bought", clock.company_today(first.get(key, now)), owner=owner, department=units.get(owner),
                      region=policies.region_of(customers[key].data) if key in customers else "")  # fmt: skip
        made[_first_order(connection, key)] = [draft] if key in first else []
    return keep_many(drafts=made, now=now, stay=True)


def _again(kind: str, found: Sequence[Measured], now: dt.datetime) -> int:
    by_connection: dict[str, list[str]] = {}
    for one in found:
        by_connection.setdefault(one.connection, []).append(one.external_id)
    return sum(take_records(connection=connection, kind=kind, external_ids=ids, now=now, further=False) for connection, ids in by_connection.items())


def take_case(*, instance_id: uuid.UUID, now: dt.datetime) -> int:
    """Read the facts of a case and of its tasks again; in the caller's transaction."""
    subject, case = f"oa:case:{instance_id}", workflows.measured_case(instance_id)
    made, calendar = policies.case_drafts(case) if case else [], worktime.company()
    for task in workflows.measured_tasks(instance_id) if case else []:
        made += policies.task_drafts(task, calendar)
    changed = _keep_of(subject, made, policies.OF_CASE, now)
    if case and case.ended_at and (case.ended_at > now - JUDGED_FOR or not _is_judged(subject)):
        judged = policies.agreement_drafts(case, workflows.measured_agreement(instance_id, now))
        changed += _keep_of(subject, judged, policies.JUDGED, now)
    return changed


def _keep_of(subject: str, made: Sequence[Draft], streams: Sequence[str], now: dt.datetime) -> int:
    units = _units_of({draft.owner for draft in made})
    return keep(subject=subject, drafts=[replace(draft, department=units.get(draft.owner)) for draft in made], now=now, streams=streams, stay=True)


def _is_judged(subject: str) -> bool:
    return Fact.objects.filter(subject=subject, stream__in=policies.JUDGED, replaced_at=None).exists()


def judge_ended(*, now: dt.datetime) -> int:
    """Do the systems of cases that ended within the last day agree by now? What one of them tells late counts for a day, then the answer stays."""
    changed = 0
    for instance_id in workflows.ended_since(now - JUDGED_FOR):
        with transaction.atomic():
            changed += take_case(instance_id=instance_id, now=now)
    return changed


def take_lag(*, connection: str, external_id: str, occurred_at: dt.datetime, as_of: dt.datetime, part: str, now: dt.datetime) -> int:
    """How long a delivery's change was on its way, once for each change; in the caller's transaction."""
    delivery = next(iter(records.measured("shipment", [external_id], connection)), None)
    owner = delivery.owner_id if delivery else None
    draft = replace(policies.lag_draft(occurred_at=occurred_at, as_of=as_of, part=part), owner=owner, department=_units_of([owner]).get(owner))
    return add(subject=subject_of(connection, "shipment_lag", external_id), draft=draft, now=now)


def take_measured(*, stream: str, values: Iterable[tuple[dt.date, int, Any]], now: dt.datetime) -> int:
    """What was measured before there was a portal, (day, hundredths, whose) each: facts that no record stands behind, to freeze a baseline from. They are all
    of their stream: taken again, they replace those before. In the caller's transaction."""
    drafts = [Draft(stream, day, part=str(number), value=value, bucket=bucket_of(value), owner=person.pk, department=person.org_unit_id)
              for number, (day, value, person) in enumerate(values)]  # fmt: skip
    return keep(subject=f"oa:case:{uuid.uuid5(PAST, stream)}", drafts=drafts, now=now)


def take_all(*, now: dt.datetime) -> int:
    """Everything the portal has, once: for a portal that had records before it had facts. May run again."""
    found: dict[tuple[str, str], list[str]] = {}
    for connection, kind, ident in records.every(FLOWING):
        found.setdefault((connection, kind), []).append(ident)
    changed = 0
    for (connection, kind), ids in found.items():
        for some in _chunks(ids):
            with transaction.atomic():
                changed += take_records(connection=connection, kind=kind, external_ids=some, now=now, further=kind == "order")
    for instance_id in workflows.case_ids():
        with transaction.atomic():
            changed += take_case(instance_id=instance_id, now=now)
    return changed


def register_formulas(*, now: dt.datetime) -> int:
    """Remember since when each formula is in force; the first one of an indicator since ever. Returns how many were new."""
    known = set(KpiVersion.objects.values_list("key", "version"))
    seen = {key for key, _version in known}
    fresh = [
        KpiVersion(key=kpi.key, version=kpi.version, formula=_msgid(kpi), since=kpi.since or clock.company_today(now),
                   known_from=now if kpi.key in seen else None)
        for kpi in KPIS.values() if (kpi.key, kpi.version) not in known
    ]  # fmt: skip
    KpiVersion.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh)


def _msgid(kpi: Kpi) -> str:
    from django.utils import translation

    with translation.override("en"):
        return str(kpi.formula)
