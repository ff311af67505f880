"""A field that a role does not see at all is simply not there: no page, list, search or feed breaks on it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from apps.access import services as access
from apps.access.selectors import held_grants
from apps.business import selectors
from apps.business import services as business
from apps.core import clock

PLACES = ("/", "/search/?q=commissioning", "/search/quick/?q=commissioning", "/api/v1/search?q=commissioning", "/calendar/", "/calendar/?view=agenda",
          "/api/v1/calendar", "/visits/", "/visits/?view=all", "/api/v1/visits", "/customers/c-0/", "/widgets/business.calendar/")  # fmt: skip


@pytest.mark.req("A5", "A9")
@pytest.mark.parametrize("field", ["purpose", "place", "customer", "starts_at", "ends_at", "visitor", "state", "number", "companions", "approver"])
@pytest.mark.parametrize("level", ["none", "masked"])
def test_a_visit_without_one_of_its_fields_is_shown_without_it(stocked: SimpleNamespace, as_: Any, field: str, level: str) -> None:
    for held in held_grants(stocked.ana):
        if held.resource == "business.visit":
            access.set_level(actor=stocked.admin, role=held.role_code, resource=held.resource, scope=held.scope, field=field, level=level, now=clock.now())
    visit = next(iter(selectors.visits(stocked.ana, now=clock.now()).rows))
    assert field not in visit or field in visit.masked
    client = as_(stocked.ana)
    for path in (*PLACES, f"/visits/{visit['id']}/", f"/visits/{visit['id']}/change/", f"/api/v1/visits/{visit['id']}"):
        assert client.get(path).status_code == 200, path
    token = business.make_calendar_link(person=stocked.ana, now=clock.now())
    assert client.get(f"/calendar/feed/{token}.ics").status_code == 200
