"""The ERP is away: what is known is shown with its age and must be acknowledged; what must be written waits and is written once, whoever has signed
out meanwhile."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from keycloak import KeycloakAdmin, KeycloakOpenIDConnection

from tests.journeys.ledger import assert_one_of_each, rows
from tests.journeys.setbacks.office import LONG, Office, pick
from tests.support.until import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
OF_THE_ERP = ["receivable", "stock"]


@contextlib.contextmanager
def erp(office: Office, away: str, back: str) -> Iterator[None]:
    """`away`: stop | pause, `back`: start | cont. Whatever happens, it runs and answers at the end."""
    getattr(office.stack, away)("erp")
    try:
        yield
    finally:
        getattr(office.stack, back)("erp")
        until(lambda: office.stack.status()["erp"]["up"], seconds=LONG, what="the ERP is back")


def realm_sessions(office: Office, login: str) -> tuple[KeycloakAdmin, str, list[Any]]:
    base, _, realm = office.env["OIDC_ISSUER"].partition("/realms/")
    connection = KeycloakOpenIDConnection(
        server_url=base, realm_name=realm, client_id=office.env["OIDC_ADMIN_CLIENT_ID"], client_secret_key=office.env["OIDC_ADMIN_CLIENT_SECRET"],
        timeout=10, max_retries=0,
    )  # fmt: skip
    admin = KeycloakAdmin(connection=connection)
    subject = str(admin.get_user_id(login))
    return admin, subject, list(admin.get_sessions(subject))


def facts_of(look: dict[str, Any]) -> dict[str, Any]:
    return {fact["key"]: fact for fact in look["card"]["facts"]}


def numbers(words: str) -> list[Decimal]:
    """The amounts in a fact's words: "P-1017 216, P-1034 250" -> 216, 250; "¥0" -> 0."""
    return [Decimal(found.replace(",", "")) for found in re.findall(r"(?<=[ ¥])[\d,]*\d(?:\.\d+)?", f" {words}")]


def known_here(office: Office, customer: str) -> tuple[list[Decimal], list[Decimal]]:
    """What the portal's read model says of the stock of the deal's goods and of the customer's balance."""
    boss = office.at("boss")
    stock = [Decimal(str(boss.get(f"/api/v1/stock/{sku}").json()["available"])) for sku in ("P-1017", "P-1034")]
    return stock, [Decimal(str(boss.get(f"/api/v1/receivables/{customer}").json()["balance"]))]


def answered(office: Office, task_id: str) -> dict[str, Any]:
    """The card's facts once every system answers (after an outage it is looked for at growing intervals)."""

    def probe() -> dict[str, Any]:
        facts = facts_of(office.look(task_id))
        return facts if all(fact["ok"] for fact in facts.values()) else {}

    return until(probe, seconds=LONG, every=0.5, what="every system answers")


def sessions_here(office: Office, login: str) -> int:
    sql = "select count(*) as n from identity_oidcsession s join identity_account a on a.id = s.account_id where a.username = %s"
    return int(office.rows(sql, login)[0]["n"])


def tried(office: Office, key: str) -> int:
    """How often the order's step was tried."""
    found = office.rows("select attempts from jobs_job where key like %s", f"{office.case(key)['id']}:%:order:%")
    return int(found[0]["attempts"]) if found else 0


@pytest.mark.req("D5", "P16", "A3")
def test_decided_on_known_facts_and_written_once_after_everybody_has_left(office: Office) -> None:
    deal_id = office.won(customer="C-005")
    key = f"deal:{deal_id}"
    task = office.task(key)
    fresh = answered(office, task["id"])
    until(lambda: known_here(office, "C-005") == (numbers(fresh["stock"]["value"]), numbers(fresh["receivable"]["value"])), seconds=LONG, every=0.2,
          what="the read model has what the ERP says")  # fmt: skip
    with erp(office, "stop", "start"):
        version = shown_with_its_age(office, task["id"], fresh)
        decided = office.decide(task["id"], version=version, acknowledged=OF_THE_ERP)
        assert (decided.status_code, decided.json()["state"]) == (200, "DECIDED"), decided.text[:300]
        until(lambda: tried(office, key) >= 2, seconds=LONG, every=0.2, what="the order was tried, and tried again")
        assert office.sign_out("boss").status_code == 200
        admin, subject, _before = realm_sessions(office, "boss")
        admin.user_logout(subject)
        assert (sessions_here(office, "boss"), realm_sessions(office, "boss")[2]) == (0, [])
        assert office.erp(deal_id).orders == []
    (order_no,) = office.ordered(deal_id)
    facts = assert_one_of_each(office.env, deal_id, short=False, payment_term_days=30)
    assert sessions_here(office, "boss") == 0
    written_by_the_service_for_the_decider(office, deal_id, order_no, facts.orders[0])


