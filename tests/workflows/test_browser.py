# ruff: noqa: F811 - fixtures of the browser tests are imported by name
"""Approval and timeline in a real browser: keys, countdown, dialogs, the two-sided push, axe in every look."""

from __future__ import annotations

from typing import Any

import pytest

from apps.core import clock
from apps.core.http import PermanentError
from apps.jobs import services as jobs
from apps.notifications import selectors as notifications
from apps.workflows.models import DecisionSnapshot, ProcessInstance, Task
from apps.workflows.registry import Ref, StepResult
from tests.browser.conftest import NOISE, chromium, live_portal, open_page  # noqa: F401 - fixtures
from tests.support.until import until
from tests.workflows.test_decisions import APPROVAL, NO_PRODUCT, only_task

pytestmark = [pytest.mark.browser, *(pytest.mark.filterwarnings(line) for line in NOISE)]
LOOKS = [("en", "light", 1440), ("zh-hans", "dark", 1440), ("en", "light", 360), ("zh-hans", "light", 360)]


@pytest.fixture
def task(live_portal: str, world: Any, begin: Any, settings: Any, cast: Any) -> Task:
    import datetime as dt

    settings.UNDO_WINDOW = dt.timedelta(seconds=60)
    world.on_hand = 3
    world.owner = str(cast.ana.pk)
    return only_task(begin(APPROVAL))


@pytest.mark.req("I12")
@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_the_pages_are_clean_in_every_look(
    language: str,
    theme: str,
    width: int,
    open_page: Any,
    world: Any,
    task: Task,
    cast: Any,
) -> None:
    for person in (cast.boss, cast.admin):
        person.account.language, person.account.theme = language, theme
        person.account.save()
    name, found = f"{language}.{theme}.{width}", []
    look = {"language": language, "theme": theme, "width": width, "height": 900 if width > 600 else 780}
    boss, admin = open_page(cast.boss, **look), open_page(cast.admin, **look)

    def check(tab: Any, path: str, shot: str) -> None:
        tab.goto(path)
        tab.shot(f"workflows-{shot}.{name}", full=True)
        found.extend(f"{shot} {name}: {line}" for line in tab.findings())

    address = f"/approvals/{task.pk}/"
    check(boss, "/approvals/", "list")
    check(boss, address, "approval")
    world.obstacles = (NO_PRODUCT,)
    check(boss, address, "obstacle")
    assert boss.page.locator("button[value=APPROVED]:disabled").count() == 2
    assert boss.page.locator("button[value=RETURNED]:disabled").count() == 0
    world.obstacles = ()
    world.amount = "900.00"
    world.erp_up = False
    check(boss, address, "changed")
    check(admin, address, "admin")
    check(admin, "/approvals/", "others")
    world.erp_up = True
    boss.page.click("#changed a")
    boss.page.wait_for_selector("#changed", state="detached")
    boss.page.locator("button[value=APPROVED]:visible").first.click()
    boss.page.wait_for_selector("#approve-dlg[open]")
    boss.shot(f"workflows-confirm.{name}")
    found.extend(f"confirm {name}: {line}" for line in boss.findings())
    boss.page.click("#approve-dlg button[value=APPROVED]")
    boss.page.wait_for_selector("[data-undo]")
    boss.shot(f"workflows-undo.{name}")
    found.extend(f"undo {name}: {line}" for line in boss.findings())

    def broken(ctx: Any) -> Any:
        raise PermanentError("Supplier S-118 is not active", system="erp")

    world.act = broken
    DecisionSnapshot.objects.update(effective_at=clock.now())
    _apply_now()
    check(boss, address, "frozen")
    check(boss, "/loop/deal:1/", "loop-seen")
    check(admin, "/loop/deal:1/?detail=technical", "loop-broken")
    world.act = lambda ctx: StepResult(refs=(Ref("erp", "Sales order", "SO-20869", "/orders/1/"),), text="Order written from the frozen card")
    admin.page.click("form[action*=retry] button")
    admin.page.wait_for_load_state()
    jobs.run_due()
    check(admin, "/loop/deal:1/", "loop")
    check(boss, "/done/", "done")
    check(boss, "/requests/", "requests")
    assert found == []


def _apply_now() -> None:
    from apps.jobs import selectors

    selectors.pending(kind="workflows.apply_decision").update(run_at=clock.now())
    jobs.run_due()


@pytest.mark.req("P5")
def test_keys_decide_and_undo(open_page: Any, world: Any, task: Task, cast: Any) -> None:
    world.on_hand = 10
    tab = open_page(cast.boss)
    tab.goto(f"/approvals/{task.pk}/")
    tab.page.keyboard.press("r")
    tab.page.wait_for_selector("#reject-dlg[open]")
    tab.page.keyboard.press("Escape")
    tab.page.fill("#comment", "a fine deal")
    tab.page.keyboard.press("a")  # inside a field a letter is a letter
    assert tab.page.input_value("#comment") == "a fine deala"
    tab.page.evaluate("document.activeElement.blur()")
    tab.page.keyboard.press("a")
    tab.page.wait_for_selector("[data-undo]")
    assert 50 <= int(tab.page.text_content("[data-seconds]")) <= 60
    assert Task.objects.get().state == "DECIDED"
    tab.page.keyboard.press("z")
    tab.page.wait_for_selector("#decide")
    assert Task.objects.get().state == "RESERVED"
    tab.page.fill("#comment", "too cheap")
    tab.page.click("#decide button[value=REJECTED]")
    assert tab.page.input_value("#reason-rejected") == "too cheap"
    tab.page.click("#reject-dlg button[value=REJECTED]")
    tab.page.wait_for_selector("[data-undo]")
    assert (Task.objects.get().outcome, Task.objects.get().comment) == ("REJECTED", "too cheap")
    assert tab.errors == []


