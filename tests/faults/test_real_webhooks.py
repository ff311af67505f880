"""What is pushed to the real portal late, often, in the wrong order, forged or senseless: one loop and one order, or nothing at all."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.faults.checks import assert_nothing_lost, cases
from tests.faults.deals import ENOUGH, Deals, orders_of
from tests.faults.pushes import Pushes, deal_events, hints, only_pushes, traces
from tests.journeys.crm import BottleCrm
from tests.journeys.ledger import rows
from tests.support.portal_browser import PortalBrowser
from tests.support.stack import PortalProcesses, RealStack
from tests.support.until import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
TIMES = 5
OPEN_TASKS = """select count(*) from workflows_task k join workflows_processinstance i on i.id = k.instance_id
 where i.business_key = %s and k.state in ('READY', 'RESERVED')"""


@pytest.fixture
def push(real_stack: RealStack, portal: PortalProcesses) -> Iterator[Pushes]:
    """Nothing but the test tells the portal of the CRM's changes."""
    with only_pushes(real_stack):
        yield Pushes(real_stack)


@pytest.fixture
def crm(real_stack: RealStack) -> BottleCrm:
    return BottleCrm(real_stack.env)


def moves_of(stack: RealStack, deal_id: str) -> list[dict[str, Any]]:
    return [event for event in deal_events(stack, deal_id) if event["transition"]]


def deliver(push: Pushes, events: list[dict[str, Any]], times: int = TIMES) -> list[int]:
    """Each alone, round after round; how many hints were new at each delivery."""
    answers = [push.crm([event]) for _round in range(times) for event in events]
    assert {answer.status_code for answer in answers} == {202}
    return [answer.json()["stored"] for answer in answers]


def asked(stack: RealStack, deal_id: str) -> int:
    """Open tasks of a deal's case."""
    return int(rows(stack.env["DATABASE_URL"], OPEN_TASKS, f"deal:{deal_id}")[0]["count"])


def is_read(stack: RealStack, deal_id: str, count: int) -> bool:
    """So many hints are known of the deal, and none waits to be read."""
    found = hints(stack, deal_id)
    return len(found) == count and {state for _transition, _channel, state, _reason in found} == {"DONE"}


@pytest.mark.req("D5", "P16")
def test_five_deliveries_in_the_wrong_order_are_one_loop_and_one_order(
    real_stack: RealStack, portal: PortalProcesses, boss: PortalBrowser, push: Pushes, crm: BottleCrm
) -> None:
    deals = Deals(real_stack, boss)
    backwards, late = deals.prepare(short=True), deals.prepare(short=False)
    for deal_id in (backwards, late):
        crm.set_won(deal_id)
        crm.set_stage(deal_id, "NEGOTIATION")
        crm.set_won(deal_id)
    moves = {deal_id: moves_of(real_stack, deal_id) for deal_id in (backwards, late)}
    assert [event["transition"] for event in moves[backwards]] == ["won", "reopened", "won"]

    # all there before anybody looks, the newest first
    assert deliver(push, moves[backwards][::-1]) == [1, 1, 1] + [0] * 3 * (TIMES - 1)
    portal.start_worker(1)
    until(lambda: asked(real_stack, backwards), seconds=240, what="the task of the deal told backwards")

    # the newest alone, then the older ones when the case is under way: "reopened" is not true any more
    won, reopened, won_again = moves[late]
    deliver(push, [won_again])
    until(lambda: asked(real_stack, late), seconds=240, what="the task of the deal told late")
    deliver(push, [reopened])
    until(lambda: is_read(real_stack, late, 2), seconds=240, what="the late reopening to be read")
    deliver(push, [won])
    until(lambda: is_read(real_stack, late, 3), seconds=240, what="the late first win to be read")
    assert asked(real_stack, late) == 1

    deals.wait_until_through(seconds=180)
    assert sum(deliver(push, [*moves[backwards], *moves[late]])) == 0  # everything once more, when all is done
    assert [transition for transition, channel, *_rest in hints(real_stack, late) if channel == "WEBHOOK"] == ["won", "reopened", "won"]
    deals.assert_one_of_everything()


