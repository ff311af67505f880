"""A deal that is reopened, lost or deleted in the CRM: before the decision it is withdrawn; once the order exists people are told and nothing is
undone."""

from __future__ import annotations

import pytest

from tests.journeys.setbacks.office import LONG, Office, each, pick
from tests.support.until import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
WITHDRAWN, INCIDENT = "business.deal_withdrawn", "workflows.incident_opened"
BEFORE = {
    "reopened": (
        "The deal was reopened in the CRM before your decision took effect. Nothing was written to the ERP.",
        "在您的决定生效之前，商机已在 CRM 中重新打开。ERP 中没有写入任何内容。",
    ),
    "lost": (
        "The deal was set to lost in the CRM before your decision took effect. Nothing was written to the ERP.",
        "在您的决定生效之前，商机已在 CRM 中设为输单。ERP 中没有写入任何内容。",
    ),
    "deleted": (
        "The deal was deleted in the CRM before your decision took effect. Nothing was written to the ERP.",
        "在您的决定生效之前，商机已在 CRM 中删除。ERP 中没有写入任何内容。",
    ),
}
AFTER = {
    "reopened": ("The deal was reopened in the CRM", "商机已在 CRM 中重新打开"),
    "lost": ("The deal was set to lost in the CRM", "商机已在 CRM 中设为输单"),
    "deleted": ("The deal was deleted in the CRM", "商机已在 CRM 中删除"),
}


def leave(office: Office, how: str, deal_id: str) -> None:
    if how == "deleted":
        office.crm.delete(deal_id)
    else:
        office.crm.set_stage(deal_id, {"reopened": "NEGOTIATION", "lost": "CLOSED_LOST"}[how])


@pytest.mark.req("P3", "I12")
def test_before_the_decision_it_is_withdrawn_and_the_approver_is_told(office: Office) -> None:
    deals = {how: office.won() for how in BEFORE}
    names = {how: office.crm.name(deal_id) for how, deal_id in deals.items()}
    tasks = {how: office.task(f"deal:{deal_id}")["id"] for how, deal_id in deals.items()}
    seen = {how: office.look(task)["card"]["version"] for how, task in tasks.items()}
    for how, deal_id in deals.items():
        leave(office, how, deal_id)
    for how, (english, chinese) in BEFORE.items():
        notice = office.told("boss", WITHDRAWN, names[how])
        assert (notice["title"], notice["body"]) == (f"{names[how]} needs no decision any more", english)
        assert office.told_chinese("boss", WITHDRAWN, names[how]) == (f"{names[how]} 不再需要决定", chinese)
        assert office.recipients(WITHDRAWN, "business_key", f"deal:{deals[how]}") == ["boss"]
        assert office.tasks(f"deal:{deals[how]}") == []
        (todo,) = office.notices("boss", "workflows.task_assigned", names[how])
        assert todo["state"] == "RESOLVED"
        late = office.decide(tasks[how], version=seen[how])
        assert (late.status_code, late.json()["error"]["code"]) == (409, "unable_to_complete")
    until(each(deals.values(), lambda one: office.case(f"deal:{one}")["state"] == "COMPLETED"), seconds=LONG, what="the cases are over")
    for how, deal_id in deals.items():
        assert [pick(loop, "outcome", "order_no") for loop in office.loops(deal_id)] == [("WITHDRAWN", "")]
        assert any(AFTER[how][0] in hop for hop in office.hops(f"deal:{deal_id}"))
    assert office.nothing_reached_the_erp(deals.values())
    assert office.custom(deals["reopened"]) == {} and office.custom(deals["lost"]) == {}
    # won again: the next round, with a task of its own
    office.crm.set_won(deals["reopened"])
    office.task(f"deal:{deals['reopened']}:2")
    assert [loop["outcome"] for loop in office.loops(deals["reopened"])] == ["WITHDRAWN", ""]


@pytest.mark.req("P3")
def test_reopened_and_won_again_at_once_leaves_one_task(office: Office) -> None:
    """Whether the portal saw it leave or not: in the end there is one task, of the last round."""
    deal_id = office.won()
    office.task(f"deal:{deal_id}")
    for _turn in range(2):
        office.crm.set_stage(deal_id, "NEGOTIATION")
        office.crm.set_won(deal_id)
    until(lambda: settled(office, deal_id), seconds=LONG, every=0.5, what="every change of the deal has been taken in")
    loops = office.loops(deal_id)
    assert [loop["outcome"] for loop in loops] == ["WITHDRAWN"] * (len(loops) - 1) + [""]
    task = office.task(loops[-1]["business_key"])
    assert not any(office.has_task(loop["business_key"]) for loop in loops[:-1])
    assert office.look(task["id"])["may_decide"] is True


def settled(office: Office, deal_id: str) -> bool:
    """The five events of the deal came, and nothing waits for them any more."""
    inbox = "select 1 from integrations_inboundmessage where external_id = %s and transition <> ''"
    waiting = "select 1 from jobs_job where state in ('DUE', 'LEASED', 'UNKNOWN') and order_key like %s"
    return len(office.rows(inbox, deal_id)) == 5 and not office.rows(waiting, f"%{deal_id}%") and office.quiet()


@pytest.mark.req("P5", "P15", "I12")
def test_after_the_order_it_is_an_incident_and_nothing_is_undone(office: Office) -> None:
    deals = {how: office.won() for how in AFTER}
    names = {how: office.crm.name(deal_id) for how, deal_id in deals.items()}
    for deal_id in deals.values():
        office.approve(deal_id)
    numbers = dict(zip(deals, office.ordered(*deals.values()), strict=True))
    before = {how: office.erp(deal_id) for how, deal_id in deals.items()}
    for how, deal_id in deals.items():
        leave(office, how, deal_id)
    for how, (english, chinese) in AFTER.items():
        for login in ("ana", "boss"):
            notice = office.told(login, INCIDENT, names[how])
            assert (notice["title"], notice["body"], notice["todo"], notice["state"]) == (f"Needs a look: {names[how]}", english, True, "OPEN")
            assert office.told_chinese(login, INCIDENT, names[how])[1] == chinese
            assert office.at(login).get(notice["url"]).status_code == 200
        assert office.recipients(INCIDENT, "business_key", f"deal:{deals[how]}") == ["ana", "boss"]
        assert f"Needs a look | {english}" in office.hops(f"deal:{deals[how]}")
        assert (office.case(f"deal:{deals[how]}")["state"], office.loops(deals[how])[0]["order_no"]) == ("ACTIVE", numbers[how])
    for how, deal_id in deals.items():
        now = office.erp(deal_id)
        assert (now.orders, now.deliveries, now.invoices) == (before[how].orders, before[how].deliveries, before[how].invoices)
        assert [pick(order, "number", "state") for order in now.orders] == [(numbers[how], "processing")]
    deal_with_it(office, deals["reopened"], names["reopened"])


def deal_with_it(office: Office, deal_id: str, name: str) -> None:
    """One of the two marks it as dealt with: the to-do goes away for both."""
    (hop,) = [hop for hop in office.timeline(f"deal:{deal_id}")["hops"] if hop["incident_id"]]
    answer = office.at("boss").post(f"/incidents/{hop['incident_id']}/resolve/", {"note": "Agreed with the customer"})
    assert answer.status_code == 302, answer.status_code
    for login in ("ana", "boss"):
        assert [one["state"] for one in office.notices(login, INCIDENT, name)] == ["RESOLVED"]
    assert not any(hop["incident_id"] for hop in office.timeline(f"deal:{deal_id}")["hops"])
