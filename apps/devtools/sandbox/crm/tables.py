"""Tables of the CRM, and the first day's data."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from apps.devtools.sandbox import company
from apps.devtools.sandbox.base.store import Writer
from apps.devtools.sandbox.crm import stories

ZONE = ZoneInfo("Asia/Shanghai")
CENT = Decimal("0.01")
MAIN, OTHER = "yunhe", "yunhe-service"
STAGES = (  # code, label, Chinese label, kind, probability
    ("qualified", "Qualified", "已确认", "open", 20),
    ("proposal", "Proposal", "报价", "open", 45),
    ("negotiation", "Negotiation", "谈判", "open", 70),
    ("won", "Won", "赢单", "won", 100),
    ("lost", "Lost", "输单", "lost", 0),
)
# rep: edits what is theirs. manager: everything. reader: looks. service: the calling system, everything in every organisation.
ROLES = {"ana": "rep", "boss": "manager", "fin": "reader", company.SERVICE: "service"}
CUSTOM_FIELDS = (
    "contract_no", "contract_state", "contract_amount", "payment_term", "contract_until", "contract_clauses",
    "erp_order_no", "erp_order_state", "shipped_at", "shipment_ref", "reject_reason",
)  # fmt: skip

_STAMPS = "revision INTEGER NOT NULL DEFAULT 1, changed_at TEXT NOT NULL, request_key TEXT NOT NULL DEFAULT ''"
TABLES = f"""
CREATE TABLE organisations (code TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE users (login TEXT PRIMARY KEY, email TEXT NOT NULL, name TEXT NOT NULL, name_zh TEXT NOT NULL,
    role TEXT NOT NULL, active INTEGER NOT NULL);
CREATE TABLE stages (code TEXT PRIMARY KEY, label TEXT NOT NULL, label_zh TEXT NOT NULL, kind TEXT NOT NULL,
    probability INTEGER NOT NULL, position INTEGER NOT NULL);
CREATE TABLE clients (id TEXT PRIMARY KEY, organisation TEXT NOT NULL REFERENCES organisations, code TEXT NOT NULL, name TEXT NOT NULL,
    name_zh TEXT NOT NULL, industry TEXT NOT NULL, city TEXT NOT NULL, phone TEXT NOT NULL, email TEXT NOT NULL, website TEXT NOT NULL,
    note TEXT NOT NULL, owner TEXT NOT NULL REFERENCES users, {_STAMPS});
CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, client_id TEXT NOT NULL REFERENCES clients, name TEXT NOT NULL, email TEXT NOT NULL,
    phone TEXT NOT NULL, title TEXT NOT NULL);
CREATE TABLE deals (id TEXT PRIMARY KEY, organisation TEXT NOT NULL REFERENCES organisations, title TEXT NOT NULL, client_id TEXT REFERENCES clients,
    stage TEXT NOT NULL REFERENCES stages, stage_since TEXT NOT NULL, amount TEXT, currency TEXT NOT NULL, owner TEXT NOT NULL REFERENCES users,
    closed_on TEXT, custom TEXT NOT NULL DEFAULT '{{}}', {_STAMPS});
CREATE TABLE positions (id INTEGER PRIMARY KEY AUTOINCREMENT, deal_id TEXT NOT NULL REFERENCES deals ON DELETE CASCADE, sku TEXT, title TEXT NOT NULL,
    quantity TEXT NOT NULL, price TEXT NOT NULL, discount TEXT NOT NULL, net_price TEXT NOT NULL, total TEXT NOT NULL);
