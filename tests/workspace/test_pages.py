"""The modules by rights: what each person sees, and what nobody finds out."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from apps.core.access import Projected
from apps.core.errors import InvalidInput
from apps.core.http import PermanentError, TransientError

EVERYBODY = ("ana", "boss", "fin", "eve", "admin")
LISTS = ("/customers/", "/deals/", "/orders/", "/shipments/", "/stock/")
# page -> who may open it
RIGHTS = {
    "/customers/": {"ana", "boss", "fin"},
    "/deals/": {"ana", "boss"},
    "/orders/": {"ana", "boss", "fin", "eve"},
    "/shipments/": {"ana", "boss", "fin", "eve"},
    "/stock/": {"ana", "boss", "fin", "eve"},
}


def text(response: Any) -> str:
    """Words of a page without tags, spaces as one."""
    html = re.sub(r"<script.*?</script>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", html)


@pytest.mark.req("A3")
@pytest.mark.parametrize("path", LISTS)
def test_a_list_opens_for_those_who_may(stocked: SimpleNamespace, as_: Any, path: str) -> None:
    answers = {login: as_(getattr(stocked, login)).get(path).status_code for login in EVERYBODY}
    opened = {login for login, status in answers.items() if status == 200}
    assert opened >= RIGHTS[path]
    assert {status for login, status in answers.items() if login not in opened} <= {403}


def test_the_rail_shows_what_may_be_opened(stocked: SimpleNamespace, as_: Any) -> None:
    page = as_(stocked.eve).get("/").content.decode()
    rail = re.findall(r'<a class="at-nav" href="([^"]+)"', page)
    assert "/shipments/" in rail and "/orders/" in rail
    assert not {"/deals/", "/customers/", "/access/"} & set(rail)


@pytest.mark.req("A3")
def test_a_person_without_rights_gets_a_reason_and_no_value(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.guest)
    for path in ("/", *LISTS, "/customers/c-0/", "/deals/d-0/", "/search/?q=delta", "/widgets/erp.stock_alerts/"):
        answer = client.get(path)
        assert answer.status_code == 403, path
        assert "Delta Water" not in answer.content.decode()


def test_the_owner_sees_private_fields_and_no_receivable(stocked: SimpleNamespace, as_: Any) -> None:
    page = text(as_(stocked.ana).get("/customers/c-0/"))
    assert "0571 8888 1234" in page and "138 0000 4471" in page
    assert "212,400" not in page and "212.400" not in page
    assert "Budget fixed until Tuesday" in page


def test_finance_sees_the_receivable_and_no_private_field(stocked: SimpleNamespace, as_: Any) -> None:
    answer = as_(stocked.fin).get("/customers/c-0/")
    page = text(answer)
    assert "¥212,400" in page and "¥47,500 overdue" in page and "limit ¥800,000" in page
    raw = answer.content.decode()
    assert "0571 8888 1234" not in raw and "138 0000 4471" not in raw and "info@c0.example" not in raw
    assert "Budget fixed until Tuesday" not in raw


def test_names_with_markup_are_text(stocked: SimpleNamespace, as_: Any) -> None:
    html = as_(stocked.boss).get("/customers/c-4/").content.decode()
    assert "R&amp;D Pumps &lt;Wuxi&gt;" in html
    assert "<Wuxi>" not in html and "&amp;amp;" not in html


def test_unknown_and_invisible_records_answer_alike(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.ana)
    for path in ("/customers/nobody/", "/deals/nothing/", "/orders/none/", "/shipments/none/"):
        assert client.get(path).status_code == 404


def test_a_list_is_searched_paged_and_keeps_its_query(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.ana)
    assert "Meilin Foods" in text(client.get("/customers/?q=meilin"))
    assert "Delta Water Group" not in text(client.get("/customers/?q=meilin"))
    assert "No customer matches “zzz”" in text(client.get("/customers/?q=zzz"))
    assert client.get("/customers/?page=99").status_code == 200
    assert client.get("/customers/?page=-3x").status_code == 200


def test_htmx_gets_the_rows_only(stocked: SimpleNamespace, as_: Any) -> None:
    answer = as_(stocked.ana).get("/orders/", headers={"HX-Request": "true"})
    html = answer.content.decode()
    assert 'id="order-rows"' in html and "<html" not in html
    assert "HX-Request" in answer["Vary"]


def test_stock_below_the_order_point_stands_first(stocked: SimpleNamespace, as_: Any) -> None:
    page = text(as_(stocked.eve).get("/stock/"))
    order = [page.index(sku) for sku in ("6308-2RS", "IMP-100-CI", "MS-45-SIC", "CAB-4")]
    assert order == sorted(order)
    assert page.count("below the order point") == 3


def test_a_deal_says_what_keeps_it_from_an_order(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.ana)
    assert "A line has no product." in text(client.get("/deals/d-1/"))
    assert "cannot become an order" not in text(client.get("/deals/d-0/"))


def test_the_board_sums_each_stage(stocked: SimpleNamespace, as_: Any) -> None:
    page = text(as_(stocked.boss).get("/deals/"))
    for stage in ("Prospecting", "Qualification", "Proposal", "Negotiation", "Won"):
        assert stage in page
    assert page.index("Prospecting") < page.index("Negotiation") < page.index("Won 2")


def test_search_finds_by_rights(stocked: SimpleNamespace, as_: Any) -> None:
    found = text(as_(stocked.ana).get("/search/?q=delta"))
    assert "Delta Water Group" in found and "SO-20870" in found
    finance = text(as_(stocked.eve).get("/search/?q=delta"))
    assert "Delta Water Group: pumps" not in finance
    assert "Chen An" in text(as_(stocked.eve).get("/search/?q=chen"))
    assert "Nothing you may see matches" in text(as_(stocked.eve).get("/search/?q=4471"))


# --- writing ----------------------------------------------------------------------------------------------------------


class Calls(list[dict[str, Any]]):
    """Stands for a service: remembers its calls and raises what it is told to."""

    error: Exception | None = None

    def __call__(self, **given: Any) -> Any:
        self.append(given)
        if self.error:
            raise self.error
        return Projected("crm.customer", {})


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> dict[str, Calls]:
    made = {name: Calls() for name in ("edit_customer", "add_follow_up", "move_deal", "advance_shipment", "open_ticket")}
    for name, call in made.items():
        monkeypatch.setattr(f"apps.records.services.{name}", call)
    return made


@pytest.mark.req("A6")
def test_an_edit_sends_only_what_changed(stocked: SimpleNamespace, as_: Any, calls: dict[str, Calls]) -> None:
    client = as_(stocked.ana)
    form = {"version": "1", "name": "Delta Water Group", "industry": "Utility", "city": "Hangzhou", "phone": "0571 8888 1234",
            "email": "info@c0.example", "website": "https://c.example", "note": ""}  # fmt: skip
    answer = client.post("/customers/c-0/edit/", form)
    assert (answer.status_code, answer["Location"]) == (302, "/customers/c-0/")
    (call,) = calls["edit_customer"]
    assert call["changes"] == {"industry": "Utility"} and call["if_version"] == "1" and call["person"] == stocked.ana
    assert "Saved in the CRM." in text(client.get("/customers/c-0/"))


@pytest.mark.req("A6")
def test_a_refused_edit_shows_the_crms_words_and_its_value(stocked: SimpleNamespace, as_: Any, calls: dict[str, Calls]) -> None:
    calls["edit_customer"].error = PermanentError("Duplicate account name", system="crm", status=400)
    answer = as_(stocked.ana).post("/customers/c-0/edit/", {"version": "1", "name": "Meilin Foods"})
    page = text(answer)
    assert answer.status_code == 409
    assert "CRM says: “Duplicate account name”" in page and "Nothing was changed." in page
    assert "You entered: Name “Meilin Foods”" in page
    assert 'name="name" type="text" value="Delta Water Group"' in answer.content.decode()


def test_wrong_fields_are_named_at_the_field(stocked: SimpleNamespace, as_: Any, calls: dict[str, Calls]) -> None:
    calls["edit_customer"].error = InvalidInput("Check the fields.", details={"fields": {"email": ["This is not an e-mail address."]}})
    answer = as_(stocked.ana).post("/customers/c-0/edit/", {"version": "1", "email": "x"})
    assert answer.status_code == 422
    assert re.search(r'name="email"[^>]*aria-invalid="true"', answer.content.decode())
    assert "This is not an e-mail address." in text(answer)


def test_no_answer_claims_nothing(stocked: SimpleNamespace, as_: Any, calls: dict[str, Calls]) -> None:
    calls["edit_customer"].error = TransientError("crm did not answer", system="crm")
    answer = as_(stocked.ana).post("/customers/c-0/edit/", {"version": "1", "city": "Ningbo"})
    assert answer.status_code == 503
    assert "not known yet whether the change arrived" in text(answer)


@pytest.mark.req("A3")
def test_somebody_elses_customer_cannot_be_edited(stocked: SimpleNamespace, as_: Any) -> None:
    client: Client = as_(stocked.ana)
    assert 'href="/customers/c-3/edit/"' not in client.get("/customers/c-3/").content.decode()
    answer = client.post("/customers/c-3/edit/", {"version": "1", "name": "Mine now"})
    assert (answer.status_code, client.get("/customers/c-3/edit/").status_code) == (403, 403)
    assert "Mine now" not in text(client.get("/customers/c-3/"))
    assert as_(stocked.fin).post("/customers/c-0/edit/", {"name": "x"}).status_code == 403


def test_a_follow_up_is_added_and_refused_with_words(stocked: SimpleNamespace, as_: Any, calls: dict[str, Calls]) -> None:
    client = as_(stocked.ana)
    form = {"channel": "visit", "subject": "Pump house", "body": "Looked at it"}
    assert client.post("/customers/c-0/follow-ups/", form).status_code == 302
    (call,) = calls["add_follow_up"]
    assert (call["channel"], call["subject"], call["body"], call["customer_id"]) == ("visit", "Pump house", "Looked at it", "c-0")
    calls["add_follow_up"].error = PermanentError("No such account", system="crm", status=404)
    refused = client.post("/customers/c-0/follow-ups/", form)
    assert refused.status_code == 409 and "CRM says: “No such account”" in text(refused)


@pytest.mark.req("P2")
def test_a_deal_is_won_by_its_seller_only(stocked: SimpleNamespace, as_: Any, calls: dict[str, Calls]) -> None:
    assert as_(stocked.ana).post("/deals/d-0/win/").status_code == 302
    (call,) = calls["move_deal"]
    assert (call["deal_id"], call["to"], call["person"]) == ("d-0", "won", stocked.ana)
    assert as_(stocked.eve).post("/deals/d-0/win/").status_code == 403
    assert len(calls["move_deal"]) == 1
    assert 'data-dialog="win"' not in as_(stocked.ana).get("/deals/d-10/").content.decode()


def test_the_warehouse_ships_a_part(stocked: SimpleNamespace, as_: Any, calls: dict[str, Calls]) -> None:
    client = as_(stocked.eve)
    form = {"to": "done", "quantity:IH-100": "5", "quantity:MS-45-SIC": "0"}
    answer = client.post("/shipments/s-1/advance/", form)
    assert answer.status_code == 302, text(answer)
    (call,) = calls["advance_shipment"]
    assert call["to"] == "done" and call["shipment_id"] == "s-1"
    assert {sku: str(number) for sku, number in call["quantities"].items()} == {"IH-100": "5", "MS-45-SIC": "0"}


@pytest.mark.parametrize("bad", ["-1", "many", "NaN", "1e999999999"])
def test_nonsense_quantities_are_refused_here(stocked: SimpleNamespace, as_: Any, calls: dict[str, Calls], bad: str) -> None:
    answer = as_(stocked.eve).post("/shipments/s-1/advance/", {"to": "done", "quantity:IH-100": bad})
    assert answer.status_code == 422 and calls["advance_shipment"] == []


def test_a_shipment_that_went_on_is_not_moved_twice(stocked: SimpleNamespace, as_: Any, calls: dict[str, Calls]) -> None:
    answer = as_(stocked.eve).post("/shipments/s-3/advance/", {"to": "done"})
    assert answer.status_code == 422 and calls["advance_shipment"] == []
    assert "already further on" in text(answer)


@pytest.mark.req("A3")
def test_sales_cannot_move_a_shipment(stocked: SimpleNamespace, as_: Any, calls: dict[str, Calls]) -> None:
    client = as_(stocked.ana)
    assert "Ship now" not in text(client.get("/shipments/s-1/"))
    assert client.post("/shipments/s-1/advance/", {"to": "done"}).status_code == 403
    assert calls["advance_shipment"] == []


def test_a_form_without_token_is_refused(stocked: SimpleNamespace, sign_in: Any, calls: dict[str, Calls]) -> None:
    client = sign_in(Client(enforce_csrf_checks=True), stocked.ana)
    assert client.post("/deals/d-0/win/").status_code == 403
    assert calls["move_deal"] == []


@pytest.mark.req("E1")
def test_another_system_is_opened_by_a_link_that_leaves_no_trace(stocked: SimpleNamespace, as_: Any, monkeypatch: Any) -> None:
    given: list[dict[str, Any]] = []

    def ticket(**asked: Any) -> str:
        given.append(asked)
        return "http://localhost:9/portal/enter?ticket=once"

    monkeypatch.setattr("apps.records.services.open_ticket", ticket)
    answer = as_(stocked.ana).post("/open/erp/", {"kind": "order", "id": "o-1"})
    assert 'content="0;url=http://localhost:9/portal/enter?ticket=once"' in answer.content.decode()
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert (given[0]["kind"], given[0]["external_id"], given[0]["person"]) == ("order", "o-1", stocked.ana)
    assert as_(stocked.ana).post("/open/erp/", {"kind": "receivable", "id": "x"}).status_code == 404
    assert as_(stocked.ana).post("/open/bank/", {}).status_code == 404
    assert len(given) == 1


@pytest.mark.req("I13")
def test_a_record_whose_newest_version_is_held_back_says_so(stocked: SimpleNamespace, as_: Any) -> None:
    from apps.core import clock
    from apps.integrations.models import Connection, QuarantineItem

    item = QuarantineItem.objects.create(
        connection=Connection.objects.get(key="crm"), stream="deals", kind="deal", external_id="d-0", name="Pumps", owner=stocked.ana,
        problems=[{"code": "no_lines", "field": "lines", "message": ""}], created_at=clock.now(), updated_at=clock.now(),
    )  # fmt: skip
    page = as_(stocked.ana).get("/deals/d-0/").content.decode()
    assert "The newest version of this record could not be taken." in page and f"/quarantine/{item.pk}/" in page
    assert f"/quarantine/{item.pk}/" not in as_(stocked.boss).get("/deals/d-5/").content.decode()


@pytest.mark.req("A9", "A5")
def test_the_question_mark_at_a_masked_value_names_whom_to_ask(stocked: SimpleNamespace, as_: Any) -> None:
    page = text(as_(stocked.eve).get("/orders/"))
    assert "••••" in page and "To see it, ask Guo Peng." in page and "your administrator" not in page
    stocked.eve.account.language = "zh-hans"
    stocked.eve.account.save(update_fields=["language"])
    assert "郭鹏" in text(as_(stocked.eve).get("/orders/"))
