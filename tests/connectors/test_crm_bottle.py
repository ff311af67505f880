"""BottleCRM: what its answers become, by recorded answers of a running one (fixtures/crm_bottle)."""

from __future__ import annotations

import datetime as dt
import runpy
from decimal import Decimal
from typing import Any

import pytest

from apps.connectors.crm_bottle import mapping
from apps.core.http import AuthError, GoneError, PermanentError
from apps.integrations.canonical import Customer
from stack.layout import HERE
from tests.connectors.scenarios import LAST, NO_ID, Play
from tests.connectors.tape import DAY

COMPANY = runpy.run_path(str(HERE / "seed_company.py"))


@pytest.fixture
def crm(every_play: dict[str, Play]) -> Play:
    return every_play["crm_bottle"]


def one(play: Play, step: str, stream: str) -> Any:
    (found,) = play.mapped(step, stream)
    return found


def test_customers_have_the_shared_code_their_owner_and_their_contacts(crm: Play) -> None:
    seeded = {c["code"]: c for c in COMPANY["CUSTOMERS"]}
    found = crm.mapped("load_customers", "customers")
    assert len(found) == LAST
    for customer in found:
        known = seeded[customer.key]
        assert (customer.name, customer.industry, customer.city, customer.owner_email) == (
            known["name"], known["industry"], known["city"], f"{known['owner']}@yunhe.example")  # fmt: skip
        assert customer.contacts
        assert customer.version
    jinsha = one(crm, "customer", "customers")
    assert isinstance(jinsha, Customer)
    assert (jinsha.key, jinsha.phone, jinsha.email, jinsha.website) == ("C-003", "+86 21 5550 0002", "office3@jinsha3.example", "https://jinsha3.example")
    assert sorted((c.name, c.email, c.phone) for c in jinsha.contacts) == [
        ("Jun Chen", "c3@customer3.example", "+86 138 0000 0002"), ("Yan Wang", "c35@customer3.example", "+86 138 0000 0034"),
    ]  # fmt: skip


def test_a_deal_is_netted_line_by_line_and_a_line_may_lack_a_product(crm: Play) -> None:
    deal = one(crm, "deal", "deals")
    assert (deal.customer_key, deal.customer_name, deal.owner_email) == ("C-003", "Jinsha Chemical", "ana@yunhe.example")
    assert (deal.stage, deal.stage_kind, deal.currency, deal.amount) == ("Negotiation", "open", "CNY", Decimal("10207.99"))
    assert [(line.sku, line.quantity, line.unit_price, line.amount) for line in deal.lines] == [
        ("P-1001", Decimal(1), Decimal(6800), Decimal("6800.00")),
        ("P-1014", Decimal(8), Decimal("388.5"), Decimal("3108.00")),  # 420 less 7.5 %
        (None, Decimal(3), Decimal("99.9967"), Decimal("299.99")),  # a fixed discount of 0.01 on three
    ]
    assert sum(line.amount for line in deal.lines) == deal.amount
    assert str(deal.lines[0].unit_price) == "6800"
    assert deal.lines[2].name == "NOT-A-PRODUCT"
    assert (deal.custom, deal.probability) == ({}, 60)


def test_deals_of_the_seed_have_their_stage_their_day_and_their_sum(crm: Play) -> None:
    seeded = {d["id"]: d for d in COMPANY["DEALS"]}
    kinds = {"CLOSED_WON": "won", "CLOSED_LOST": "lost"}
    found = [deal for deal in crm.mapped("load_deals", "deals") if deal.external_id in seeded]
    assert len(found) == LAST
    for deal in found:
        known = seeded[deal.external_id]
        assert (deal.name, deal.customer_key, deal.stage_kind) == (known["name"], known["customer"], kinds.get(known["stage"], "open"))
        assert [line.sku for line in deal.lines] == [sku for sku, _quantity, _off in known["lines"]]
        assert sum(line.amount for line in deal.lines) == deal.amount
        assert isinstance(deal.closed_on, dt.date)
        assert deal.stage_changed_at.utcoffset() == dt.timedelta(0)