@pytest.mark.req("D5")
def test_an_old_win_does_not_bring_back_a_deal_that_was_reopened(real_stack: RealStack, portal: PortalProcesses, push: Pushes, crm: BottleCrm) -> None:
    deal_id = crm.deal(customer="C-007", lines=ENOUGH)
    crm.set_won(deal_id)
    portal.start_worker(1)
    deliver(push, moves_of(real_stack, deal_id))
    until(lambda: asked(real_stack, deal_id), seconds=240, what="the task")
    crm.set_stage(deal_id, "NEGOTIATION")
    won, reopened = moves_of(real_stack, deal_id)
    deliver(push, [reopened, won])
    until(lambda: [case["state"] for case in cases(real_stack, [deal_id])] == ["COMPLETED"], seconds=240, what="the withdrawal")
    assert deliver(push, [won, reopened]) == [0] * 2 * TIMES
    until(lambda: is_read(real_stack, deal_id, 2), seconds=240, what="both to be read")
    assert asked(real_stack, deal_id) == 0
    assert len(cases(real_stack, [deal_id])) == 1
    assert orders_of(real_stack, deal_id) == []
    assert_nothing_lost(real_stack, [deal_id])


@pytest.mark.req("D8")
def test_what_is_forged_stale_foreign_or_senseless_changes_nothing(real_stack: RealStack, push: Pushes, crm: BottleCrm) -> None:
    deal_id = crm.deal(customer="C-007", lines=ENOUGH)
    event = {**deal_events(real_stack, deal_id)[-1], "id": f"test.{uuid.uuid4()}", "transition": "won"}
    before = traces(real_stack, deal_id)
    change = {"id": 1, "at": datetime.now(UTC).isoformat(), "model": "sale.sale", "record": 987654, "mode": "write", "names": [], "state": "done"}

    wrong = "another-secret-of-at-least-32-characters"
    refused = [push.crm([event], secret=wrong), push.crm([event], ago=310), push.crm([event], ago=-310), push.erp([change], secret=wrong)]
    refused += [push.erp([change], ago=310)]
    assert [answer.status_code for answer in refused] == [401] * 5
    assert traces(real_stack, deal_id) == before
    assert traces(real_stack, "987654") == (0, 0, 0, 0)

    foreign = {**event, "id": f"test.{uuid.uuid4()}"}
    nothing = {**event, "id": f"test.{uuid.uuid4()}", "kind": "weather", "object_id": str(uuid.uuid4())}
    odd = {**change, "model": "ir.cron"}
    unreadable = f'["{uuid.uuid4()}"]'.encode()
    for stored in (1, 0, 0, 0, 0):  # a repeat is taken kindly, and is nothing new
        answers = [push.crm([foreign], organisation=str(uuid.uuid4())), push.crm([nothing]), push.erp([odd]), push.crm_body(unreadable)]
        assert [(answer.status_code, answer.json()) for answer in answers] == [(202, {"stored": stored})] * 4
    assert hints(real_stack, deal_id)[-1] == ("won", "WEBHOOK", "IGNORED", "organisation")
    assert traces(real_stack, deal_id) == (before[0] + 1, *before[1:])
    assert hints(real_stack, nothing["object_id"]) == [("won", "WEBHOOK", "IGNORED", "unknown_kind")]
    assert traces(real_stack, nothing["object_id"]) == (1, 0, 0, 0)
    assert hints(real_stack, "987654") == [("", "WEBHOOK", "IGNORED", "unknown_kind")]
    assert cases(real_stack, [deal_id]) == []


@pytest.mark.req("D8", "D9")
def test_a_bad_record_is_held_once_and_goes_on_when_it_is_cured(
    real_stack: RealStack, portal: PortalProcesses, boss: PortalBrowser, push: Pushes, crm: BottleCrm
) -> None:
    deals = Deals(real_stack, boss)
    deal_id = deals.prepare(short=False)
    crm.add_line(deal_id, "no-such-product", "1", "10")
    crm.set_won(deal_id)
    portal.start_worker(1)
    deliver(push, moves_of(real_stack, deal_id))
    until(lambda: hints(real_stack, deal_id)[-1][2] == "HELD", seconds=240, what="the deal to be held")
    deliver(push, moves_of(real_stack, deal_id))
    hints_known, _readings, begun, held = traces(real_stack, deal_id)
    assert (hints_known, begun, held) == (1, 0, 1)
    assert orders_of(real_stack, deal_id) == []

    crm.remove_line(deal_id, "no-such-product")
    deliver(push, deal_events(real_stack, deal_id)[-1:])
    deals.wait_until_through(seconds=180)
    assert traces(real_stack, deal_id)[2:] == (1, 1)
    deals.assert_one_of_everything()
