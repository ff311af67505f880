# ruff: noqa: F811 - fixtures of other tests are imported by name
"""Whatever opens above a page or inside it (dialog, menu, palette, desk, fold), opened: axe in every look, and it fits on the phone.

The table is held against the templates: a layer without an entry fails, and so does an entry whose layer is gone.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Error, TimeoutError

from apps.business.models import SalesLoop
from apps.core import clock
from apps.core.http import PermanentError
from apps.insight.models import Board
from apps.insight.services import boards
from apps.jobs import services as jobs
from apps.workflows.models import ProcessInstance, Task
from apps.workspace import services
from tests.browser.checks import COLOURS, ROOT, Tab
from tests.browser.test_every_page import VISIT, look_like, stocked  # noqa: F401 - fixture
from tests.workflows import build
from tests.workflows.conftest import begin, world  # noqa: F401 - fixtures
from tests.workflows.test_decisions import APPROVAL, only_task

TEMPLATES = ROOT / "templates"
LAYER = re.compile(
    r"<c-dialog\b[^>]*?\bid=\"(?P<c>[^\"]+)\""
    r"|<dialog\b[^>]*?\bid=\"(?P<d>[^\"]+)\""
    r"|<\w+\b[^>]*?\bid=\"(?P<p>[^\"]+)\"[^>]*?\spopover\b"
    r"|<\w+\b[^>]*?\bid=\"(?P<h>[^\"]+)\"[^>]*?\s(?:role=\"(?:listbox|dialog|menu)\"|data-desk\b)[^>]*?\shidden\b"
    r"|(?P<fold><details\b)"
)
COMMENT = re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", re.DOTALL)
OPEN = """e => {
  for (let up = e.parentElement.closest('details,dialog'); up; up = up.parentElement.closest('details,dialog')) up.open = true;
  if (e.matches('dialog')) e.open || e.showModal();
  else if (e.matches('details')) e.open = true;
  else if (e.matches('[popover]')) e.matches(':popover-open') || e.showPopover();
  e.dataset.judged = '';
  e.scrollIntoView({block: 'nearest'});
}"""
CLOSE = """e => {
  delete e.dataset.judged;
  if (e.matches('[popover]')) e.hidePopover();
  else if (e.matches('dialog')) e.close();
  else if (e.matches('details')) e.open = false;
}"""
OUTSIDE = "e => { const r = e.getBoundingClientRect(); return r.left < 0 || r.right > innerWidth + 1 ? [r.left, r.right] : null; }"


@dataclasses.dataclass(frozen=True)
class Layer:
    """`name`: the id as the template writes it, or "fold 1" for its first <details>. `how`: clicked or typed into first, for what only that brings."""

    template: str
    name: str
    login: str
    path: str
    css: str = ""
    how: tuple[str, ...] = ()

    @property
    def selector(self) -> str:
        return self.css or f"#{self.name}"


OWN = [{"key": key, "x": 4 * place, "y": 0, "w": 4, "h": 4} for place, key in enumerate(("workspace.todos", "crm.follow_up", "crm.closing"))]
SEARCH = ".at-search input"
BATCH = (".mrow input[type=checkbox] >> nth=0", ".mrow input[type=checkbox] >> nth=1", "#batch button[value=approved]")
NEW = "/announcements/new/"
LAYERS = (
    Layer("components/shell/keys.html", "keys", "ana", "/stock/"),
    Layer("components/shell/tabbar.html", "more-menu", "ana", "/stock/"),
    Layer("components/shell/top.html", "me-menu", "ana", "/stock/"),
    Layer("components/shell/top.html", "palette", "ana", "/stock/", how=(SEARCH,)),
    Layer("workspace/home.html", "home-desk", "boss", "/", how=("[data-decide] >> nth=0",)),
    Layer("business/visits/record.html", "cancel-visit", "ana", f"/visits/{VISIT}/"),
    Layer("workspace/deals/record.html", "win", "ana", "/deals/d-1/"),
    Layer("workspace/customers/follow_up_form.html", "follow-up", "ana", "/customers/c-0/"),
    Layer("workspace/layouts/bar.html", "add-widget", "ana", "/home/edit/"),
    Layer("workspace/layouts/bar.html", "reset-layout", "ana", "/home/edit/"),
    Layer("workspace/layouts/tools.html", "menu-{{ view.slug }}", "ana", "/home/edit/", ".steps-menu"),
    Layer("workspace/widgets/follow_up.html", "fold 1", "ana", "/", "#widget-crm-follow-up details.act"),
    Layer("workspace/widgets/closing.html", "fold 1", "ana", "/", "#widget-crm-closing details.act"),
    Layer("workspace/widgets/closing.html", "fold 2", "ana", "/", "#widget-crm-closing details.act >> nth=1"),
    Layer("workspace/widgets/stock_alerts.html", "fold 1", "eve", "/", "#widget-erp-stock-alerts details.act"),
    Layer("business/widget_loop.html", "fold 1", "boss", "/", "details.xs"),
    Layer("business/announcements/form.html", "fold 1", "admin", NEW, "main details >> nth=0"),
    Layer("business/announcements/form.html", "fold 2", "admin", NEW, "main details >> nth=1"),
    Layer("business/announcements/form.html", "fold 3", "admin", NEW, "main details >> nth=2"),
    Layer("integrations/connection_cards.html", "resync-{{ row.key }}", "admin", "/connections/", "dialog[id^=resync-]"),
    Layer("workflows/parts/incident.html", "skip-{{ incident.pk }}", "admin", "/loop/deal:9/", "dialog[id^=skip-]"),
    Layer("business/announcements/case.html", "fold 1", "admin", "/loop/deal:9/", "#case-copies details"),
    Layer("workflows/parts/dialogs.html", "approve-dlg", "boss", "TASK"),
    Layer("workflows/parts/dialogs.html", "reject-dlg", "boss", "TASK"),
    Layer("workflows/parts/dialogs.html", "return-dlg", "boss", "TASK"),
    Layer("notifications/inbox.html", "inbox-views", "boss", "/inbox/"),
    Layer("notifications/inbox.html", "inbox-keys", "boss", "/inbox/"),
    Layer("notifications/inbox.html", "batch-check", "boss", "/inbox/", how=BATCH),
    Layer("notifications/inbox_list.html", "batch-snooze", "boss", "/inbox/", how=BATCH[:1]),
    Layer("notifications/batch_check.html", "fold 1", "boss", "/inbox/", "#batch-check details", BATCH),
    Layer("insight/parts/switcher.html", "boards", "boss", "/board/"),
    Layer("insight/parts/acts.html", "shown-on", "boss", "/board/"),
    Layer("insight/parts/acts.html", "export", "boss", "/board/"),
    Layer("insight/parts/acts.html", "more", "boss", "/board/"),
    Layer("insight/parts/mail.html", "mail-board", "boss", "/board/"),
    Layer("insight/parts/filters.html", "by-{{ one.name }}", "boss", "/board/", ".pop.tall"),
    Layer("insight/parts/filters.html", "own-days", "boss", "/board/"),
    Layer("insight/parts/notes.html", "fold 1", "boss", "/board/figures/erp.orders_taken/", "#notes"),
    Layer("insight/parts/thresholds.html", "fold 1", "boss", "/board/figures/erp.orders_taken/", "#alerts"),
    Layer("insight/parts/unusual.html", "fold 1", "boss", "/board/figures/erp.orders_taken/", "#unusual"),
    Layer("insight/edit.html", "add-widget", "boss", "BOARD"),
    Layer("insight/edit.html", "menu-{{ view.slug }}", "boss", "BOARD", ".steps-menu"),
    Layer("insight/edit.html", "delete-board", "boss", "BOARD"),
    Layer("notifications/inbox_pane.html", "snooze-menu", "boss", "/inbox/", how=(".mrow .open >> nth=0",)),
)  # fmt: skip


def layers_of_templates() -> Iterator[tuple[str, str]]:
    """(template, name) of every layer; what a component makes is named where the component is used."""
    for path in sorted(TEMPLATES.rglob("*.html")):
        folds = 0
        for hit in LAYER.finditer(COMMENT.sub("", path.read_text())):
            folds += bool(hit["fold"])
            name = hit["c"] or hit["d"] or hit["p"] or hit["h"] or f"fold {folds}"
            if name != "{{ id }}":
                yield path.relative_to(TEMPLATES).as_posix(), name


@pytest.mark.req("I12")
def test_every_layer_of_the_templates_is_in_the_table() -> None:
    assert sorted(layers_of_templates()) == sorted((layer.template, layer.name) for layer in LAYERS)


@pytest.fixture
def everything(stocked: SimpleNamespace, world: Any, begin: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[SimpleNamespace, Task]:
    """The company, a case that is broken, one to be decided and an unusual one to be decided."""
    from apps.workflows import registry

    def broken(ctx: Any) -> Any:
        raise PermanentError("Supplier S-118 is not active", system="erp")

    def card(instance: ProcessInstance, now: dt.datetime) -> Any:
        return dataclasses.replace(world, on_hand=3 if instance.business_key == "deal:1" else 10).card(now)

    services.save_own(person=stocked.ana, items=OWN, now=clock.now())  # an arrangement can be put back only where there is one
    SalesLoop.objects.create(
        business_key="deal:d-10", deal_id="d-10", deal_name="Pumps", instance_id=uuid.uuid4(), customer_key="K100", customer_name="Delta Water Group",
        contract_no="HT-2611-087", amount=121000, currency="CNY", won_at=clock.now(), created_at=clock.now(), updated_at=clock.now(),
    )  # fmt: skip
    boards.copy_board(person=stocked.boss, ident="company", now=clock.now())
    world.act = broken
    begin(build.process(build.service("a", "erp.test"), build.line("start", "a", "end")), "deal:9")
    jobs.run_due()
    monkeypatch.setitem(registry.CARDS, "test.card", card)
    begin(APPROVAL, "deal:2")
    return stocked, only_task(begin(APPROVAL, "deal:1"))


def reach(tab: Tab, how: tuple[str, ...]) -> bool:
    """Click or type what brings the layer; False: there is no such thing at this width."""
    for selector in how:
        found = tab.page.locator(selector)
        if selector == SEARCH and not found.is_visible():
            return False
        if selector == SEARCH:
            found.fill("delta")
            tab.page.wait_for_selector("#palette [role=option]")
        else:
            found.click(timeout=8_000)
    tab.settle()
    return True


def judge(tab: Tab, layer: Layer, look: str) -> list[str]:
    """Open it; what is wrong with it in both themes; close it."""
    found = tab.page.locator(layer.selector).first
    try:
        if not reach(tab, layer.how):
            return []
        found.wait_for(state="attached", timeout=8_000)
    except TimeoutError as error:
        return [f"is not there: {error}"]
    wrong = asked(tab, found, f"layer-{re.sub('[^a-z0-9]+', '_', f'{layer.template} {layer.name}')}.{look}")
    found.evaluate(CLOSE)
    return wrong + tab.errors


def asked(tab: Tab, found: Any, shot: str) -> list[str]:
    """Open it and ask axe in both themes. A push may bring the place anew and closed while it is asked: then it is asked again."""
    for _try in range(3):
        found.evaluate(OPEN)
        tab.settle()
        if not found.is_visible():
            continue
        tab.shot(shot)
        outside = found.evaluate(OUTSIDE)
        try:
            wrong = tab.violations(within="[data-judged]")
            tab.turn()
            wrong += [f"other theme: {finding}" for finding in tab.violations(within="[data-judged]", rules=COLOURS)]
            tab.turn()
        except Error:
            continue
        return wrong + ([f"sticks out of the window: {outside}"] if outside else [])
    return ["does not open, or does not stay open"]


@pytest.mark.browser
@pytest.mark.req("I12")
@pytest.mark.parametrize(("language", "theme", "width"), [("en", "light", 1440), ("zh-hans", "dark", 1440), ("zh-hans", "light", 360), ("en", "dark", 360)])
def test_every_layer_is_clean(open_page: Any, everything: Any, language: str, theme: str, width: int) -> None:
    people, task = everything
    found: list[str] = []
    for login in dict.fromkeys(layer.login for layer in LAYERS):
        person, here = getattr(people, login), ""
        look_like(person, language, theme)
        tab = open_page(person, language=language, theme=theme, width=width, height=900 if width > 600 else 740)
        for layer in (layer for layer in LAYERS if layer.login == login):
            path = {"TASK": f"/approvals/{task.pk}/", "BOARD": f"/board/b/{Board.objects.get().pk}/edit/"}.get(layer.path, layer.path)
            if layer.how or here != path:
                tab.errors.clear()
                tab.goto(path)
                here = "" if layer.how else path
            found += [f"{layer.template} {layer.name}: {finding}" for finding in judge(tab, layer, f"{language}.{theme}.{width}")]
        tab.page.context.close()
    assert found == [], "\n".join(found)
