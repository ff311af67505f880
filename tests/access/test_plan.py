"""Plans of the seeded company."""

import uuid
from types import SimpleNamespace

import pytest

from apps.access import selectors
from apps.core.access import Raw, decide, plan
from apps.core.errors import NotPermitted


def test_an_unknown_resource_or_action_is_an_error_not_a_refusal(cast: SimpleNamespace) -> None:
    with pytest.raises(LookupError):
        plan(cast.ana, "view", "crm.custmer")
    with pytest.raises(LookupError):
        plan(cast.ana, "viwe", "core.api")


def test_roles_come_by_department_and_by_hand(cast: SimpleNamespace) -> None:
    held = {login: [role.code for role in selectors.roles_of(getattr(cast, login))] for login in vars(cast)}
    assert held == {
        "ana": ["employee", "sales"],
        "boss": ["employee", "sales", "sales_manager"],
        "fin": ["employee", "finance"],
        "eve": ["employee", "warehouse"],
        "admin": ["employee", "portal_admin"],
        "guest": [],
    }


def test_guest_and_nobody_see_nothing(cast: SimpleNamespace) -> None:
    for person in (cast.guest, None):
        decision = decide(person, "view", "core.api")
        assert not decision.allowed
        assert decision.owner == "Guo Peng"
        with pytest.raises(NotPermitted):
            plan(person, "view", "core.api").project(Raw("core.api", {"id": 1}))


def test_a_plan_costs_no_query_once_the_request_knows_the_epoch(cast: SimpleNamespace, django_assert_num_queries: object) -> None:
    plan(cast.ana, "view", "core.api")
    with selectors.one_request(), django_assert_num_queries(2):  # type: ignore[operator]
        for _ in range(20):  # the epoch once, and once who may be asked for rights
            assert plan(cast.ana, "view", "core.api").allowed
            assert not decide(cast.ana, "manage", "access.role", uuid.uuid4()).allowed
