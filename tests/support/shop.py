"""Records of the two systems without the systems: what a first load would have left in the read model."""

from __future__ import annotations

import datetime as dt
import uuid
from types import SimpleNamespace
from typing import Any

from apps.business.models import Announcement, CustomerVisit
from apps.core import clock
from apps.integrations.canonical import KINDS
from apps.integrations.models import Connection
from apps.records.services.taking import take

ERP = {"order", "shipment", "stock", "invoice", "receivable", "product", "purchase_request", "payment", "purchase_order", "production"}
CUSTOMERS = (
    ("Delta Water Group", "Water utility", "Hangzhou", "ana"),
    ("Meilin Foods", "Food", "Ningbo", "ana"),
    ("Harbour Dredging", "Marine", "Shanghai", "ana"),
    ("Jinsha Chemical", "Chemical", "Suzhou", "boss"),
    ("R&D Pumps <Wuxi>", "Machinery", "Wuxi", "boss"),
)
STAGES = ("PROSPECTING", "QUALIFICATION", "PROPOSAL", "NEGOTIATION")
STOCK = (
    ("6308-2RS", "Bearing", 14, 60),
    ("IMP-100-CI", "Impeller, cast iron", 31, 40),
    ("MS-45-SIC", "Mechanical seal", 52, 55),
    ("IH-100", "Chemical pump IH-100", 44, 40),
    ("IH-125", "Chemical pump IH-125", 20, None),
    ("CAB-4", "Cable 4 mm", 900, 200),
)


def put(kind: str, external_id: str, *, now: dt.datetime | None = None, **fields: Any) -> Any:
    """One record as read now; unnamed fields are the canonical defaults."""
    system = "erp" if kind in ERP else "crm"
    record = KINDS[kind].model_validate({"external_id": external_id, "version": "1", **fields}).model_dump(mode="json")
    change = take(system=system, connection=system, kind=kind, external_id=external_id, record=record, as_of=now or clock.now())
    return change.row


def connect(now: dt.datetime) -> None:
    """Two connections that answer; their feeds were read just now."""
    for key in ("erp", "crm"):
        Connection.objects.update_or_create(
            key=key,
            defaults={
                "connector_id": f"{key}_sandbox", "live_from": now, "steward": "admin", "state": "up", "since": now, "last_ok_at": now,
                "feed_read_at": now, "created_at": now, "updated_at": now,
            },
        )  # fmt: skip


def fill(people: SimpleNamespace, *, ordered_on: str = "2026-11-20") -> SimpleNamespace:
    """A small company's worth: customers c-0.. with deals, orders, shipments, invoices, receivables, follow-ups; stock by SKU. `ordered_on`: the day of
    the orders; who asks for figures of this month by the real clock names one of it."""
    now = clock.now()
    connect(now)
    for index, (name, industry, city, owner) in enumerate(CUSTOMERS):
        seller = getattr(people, owner)
        put("customer", f"c-{index}", key=f"K10{index}", name=name, industry=industry, city=city, owner_email=seller.email,
            phone="0571 8888 1234", email=f"info@c{index}.example", website="https://c.example",
            contacts=[{"name": "Ms Rao", "title": "Buyer", "phone": "138 0000 4471"}])  # fmt: skip
        put("receivable", f"K10{index}", key=f"K10{index}", customer_name=name, balance="212400", currency="CNY",
            overdue="47500" if index == 0 else "0", limit="800000", open_invoices=2)  # fmt: skip
    _deals(people, now)
    for index in range(6):
        _order(index, now, ordered_on)
    for sku, name, available, point in STOCK:
        put("stock", sku, key=sku, name=name, on_hand=available + 5, available=available, order_point=point, unit="u")
    put("follow_up", "f-0", customer_id="c-0", channel="call", subject="Budget fixed until Tuesday", author_email=people.ana.email,
        body="Accepts the price if terms are 90 days.", occurred_at=now - dt.timedelta(hours=2))  # fmt: skip
    documents(people, now)
    return people


