"""Arranging the home page: the rules of the grid, a person's own layout over that of the role, locks, rights that come and go."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from apps.access import services as access
from apps.access.models import Assignment
from apps.audit.models import Entry
from apps.core import clock
from apps.core.errors import InvalidInput, NotFound, NotPermitted
from apps.core.widgets import WIDGETS
from apps.workspace import policies, services
from apps.workspace.models import PersonLayout, RoleLayout
from apps.workspace.policies import Cell
from apps.workspace.selectors import layouts
from tests.workspace.test_pages import text


def layout(*rows: str) -> list[Cell]:
    """"a 0 0 4 2" -> a cell; a star at the end locks it."""
    found = []
    for row in rows:
        key, x, y, w, h = row.rstrip("*").split()
        found.append(Cell(key, int(x), int(y), int(w), int(h), row.endswith("*")))
    return found


def drawn(cells: list[Cell]) -> list[str]:
    return [f"{c.key} {c.x} {c.y} {c.w} {c.h}{'*' if c.locked else ''}" for c in cells]


# --- the grid -------------------------------------------------------------------------------------------------------------------------------

KEYS = st.sampled_from([f"t.{letter}" for letter in "abcdefghijklmnop"])


@st.composite
def grids(draw: Any) -> list[Cell]:
    found = []
    for key in draw(st.lists(KEYS, unique=True, max_size=14)):
        w = draw(st.integers(1, 12))
        found.append(Cell(key, draw(st.integers(0, 12 - w)), draw(st.integers(0, 20)), w, draw(st.integers(1, 8)), draw(st.booleans())))
    return found


def overlaps(cells: list[Cell]) -> list[tuple[str, str]]:
    return [(a.key, b.key) for i, a in enumerate(cells) for b in cells[i + 1 :] if a.covers(b)]


def floating(cells: list[Cell]) -> list[str]:
    """Cells with nothing under their upper edge."""
    return [c.key for c in cells if c.y and not any(o.y + o.h == c.y and o.x < c.x + c.w and c.x < o.x + o.w for o in cells)]


SIZES = st.tuples(st.integers(1, 12), st.integers(1, 4))


@pytest.mark.req("G1")
@given(st.dictionaries(st.sampled_from(policies.ORDER), SIZES, max_size=14))
def test_the_companys_own_layout_leaves_no_row_with_a_hole_at_its_end(sizes: dict[str, tuple[int, int]]) -> None:
    cells = policies.standard(sizes)
    assert {cell.key for cell in cells} == set(sizes)
    assert overlaps(cells) == [] and policies.problems(policies.as_items(cells)) == []
    assert [cell.key for cell in cells if cell.w < sizes[cell.key][0] or cell.h != sizes[cell.key][1]] == []
    room = [cell.key for cell in cells if cell.x + cell.w < 12 and not any(
        other.x >= cell.x + cell.w and other.y < cell.y + cell.h and cell.y < other.y + other.h for other in cells)]  # fmt: skip
    assert room == []


@given(grids())
def test_a_settled_grid_has_no_overlap_and_nothing_floats(cells: list[Cell]) -> None:
    found = policies.settle(cells)
    assert sorted(c.key for c in found) == sorted(c.key for c in cells)
    assert overlaps(found) == [] and floating(found) == []
    assert policies.problems(policies.as_items(found)) == []
    assert policies.settle(found) == found
    assert policies.cells_of(policies.as_items(found)) == found


@given(grids(), st.sets(KEYS))
def test_what_is_missing_leaves_no_hole_and_comes_back_to_its_place(cells: list[Cell], gone: set[str]) -> None:
    saved = policies.settle(cells)
    keys = {c.key for c in saved}
    shown = policies.resolved(saved, None, (), keys - gone)
    assert {c.key for c in shown} == keys - gone
    assert overlaps(shown) == []
    assert policies.resolved(saved, None, (), keys) == saved


@given(grids(), KEYS, st.sampled_from([*policies.VERBS, "nowhere"]))
def test_a_step_keeps_the_grid_sound_and_leaves_locked_ones_alone(cells: list[Cell], key: str, verb: str) -> None:
    before = policies.settle(cells)
    after = policies.moved(before, key, verb, (2, 2))
    assert sorted(c.key for c in after) == sorted(c.key for c in before) and overlaps(after) == []
    assert {(c.key, c.x, c.w, c.h) for c in after if c.locked} == {(c.key, c.x, c.w, c.h) for c in before if c.locked}


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        ("right", ["a 1 0 4 2", "b 4 2 4 2", "c 0 2 4 2"]), ("left", ["a 0 0 4 2", "b 4 0 4 2", "c 0 2 4 2"]),
        ("down", ["c 0 0 4 2", "b 4 0 4 2", "a 0 2 4 2"]), ("up", ["a 0 0 4 2", "b 4 0 4 2", "c 0 2 4 2"]),
        ("wider", ["a 0 0 5 2", "b 4 2 4 2", "c 0 2 4 2"]), ("narrower", ["a 0 0 3 2", "b 4 0 4 2", "c 0 2 4 2"]),
        ("taller", ["a 0 0 4 3", "b 4 0 4 2", "c 0 3 4 2"]), ("shorter", ["a 0 0 4 1", "b 4 0 4 2", "c 0 1 4 2"]),
    ],
)  # fmt: skip
def test_each_step_of_the_buttons(verb: str, expected: list[str]) -> None:
    cells = layout("a 0 0 4 2", "b 4 0 4 2", "c 0 2 4 2")
    assert sorted(drawn(policies.moved(cells, "a", verb))) == sorted(expected)


def test_up_goes_past_the_neighbour_above() -> None:
    assert drawn(policies.moved(layout("a 0 0 4 2", "b 4 0 4 2", "c 0 2 4 2"), "c", "up")) == ["c 0 0 4 2", "b 4 0 4 2", "a 0 2 4 2"]


@pytest.mark.parametrize(
    ("items", "codes"),
    [
        ("no list", ["list"]), ([1], ["item"]), ([{"key": "a", "x": 0, "y": 0, "w": 4}], ["number"]),
        ([{"key": "a", "x": True, "y": 0, "w": 4, "h": 2}], ["number"]), ([{"key": "a", "x": 9, "y": 0, "w": 4, "h": 2}], ["outside"]),
        ([{"key": "a", "x": 0, "y": 0, "w": 4, "h": 9}], ["outside"]), ([{"key": "a", "x": -1, "y": 0, "w": 4, "h": 2}], ["outside"]),
        ([{"key": "a", "x": 0, "y": 0, "w": 4, "h": 2}] * 2, ["twice"]), ([{}] * 61, ["many"]), ([], []),
    ],
)  # fmt: skip
def test_what_is_no_layout_is_refused_by_name(items: Any, codes: list[str]) -> None:
    assert policies.problems(items) == codes


@pytest.mark.parametrize(
    ("role", "own", "hidden", "may", "shown"),
    [
        # nothing of one's own: the role's
        (["a 0 0 4 2", "b 4 0 4 2"], None, "", "ab", ["a 0 0 4 2", "b 4 0 4 2"]),
        # one's own wins; what the role gained since comes at the end; what was hidden stays away
        (["a 0 0 4 2", "b 4 0 4 2", "c 8 0 4 2"], ["b 0 0 6 3"], "a", "abc", ["b 0 0 6 3", "c 8 0 4 2"]),
        # a locked one keeps its place over the own layout, and cannot be hidden
        (["a 0 0 12 1*", "b 0 1 4 2"], ["b 0 0 4 2", "a 8 5 4 4"], "", "ab", ["a 0 0 12 1*", "b 0 1 4 2"]),
        (["a 0 0 12 1*", "b 0 1 4 2"], ["b 0 0 4 2"], "a", "ab", ["a 0 0 12 1*", "b 0 1 4 2"]),
        # no right: gone, the others close up
        (["a 0 0 4 2", "b 4 0 4 2", "c 8 0 4 2"], None, "", "ac", ["a 0 0 4 2", "c 4 0 4 2"]),
        (["a 0 0 12 1*", "b 0 1 4 2"], ["b 0 1 4 2"], "", "b", ["b 0 0 4 2"]),
        (["a 0 0 4 2"], ["a 0 0 4 2"], "", "", []),
    ],
)  # fmt: skip
def test_whose_place_counts(role: list[str], own: list[str] | None, hidden: str, may: str, shown: list[str]) -> None:
    assert drawn(policies.resolved(layout(*role), layout(*own) if own is not None else None, set(hidden), set(may))) == shown


# --- people -----------------------------------------------------------------------------------------------------------------------------------

ROLE = [
    {"key": "workspace.todos", "x": 0, "y": 0, "w": 6, "h": 4, "locked": True}, {"key": "crm.my_pipeline", "x": 6, "y": 0, "w": 3, "h": 4},
    {"key": "erp.my_orders", "x": 9, "y": 0, "w": 3, "h": 4},
]  # fmt: skip


@pytest.fixture
def arranged(stocked: SimpleNamespace) -> SimpleNamespace:
    services.save_role(person=stocked.admin, role="sales", items=ROLE, now=clock.now(), rank=10)
    return stocked


def keys(person: Any) -> list[str]:
    return [cell.key for cell in layouts.arrangement(person).cells]


OWN = [{"key": "crm.my_pipeline", "x": 0, "y": 4, "w": 6, "h": 4}]
CHANGES = {
    "one's own": lambda people: services.save_own(person=people.ana, items=OWN, now=clock.now()),
    "own, one step": lambda people: services.change_own(person=people.ana, key="crm.my_pipeline", verb="left", now=clock.now()),
    "the role's": lambda people: services.save_role(person=people.admin, role="sales", items=ROLE[:2], now=clock.now()),
    "the role's taken back": lambda people: services.reset_role(person=people.admin, role="sales", now=clock.now()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_remembered_of_a_page_costs_nothing_and_no_change_is_missed(arranged: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    """A change also counts where somebody read just before it and remembers just after it."""
    before = layouts.arrangement(arranged.ana)
    with CaptureQueriesContext(connection) as queries:
        assert layouts.arrangement(arranged.ana) == before
    assert [one["sql"] for one in queries if "layout" in one["sql"]] == []
    layouts.changed(arranged.ana.pk)
    read = layouts._read

    def overtaken(person: Any) -> Any:
        found = read(person)
        monkeypatch.setattr(layouts, "_read", read)
        CHANGES[change](arranged)
        return found

    monkeypatch.setattr(layouts, "_read", overtaken)
    assert layouts.arrangement(arranged.ana) == before
    assert layouts._read is read
    after = layouts.arrangement(arranged.ana)
    cache.clear()
    assert after == layouts.arrangement(arranged.ana)
    assert after != before


@pytest.mark.req("E5", "U3")
def test_a_role_gets_its_page_and_a_person_arranges_it(arranged: SimpleNamespace, as_: Any) -> None:
    assert keys(arranged.ana) == ["workspace.todos", "crm.my_pipeline", "erp.my_orders"]
    client = as_(arranged.ana)
    cells = [{"key": "erp.my_orders", "x": 6, "y": 0, "w": 6, "h": 3}, {"key": "erp.stock_alerts", "x": 6, "y": 3, "w": 6, "h": 3},
             {"key": "workspace.todos", "x": 0, "y": 9, "w": 3, "h": 3}]  # fmt: skip
    assert client.post("/home/layout/", {"cells": json.dumps(cells)}).headers["Location"] == "/"
    assert drawn(layouts.arrangement(arranged.ana).cells) == ["workspace.todos 0 0 6 4*", "erp.my_orders 6 0 6 3", "erp.stock_alerts 6 3 6 3"]
    page = client.get("/").content.decode()
    assert 'class="grid-stack-item gx-6 gy-3 gw-6 gh-3" gs-id="erp.stock_alerts"' in page and 'gs-id="crm.my_pipeline"' not in page
    assert keys(arranged.boss) == ["workspace.todos", "crm.my_pipeline", "erp.my_orders"]  # nobody else's changed
    client.post("/home/reset/")
    assert keys(arranged.ana) == ["workspace.todos", "crm.my_pipeline", "erp.my_orders"] and PersonLayout.objects.count() == 0


@pytest.mark.req("U3")
def test_every_step_works_without_script(arranged: SimpleNamespace, as_: Any) -> None:
    client = as_(arranged.ana)
    page = client.get("/home/edit/").content.decode()
    for step in ("left", "right", "up", "down", "wider", "narrower", "taller", "shorter", "hide"):
        assert f'value="{step}:erp.my_orders"' in page and f'value="{step}:workspace.todos"' not in page
    assert 'value="add:erp.stock_alerts"' in page and "crm.my_pipeline" in page
    assert client.post("/home/layout/", {"step": "hide:crm.my_pipeline"}).headers["Location"] == "/home/edit/#at-crm-my-pipeline"
    client.post("/home/layout/", {"step": "left:erp.my_orders"})
    client.post("/home/layout/", {"step": "wider:erp.my_orders"})
    client.post("/home/layout/", {"step": "add:erp.stock_alerts"})
    assert drawn(layouts.arrangement(arranged.ana).cells) == ["workspace.todos 0 0 6 4*", "erp.my_orders 8 0 4 4", "erp.stock_alerts 0 4 4 3"]
    client.post("/home/layout/", {"step": "add:crm.my_pipeline"})
    assert keys(arranged.ana)[-1] == "crm.my_pipeline"


@pytest.mark.req("U3")
@pytest.mark.parametrize(
    ("posted", "words"),
    [
        ({"step": "hide:workspace.todos"}, "set by your company"), ({"step": "hide:workflows.nothing"}, "no such widget"),
        ({"step": "jump:erp.my_orders"}, "cannot be changed that way"), ({"cells": "{"}, "no layout"), ({"cells": '[{"key": 1}]'}, "no layout"),
        ({}, "no layout"),
    ],
)  # fmt: skip
def test_what_cannot_be_arranged_says_so_and_changes_nothing(arranged: SimpleNamespace, as_: Any, posted: dict[str, str], words: str) -> None:
    client = as_(arranged.ana)
    assert words in text(client.post("/home/layout/", posted, follow=True))
    assert PersonLayout.objects.count() == 0


@pytest.mark.req("U3", "D5")
def test_a_right_withdrawn_takes_its_widget_away_and_brings_it_back_to_its_place(arranged: SimpleNamespace, as_: Any) -> None:
    own = [{"key": "crm.my_pipeline", "x": 6, "y": 0, "w": 6, "h": 3}, {"key": "workspace.messages", "x": 6, "y": 3, "w": 6, "h": 3}]
    services.save_own(person=arranged.ana, items=own, now=clock.now())
    before = drawn(layouts.arrangement(arranged.ana).cells)
    given_ = Assignment.objects.get(role__code="sales")
    unit = given_.org_unit_id
    services.save_role(person=arranged.admin, role="employee", items=ROLE, now=clock.now(), rank=20)
    access.revoke_role(actor=arranged.admin, assignment_id=given_.pk, now=clock.now())
    client = as_(arranged.ana)
    page = client.get("/")
    assert page.status_code == 200 and "crm.my_pipeline" not in page.content.decode()
    assert drawn(layouts.arrangement(arranged.ana).cells) == ["workspace.todos 0 0 6 4*", "workspace.messages 6 0 6 3"]  # no hole
    services.change_own(person=arranged.ana, key="workspace.messages", verb="taller", now=clock.now())  # meanwhile the person goes on arranging
    access.assign_role(actor=arranged.admin, role="sales", org_unit_id=unit, now=clock.now())
    after = drawn(layouts.arrangement(arranged.ana).cells)
    assert before[:2] == after[:2] == ["workspace.todos 0 0 6 4*", "crm.my_pipeline 6 0 6 3"] and after[2] == "workspace.messages 6 3 6 4"


@pytest.mark.req("U3")
def test_a_widget_nobody_may_see_is_not_offered(arranged: SimpleNamespace, as_: Any) -> None:
    offered = {login: set(layouts.offered(getattr(arranged, login))) for login in ("ana", "eve", "guest")}
    assert "crm.my_pipeline" in offered["ana"] and "crm.my_pipeline" not in offered["eve"] and offered["guest"] == set()
    assert "crm.my_pipeline" not in as_(arranged.eve).get("/home/edit/").content.decode()
    with pytest.raises(NotFound):
        services.change_own(person=arranged.eve, key="crm.my_pipeline", verb="add", now=clock.now())
    services.save_own(person=arranged.eve, items=[{"key": "crm.my_pipeline", "x": 0, "y": 0, "w": 4, "h": 3}], now=clock.now())
    assert PersonLayout.objects.get().cells == []


@pytest.mark.req("U3", "D5")
def test_the_page_of_a_role_is_an_administrators_and_audited(stocked: SimpleNamespace, as_: Any) -> None:
    admin = as_(stocked.admin)
    assert "Company’s standard" in text(admin.get("/home/layouts/"))
    page = admin.get("/home/layouts/sales/").content.decode()
    assert 'value="lock:workspace.todos"' in page and 'name="rev" value="0"' in page
    admin.post("/home/layouts/sales/save/", {"cells": json.dumps(ROLE), "rev": "0", "rank": "5"})
    admin.post("/home/layouts/sales/save/", {"step": "lock:erp.my_orders", "rev": "1"})
    stored = RoleLayout.objects.get()
    assert (stored.rank, stored.rev) == (5, 2) and [c["key"] for c in stored.cells if c.get("locked")] == ["workspace.todos", "erp.my_orders"]
    entry = Entry.objects.filter(action="workspace.layout.changed").latest("seq")
    assert (entry.actor_login, entry.object, entry.data["rev"], len(entry.data["before"])) == ("admin", "access.role:sales", 2, 3)
    late = admin.post("/home/layouts/sales/save/", {"step": "hide:erp.my_orders", "rev": "1"}, follow=True)
    assert "Somebody else changed this layout" in text(late) and RoleLayout.objects.get().rev == 2
    assert "no such role" in text(admin.post("/home/layouts/nobody/save/", {"cells": "[]"}, follow=True))
    assert admin.get("/home/layouts/nobody/").status_code == 404
    admin.post("/home/layouts/sales/reset/")
    assert RoleLayout.objects.count() == 0 and Entry.objects.filter(action="workspace.layout.reset").count() == 1


@pytest.mark.req("U3", "D5")
@pytest.mark.parametrize("login", ["ana", "boss", "fin", "eve", "guest"])
def test_nobody_else_arranges_the_page_of_a_role(stocked: SimpleNamespace, as_: Any, login: str) -> None:
    person = getattr(stocked, login)
    client = as_(person)
    entries = Entry.objects.count()
    for path in ("/home/layouts/", "/home/layouts/sales/"):
        assert client.get(path).status_code == 403
    for path in ("/home/layouts/sales/save/", "/home/layouts/sales/reset/"):
        assert client.post(path, {"cells": "[]"}).status_code == 403
    for change in (
        lambda: services.save_role(person=person, role="sales", items=ROLE, now=clock.now()),
        lambda: services.change_role(person=person, role="sales", key="workspace.todos", verb="lock", now=clock.now()),
        lambda: services.reset_role(person=person, role="sales", now=clock.now()),
    ):
        with pytest.raises(NotPermitted):
            change()
    assert RoleLayout.objects.count() == 0 and Entry.objects.filter(action__startswith="workspace.").count() == 0 and Entry.objects.count() >= entries


def test_the_first_of_several_roles_counts_and_an_order_is_a_number(stocked: SimpleNamespace) -> None:
    services.save_role(person=stocked.admin, role="employee", items=ROLE[:1], now=clock.now(), rank=50)
    services.save_role(person=stocked.admin, role="sales", items=ROLE[:2], now=clock.now(), rank=60)
    assert layouts.arrangement(stocked.ana).role == "employee"
    services.save_role(person=stocked.admin, role="sales", items=ROLE[:2], now=clock.now(), rank=40)
    assert layouts.arrangement(stocked.ana).role == "sales"
    with pytest.raises(InvalidInput):
        services.save_role(person=stocked.admin, role="sales", items=ROLE, now=clock.now(), rank=1000)
    assert set(WIDGETS) >= {cell["key"] for cell in ROLE}