@pytest.mark.req("P5")
def test_when_the_window_is_over_the_page_says_so_by_itself(open_page: Any, world: Any, task: Task, cast: Any, settings: Any) -> None:
    import datetime as dt

    settings.UNDO_WINDOW = dt.timedelta(seconds=2)
    world.on_hand = 10
    tab = open_page(cast.boss)
    tab.goto(f"/approvals/{task.pk}/")
    tab.page.keyboard.press("a")
    tab.page.wait_for_selector("[data-undo]")
    until(lambda: jobs.run_due() >= 0 and Task.objects.get().state == "COMPLETED", what="the decision takes effect")
    tab.page.wait_for_selector("[data-undo]", state="detached", timeout=15_000)
    assert "unchanged since the decision" in tab.page.inner_text("#proof")
    assert tab.errors == []


@pytest.mark.req("D4", "D9")
def test_decided_by_another_the_open_page_shows_it_and_keeps_typed_words_until_then(
    open_page: Any,
    world: Any,
    task: Task,
    cast: Any,
    approve: Any,
) -> None:
    world.on_hand = 10
    task.candidates.add(cast.fin)
    fin = open_page(cast.fin)
    fin.goto(f"/approvals/{task.pk}/")
    fin.page.wait_for_function("() => document.body.dataset.live === 'live'", timeout=15_000)
    fin.page.fill("#comment", "half a sentence")
    approve(Task.objects.get(), now=clock.now())
    fin.page.wait_for_selector("#proof", timeout=10_000)
    assert "Approved" in fin.page.inner_text("#approval")
    assert fin.errors == []


@pytest.mark.req("D4", "P5")
def test_the_reading_pane_of_the_inbox_decides_and_undoes(open_page: Any, world: Any, task: Task, cast: Any) -> None:
    tab = open_page(cast.boss)
    tab.goto("/inbox/")
    tab.page.click(".mrow .open")
    tab.page.wait_for_selector("#approval.in-pane #decide")
    tab.shot("workflows-pane.en.light.1440")
    tab.page.evaluate("document.activeElement.blur()")
    tab.page.keyboard.press("a")
    tab.page.click("#approve-dlg[open] button[value=APPROVED]")
    tab.page.wait_for_selector("[data-undo]")
    assert Task.objects.get().state == "DECIDED"
    until(lambda: tab.page.locator("[data-inbox] .mrow").count() == 0, what="the row leaves the list")
    tab.shot("workflows-pane-undo.en.light.1440")
    assert tab.page.locator("[data-undo]").count() == 1
    tab.page.keyboard.press("z")
    tab.page.wait_for_selector("#approval.in-pane #decide")
    assert Task.objects.get().state == "RESERVED"
    until(lambda: notifications.todo_count(cast.boss) == 1 and tab.page.locator("[data-inbox] .mrow").count() == 1, what="the row is back")
    tab.settle()
    assert tab.findings() == []


@pytest.mark.req("G6")
def test_what_happened_before_the_connection_stood_is_shown_when_it_stands(open_page: Any, task: Task, cast: Any) -> None:
    """News of a case is not replayed, so a page that was made before them must ask once it is connected."""
    boss = open_page(cast.boss)
    boss.page.route_web_socket("**/ws/", lambda socket: None)  # a connection that opens and says nothing yet
    boss.page.goto(f"{boss.base}/loop/deal:1/")
    ProcessInstance.objects.filter(pk=task.instance_id).update(title="Changed behind the page")
    assert boss.page.locator("#loop", has_text="Changed behind the page").count() == 0
    boss.page.evaluate("document.body.dispatchEvent(new CustomEvent('atrium:hello', {detail: {}}))")
    boss.page.locator("#loop", has_text="Changed behind the page").wait_for(timeout=5000)


@pytest.mark.req("D4", "P5", "E14")
def test_the_phone_decides_in_the_reading_pane(open_page: Any, world: Any, task: Task, cast: Any) -> None:
    world.on_hand = 10
    tab = open_page(cast.boss, width=360, height=740)
    tab.goto("/inbox/")
    tab.page.tap(".mrow .open")
    tab.page.wait_for_selector("#approval.in-pane")
    tab.settle()
    assert tab.findings() == []
    tab.shot("workflows-pane.en.light.360")
    assert tab.page.locator(".rtool").bounding_box()["y"] <= 53  # under the top bar, no gap
    tab.page.tap("button[value=REJECTED]:visible")
    tab.page.fill("#reason-rejected", "too cheap")
    tab.page.tap("#reject-dlg button[value=REJECTED]")
    tab.page.wait_for_selector("[data-undo]")
    assert (Task.objects.get().outcome, Task.objects.get().comment) == ("REJECTED", "too cheap")
    tab.page.tap("[data-undo] button")
    tab.page.wait_for_selector("#decide", state="attached")
    assert Task.objects.get().state == "RESERVED"
    assert tab.errors == []