def documents(people: SimpleNamespace, now: dt.datetime) -> None:
    """OA's own documents: an approved visit that is over and one that is coming, without the cases they came from."""
    for index, days in enumerate((-1, 3)):
        start = now + dt.timedelta(days=days)
        visit = CustomerVisit.objects.create(
            id=uuid.UUID(int=0xA1 + index), number=f"BF-2611-00{index + 1}", visitor=people.ana, customer_id="c-0", customer_key="K100",
            customer_name=CUSTOMERS[0][0], customer_owner=people.ana, starts_at=start, ends_at=start + dt.timedelta(hours=2), place="Hangzhou, 18 Wulin Road",
            purpose="See the new pump house and agree on the commissioning", state="APPROVED", business_key=f"visit:{index}", approver=people.boss,
            approved_at=now - dt.timedelta(days=2), created_at=now, updated_at=now,
        )  # fmt: skip
        visit.companions.set([people.eve])
    for index, (title, title_zh) in enumerate((("Stocktaking on Friday: the warehouse is closed", "周五盘点:仓库关闭"), ("New travel rules", "新差旅规定"))):
        Announcement.objects.create(
            id=uuid.UUID(int=0xB1 + index), title=title, title_zh=title_zh, body="# What changes\n- **Orders** until Thursday noon\n- [Visits](/visits/) go on",
            body_zh="# 变化\n- **订单**截至周四中午", author=people.admin, everybody=True, visible_from=now - dt.timedelta(hours=index + 1), state="PUBLISHED",
            pinned=index == 0, confirm=index == 0, confirm_by=now + dt.timedelta(days=2) if index == 0 else None, published_at=now, delivered_at=now,
            created_at=now, updated_at=now,
        )  # fmt: skip


def _deals(people: SimpleNamespace, now: dt.datetime) -> None:
    for index in range(12):
        number = index % 5
        name, owner = CUSTOMERS[number][0], getattr(people, CUSTOMERS[number][3])
        won = index >= 10
        rest = index * 7300
        lines = [{"sku": "IH-100", "name": "Chemical pump", "quantity": 4, "unit_price": 12000, "amount": 48000}]
        if rest:
            lines.append({"sku": None if index == 1 else "MS-45-SIC", "name": "Extra", "quantity": 1, "unit_price": rest, "amount": rest})
        put("deal", f"d-{index}", name=f"{name}: pumps {index}", customer_id=f"c-{number}", customer_key=f"K10{number}",
            customer_name=name, stage="CLOSED_WON" if won else STAGES[index % 4], stage_kind="won" if won else "open",
            amount=48000 + rest, currency="CNY", lines=lines, owner_email=owner.email, probability=40, closed_on="2026-12-20",
            stage_changed_at=now - dt.timedelta(days=index),
            custom={"contract_no": "HT-2611-087", "erp_order_no": "SO-20874"} if won else {})  # fmt: skip


def _order(index: int, now: dt.datetime, ordered_on: str) -> None:
    number = index % 5
    name, state = CUSTOMERS[number][0], ("draft", "confirmed", "processing", "done", "cancelled", "processing")[index]
    put("order", f"o-{index}", key=f"SO-2087{index}", customer_key=f"K10{number}", customer_name=name, state=state,
        amount=61200 + index * 9000, currency="CNY", payment_term="60 days", reference=f"d-{index}", ordered_on=ordered_on,
        comment="Standard clauses 2026", shipment_ids=[f"s-{index}"],
        lines=[{"sku": "IH-100", "name": "Chemical pump IH-100", "quantity": 12, "unit_price": 5100, "amount": 61200}])  # fmt: skip
    put("shipment", f"s-{index}", key=f"DN-550{index}", order_ids=[f"o-{index}"], order_keys=[f"SO-2087{index}"],
        customer_key=f"K10{number}", customer_name=name, planned_on="2026-12-02", tracking="YT-5529807" if index == 3 else "",
        state=("waiting", "assigned", "packed", "done", "cancelled", "assigned")[index], shipped_at=now if index == 3 else None,
        lines=[{"sku": "IH-100", "quantity": 8}, {"sku": "MS-45-SIC", "quantity": 4}])  # fmt: skip
    put("invoice", f"i-{index}", key=f"INV-44{index}", customer_key=f"K10{number}", order_ids=[f"o-{index}"], state="posted",
        amount=61200, amount_due=61200, currency="CNY", due_on="2027-01-20")  # fmt: skip
