"""People, units, reporting lines, and how an account becomes a person."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest

from apps.audit.models import Entry
from apps.core import people as port
from apps.core.errors import InvalidInput, NotFound
from apps.devtools import company as data
from apps.directory import selectors, services
from apps.directory.models import OrgUnit, Person
from apps.identity.models import Account


def test_an_account_becomes_a_person_by_issuer_and_subject_alone(cast: SimpleNamespace) -> None:
    assert selectors.person_of(cast.ana.account) == cast.ana
    twin = Account(issuer="https://other.example", subject=cast.ana.subject, username="ana2", email=cast.ana.email)
    assert selectors.person_of(twin) is None
    assert selectors.person_of(Account(issuer=cast.ana.issuer, subject="x", username="ana", email=cast.ana.email)) is None
    assert selectors.person_of(None) is None
    assert port.person_id(cast.ana.issuer, cast.ana.subject) == cast.ana.pk
    assert [person.login for person in port.known_people("demo")] == ["admin", "ana", "boss", "eve", "fin", "guest"]


def test_an_inactive_person_is_nobody(cast: SimpleNamespace, clock: dt.datetime) -> None:
    services.set_active(person_id=cast.ana.pk, active=False, now=clock)
    assert selectors.person_of(cast.ana.account) is None
    assert "ana" not in [person.login for person in selectors.active_people()]
    assert selectors.find_person_by_login("ana") == cast.ana
    services.set_active(person_id=cast.ana.pk, active=False, now=clock)
    assert Entry.objects.filter(action="directory.person.deactivated").count() == 1


@pytest.mark.parametrize(("email", "login"), [("ana@yunhe.example", "ana"), ("ANA@Yunhe.example", "ana"), ("", None), ("nobody@yunhe.example", None)])
def test_records_are_joined_by_verified_email(cast: SimpleNamespace, email: str, login: str | None) -> None:
    found = selectors.find_person_by_email(email)
    assert (found.login if found else None) == login


def test_an_address_that_is_not_verified_or_shared_joins_nobody(cast: SimpleNamespace) -> None:
    Person.objects.filter(login="eve").update(email_verified=False)
    assert selectors.find_person_by_email("eve@yunhe.example") is None
    Person.objects.filter(login="boss").update(email="ana@yunhe.example")
    assert selectors.find_person_by_email("ana@yunhe.example") is None


def test_managers_none_one_several_inactive(cast: SimpleNamespace, clock: dt.datetime) -> None:
    assert selectors.managers_of(cast.ana) == [cast.boss]
    assert selectors.managers_of(cast.boss) == []
    services.set_manager(person=cast.ana, managers=[cast.boss, cast.admin], now=clock)
    services.set_active(person_id=cast.boss.pk, active=False, now=clock)
    assert [(person.login, person.active) for person in selectors.managers_of(cast.ana)] == [("admin", True), ("boss", False)]
    services.set_manager(person=cast.ana, managers=[], now=clock)
    assert selectors.managers_of(cast.ana) == []
    with pytest.raises(InvalidInput):
        services.set_manager(person=cast.ana, managers=[cast.ana], now=clock)
    assert selectors.managers_of(cast.ana) == []


def test_units_move_with_everything_below(company: SimpleNamespace) -> None:
    root, sales, it = (OrgUnit.objects.get(code=code) for code in ("yunhe", "sales", "it"))
    team = services.upsert_unit(code="sales-north", name="Sales North", parent=sales)
    assert selectors.unit_and_below(sales.pk) == {sales.pk, team.pk}
    services.upsert_unit(code="sales", name="Sales", name_zh="销售部", parent=it)
    assert selectors.unit_and_below(it.pk) == {it.pk, sales.pk, team.pk}
    assert selectors.unit_and_below(None) == set()
    assert len(selectors.unit_and_below(root.pk)) == 6
    with pytest.raises(InvalidInput):
        services.upsert_unit(code="sales", name="Sales", parent=team)


def test_names_follow_the_reader(cast: SimpleNamespace) -> None:
    assert (cast.ana.display("en"), cast.ana.display("zh-hans"), cast.ana.display_title("zh-hans")) == ("Chen An", "陈安", "销售代表")
    assert cast.ana.org_unit.display("zh-hans") == "销售部"


def test_seeding_twice_changes_nothing(company: SimpleNamespace, clock: dt.datetime) -> None:
    from apps.access.models import Assignment, FieldRule, Grant, Role

    def counts() -> list[int]:
        return [model.objects.count() for model in (Person, OrgUnit, Role, Grant, FieldRule, Assignment)]

    before = counts()
    data.seed(now=clock)
    assert counts() == before
    assert before[:2] == [6, 5]


def test_unknown_people(company: SimpleNamespace) -> None:
    with pytest.raises(NotFound):
        selectors.get_person("00000000-0000-4000-8000-000000000000")
    assert selectors.people_by_id([]) == {}
    assert selectors.people_by_id([None, "00000000-0000-4000-8000-000000000000"]) == {}


def test_realm_file_and_company_agree() -> None:
    import json
    import pathlib

    realm = json.loads((pathlib.Path(data.__file__).parents[2] / "stack/keycloak/atrium-realm.json").read_text())
    users = {user["username"]: user for user in realm["users"] if "email" in user}
    for person in data.PEOPLE:
        user = users[person["login"]]
        assert (user["id"], user["email"], user["emailVerified"]) == (
            person["subject"], f"{person['login']}@yunhe.example", True,
        )  # fmt: skip
        assert f"{user['lastName']} {user['firstName']}" == person["name"]
        assert user["attributes"]["employee_number"] == [person["employee_number"]]
