"""The one company of demo, stack and tests: Yunhe Pump Works 云禾泵业. Plain data, and the function that seeds it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.access import services as access
from apps.directory import services as directory

DEMO_ISSUER = "demo"

UNITS: list[dict[str, str]] = [
    {"code": "yunhe", "name": "Yunhe Pump Works", "name_zh": "云禾泵业", "parent": ""},
    {"code": "sales", "name": "Sales", "name_zh": "销售部", "parent": "yunhe"},
    {"code": "finance", "name": "Finance", "name_zh": "财务部", "parent": "yunhe"},
    {"code": "warehouse", "name": "Warehouse", "name_zh": "仓储部", "parent": "yunhe"},
    {"code": "it", "name": "IT", "name_zh": "信息部", "parent": "yunhe"},
]

# subject: the ids of the people in the realm file
PEOPLE: list[dict[str, str]] = [
    {
        "login": "ana",
        "subject": "66f6a719-7b41-54c5-a1db-a74845f3296b",
        "name": "Chen An",
        "name_zh": "陈安",
        "unit": "sales",
        "title": "Sales representative",
        "title_zh": "销售代表",
        "employee_number": "E1001",
        "manager": "boss",
    },
    {
        "login": "boss",
        "subject": "d2f75a84-4e8f-5666-995a-9f7d0dd56819",
        "name": "Lin Wei",
        "name_zh": "林薇",
        "unit": "sales",
        "title": "Sales director",
        "title_zh": "销售总监",
        "employee_number": "E1000",
        "manager": "",
    },
    {
        "login": "fin",
        "subject": "bca03549-c1e5-58a7-913c-3226f0b8da37",
        "name": "He Jing",
        "name_zh": "何静",
        "unit": "finance",
        "title": "Accountant",
        "title_zh": "会计",
        "employee_number": "E2001",
        "manager": "boss",
    },
    {
        "login": "eve",
        "subject": "658e8bc8-da2d-5ce4-b84e-f13ff69df66b",
        "name": "Wang Jun",
        "name_zh": "王军",
        "unit": "warehouse",
        "title": "Warehouse clerk",
        "title_zh": "仓库管理员",
        "employee_number": "E3001",
        "manager": "boss",
    },
    {
        "login": "admin",
        "subject": "19d50141-865a-58e1-8857-13f4bdeb897b",
        "name": "Guo Peng",
        "name_zh": "郭鹏",
        "unit": "it",
        "title": "Portal administrator",
        "title_zh": "门户管理员",
        "employee_number": "E9001",
        "manager": "",
    },
    {
        "login": "guest",
        "subject": "285001d3-8237-5c45-ad2f-d8328a196593",
        "name": "Xu Lan",
        "name_zh": "徐岚",
        "unit": "",
        "title": "Visitor",
        "title_zh": "访客",
        "employee_number": "E9901",
        "manager": "",
    },
]
LOGINS = tuple(person["login"] for person in PEOPLE)

READ = {"*": "read"}
READ_MASKED = {"*": "read", "class:private": "masked"}
EDIT_ALL = {"*": "edit", "class:private": "edit"}


def _g(resource: str, scope: str, actions: str, fields: dict[str, str] | None = None) -> dict[str, Any]:
    return {"resource": resource, "scope": scope, "actions": actions.split(), "fields": fields or {}}


_SELLING = [
    _g("crm.customer", "all", "view", READ_MASKED),
    _g("crm.customer", "own", "view edit", EDIT_ALL),
    _g("crm.deal", "department", "view", READ),
    _g("crm.deal", "own", "view edit win", {"*": "edit"}),
    _g("crm.follow_up", "all", "view create", {"*": "edit"}),
    _g("crm.case", "all", "view", READ),
    _g("erp.order", "all", "view", READ),
    _g("erp.shipment", "all", "view", READ),
    _g("erp.stock", "all", "view", READ),
    _g("erp.product", "all", "view", READ),
    _g("erp.purchase_request", "all", "view", READ),
    _g("business.template", "all", "view", READ),
    _g("business.visit", "department", "view", READ),
    _g("business.visit", "own", "view create", {"*": "edit"}),
    _g("integrations.quarantine", "own", "view cure", READ),
]
_LOOKING = [_g(f"erp.{kind}", "all", "view", READ) for kind in ("order", "shipment", "stock", "product", "purchase_request", "purchase_order", "production")]

ROLES: list[dict[str, Any]] = [
    {
        "code": "employee",
        "name": "Employee",
        "name_zh": "员工",
        "grants": [
            _g("workspace.home", "all", "view"),
            _g("workspace.search", "all", "view"),
            _g("core.api", "all", "view"),
            _g("notifications.notification", "own", "view", READ),
            _g("workflows.task", "own", "view act", READ),
            _g("workflows.instance", "own", "view", READ),
            _g("business.visit", "own", "view", READ),
            _g("business.announcement", "all", "view"),
            _g("business.circulation", "own", "view create"),
            _g("business.calendar", "own", "view edit"),
            _g("directory.absence", "department", "view"),
            _g("directory.absence", "own", "view edit"),
        ],
    },
    {"code": "sales", "name": "Sales", "name_zh": "销售", "grants": _SELLING},
    {
        "code": "sales_manager",
        "name": "Sales manager",
        "name_zh": "销售经理",
        "grants": [
            _g("crm.customer", "all", "view edit", EDIT_ALL),
            _g("crm.deal", "all", "view edit win", {"*": "edit"}),
            _g("erp.receivable", "all", "view remind", READ),
            _g("workflows.instance", "department", "view", READ),
            _g("business.template", "all", "view manage", {"*": "edit"}),
            _g("business.announcement", "own", "view manage"),
            _g("insight.board", "all", "view arrange share"),
            _g("insight.customer_data", "all", "view export consent"),
            _g("insight.export", "all", "data image print"),
            _g("insight.flow", "department", "view"),
            _g("insight.note", "all", "view create"),
            _g("insight.target", "all", "view manage"),
            _g("insight.token", "own", "view create"),
        ],
    },
    {
        "code": "finance",
        "name": "Finance",
        "name_zh": "财务",
        "grants": [
            _g("erp.receivable", "all", "view edit remind", {"*": "edit"}),
            _g("erp.invoice", "all", "view edit", {"*": "edit"}),
            _g("erp.payment", "all", "view", READ),
            _g("crm.customer", "all", "view", {"*": "read", "class:private": "none"}),
            _g("insight.board", "all", "view arrange"),
            _g("insight.export", "all", "data"),
            _g("insight.note", "all", "view create"),
            _g("insight.target", "all", "view"),
            _g("insight.token", "own", "view create"),
            *_LOOKING,
        ],
    },
    {
        "code": "warehouse",
        "name": "Warehouse",
        "name_zh": "仓储",
        "grants": [
            _g("erp.shipment", "all", "view advance", {"*": "edit"}),
            _g("erp.stock", "all", "view", READ),
            _g("erp.product", "all", "view", READ),
            _g("erp.purchase_request", "all", "view create", READ),
            _g("erp.purchase_order", "all", "view", {"*": "read", "class:confidential": "masked"}),
            _g("erp.production", "all", "view", READ),
            _g("erp.order", "all", "view", {"*": "read", "class:confidential": "masked"}),
        ],
    },
    {
        "code": "portal_admin",
        "name": "Portal administrator",
        "name_zh": "门户管理员",
        "grants": [
            _g("access.role", "all", "view manage"),
            _g("workspace.layout", "all", "manage"),
            _g("integrations.connection", "all", "view manage"),
            _g("integrations.quarantine", "all", "view cure", READ_MASKED),
            _g("notifications.channel", "all", "manage"),
            _g("audit.entry", "all", "view", READ),
            _g("workflows.instance", "all", "view repair reassign", READ),
            _g("workflows.task", "all", "view", READ),
            _g("business.template", "all", "view manage", {"*": "edit"}),
            _g("business.visit", "all", "view", {"*": "read", "class:confidential": "masked"}),
            _g("business.announcement", "all", "view manage"),
            _g("crm.customer", "all", "view", READ_MASKED),
            _g("crm.deal", "all", "view", READ),
            _g("crm.follow_up", "all", "view", READ),
            _g("crm.case", "all", "view", READ),
            _g("erp.receivable", "all", "view", READ),
            _g("insight.board", "all", "view arrange share"),
            _g("insight.flow", "all", "view"),
            _g("insight.note", "all", "view create"),
            _g("insight.target", "all", "view manage"),
            _g("insight.token", "own", "view create"),
            *_LOOKING,
        ],
    },
]

# role -> whom: "unit:<code>" with everything below it, or "person:<login>"
ASSIGNMENTS = [
    ("employee", "unit:yunhe"),
    ("sales", "unit:sales"),
    ("sales_manager", "person:boss"),
    ("finance", "unit:finance"),
    ("warehouse", "unit:warehouse"),
    ("portal_admin", "person:admin"),
]


def issuer() -> str:
    """Who signs these people on: the configured provider, else the demo sign-in."""
    return settings.OIDC_ISSUER or DEMO_ISSUER


def seed(*, now: dt.datetime) -> dict[str, Any]:
    """People, units, reporting lines, roles and who holds them. May run again: it restores names and grants, keeps
    assignments by hand.

    Returns the people by login.
    """
    with transaction.atomic():
        units: dict[str, Any] = {}
        for unit in UNITS:
            units[unit["code"]] = directory.upsert_unit(
                code=unit["code"], name=unit["name"], name_zh=unit["name_zh"], parent=units.get(unit["parent"])
            )
        people = {p["login"]: _person(p, units, now) for p in PEOPLE}
        for p in PEOPLE:
            directory.set_manager(person=people[p["login"]], managers=[people[p["manager"]]] if p["manager"] else [], now=now)
        access.seed_roles(roles=ROLES, now=now)
        for role, whom in ASSIGNMENTS:
            kind, _, name = whom.partition(":")
            access.seed_assignment(role=role, now=now, **({"org_unit": units[name]} if kind == "unit" else {"person": people[name]}))
    return people


def _person(data: dict[str, str], units: dict[str, Any], now: dt.datetime) -> Any:
    return directory.upsert_person(
        login=data["login"],
        issuer=issuer(),
        subject=data["subject"],
        name=data["name"],
        name_zh=data["name_zh"],
        email=f"{data['login']}@yunhe.example",
        email_verified=True,
        title=data["title"],
        title_zh=data["title_zh"],
        employee_number=data["employee_number"],
        org_unit=units.get(data["unit"]),
        now=now,
    )