def test_what_was_written_back_reads_back(crm: Play) -> None:
    written = one(crm, "deal_written", "deals").custom
    assert written == {
        "contract_no": "CT-2026-0042", "contract_state": "approved", "contract_amount": "20216.25", "payment_term": "45",
        "contract_until": str(DAY + dt.timedelta(days=365)), "erp_order_no": "SO-20900",
    }  # fmt: skip
    assert crm.results["write_back"]["fields"] == {**written, "reject_reason": None}
    assert crm.results["write_back_empty"] == {"fields": {"contract_no": None}}
    (ask, *_reads) = crm.asks["write_back"]
    assert ask.json()["custom_fields"]["reject_reason"] is None  # emptied, not ""
    assert (ask.headers["idempotency-key"], ask.headers["x-portal-origin"]) == (crm.key("back"), crm.key("back"))


def test_a_field_that_the_crm_drops_without_a_word_is_noticed(crm: Play) -> None:
    error = crm.results["write_back_unknown"]
    assert (type(error), error.code) == (PermanentError, "not_written")
    assert error.message.endswith("no_such_field")


@pytest.mark.parametrize(
    ("kept", "wanted", "same"),
    [("1000.00", "1000", True), (None, "", True), ("", "", True), ("x", "", False), (None, "x", False), ("1000.01", "1000", False), ("a", "b", False)],
)
def test_read_back_compares_values_and_not_their_spelling(kept: Any, wanted: str, same: bool) -> None:
    from apps.connectors.crm_bottle.actions import _same

    assert _same(kept, wanted) is same


def test_a_deal_is_moved_by_kind_or_by_the_name_of_a_stage(crm: Play) -> None:
    assert crm.results["move_to_a_stage"] == {"stage": "Proposal", "stage_kind": "open"}
    assert crm.results["move_to_won"] == {"stage": "Closed Won", "stage_kind": "won"}
    assert [(ask.method, ask.json()) for ask in crm.asks["move_to_won"] if ask.method != "GET"] == [
        ("PATCH", {"stage": "CLOSED_WON", "closed_on": str(DAY)}),
    ]  # fmt: skip
    won = one(crm, "deal_won", "deals")
    assert (won.stage_kind, won.closed_on) == ("won", DAY)
    assert won.stage_changed_at > one(crm, "deal", "deals").stage_changed_at
    assert [ask.method for ask in crm.asks["move_nowhere"]] == ["GET"]
    assert [stage["kind"] for stage in crm.results["stages"]["stages"]] == ["open"] * 4 + ["won", "lost"]


def test_a_customer_is_changed_and_a_late_comer_is_told(crm: Play) -> None:
    before, after = one(crm, "customer", "customers"), one(crm, "customer_changed", "customers")
    assert (after.phone, after.note) == ("+86 512 5550 0199", "")
    assert after.version == crm.results["customer_update"]["version"] != before.version
    assert [ask.method for ask in crm.asks["customer_update_late"]] == ["GET"]  # refused before anything is sent


def test_a_repeat_that_finds_its_own_change_is_no_conflict(crm: Play) -> None:
    """Its first answer was lost; the version is another one by its own doing."""
    assert crm.results["customer_update_again"] == crm.results["customer_update"]
    (again,) = [ask for ask in crm.asks["customer_update_again"] if ask.method == "PATCH"]
    (first,) = [ask for ask in crm.asks["customer_update"] if ask.method == "PATCH"]
    assert (again.body, again.headers["idempotency-key"]) == (first.body, first.headers["idempotency-key"])


def test_a_field_that_cannot_be_changed_is_named_and_not_sent(crm: Play) -> None:
    from apps.connectors.crm_bottle.actions import update_customer
    from apps.integrations.sdk import SERVICE, CustomerUpdate

    with pytest.raises(PermanentError, match="owner_email"):
        update_customer(crm.config, SERVICE, CustomerUpdate(customer_id=NO_ID, changes={"owner_email": "x"}), "key")