CREATE TABLE comments (id INTEGER PRIMARY KEY AUTOINCREMENT, deal_id TEXT NOT NULL REFERENCES deals ON DELETE CASCADE, text TEXT NOT NULL,
    author TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE activities (id TEXT PRIMARY KEY, organisation TEXT NOT NULL, client_id TEXT NOT NULL REFERENCES clients,
    deal_id TEXT REFERENCES deals ON DELETE SET NULL, channel TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL, at TEXT NOT NULL,
    author TEXT NOT NULL REFERENCES users, {_STAMPS});
CREATE TABLE cases (id TEXT PRIMARY KEY, organisation TEXT NOT NULL, client_id TEXT NOT NULL REFERENCES clients, title TEXT NOT NULL,
    status TEXT NOT NULL, priority TEXT NOT NULL, sort TEXT NOT NULL, owner TEXT NOT NULL REFERENCES users, opened_at TEXT NOT NULL,
    answered_at TEXT, closed_on TEXT, {_STAMPS});
CREATE INDEX cases_of_client ON cases (client_id);
CREATE INDEX positions_of_deal ON positions (deal_id);
CREATE INDEX people_of_client ON people (client_id);
CREATE INDEX activities_of_client ON activities (client_id);
"""


def today() -> dt.date:
    """The company's day."""
    return dt.datetime.now(ZONE).date()


def net(price: Decimal, discount: Decimal) -> Decimal:
    """What one piece costs after the discount in percent."""
    return (price * (100 - discount) / 100).quantize(CENT, ROUND_HALF_UP)


def _ago(days: int, hour: int = 2) -> str:
    moment = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    return moment.replace(hour=hour, minute=17 + days % 40, second=0, microsecond=0).isoformat().replace("+00:00", "Z")


def seed(db: Writer) -> None:
    """Two organisations; the portal's is the first."""
    db.run("INSERT INTO organisations VALUES (?, 'Yunhe Pump Works')", MAIN)
    db.run("INSERT INTO organisations VALUES (?, 'Yunhe Service')", OTHER)
    for user in company.USERS:
        if user.login in ROLES:
            db.run(
                "INSERT INTO users VALUES (?, ?, ?, ?, ?, 1)", user.login, f"{user.login}@{company.MAIL}", user.name, user.name_zh, ROLES[user.login]
            )
    db.run("INSERT INTO users VALUES (?, ?, 'Portal service', '门户服务', 'service', 1)", company.SERVICE, f"{company.SERVICE}@{company.MAIL}")
    for position, stage in enumerate(STAGES):
        db.run("INSERT INTO stages VALUES (?, ?, ?, ?, ?, ?)", *stage, position)
    for number, customer in enumerate(company.CUSTOMERS, 1):
        _client(db, MAIN, customer.code, customer.name, customer.name_zh, customer.industry, customer.city, customer.owner, number)
    for number, (code, name, name_zh) in enumerate(stories.OTHER_CLIENTS, 31):
        _client(db, OTHER, code, name, name_zh, "Service", "Shanghai", "boss", number)
    for deal in (*stories.DEALS, *stories.UNFINISHED):
        _deal(db, MAIN, deal)
    for code, title, at in stories.OTHER_DEALS:
        _deal(db, OTHER, stories.Deal(title, code, at, 5, (("S-2002", 2, 0),)))
    for row in stories.FOLLOW_UPS:
        _follow_up(db, *row)
    _cases(db)


def _client(db: Writer, organisation: str, code: str, name: str, name_zh: str, industry: str, city: str, owner: str, number: int) -> None:
    domain = f"{name.lower().replace(' ', '-').replace(chr(39), '')}.example"
    db.run(
        "INSERT INTO clients (id, organisation, code, name, name_zh, industry, city, phone, email, website, note, owner, changed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?)",
        f"cl-{db.next_number('client', 1001)}", organisation, code, name, name_zh, industry, city, f"+86 20 5550 {1000 + number}", f"office@{domain}",
        f"https://www.{domain}", owner, db.now,
    )  # fmt: skip
    client = db.value("SELECT id FROM clients WHERE code = ? AND organisation = ?", code, organisation)
    for turn in range(2):
        person, person_zh, title = stories.CONTACTS[(number * 2 + turn * 5) % len(stories.CONTACTS)]
        mail = f"{person.lower().replace(' ', '.')}@{domain}"
        db.run("INSERT INTO people (client_id, name, email, phone, title) VALUES (?, ?, ?, ?, ?)",
               client, f"{person} {person_zh}", mail, f"+86 138 0000 {number:02d}{turn}7", title)  # fmt: skip


def _deal(db: Writer, organisation: str, deal: stories.Deal) -> None:
    client = db.one("SELECT id, owner FROM clients WHERE code = ?", deal.client) or {}
    rows = []
    for sku, quantity, discount in deal.lines:
        price = net(Decimal(company.PRICES[sku]), Decimal(discount))
        rows.append((sku, company.name_of(sku), str(quantity), company.PRICES[sku], str(discount), str(price), str(price * quantity)))
    total = str(sum((Decimal(row[-1]) for row in rows), Decimal("0.00"))) if rows else "48000.00"
    closed = str(today() - dt.timedelta(days=deal.days)) if deal.stage in ("won", "lost") else None
    ident = f"D-{db.next_number('deal', 1001)}"
    db.run(
        "INSERT INTO deals (id, organisation, title, client_id, stage, stage_since, amount, currency, owner, closed_on, changed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ident, organisation, deal.title, client["id"], deal.stage, _ago(deal.days), total, deal.currency, client["owner"], closed, db.now,
    )  # fmt: skip
    for row in rows:
        db.run(
            "INSERT INTO positions (deal_id, sku, title, quantity, price, discount, net_price, total) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", ident, *row
        )


def _follow_up(db: Writer, code: str, days: int, channel: str, subject: str, body: str, position: int) -> None:
    client = db.one("SELECT id, owner FROM clients WHERE code = ?", code) or {}
    deals = [row["id"] for row in db.rows("SELECT id FROM deals WHERE client_id = ? ORDER BY id", client["id"])]
    db.run(
        "INSERT INTO activities (id, organisation, client_id, deal_id, channel, subject, body, at, author, changed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        f"ac-{db.next_number('activity', 1001)}", MAIN, client["id"], deals[position] if deals else None, channel, subject, body, _ago(days, 7),
        client["owner"], db.now,
    )  # fmt: skip


def _case(db: Writer, code: str, title: str, sort: str, priority: str, days: int, hours: float | None, closed: int | None) -> None:
    """`hours`: until the first answer; `closed`: days until it was over; None: not yet."""
    client = db.one("SELECT id, owner FROM clients WHERE code = ?", code) or {}
    opened = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(days=days, hours=1)
    answered = opened + dt.timedelta(hours=hours) if hours is not None else None
    over = today() - dt.timedelta(days=days - closed) if closed is not None else None
    db.run(
        "INSERT INTO cases (id, organisation, client_id, title, status, priority, sort, owner, opened_at, answered_at, closed_on, changed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        f"ca-{db.next_number('case', 1001)}", MAIN, client["id"], title, "closed" if over else "pending" if answered else "new", priority, sort,
        client["owner"], _utc(opened), _utc(answered) if answered else None, str(over) if over else None, db.now,
    )  # fmt: skip


def _cases(db: Writer) -> None:
    for case in stories.CASES:
        _case(db, *case)


LATER = {"cases": _cases}


def _utc(moment: dt.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
