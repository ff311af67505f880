"""The home page over the API: the same rights, the same words of refusal."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from apps.audit.models import Entry
from apps.core.widgets import WIDGETS
from apps.workspace.models import PersonLayout, Pinned, RoleLayout
from tests.workspace.test_layouts import ROLE

BASE = "/api/v1/home"
CELL = {"key": "erp.my_orders", "x": 0, "y": 0, "w": 4, "h": 3}


def put(client: Any, path: str, body: Any) -> Any:
    return client.put(f"{BASE}/{path}", body, content_type="application/json")


@pytest.mark.req("U3")
def test_a_person_arranges_the_page_over_the_api(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.ana)
    before = client.get(f"{BASE}/layout").json()
    assert (before["own"], before["role"]) == (False, "") and before["cells"][0]["key"] == "workspace.todos"
    answer = put(client, "layout", {"cells": [CELL, {"key": "integrations.connections", "x": 4, "y": 0, "w": 4, "h": 3}]})
    assert answer.status_code == 200 and answer.json()["cells"] == [{**CELL, "locked": False}]  # what one may not see is not placed
    wider = client.patch(f"{BASE}/layout", {"key": "erp.my_orders", "verb": "wider"}, content_type="application/json").json()
    assert wider["cells"][0]["w"] == 5 and "crm.my_pipeline" in wider["more"]
    assert client.delete(f"{BASE}/layout").json() == before and PersonLayout.objects.count() == 0


@pytest.mark.parametrize("cells", [[{**CELL, "w": 13}], [{**CELL, "x": 10}], [CELL, CELL], [{"key": "a"}], "none"])
def test_what_is_no_layout_is_refused(stocked: SimpleNamespace, as_: Any, cells: Any) -> None:
    answer = put(as_(stocked.ana), "layout", {"cells": cells})
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "invalid" and PersonLayout.objects.count() == 0


@pytest.mark.req("U3", "D5")
def test_layouts_of_roles_over_the_api(stocked: SimpleNamespace, as_: Any) -> None:
    admin = as_(stocked.admin)
    assert {row["role"]: row["standard"] for row in admin.get(f"{BASE}/role-layouts").json()}["sales"] is True
    made = put(admin, "role-layouts/sales", {"cells": ROLE, "rank": 7, "rev": 0})
    assert made.status_code == 200 and (made.json()["rank"], made.json()["rev"]) == (7, 1) and made.json()["cells"][0]["locked"] is True
    late = put(admin, "role-layouts/sales", {"cells": [], "rev": 0})
    assert (late.status_code, late.json()["error"]["code"]) == (409, "unable_to_arrange") and RoleLayout.objects.get().rev == 1
    assert put(admin, "role-layouts/nobody", {"cells": [], "rev": 0}).status_code == 404
    for login in ("ana", "fin", "eve"):
        client = as_(getattr(stocked, login))
        assert client.get(f"{BASE}/role-layouts").status_code == 403
        assert put(client, "role-layouts/sales", {"cells": [], "rev": 1}).status_code == 403
        assert client.delete(f"{BASE}/role-layouts/sales").status_code == 403
    assert RoleLayout.objects.get().rev == 1 and Entry.objects.filter(action="workspace.layout.changed").count() == 1
    assert admin.delete(f"{BASE}/role-layouts/sales").json()["standard"] is True


@pytest.mark.req("U3", "E5")
@pytest.mark.parametrize("login", ["ana", "boss", "fin", "eve", "admin"])
def test_every_offered_widget_tells_its_figures(stocked: SimpleNamespace, as_: Any, login: str) -> None:
    client = as_(getattr(stocked, login))
    offered = [row["key"] for row in client.get(f"{BASE}/widgets").json()]
    for key in offered:
        answer = client.get(f"{BASE}/widgets/{key}")
        assert answer.status_code == 200 and answer.json()["state"] == "ready", key
    for key in set(WIDGETS) - set(offered):
        assert client.get(f"{BASE}/widgets/{key}").status_code == 404, key


@pytest.mark.req("D5")
def test_masks_hold_over_the_api(stocked: SimpleNamespace, as_: Any) -> None:
    eve = as_(stocked.eve).get(f"{BASE}/widgets/erp.my_orders").json()
    assert eve["data"]["rows"] == [] or all(row["amount"] == "••••" for row in eve["data"]["rows"])
    fin = as_(stocked.fin).get(f"{BASE}/widgets/erp.overdue").json()["data"]
    assert [(row["customer_name"], row["overdue"]) for row in fin["rows"]] == [("Delta Water Group", "47500")]
    assert as_(stocked.ana).get(f"{BASE}/widgets/erp.overdue").status_code == 404


@pytest.mark.req("U3")
def test_favourites_over_the_api(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.ana)
    client.get("/customers/c-1/")
    body = {"kind": "deal", "id": "d-0"}
    made = client.post(f"{BASE}/favourites", body, content_type="application/json")
    assert made.status_code == 201 and [(row["kind"], row["url"]) for row in made.json()] == [("deal", "/deals/d-0/")]
    assert client.post(f"{BASE}/favourites", {"kind": "deal", "id": "none"}, content_type="application/json").status_code == 404
    assert client.post(f"{BASE}/favourites", {"kind": "secret", "id": "d-0"}, content_type="application/json").status_code == 422
    assert [row["label"] for row in client.get(f"{BASE}/recent").json()] == ["Meilin Foods"]
    assert client.delete(f"{BASE}/favourites/deal/d-0").status_code == 204 and Pinned.objects.filter(star=True).count() == 0


@pytest.mark.req("U3")
def test_the_schema_names_every_route(stocked: SimpleNamespace, as_: Any) -> None:
    schema = as_(stocked.ana).get("/api/v1/schema", headers={"accept": "application/vnd.oai.openapi+json"}).content.decode()
    for route in ("home/layout", "home/widgets/{key}", "home/role-layouts/{role}", "home/favourites", "home/recent", "stock/{ident}/purchase-requests",
                  "receivables/{ident}/remind", "process-instances/{instance_id}/urge", "process-instances/{instance_id}/withdraw"):  # fmt: skip
        assert f"/api/v1/{route}" in schema, route