def test_a_follow_up_of_a_deal_belongs_to_its_customer_and_names_its_author(crm: Play) -> None:
    made, deal = one(crm, "follow_up", "follow_ups"), one(crm, "deal", "deals")
    assert (made.deal_id, made.customer_id) == (deal.external_id, deal.customer_id)
    assert (made.channel, made.subject, made.body, made.author_email) == ("call", "Recorded call", "Two words", "portal-service@yunhe.example")
    seeded = {subject for _kind, subject, _body in COMPANY["FOLLOW_UPS"]}
    loaded = crm.mapped("load_follow_ups", "follow_ups")
    assert {one.subject for one in loaded} <= seeded
    assert {bool(one.customer_id) for one in loaded} == {True}
    assert {one.author_email for one in loaded} <= {"ana@yunhe.example", "boss@yunhe.example"}


def test_what_is_gone_is_none(crm: Play) -> None:
    steps = ("gone_customers", "gone_deals", "gone_follow_ups", "gone_cases", "deal_deleted")
    assert [crm.results[step] for step in steps] == [None] * 5


def test_the_feed_tells_winning_and_deleting_with_our_mark(crm: Play) -> None:
    hints = [hint for page in crm.results["feed"] for hint in page.hints]
    deal = one(crm, "deal", "deals").external_id
    won = [hint for hint in hints if hint.transition == "won"]
    assert [(hint.stream, hint.external_id, hint.origin) for hint in won] == [("deals", deal, crm.key("won"))]
    deleted = [hint for hint in hints if hint.transition == "deleted"]
    assert [(hint.stream, hint.external_id, hint.origin) for hint in deleted] == [("deals", crm.tape.facts["deleted_deal"], "")]
    assert {hint.organisation for hint in hints} == {crm.tape.facts["organisation"]}
    assert {hint.stream for hint in hints} == {"deals", "customers", "follow_ups", "comment"}  # a comment is passed on and ignored


REFUSALS = {
    "wrong_token": (AuthError, 403, ""),
    "customer_update_late": (PermanentError, 409, "conflict"),
    "customer_update_of_nobody": (PermanentError, 404, "not_found"),
    "customer_update_refused": (PermanentError, 400, ""),
    "write_back_to_nothing": (PermanentError, 404, "not_found"),
    "move_nowhere": (PermanentError, None, "unknown_stage"),
    "feed_of_another_database": (GoneError, 410, ""),
}


@pytest.mark.parametrize("step", REFUSALS)
def test_what_the_crm_refuses_is_final_and_in_its_words(crm: Play, step: str) -> None:
    error = crm.results[step]
    assert (type(error), error.status, error.code) == REFUSALS[step]
    assert error.message


def test_words_of_a_refusal_name_the_field(crm: Play) -> None:
    assert crm.results["customer_update_refused"].message == "email: Enter a valid email address."


def test_the_organisation_goes_with_every_question(crm: Play) -> None:
    asked = {ask.headers.get("x-portal-org") for asks in crm.asks.values() for ask in asks}
    assert asked == {crm.tape.facts["organisation"]}


def test_an_account_that_may_not_read_everything_is_no_service_account() -> None:
    from apps.integrations import registry
    from tests.connectors.line import line_to, of_json

    connector = registry.connector("crm_bottle")
    for me in ({"role": "USER", "org_id": "o"}, {"role": "ADMIN", "org_id": "another"}):
        with line_to(lambda ask, me=me: of_json(200, me)) as line:  # type: ignore[misc]
            found = connector.check(connector.config.model_validate({"base_url": line.url, "service_token": "t", "organisation": "o"}))
        assert (found.ok, found.message) == (False, "The service account must be ADMIN of the configured organisation.")


# --- what recordings do not show ----------------------------------------------------------------------------------------------------------------


def test_the_owner_is_the_first_who_still_works_there() -> None:
    people = [
        {"is_active": False, "user_details": {"email": "gone@yunhe.example"}}, {"user_details": {}},
        {"is_active": True, "user_details": {"email": "ana@yunhe.example"}},
    ]  # fmt: skip
    raw = {"deal": {"id": "d", "name": "D", "stage_kind": "open", "assigned_to": people}}
    assert mapping.deal(raw).owner_email == "ana@yunhe.example"
    assert mapping.deal({"deal": {"id": "d", "name": "D", "stage_kind": "open"}}).owner_email == ""


