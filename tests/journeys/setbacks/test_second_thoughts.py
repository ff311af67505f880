"""The approver's second thoughts: undone in time, rejected, returned. And a card that is no longer what was shown."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.journeys.ledger import assert_one_of_each, cents, crm_deal
from tests.journeys.setbacks.office import LONG, Office, pick
from tests.support.until import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
DECIDED = "business.contract_decided"
REFUSED = {
    "REJECTED": ("Margin too thin", "contract rejected", "合同已驳回"),
    "RETURNED": ("Name the delivery date", "contract returned", "合同已退回"),
}


@pytest.mark.req("P5", "E14")
def test_undone_inside_the_window_nothing_has_left_the_portal(office: Office) -> None:
    deal_id = office.won()
    key, name = f"deal:{deal_id}", office.crm.name(deal_id)
    task = office.task(key)
    office.portal.start_web(UNDO_WINDOW_SECONDS="300")  # whatever else runs on this machine: the window is open
    try:
        decided = office.decide(task["id"])
        assert (decided.status_code, decided.json()["state"], office.tasks(key)) == (200, "DECIDED", [])
        undone = office.at("boss").post(f"/api/v1/tasks/{task['id']}/undo")
        assert (undone.status_code, undone.json()["state"]) == (200, "RESERVED")
    finally:
        office.portal.start_web()
    assert [one["id"] for one in office.tasks(key)] == [task["id"]]
    assert pick(office.look(task["id"]), "state", "outcome", "may_decide") == ("RESERVED", "", True)
    assert [one["state"] for one in office.notices("boss", "workflows.task_assigned", name)] == ["OPEN", "RESOLVED"]
    until(office.quiet, seconds=LONG, what="everything that was to be done is done")
    assert (office.erp(deal_id).orders, office.custom(deal_id)) == ([], {})
    assert office.notices("ana", DECIDED, name) == []
    # and it can be decided again, once
    office.approve(deal_id)
    office.ordered(deal_id)
    assert_one_of_each(office.env, deal_id, short=False, payment_term_days=30)


@pytest.mark.req("D4", "P3")
def test_a_refusal_reaches_the_crm_with_its_reason_and_the_erp_never(office: Office) -> None:
    deals = {outcome: office.won() for outcome in REFUSED}
    for outcome, (reason, _english, _chinese) in REFUSED.items():
        task = office.task(f"deal:{deals[outcome]}")
        silent = office.decide(task["id"], outcome)
        assert (silent.status_code, sorted(silent.json()["error"]["details"]["fields"])) == (422, ["comment"])
        assert office.decide(task["id"], outcome, comment=reason).status_code == 200
    for outcome, (reason, english, chinese) in REFUSED.items():
        deal_id = deals[outcome]
        key, name = f"deal:{deal_id}", office.crm.name(deal_id)
        until(lambda deal_id=deal_id: office.custom(deal_id).get("contract_state"), seconds=LONG, every=0.2, what=f"{outcome} in the CRM")
        custom = office.custom(deal_id)
        assert pick(custom, "contract_state", "reject_reason", "erp_order_no") == (outcome.lower(), reason, None)
        notice = office.told("ana", DECIDED, name)
        assert notice["title"] == f"{name}: {english}"
        assert notice["body"] == f"Reason: {reason}. Nothing was written to the ERP. Change the deal and set it to won again to start anew."
        assert office.told_chinese("ana", DECIDED, name)[0] == f"{name}：{chinese}"
        assert office.recipients(DECIDED, "business_key", key) == ["ana"]
        until(lambda key=key: office.case(key)["state"] == "COMPLETED", seconds=LONG, what="the case is over")
        assert [loop["outcome"] for loop in office.loops(deal_id)] == [outcome]
        assert f"Refusal to the CRM | The deal reads: {outcome.lower()}. Nothing was written to the ERP" in office.hops(key)
    assert office.nothing_reached_the_erp(deals.values())
    start_anew(office, deals["RETURNED"])


def start_anew(office: Office, deal_id: str) -> None:
    """Set to won again it is a new round; approved, the CRM does not go on showing the old reason."""
    office.crm.set_stage(deal_id, "NEGOTIATION")
    office.crm.set_won(deal_id)
    task = office.task(f"deal:{deal_id}:2")
    assert office.decide(task["id"]).status_code == 200
    office.ordered(deal_id)
    assert pick(office.custom(deal_id), "contract_state", "reject_reason") == ("approved", None)
    assert_one_of_each(office.env, deal_id, short=False, payment_term_days=30)


@pytest.mark.req("D4", "D5", "G6")
def test_a_deal_that_changed_since_it_was_shown_is_not_decided(office: Office) -> None:
    deal_id = office.won(lines=[("P-1017", "4", "130"), ("P-1034", "10", "68")])
    key = f"deal:{deal_id}"
    task = office.task(key)
    seen = office.look(task["id"])["card"]["version"]
    first = office.crm.lines(deal_id)[0]
    office.crm.change_line(deal_id, first["id"], quantity="6")
    refused = office.decide(task["id"], version=seen)
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (409, "stale_card")
    diff = {one["fact"]: pick(one, "label", "old", "new", "system") for one in error["details"]["diff"]}
    assert diff == {
        "amount": ("Contract amount", "¥1,200", "¥1,460", "crm"),
        "lines": ("Order lines", "P-1017 4 × ¥130", "P-1017 6 × ¥130", "crm"),  # only the line that differs
    }
    assert pick(office.look(task["id"]), "state", "outcome") == ("RESERVED", "")
    page = office.at("boss").get(f"/approvals/{task['id']}/")
    assert "Changed since you looked" in page.text
    assert (office.erp(deal_id).orders, office.custom(deal_id)) == ([], {})
    # seen and approved as it is now: this is what is ordered
    assert office.decide(task["id"], version=error["details"]["version"]).status_code == 200
    office.ordered(deal_id)
    facts = assert_one_of_each(office.env, deal_id, short=False, payment_term_days=30)
    assert [(line["sku"], cents(line["quantity"])) for line in facts.lines] == [("P-1017", cents(6)), ("P-1034", cents(10))]
    assert cents(facts.orders[0]["amount"]) == cents(crm_deal(office.env, deal_id)["amount"]) == Decimal("1460.00")
    assert [cents(loop["amount"]) for loop in office.loops(deal_id)] == [Decimal("1460.00")]


@pytest.mark.req("D8", "D9", "G6")
def test_a_deal_that_turned_bad_after_it_was_won_is_not_approved(office: Office) -> None:
    deal_id = office.won(lines=[("P-1017", "4", "130"), ("P-1034", "10", "68")])
    task = office.task(f"deal:{deal_id}")
    seen = office.look(task["id"])["card"]["version"]
    line = office.crm.lines(deal_id)[1]
    office.crm.change_line(deal_id, line["id"], office.crm.prototype())
    moved = office.decide(task["id"], version=seen).json()["error"]
    assert moved["code"] == "stale_card"
    refused = office.decide(task["id"], version=moved["details"]["version"])
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (409, "obstructed")
    words = "Line 2: the ERP has no product X-9901."
    assert [(one["text"], one["url"]) for one in error["details"]["obstacles"]] == [(words, f"/deals/{deal_id}/")]
    assert [one["text"] for one in office.look(task["id"])["card"]["obstacles"]] == [words]
    assert words in office.at("boss").get(f"/approvals/{task['id']}/").text
    assert pick(office.look(task["id"]), "state", "outcome") == ("RESERVED", "")
    assert office.nothing_reached_the_erp([deal_id])
    # corrected in the CRM, it is approved and ordered as it is then
    office.crm.change_line(deal_id, line["id"], "P-1034")
    version = office.look(task["id"])["card"]["version"]
    answer = office.decide(task["id"], version=version)
    if answer.status_code == 409:
        answer = office.decide(task["id"], version=answer.json()["error"]["details"]["version"])
    assert answer.status_code == 200
    office.ordered(deal_id)
    assert_one_of_each(office.env, deal_id, short=False, payment_term_days=30)