def shown_with_its_age(office: Office, task_id: str, fresh: dict[str, Any]) -> str:
    """The card while the ERP is down: last known values and their moment. A decision without a word about them is refused. Returns the version."""
    look = office.look(task_id)
    known = facts_of(look)
    assert sorted(name for name, fact in known.items() if not fact["ok"]) == OF_THE_ERP
    for name in OF_THE_ERP:
        assert known[name]["value"] == fresh[name]["value"]
        assert dt.datetime.fromisoformat(known[name]["as_of"]) < dt.datetime.fromisoformat(fresh[name]["as_of"])
    refused = office.decide(task_id, version=look["card"]["version"])
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "unacknowledged")
    assert sorted(refused.json()["error"]["details"]["facts"]) == OF_THE_ERP
    half = office.decide(task_id, version=look["card"]["version"], acknowledged=["stock"])
    assert (half.status_code, half.json()["error"]["details"]["facts"]) == (409, ["receivable"])
    page = office.at("boss").get(f"/approvals/{task_id}/").text
    assert all(f'name="acknowledge" value="{name}"' in page for name in OF_THE_ERP), "each is to be ticked on the page"
    assert pick(office.look(task_id), "state", "outcome") == ("RESERVED", "")
    return str(look["card"]["version"])


def written_by_the_service_for_the_decider(office: Office, deal_id: str, order_no: str, order: dict[str, Any]) -> None:
    """One command in Tryton, by the account of the portal; the document, the frozen decision and the audit name the decider."""
    sql = "select u.login, count(*) over () as n from sale_sale s join res_user u on u.id = s.create_uid where s.reference = %s"
    assert [pick(row, "login", "n") for row in rows(office.env["ERP_DATABASE_URL"], sql, deal_id)] == [("portal-service", 1)]
    assert "approved by boss" in order["comment"]
    sql = "select actor_login, data_json from audit_entry where action = 'business.order.created' and object = %s"
    audited = office.rows(sql, f"deal:{deal_id}")
    assert [row["actor_login"] for row in audited] == ["boss"]
    assert order_no in audited[0]["data_json"]


@pytest.mark.req("D5", "P3")
def test_a_deal_that_leaves_while_the_order_waits_is_withdrawn(office: Office) -> None:
    """Approved while the ERP hangs, reopened before it answers: nothing was written, so it is withdrawn and no order appears."""
    deal_id = office.won(customer="C-005")
    key, name = f"deal:{deal_id}", office.crm.name(deal_id)
    task = office.task(key)
    with erp(office, "stop", "start"):
        version = office.look(task["id"])["card"]["version"]
        assert office.decide(task["id"], version=version, acknowledged=OF_THE_ERP).status_code == 200
        until(lambda: tried(office, key) >= 2, seconds=LONG, every=0.2, what="the order was tried")
        office.crm.set_stage(deal_id, "NEGOTIATION")
        until(lambda: office.at("ana").get(f"/api/v1/deals/{deal_id}").json()["stage_kind"] == "open", seconds=LONG, what="the portal knows it")
    until(lambda: office.case(key)["state"] == "COMPLETED", seconds=LONG, what="the case is over")
    assert [loop["outcome"] for loop in office.loops(deal_id)] == ["WITHDRAWN"]
    assert office.told("boss", "business.deal_withdrawn", name)["title"] == f"{name} needs no decision any more"
    assert (office.erp(deal_id).orders, office.custom(deal_id)) == ([], {})


def test_a_hung_erp_costs_the_card_seconds_not_minutes(office: Office) -> None:
    deal_id = office.won()
    task = office.task(f"deal:{deal_id}")
    with erp(office, "pause", "cont"):
        look = office.look(task["id"])  # its own time-out is 30 s
        assert sorted(name for name, fact in facts_of(look).items() if not fact["ok"]) == OF_THE_ERP
        assert office.decide(task["id"], version=look["card"]["version"]).json()["error"]["code"] == "unacknowledged"
    answered(office, task["id"])
    assert office.erp(deal_id).orders == []
