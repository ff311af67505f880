"""A busy morning of the demo company: what its people did before anybody looks, over REST, in the sandboxes' own data."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urljoin

import requests

from tests.support.stack import Running
from tests.support.until import until


class DemoPerson:
    """One of the demo people, signed in without a password."""

    def __init__(self, running: Running, login: str) -> None:
        self.base = running.portal_url
        self.session = requests.Session()
        self.session.trust_env = False
        self.ask("GET", "/sign-in/")
        assert self.ask("POST", "/sign-in/demo/", data={"login": login}).status_code == 302, login

    def ask(self, method: str, path: str, **given: Any) -> requests.Response:
        token = self.session.cookies.get("atrium_csrf", "")
        headers = {"X-CSRFToken": token, "Referer": self.base + "/"}
        return self.session.request(method, urljoin(self.base, path), headers=headers, timeout=30, allow_redirects=False, **given)

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        return answer.json()

    def post(self, path: str, **body: Any) -> Any:
        return self._send("POST", path, body)

    def put(self, path: str, **body: Any) -> Any:
        return self._send("PUT", path, body)

    def _send(self, method: str, path: str, body: dict[str, Any]) -> Any:
        answer = self.ask(method, path, json=body)
        assert answer.status_code < 300, (path, answer.status_code, answer.text[:300])
        return answer.json() if answer.content else None


SHIPPED, WAITING, LOST = "D-1011", ("D-1005", "D-1001", "D-1002", "D-1006"), "D-1016"
STEPS = ("assigned", "picked", "packed", "shipped")


def begin(running: Running) -> None:
    """Ana wins deals, boss approves one, the warehouse ships it; visits, an announcement, a deal that was lost. What waits then, waits for boss."""
    ana, boss, eve, admin = (DemoPerson(running, login) for login in ("ana", "boss", "eve", "admin"))
    _announce(admin)
    for days, deal_id, purpose in ((0, "D-1008", "See how the tailings pumps run"), (2, "D-1004", "Talk about the seals of next year")):
        _visit(ana, boss, deal_id, days=days, purpose=purpose)
    _visit(boss, admin, "D-1012", days=3, purpose="Sign the framework contract")
    _ship(ana, boss, eve)
    for deal_id in WAITING:
        ana.post(f"/api/v1/deals/{deal_id}/move", to="won")
    _visit(ana, None, "D-1001", days=1, purpose="See the pump house and agree on the commissioning")
    _lose(running, LOST)
    until(lambda: len(boss.get("/api/v1/tasks")) > len(WAITING), seconds=60, what="tasks for boss")
    until(lambda: boss.get("/api/v1/notifications?tab=notices")["unread"] >= 3, seconds=60, what="messages for boss")


def directors_desk(running: Running) -> None:
    """What the sales director did with his figures: a key for a BI tool, files, consents of most customers, a line to watch."""
    boss = DemoPerson(running, "boss")
    boss.post("/api/v1/keys", name="Power BI", scopes=["figures", "rows"], days=90)
    boss.post("/api/v1/boards/company/prints?period=quarter", form="pdf")
    boss.post("/api/v1/boards/company/prints", form="xlsx")
    for number, customer in enumerate(boss.get("/api/v1/customers?size=100")["results"]):
        if number % 4 != 3:
            boss.put(f"/api/v1/customer-data/consents/{customer['key']}", given=True, basis="Framework contract 2026")
    boss.put("/api/v1/kpis/erp.orders_taken/unusual", sensitivity="medium")
    until(lambda: all(one["state"] == "READY" for one in boss.get("/api/v1/prints")), seconds=60, what="files for boss")


def _announce(admin: DemoPerson) -> None:
    made = admin.post("/api/v1/announcements", everybody=True, pinned=True, title="Stock count in warehouse 2 on Friday", title_zh="周五 2 号仓库盘点",
                      body="Shipments pause from **18:00 to 22:00**. Plan deliveries before 16:00.",
                      body_zh="**18:00 至 22:00** 暂停发货，请在 16:00 前安排送货。")  # fmt: skip
    admin.post(f"/api/v1/announcements/{made['id']}/publish")


def _visit(who: DemoPerson, approver: DemoPerson | None, deal_id: str, *, days: int, purpose: str) -> None:
    """To that deal's customer, in an hour of that day; approved at once where there is an approver."""
    customer = who.get(f"/api/v1/deals/{deal_id}")["customer_id"]
    start = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0) + dt.timedelta(days=days, hours=1)
    asked = who.post("/api/v1/visits", customer_id=customer, starts_at=start.isoformat(), ends_at=(start + dt.timedelta(hours=2)).isoformat(),
                     place="At the customer's", purpose=purpose)  # fmt: skip
    if approver is not None:
        _approve(approver, f"visit:{asked['id']}")


def _lose(running: Running, deal_id: str) -> None:
    """In the CRM itself."""
    with requests.Session() as session:
        session.trust_env = False
        url, token = running.env["CRM_SANDBOX_URL"], running.env["CRM_SERVICE_TOKEN"]
        answer = session.post(f"{url}/v1/deals/{deal_id}/stage", json={"stage": "lost"}, headers={"Authorization": f"Token {token}"}, timeout=20)
        assert answer.status_code < 300, answer.text


def _approve(person: DemoPerson, business_key: str) -> None:
    task = until(lambda: next((one for one in person.get("/api/v1/tasks") if one["business_key"] == business_key), None), seconds=60, what=business_key)
    seen = person.get(f"/api/v1/tasks/{task['id']}")["card"]["version"]
    person.post(f"/api/v1/tasks/{task['id']}/complete", outcome="APPROVED", seen_version=seen)


def _ship(ana: DemoPerson, boss: DemoPerson, eve: DemoPerson) -> None:
    """A deal goes the whole way round."""
    ana.post(f"/api/v1/deals/{SHIPPED}/move", to="won")
    _approve(boss, f"deal:{SHIPPED}")

    def delivery() -> Any:
        order_no = ana.get(f"/api/v1/deals/{SHIPPED}")["custom"].get("erp_order_no")
        return next((one for one in eve.get("/api/v1/shipments?size=100")["results"] if order_no in one["order_keys"]), None) if order_no else None

    shipment = until(delivery, seconds=60, every=0.3, what="the delivery note")
    for step in STEPS[STEPS.index(shipment["state"]) + 1 if shipment["state"] in STEPS else 0 :]:
        eve.post(f"/api/v1/shipments/{shipment['id']}/advance", to=step, quantities={})
