"""Properties of the rules: the cell rule, agreement of the row filter with the row test, monotonicity."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.access.policies import HeldGrant, HeldPlan, Rule
from apps.core import access
from apps.core.access import Masked, Raw
from apps.core.errors import NotPermitted

RESOURCE = "test.thing"
FIELDS = {"open": "public", "inside": "internal", "money": "confidential", "secret": "private", "phone": "private"}
ME, COLLEAGUE, STRANGER = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
OWNERS = [ME, COLLEAGUE, STRANGER, None]
REACH = {"own": {ME}, "department": {ME, COLLEAGUE}, "all": set(OWNERS)}
ORDER = {"none": 0, "masked": 1, "full": 2}


@pytest.fixture(autouse=True, scope="module")
def _resource() -> Iterator[None]:
    access.register_resource(RESOURCE, actions={"view", "edit"}, fields=FIELDS)
    yield
    del access.RESOURCES[RESOURCE]


rules = st.dictionaries(
    st.sampled_from(["*", "class:private", "class:confidential", *FIELDS]),
    st.builds(Rule, read=st.sampled_from(["none", "masked", "full"]), write=st.booleans()),
    max_size=5,
)
grants = st.builds(
    HeldGrant,
    resource=st.just(RESOURCE),
    actions=st.frozensets(st.sampled_from(["view", "edit"])),
    scope=st.sampled_from(["own", "department", "all"]),
    rules=rules,
    role_code=st.just("r"),
    role=st.just(("R", "")),
)
policies = st.lists(grants, max_size=4)


def plan_of(held: list[HeldGrant], action: str = "view") -> HeldPlan:
    return HeldPlan(resource=RESOURCE, action=action, person_id=ME, grants=held, department_ids=lambda: frozenset({ME, COLLEAGUE}))


def oracle(held: list[HeldGrant], name: str, owner: Any, action: str = "view") -> str:
    """Written anew, from the sentence: the most that any grant shows whose own scope matches this row."""
    best = "none"
    for grant in held:
        if action not in grant.actions or owner not in REACH[grant.scope]:
            continue
        for key in (name, f"class:{FIELDS[name]}", "*"):
            if key == "*" and FIELDS[name] == "private":
                continue
            if key in grant.rules:
                best = max(best, grant.rules[key].read, key=ORDER.__getitem__)
                break
    return best


def row(owner: Any) -> Raw:
    return Raw(RESOURCE, {name: f"<{name}>" for name in FIELDS}, owner)


@given(policies, st.sampled_from(OWNERS))
@settings(max_examples=600)
def test_each_cell_shows_what_the_grants_that_reach_its_row_show(held: list[HeldGrant], owner: Any) -> None:
    plan = plan_of(held)
    reached = any("view" in grant.actions and owner in REACH[grant.scope] for grant in held)
    assert plan.matches(owner) is reached
    assert plan.decide(owner).allowed is reached
    if not reached:
        with pytest.raises(NotPermitted):
            plan.project(row(owner))
        return
    shown = plan.project(row(owner))
    for name in FIELDS:
        level = oracle(held, name, owner)
        assert plan.may_read(name, owner) is (level == "full")
        if level == "full":
            assert shown[name] == f"<{name}>"
        elif level == "masked":
            assert isinstance(shown[name], Masked)
            assert name in shown.masked
            assert f"<{name}>" not in f"{shown[name]!r} {shown[name]}"
        else:
            assert name not in shown


@given(policies, grants, st.sampled_from(OWNERS))
@settings(max_examples=400)
def test_one_more_grant_never_takes_away(held: list[HeldGrant], more: HeldGrant, owner: Any) -> None:
    before, after = plan_of(held), plan_of([*held, more])
    assert after.matches(owner) >= before.matches(owner)
    for name in FIELDS:
        assert ORDER[after.cell(name, owner)[0]] >= ORDER[before.cell(name, owner)[0]]
        assert after.may_write(name, owner) >= before.may_write(name, owner)


@given(policies, st.sampled_from(OWNERS))
@settings(max_examples=300)
def test_writing_needs_a_grant_that_reaches_the_row(held: list[HeldGrant], owner: Any) -> None:
    plan = plan_of(held, "edit")
    for name in FIELDS:
        expected = any("edit" in grant.actions and owner in REACH[grant.scope] and grant.rule(name)[0].write for grant in held)
        assert plan.may_write(name, owner) is expected


def test_the_classic_case() -> None:
    """All rows masked plus own rows in full must not unmask everybody's rows."""
    everyone = HeldGrant(RESOURCE, frozenset({"view"}), "all", {"phone": Rule("masked"), "open": Rule("full")})
    mine = HeldGrant(RESOURCE, frozenset({"view", "edit"}), "own", {"phone": Rule("full", True)})
    plan = plan_of([everyone, mine])
    assert plan.project(row(ME))["phone"] == "<phone>"
    assert str(plan.project(row(STRANGER))["phone"]) == "••••"
    assert plan.project(row(STRANGER))["open"] == "<open>"
    assert plan_of([everyone, mine], "edit").may_write("phone", ME)
    assert not plan_of([everyone, mine], "edit").may_write("phone", STRANGER)


def test_a_star_never_reaches_private_fields_and_strangers_fields_are_never_shown() -> None:
    plan = plan_of([HeldGrant(RESOURCE, frozenset({"view"}), "all", {"*": Rule("full")})])
    with pytest.warns(UserWarning, match="no registered field 'salary'"):
        shown = plan.project(Raw(RESOURCE, {"open": 1, "secret": 2, "salary": 3, "id": 4}, None))
    assert dict(shown) == {"open": 1, "id": 4}


def test_a_plan_is_for_its_own_resource() -> None:
    with pytest.raises(LookupError):
        plan_of([]).project(Raw("crm.customer", {}, ME))


@given(held=policies)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_row_filter_agrees_with_the_row_test(cast: SimpleNamespace, held: list[HeldGrant]) -> None:
    """Q() in the database selects exactly the rows that matches() says. Rows: people, each owned by itself."""
    from apps.access import selectors
    from apps.directory.models import Person

    made = selectors.plan(cast.ana, "view", "core.api")
    plan = HeldPlan(
        resource=RESOURCE, action="view", person_id=cast.ana.pk, grants=held,
        department_q=made._department_q, department_ids=made._ask_department,
    )  # fmt: skip
    selected = set(Person.objects.filter(plan.q("id")).values_list("pk", flat=True))
    assert selected == {person.pk for person in vars(cast).values() if plan.matches(person.pk)}
