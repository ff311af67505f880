"""A won deal that does not prove out: no task and no order, but a message to its seller that says what is wrong and where to cure it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.ledger import rows
from tests.journeys.setbacks.office import LINES, LONG, Office, each
from tests.support.until import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
KIND = "records.quarantined"
LINES_CURE = "Open the deal in the CRM and correct its lines; the loop then goes on by itself."
DEAL_CURE = "Open the deal in the CRM and correct it; the loop then goes on by itself."
LINES_CURE_ZH = "请在 CRM 中打开该商机并更正产品行；之后流程会自动继续。"
DEAL_CURE_ZH = "请在 CRM 中打开并更正该商机；之后流程会自动继续。"
# case -> what the seller reads, in English and in Chinese
WORDS = {
    "no customer": (
        "The deal is won but has no customer. Choose the customer in the CRM; the loop then goes on by itself.",
        "商机已赢单，但没有客户。 请在 CRM 中选择客户；之后流程会自动继续。",
    ),
    "no lines": (f"The deal is won but has no lines. {LINES_CURE}", f"商机已赢单，但没有产品行。 {LINES_CURE_ZH}"),
    "line without product": (f"Line 1 (Something special) names no product. {LINES_CURE}", f"第 1 行(Something special)没有产品。 {LINES_CURE_ZH}"),
    "unknown product": (f"Line 1: the ERP has no product X-9901. {LINES_CURE}", f"第 1 行：ERP 中没有产品 X-9901。 {LINES_CURE_ZH}"),
    "negative amount": (f"Line 2: the price is negative. {LINES_CURE}", f"第 2 行：价格为负数。 {LINES_CURE_ZH}"),
    "lines do not sum up": (f"The lines do not sum up to the amount of the deal. {DEAL_CURE}", f"产品行合计与商机金额不一致。 {DEAL_CURE_ZH}"),
    "unknown currency": (f"The ERP does not keep the currency EUR. {DEAL_CURE}", f"ERP 中没有币种 EUR。 {DEAL_CURE_ZH}"),
}
GOES_ON = ("After the correction it goes on by itself.", "更正后会自动继续。")


def make(office: Office) -> dict[str, str]:
    """Case -> a deal of ana's with exactly that fault, not won yet."""
    crm = office.crm
    prototype = crm.prototype()
    deals = {
        "no customer": crm.deal(customer="", lines=LINES),
        "no lines": crm.deal(customer="C-003", lines=[], amount="1200"),
        "line without product": crm.deal(customer="C-003", lines=[]),
        "unknown product": crm.deal(customer="C-003", lines=[(prototype, "4", "130"), LINES[1]]),
        "negative amount": crm.deal(customer="C-003", lines=LINES),
        "lines do not sum up": crm.deal(customer="C-003", lines=LINES),
        "unknown currency": crm.deal(customer="C-003", lines=LINES, currency="EUR"),
    }
    crm.ask(
        "POST",
        f"/api/opportunities/{deals['line without product']}/line-items/",
        json={"name": "Something special", "quantity": "4", "unit_price": "130"},
    )
    # BottleCRM's own API refuses these two; they come by an import
    negative, sums = deals["negative amount"], deals["lines do not sum up"]
    second = crm.lines(negative)[1]["id"]
    office.sql("crm", "update opportunity_line_item set unit_price = -10, subtotal = -100, total = -100 where id = %s::uuid", second)
    office.sql("crm", "update opportunity set amount = 420 where id = %s::uuid", negative)
    office.sql("crm", "update opportunity set amount = amount + 0.01 where id = %s::uuid", sums)
    return deals


def cure(office: Office, deals: dict[str, str]) -> None:
    """Each in the CRM, as its seller would. Nobody tells the portal."""
    crm = office.crm
    crm.change(deals["no customer"], account=crm.account("C-003"))
    crm.add_line(deals["no lines"], "P-1017", "4", "130")
    crm.change_line(deals["line without product"], crm.lines(deals["line without product"])[0]["id"], "P-1017")  # same amount as before
    crm.change_line(deals["unknown product"], crm.lines(deals["unknown product"])[0]["id"], "P-1017")
    crm.change_line(deals["negative amount"], crm.lines(deals["negative amount"])[1]["id"], unit_price="68")
    crm.change_line(deals["lines do not sum up"], crm.lines(deals["lines do not sum up"])[0]["id"], quantity="5")
    crm.change(deals["unknown currency"], currency="CNY")


def held(office: Office, deal_id: str) -> list[dict[str, Any]]:
    sql = "select id::text, state, reason from integrations_quarantineitem where external_id = %s order by created_at"
    return rows(office.env["DATABASE_URL"], sql, deal_id)


@pytest.mark.req("D8", "D9")
def test_D8_D9_bad_deals_are_told_to_their_seller_and_go_on_when_cured(office: Office) -> None:
    deals = make(office)
    names = {case: office.crm.name(deal_id) for case, deal_id in deals.items()}
    for deal_id in deals.values():
        office.crm.set_won(deal_id)
    notices = {case: office.told("ana", KIND, name) for case, name in names.items()}
    for case, (english, chinese) in WORDS.items():
        notice = notices[case]
        assert (notice["title"], notice["body"]) == (f"This deal needs a correction: {names[case]}", f"{english}\n{GOES_ON[0]}"), case
        assert office.told_chinese("ana", KIND, names[case]) == (f"该商机需要更正：{names[case]}", f"{chinese}\n{GOES_ON[1]}"), case
        assert office.recipients(KIND, "external_id", deals[case]) == ["ana"], case
        the_link_works(office, notice, english, deals[case])
    # nothing was begun
    assert [office.loops(deal_id) for deal_id in deals.values()] == [[]] * 7
    assert not any(office.has_task(f"deal:{deal_id}") for deal_id in deals.values())
    assert office.nothing_reached_the_erp(deals.values())
    cure(office, deals)
    until(each(deals.values(), lambda one: office.has_task(f"deal:{one}")), seconds=LONG, every=0.2, what="tasks of the cured deals")
    listed = {task["business_key"] for task in office.at("boss").get("/api/v1/tasks").json()}
    assert {f"deal:{deal_id}" for deal_id in deals.values()} <= listed
    for case, deal_id in deals.items():
        assert [(item["state"], item["reason"]) for item in held(office, deal_id)] == [("RELEASED", "cured")], case
        (ended,) = office.notices("ana", KIND, names[case])
        assert (ended["state"], ended["ended"]) == ("RESOLVED", "already put right"), case
    assert office.nothing_reached_the_erp(deals.values())


def the_link_works(office: Office, notice: dict[str, Any], words: str, deal_id: str) -> None:
    """For the seller it shows what is wrong, and the way to the record; for others it does not exist."""
    page = office.at("ana").get(notice["url"])
    assert page.status_code == 200
    text = page.text.replace("&#x27;", "'")
    assert words.split(". ")[0] in text and f'href="/deals/{deal_id}/"' in text and f'action="{notice["url"]}read-again/"' in text
    assert f"/deals/{deal_id}/" in [action["url"] for action in notice["actions"]]
    assert office.at("ana").get(f"/deals/{deal_id}/").status_code == 200
    assert (office.at("eve").get(notice["url"]).status_code, office.at("boss").get(notice["url"]).status_code) == (403, 404)
