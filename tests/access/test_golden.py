"""The reviewed table (golden.txt) against the rights that the seed makes."""

from __future__ import annotations

import pathlib
import uuid
from types import SimpleNamespace
from typing import Any

import pytest

from apps.access import selectors
from apps.core.access import RESOURCES, Masked, Raw, decide, plan
from apps.core.errors import NotPermitted

LOGINS = ("ana", "boss", "fin", "eve", "admin", "guest")
STRANGER = uuid.uuid4()


def table(section: str) -> dict[tuple[str, str], tuple[str, ...]]:
    rows: dict[tuple[str, str], tuple[str, ...]] = {}
    current = ""
    for line in (pathlib.Path(__file__).parent / "golden.txt").read_text().splitlines():
        if line.startswith("["):
            current = line.strip("[]")
        elif line.strip() and not line.startswith("#") and current == section:
            resource, name, *cells = line.split()
            assert len(cells) == len(LOGINS), line
            assert (resource, name) not in rows, line
            rows[resource, name] = tuple(cells)
    return rows


def reach(person: Any, colleague: Any, resource: str, action: str) -> str:
    owners = {"own": person.pk, "department": colleague.pk, "all": STRANGER}
    found = "-"
    for scope, owner in owners.items():
        if decide(person, action, resource, owner).allowed:
            found = scope
    assert decide(person, action, resource).allowed is (found == "all")
    assert plan(person, action, resource).allowed is (found != "-")
    return found


@pytest.mark.req("A6", "A7", "A9")
def test_every_action_reaches_what_the_table_says(cast: SimpleNamespace) -> None:
    colleagues = {"ana": cast.boss, "boss": cast.ana}
    expected = table("actions")
    registered = {(name, action) for name, (actions, _f) in RESOURCES.items() if "test." not in name for action in actions}
    assert set(expected) == registered
    found = {
        (resource, action): tuple(
            reach(getattr(cast, login), colleagues.get(login, SimpleNamespace(pk=STRANGER)), resource, action) for login in LOGINS
        )
        for resource, action in expected
    }
    assert found == expected


def seen(person: Any, owner: Any, resource: str, name: str) -> str:
    try:
        shown = plan(person, "view", resource).project(Raw(resource, {name: "canary"}, owner))
    except NotPermitted:
        return "-"
    if name not in shown:
        return "none"
    assert isinstance(shown[name], Masked) or shown[name] == "canary"
    return "mask" if isinstance(shown[name], Masked) else "full"


@pytest.mark.req("A6", "A9")
def test_every_field_is_seen_as_the_table_says(cast: SimpleNamespace) -> None:
    expected = table("fields")
    guarded = {
        (name, field)
        for name, (_actions, fields) in RESOURCES.items()
        for field, kind in fields.items()
        if kind in {"private", "confidential"} and "test." not in name
    }
    assert guarded - set(expected) == set()
    found = {
        (resource, name): tuple(
            f"{seen(getattr(cast, login), getattr(cast, login).pk, resource, name)}/{seen(getattr(cast, login), None, resource, name)}"
            for login in LOGINS
        )
        for resource, name in expected
    }
    assert found == expected


@pytest.mark.req("A7")
def test_every_field_is_written_as_the_table_says(cast: SimpleNamespace) -> None:
    expected = table("writes")

    def may(login: str, own: bool, resource: str, name: str) -> str:
        person = getattr(cast, login)
        return "yes" if plan(person, "edit", resource).may_write(name, person.pk if own else None) else "-"

    found = {
        (resource, name): tuple(f"{may(login, True, resource, name)}/{may(login, False, resource, name)}" for login in LOGINS)
        for resource, name in expected
    }
    assert found == expected


@pytest.mark.req("A7")
def test_sales_writes_no_finance_data_at_all(cast: SimpleNamespace) -> None:
    for resource in ("erp.receivable", "erp.invoice"):
        for person in (cast.ana, cast.boss):
            writing = plan(person, "edit", resource)
            assert not writing.allowed
            assert [name for name in RESOURCES[resource][1] if writing.may_write(name, person.pk)] == []


def test_a_decision_names_who_may_be_asked_and_why(cast: SimpleNamespace) -> None:
    refused = decide(cast.ana, "edit", "erp.receivable")
    assert refused.owner == "Guo Peng"
    assert refused.chain == (
        "your roles: Employee, Sales",
        "rule: no role of yours grants “Edit” on ERP Receivables",
    )
    masked = plan(cast.ana, "view", "crm.customer").project(Raw("crm.customer", {"phone": "1"}, None))["phone"]
    assert masked.chain == ("group: Sales", "role: Sales", "rule: CRM Customers, private fields: masked")
    assert selectors.who_may("manage", "access.role") == [cast.admin]