def test_a_deal_without_customer_amount_or_currency_invents_none() -> None:
    deal = mapping.deal({"deal": {"id": "d", "name": "D", "stage_kind": "open", "amount": None, "currency": None}, "account": None})
    assert (deal.customer_id, deal.customer_key, deal.amount, deal.currency, deal.closed_on) == (None, "", None, "", None)


def test_a_line_of_no_quantity_keeps_its_price() -> None:
    raw = {"id": "l", "product": None, "name": "Option", "quantity": "0", "unit_price": "12.50", "total": "0"}
    (line,) = mapping.deal({"deal": {"id": "d", "name": "D", "stage_kind": "open", "line_items": [raw]}}).lines
    assert (line.quantity, line.unit_price, line.amount) == (0, Decimal("12.50"), 0)


@pytest.mark.parametrize("raw", [{"quantity": "many", "total": "1"}, {"quantity": None, "total": "1"}])
def test_a_number_that_is_none_is_not_guessed(raw: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a number"):
        mapping.deal({"deal": {"id": "d", "name": "D", "stage_kind": "open", "line_items": [raw]}})


def test_a_contact_without_a_name_is_called_by_its_address() -> None:
    customer = mapping.customer({"account": {"id": "a", "name": "A"}, "contacts": [{"email": "x@y.example"}, {"first_name": "Li", "last_name": None}]})
    assert [(c.name, c.title) for c in customer.contacts] == [("x@y.example", ""), ("Li", "")]


@pytest.mark.parametrize("identifier", ["not-a-uuid", ""])
def test_an_id_that_is_none_names_nothing(crm: Play, identifier: str) -> None:
    from apps.connectors.crm_bottle.streams import row

    assert row(crm.config, "account", identifier) is None


@pytest.mark.parametrize(("channel", "kind"), [("visit", "meeting"), ("call", "call"), ("meeting", "meeting"), ("email", "email")])
def test_a_visit_is_a_meeting_there(channel: str, kind: str) -> None:
    assert mapping.interaction_kind(channel) == kind


# --- what figures are reckoned from -----------------------------------------------------------------------------------------------------------


def test_a_service_request_names_its_customer_its_owner_and_when_it_was_made(crm: Play) -> None:
    cases, seeded = crm.mapped("load_cases", "cases"), {c["code"]: c for c in COMPANY["CUSTOMERS"]}
    assert len(cases) == LAST
    for case in cases:
        known = seeded[case.customer_key]
        assert (case.customer_name, case.region) == (known["name"], COMPANY["REGION_OF"][known["city"]])
        assert case.owner_email in {"ana@yunhe.example", "boss@yunhe.example"}
        assert case.created_at.tzinfo is not None
        assert (case.state == "closed") == (case.closed_on is not None)
        assert case.responded_at is None


def test_a_deal_knows_its_region_and_its_product_line(crm: Play) -> None:
    deal = one(crm, "deal", "deals")
    assert (deal.region, deal.product_line) == ("East China", "Pumps")
    assert [line.product_line for line in deal.lines] == ["Pumps", "Spare parts", ""]
    assert deal.created_at.tzinfo is not None
    assert one(crm, "customer", "customers").region == "East China"


def test_a_first_answer_is_a_moment_and_a_state_nobody_knows_is_not_taken() -> None:
    raw = {"id": NO_ID, "name": "Leak", "status": "Pending", "priority": "High", "case_type": "Incident", "created_at": "2026-11-02T01:00:00+00:00",
           "first_response_at": "2026-11-02T03:30:00+00:00", "owner_email": "ana@yunhe.example", "account": None}  # fmt: skip
    found = mapping.case({"case": raw})
    assert found.responded_at - found.created_at == dt.timedelta(hours=2, minutes=30)
    assert (found.state, found.priority, found.case_type, found.customer_id, found.customer_key) == ("pending", "high", "incident", None, "")
    with pytest.raises(ValueError, match="not known"):
        mapping.case({"case": {**raw, "status": "Melted"}})
    with pytest.raises(ValueError, match="no case"):
        mapping.case({})
