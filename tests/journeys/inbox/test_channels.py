"""One decision, four ways to it: the page, REST, the link of a mail, the button of a chat card. What moved in Tryton or BottleCRM is refused alike
by all of them; whichever decides, the matter is over in all the others, and Tryton has one order."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.erp import TrytonUser
from tests.journeys.inbox.desk import Desk, Moved
from tests.journeys.ledger import assert_one_of_each
from tests.journeys.people import WITHIN_TEN_SECONDS, Somebody, somebody
from tests.journeys.setbacks.office import LONG, pick
from tests.support.until import until

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.timeout(600)]
CUSTOMER = "C-014"  # nobody else's: what other tests make a customer owe crosses the limit of the contract already
LINES = [("P-1018", "4", "130"), ("P-1034", "10", "68")]  # 1200.00
HTMX = {"HX-Request": "true"}
WHY = "Their buyer has called"
DECISIONS = "select t.outcome, t.decided_at, s.sha256 from workflows_decisionsnapshot s join workflows_task t on t.id = s.task_id where t.id = %s::uuid"
CHANGED = "Something changed since you looked. Nothing was decided"


@dataclass
class Matter:
    """One deal that waits for boss, as each channel has shown it."""

    desk: Desk
    deal_id: str
    name: str
    task_id: str
    version: str
    link: str

    @property
    def path(self) -> str:
        return f"/approvals/{self.task_id}/"

    def state(self) -> tuple[Any, ...]:
        """Whatever a decision would touch, here and outside."""
        sql = """select (select count(*) from workflows_decisionsnapshot where task_id = t.id) as decisions, t.state, t.outcome, i.state as case_state,
                   (select count(*) from audit_entry where object = 'deal:' || %s or object like '%%' || t.id::text) as audited
                 from workflows_task t join workflows_processinstance i on i.id = t.instance_id where t.id = %s::uuid"""
        (row,) = self.desk.rows(sql, self.deal_id, self.task_id)
        return (row, self.desk.erp(self.deal_id).orders, self.desk.custom(self.deal_id))

    # -- the four ways

    def by_web(self, outcome: str = "APPROVED") -> tuple[int, Moved]:
        sent = {"outcome": outcome, "seen_version": self.version, "comment": WHY}
        answer = self.desk.at("boss").post(f"{self.path}decide/", sent, headers=HTMX)
        return answer.status_code, moved_in(answer.text)

    def by_rest(self, outcome: str = "APPROVED") -> tuple[int, Moved]:
        answer = self.desk.decide(self.task_id, outcome, version=self.version, comment=WHY)
        if answer.status_code != 409:
            return answer.status_code, []
        found = answer.json()["error"]["details"].get("diff", ())
        return 409, [(one["old"], one["new"]) for one in found]

    def by_mail(self, outcome: str = "APPROVED") -> tuple[int, Moved]:
        """By its link, on the facts that the mail showed."""
        answer = self.desk.at("boss").post(self.link, {"outcome": outcome, "comment": WHY})
        return answer.status_code, moved_in(answer.text)

    def by_chat(self) -> str:
        """The note under the card afterwards."""
        before = self.desk.card_about("boss", self.name)
        self.desk.press("boss", "Approve")
        return str(until(lambda: changed(before, self.desk.card_about("boss", self.name)), seconds=LONG, every=0.1, what="the card says something")["note"])


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return after if after != before else {}


def moved_in(text: str) -> Moved:
    return [(html.unescape(old), html.unescape(new)) for old, new in re.findall(r"<del>(.*?)</del>.*?<ins>(.*?)</ins>", text, re.DOTALL)]


@pytest.fixture
def matter(desk: Desk) -> Matter:
    desk.in_chat("boss")
    until(desk.quiet, seconds=LONG, what="every earlier card is there: the newest one is pressed")
    deal_id = desk.won(customer=CUSTOMER, lines=LINES)
    name, task_id = desk.crm.name(deal_id), desk.task(f"deal:{deal_id}")["id"]
    desk.card_about("boss", name)
    return Matter(desk, deal_id, name, task_id, desk.look(task_id)["card"]["version"], desk.mailed_link("boss", name))


# --- what moves -----------------------------------------------------------------------------------------------------------------------------


@contextmanager
def price(matter: Matter) -> Iterator[Moved]:
    """BottleCRM: another price of one line."""
    line = matter.desk.crm.lines(matter.deal_id)[0]
    matter.desk.crm.change_line(matter.deal_id, line["id"], unit_price="120")
    yield [("¥1,200", "¥1,160"), ("P-1018 4 × ¥130", "P-1018 4 × ¥120")]


@contextmanager
def stock(matter: Matter) -> Iterator[Moved]:
    """Tryton: the warehouse counts, and there is less than is wanted."""
    eve, known = TrytonUser(matter.desk.env, "eve"), matter.desk.at("boss").get("/api/v1/stock/P-1018").json()
    there, free = float(known["on_hand"]), float(known["available"])
    eve.recount("P-1018", there - free + 1)
    others = f"P-1034: {float(matter.desk.at('boss').get('/api/v1/stock/P-1034').json()['available']):g}"
    yield [(f"P-1018: {free:g}, {others}", f"P-1018: 1, {others}"), (f"{free:g}", "1")]
    eve.recount("P-1018", there)


@contextmanager
def credit(matter: Matter) -> Iterator[Moved]:
    """Tryton: the customer gets a limit below what is owed already. Its tables are written as an import would: no user of the company may do it."""
    database = matter.desk.env["ERP_DATABASE_URL"].rpartition("/")[2]
    limit = "update party_party_credit_limit_amount set credit_limit_amount = %s where party = (select id from party_party where code = %s)"
    owed = next(fact["value"] for fact in matter.desk.look(matter.task_id)["card"]["facts"] if fact["key"] == "receivable")
    matter.desk.sql(database, limit, 1, CUSTOMER)
    try:
        yield [(f"{owed} (within the limit)", f"{owed} (over the limit)")]
    finally:
        matter.desk.sql(database, limit, None, CUSTOMER)


MOVES: dict[str, Callable[[Matter], Any]] = {"price": price, "stock": stock, "credit": credit}


@pytest.mark.req("X1", "E14", "D4", "D5", "D9")
@pytest.mark.parametrize("what", MOVES)
def test_X1_what_moved_in_the_systems_is_refused_with_the_same_difference_by_every_channel(desk: Desk, matter: Matter, what: str) -> None:
    before = matter.state()
    with MOVES[what](matter) as expected:
        moved = {"web": matter.by_web(), "rest": matter.by_rest(), "mail": matter.by_mail()}
        assert moved == dict.fromkeys(moved, (409, expected))
        note = matter.by_chat()
        assert note.startswith(CHANGED)
        assert [line for line in expected if f"{line[0]} → {line[1]}" not in note] == []
        assert matter.state() == before


# --- who decides ----------------------------------------------------------------------------------------------------------------------------


def decide_by_web(matter: Matter, page: Page) -> None:
    """On the page itself, by its button."""
    page.goto(matter.desk.portal.url + matter.path)
    page.wait_for_load_state("load")
    page.get_by_role("button", name="Approve").first.click()


def decide_by_rest(matter: Matter, page: Page) -> None:
    assert matter.by_rest() == (200, [])


def decide_by_mail(matter: Matter, page: Page) -> None:
    """Opening the link decides nothing, as often as a mail scanner may open it; its button does."""
    before = matter.state()
    for _time in range(2):
        assert matter.desk.at("boss").get(matter.link).status_code == 200
    page.goto(matter.desk.portal.url + matter.link)
    assert matter.state() == before
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("approved by you")).to_be_visible(timeout=WITHIN_TEN_SECONDS)


def decide_by_chat(matter: Matter, page: Page) -> None:
    matter.desk.press("boss", "Approve")


DECIDES: dict[str, Callable[[Matter, Page], None]] = {"web": decide_by_web, "rest": decide_by_rest, "mail": decide_by_mail, "chat": decide_by_chat}


@dataclass
class Screens:
    """Open pages of boss on the desk and on the phone, and of the seller."""

    boss: Somebody
    phone: Somebody
    ana: Somebody

    @property
    def all(self) -> tuple[Somebody, ...]:
        return (self.boss, self.phone, self.ana)

    @contextmanager
    def leaving(self, matter: Matter) -> Iterator[None]:
        """Within the block the matter is decided; every page here hears of it by itself."""
        rows = {
            "inbox": self.boss.go("/inbox/").locator(".mrow:not(.gone)", has_text=matter.name),
            "list on the phone": self.phone.go("/approvals/").locator("main a", has_text=matter.name),
        }
        case = self.ana.go(f"/loop/deal:{matter.deal_id}/")
        for where, row in rows.items():
            expect(row.first, where).to_be_visible()
        for who in self.all:
            who.page.wait_for_function("() => document.body.dataset.live === 'live'", timeout=3 * WITHIN_TEN_SECONDS)
        yield
        for where, row in rows.items():
            expect(row, where).to_have_count(0, timeout=WITHIN_TEN_SECONDS)
        expect(case.get_by_text("Approve the contract: approved").first).to_be_visible(timeout=WITHIN_TEN_SECONDS)


@pytest.fixture(scope="module")
def screens(chromium: Any, desk: Desk) -> Iterator[Screens]:
    url, password = desk.portal.url, desk.env["DEMO_PASSWORD"]
    with somebody(chromium, url, "boss") as boss, somebody(chromium, url, "boss", width=360) as phone, somebody(chromium, url, "ana") as ana:
        found = Screens(boss, phone, ana)
        for who in found.all:
            who.sign_in_at_keycloak(password)
        yield found


@pytest.mark.req("X1", "E14", "E13", "D5")
@pytest.mark.parametrize("channel", DECIDES)
def test_E14_a_decision_by_one_channel_is_over_in_every_other_and_there_is_one_order(desk: Desk, screens: Screens, matter: Matter, channel: str) -> None:
    other_tab = screens.boss.page.context.new_page()
    with screens.leaving(matter):
        DECIDES[channel](matter, other_tab)
    other_tab.close()
    over_everywhere(matter)
    (order_no,) = desk.ordered(matter.deal_id)
    facts = assert_one_of_each(desk.env, matter.deal_id, short=False, payment_term_days=30)
    assert facts.orders[0]["number"] == order_no
    assert [who.problems for who in screens.all] == [[], [], []]


def over_everywhere(matter: Matter) -> None:
    """Asked again, each channel says how it ended, and none decides a second time."""
    desk = matter.desk
    card = until(lambda: closed_card(matter), seconds=LONG, every=0.1, what="the card is closed")
    assert card["note"].startswith("approved by you")
    assert "approved by you" in desk.at("boss").get(matter.link).text
    assert desk.tasks(f"deal:{matter.deal_id}") == []
    assert [one for one in desk.todo("boss")["items"] if matter.name in one["title"]] == []
    (notice,) = desk.notices("boss", "workflows.task_assigned", matter.name)
    assert pick(notice, "state", "ended") == ("RESOLVED", "approved by you")
    decided = desk.rows(DECISIONS, matter.task_id)
    assert [matter.by_web("REJECTED")[0], matter.by_rest("REJECTED")[0], matter.by_mail("REJECTED")[0]] == [409, 409, 409]
    assert matter.by_rest("APPROVED")[0] == 200  # the same again is no second decision
    assert desk.rows(DECISIONS, matter.task_id) == decided
    assert [one["outcome"] for one in decided] == ["APPROVED"]


def closed_card(matter: Matter) -> dict[str, Any]:
    card = matter.desk.card_about("boss", matter.name)
    return card if not card["buttons"] else {}
