"""Deals on their way through the real systems, and the people who move them on: they try again when something is away, and do nothing twice on purpose."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import requests

from tests.faults.checks import assert_nothing_lost, backlog, cases
from tests.journeys.crm import BottleCrm
from tests.journeys.ledger import assert_one_of_each, crm_deal, erp_facts, rows
from tests.support.portal_browser import PortalBrowser
from tests.support.stack import RealStack
from tests.support.until import until

# Goods that no other test counts. 20 slurry pumps are always short (7 are there); of seals there are 260.
SHORT = [("P-1029", "20", "8000"), ("S-2002", "1", "1500")]
ENOUGH = [("P-1034", "2", "68"), ("S-2002", "1", "1500")]
STATES = "select id::text, custom_fields->>'erp_order_no' as no, custom_fields->>'erp_order_state' as state from opportunity where id = any(%s::uuid[])"
OPEN_NOTES = """select distinct so.id, s.reference as deal_id from sale_sale s join sale_line l on l.sale = s.id
  join stock_move m on m.origin = 'sale.line,' || l.id join stock_shipment_out so on m.shipment = 'stock.shipment.out,' || so.id
 where s.reference = any(%s) and so.state not in ('done', 'cancelled')"""


@dataclass
class Deal:
    """`short`: more than the stock holds: a purchase is requested, and the order waits. Else it is shipped. `order`, `state`: as the CRM has them."""

    id: str
    short: bool
    order: str = ""
    state: str = ""

    @property
    def is_through(self) -> bool:
        return bool(self.order) and self.state == ("ordered" if self.short else "shipped")


class Deals:
    """`move_on` is one look round: approve what lies on the boss's desk, ship what is ordered."""

    def __init__(self, stack: RealStack, boss: PortalBrowser) -> None:
        self._stack, self._boss = stack, boss
        self._crm = BottleCrm(stack.env)
        self.all: dict[str, Deal] = {}
        self.refusals: list[str] = []  # what the portal said while it could not

    # -- new ones

    def prepare(self, *, short: bool) -> str:
        """A deal in negotiation. Returns its id."""
        deal_id = self._crm.deal(customer="C-007", lines=SHORT if short else ENOUGH)
        self.all[deal_id] = Deal(deal_id, short)
        return deal_id

    def win(self, *, short: bool) -> str:
        deal_id = self.prepare(short=short)
        self._crm.set_won(deal_id)
        return deal_id

    def set_won(self, deal_id: str) -> None:
        self._crm.set_won(deal_id)

    # -- moving them on

    def move_on(self) -> None:
        """Whatever can be done now. A portal, ERP or CRM that is away is tried again at the next look."""
        self._look()
        self._approve()
        self._ship()

    def under_way(self) -> list[Deal]:
        return [deal for deal in self.all.values() if not deal.is_through]

    def _look(self) -> None:
        for row in rows(self._stack.env["CRM_DATABASE_URL"], STATES, list(self.all)):
            deal = self.all[row["id"]]
            deal.order, deal.state = row["no"] or "", row["state"] or ""

    def _approve(self) -> None:
        for task in self._ask("/api/v1/tasks") or []:
            if task["business_key"].partition(":")[2] in self.all:
                self.approve(task["id"])

    def approve(self, task_id: str) -> bool:
        """As a person does it: look at the card, accept what cannot be read now, decide. False: not this time."""
        card = (self._ask(f"/api/v1/tasks/{task_id}") or {}).get("card")
        if card is None:
            return False
        body = {"outcome": "APPROVED", "seen_version": card["version"], "acknowledged": [fact["key"] for fact in card["facts"] if not fact["ok"]]}
        return self._ask(f"/api/v1/tasks/{task_id}/complete", body) is not None

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """The JSON of the portal's answer; None when it did not come or refused."""
        try:
            answer = self._boss.get(path) if body is None else self._boss.post(path, json=body)
        except requests.RequestException as error:
            self.refusals.append(f"{path}: {type(error).__name__}")
            return None
        if answer.status_code != 200:
            self.refusals.append(f"{path}: {answer.status_code} {answer.text[:200]}")
            return None
        return answer.json()

    def _ship(self) -> None:
        waiting = [deal.id for deal in self.all.values() if deal.order and not deal.short and deal.state != "shipped"]
        for note in rows(self._stack.env["ERP_DATABASE_URL"], OPEN_NOTES, waiting) if waiting else []:
            self.ship(note["id"])

    def ship(self, note: int) -> None:
        """The warehouse ends a delivery note in the ERP itself."""
        body = {"key": f"warehouse-{note}-{uuid.uuid4()}", "command": "shipment.advance", "payload": {"id": note, "to": "done"}}
        headers = {"Authorization": f"Bearer {self._stack.env['ERP_SERVICE_KEY']}"}
        with requests.Session() as session:
            session.trust_env = False
            try:
                answer = session.post(f"{self._stack.env['ERP_URL']}/portal/command", json=body, headers=headers, timeout=30)
            except requests.RequestException:
                return  # the ERP is away: at the next look
        assert answer.status_code < 300 or answer.status_code in {409, 500, 502, 503}, answer.text[:500]

    # -- what must be true at the end

    def wait_until_through(self, *, seconds: float) -> None:
        """Until each has come to its end and the portal has no work left for them."""

        def step() -> bool:
            self.move_on()
            return not self.under_way() and self._at_rest()

        try:
            until(step, seconds=seconds, every=0.3, what="every deal at its end")
        except AssertionError as late:
            left = f"on their way {self.under_way()}; left {backlog(self._stack)[:5]}; refused {self.refusals[-3:]}"
            raise AssertionError(f"{late}; {left}") from None

    def _at_rest(self) -> bool:
        found = cases(self._stack, list(self.all))
        return len(found) >= len(self.all) and all(self._rests(case) for case in found) and not backlog(self._stack)

    def _rests(self, case: dict[str, Any]) -> bool:
        deal = self.all.get(case["business_key"].split(":")[1])
        if deal is None or not deal.short:
            return bool(case["state"] == "COMPLETED")
        return [token["node"] for token in case["tokens"]] == ["moved"]

    def assert_one_of_everything(self) -> None:
        """In the databases of ERP and CRM: one of each with equal values and the last states; in the portal: one case a deal, nothing lost or stuck."""
        env = self._stack.env
        for deal in self.all.values():
            facts = assert_one_of_each(env, deal.id, short=deal.short, payment_term_days=60 if deal.short else 30)
            custom = crm_deal(env, deal.id)["custom_fields"]
            assert (custom["contract_state"], custom["erp_order_state"]) == ("approved", "ordered" if deal.short else "shipped")
            assert (facts.deliveries[0]["state"] == "done") is not deal.short
            assert [(one["sku"], float(one["quantity"])) for one in facts.shipped] == ([] if deal.short else [("P-1034", 2.0)])
        found = cases(self._stack, list(self.all))
        assert sorted(case["business_key"] for case in found) == sorted(f"deal:{deal_id}" for deal_id in self.all)
        assert {case["business_key"] for case in found if case["state"] != "COMPLETED"} == {f"deal:{one.id}" for one in self.all.values() if one.short}
        assert_nothing_lost(self._stack, list(self.all))


def orders_of(stack: RealStack, deal_id: str) -> list[str]:
    """Numbers of the orders that the ERP has for a deal."""
    return [str(order["number"]) for order in erp_facts(stack.env, deal_id).orders]
