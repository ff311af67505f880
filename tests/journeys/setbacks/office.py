"""The company on the real systems for the unhappy paths: people at the portal by its API, BottleCRM by its own, and what the databases say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import psycopg
import requests

from tests.journeys.crm import BottleCrm
from tests.journeys.ledger import ErpFacts, Row, crm_deal, erp_facts, rows
from tests.support.portal_browser import PortalBrowser
from tests.support.stack import PortalProcesses, RealStack
from tests.support.until import until

LONG = 180.0  # seconds; what usually takes one or two
CHINESE = {"Accept-Language": "zh-hans"}
LINES = [("P-1017", "4", "130"), ("P-1034", "10", "68")]  # goods of which there is plenty; 1200.00


class Office:
    def __init__(self, stack: RealStack, portal: PortalProcesses) -> None:
        self.stack, self.portal, self.env = stack, portal, stack.env
        self.crm = BottleCrm(stack.env)
        self._people: dict[str, PortalBrowser] = {}

    def at(self, login: str) -> PortalBrowser:
        """That person's browser; signs on the first time."""
        if login not in self._people:
            browser = PortalBrowser(self.env)
            assert browser.sign_in(login).status_code == 200, login
            self._people[login] = browser
        return self._people[login]

    def sign_out(self, login: str) -> requests.Response:
        return self._people.pop(login).sign_out()

    # -- deals and their cases

    def won(self, *, customer: str = "C-003", seller: str = "ana", lines: Iterable[tuple[str, str, str]] = LINES) -> str:
        """A good deal, won just now. Its id."""
        deal_id = self.crm.deal(customer=customer, seller=seller, lines=list(lines))
        self.crm.set_won(deal_id)
        return deal_id

    def tasks(self, key: str, login: str = "boss") -> list[dict[str, Any]]:
        """What that person can decide now of the case `key` ("deal:<id>", later rounds "deal:<id>:2")."""
        answer = self.at(login).get("/api/v1/tasks")
        assert answer.status_code == 200, answer.text[:300]
        return [task for task in answer.json() if task["business_key"] == key]

    def has_task(self, key: str) -> bool:
        sql = """select 1 from workflows_task t join workflows_processinstance i on i.id = t.instance_id
                 where i.business_key = %s and t.state in ('READY', 'RESERVED')"""
        return bool(self.rows(sql, key))

    def task(self, key: str, login: str = "boss") -> dict[str, Any]:
        """The one open task, waited for."""
        until(lambda: self.has_task(key), seconds=LONG, every=0.1, what=f"a task about {key}")
        (task,) = self.tasks(key, login)
        return dict(task)

    def look(self, task_id: str, login: str = "boss") -> dict[str, Any]:
        """The task with its card, read live."""
        answer = self.at(login).get(f"/api/v1/tasks/{task_id}")
        assert answer.status_code == 200, answer.text[:300]
        return dict(answer.json())

    def decide(self, task_id: str, outcome: str = "APPROVED", *, login: str = "boss", version: str = "", **more: Any) -> requests.Response:
        """Post a decision on `version` (default: looked at just now)."""
        seen = version or self.look(task_id, login)["card"]["version"]
        return self.at(login).post(f"/api/v1/tasks/{task_id}/complete", json={"outcome": outcome, "seen_version": seen, **more})

    def approve(self, deal_id: str, login: str = "boss") -> None:
        answer = self.decide(self.task(f"deal:{deal_id}", login)["id"], login=login)
        assert answer.status_code == 200, answer.text[:300]

    def ordered(self, *deal_ids: str) -> list[str]:
        """Order numbers, once the CRM has them: the loop then waits for the warehouse."""
        return [
            str(until(lambda one=one: self.custom(one).get("erp_order_no"), seconds=LONG, every=0.2, what=f"the order of {one} in the CRM")) for one in deal_ids
        ]

    def case(self, key: str) -> Row:
        """The case's row: state, end_reason, id."""
        (case,) = rows(self.env["DATABASE_URL"], "select id::text, state, end_reason from workflows_processinstance where business_key = %s", key)
        return case

    def loops(self, deal_id: str) -> list[Row]:
        sql = "select business_key, outcome, order_no, amount, shipped_at from business_salesloop where deal_id = %s order by round"
        return rows(self.env["DATABASE_URL"], sql, deal_id)

    def timeline(self, key: str, login: str = "boss") -> dict[str, Any]:
        answer = self.at(login).get(f"/api/v1/process-instances/{self.case(key)['id']}/timeline")
        assert answer.status_code == 200, answer.text[:300]
        return dict(answer.json())

    def hops(self, key: str, login: str = "boss") -> list[str]:
        """Lines of the timeline: "title | text"."""
        return [f"{hop['title']} | {hop['text']}" for hop in self.timeline(key, login)["hops"]]

    def phase(self, key: str, name: str) -> str:
        return next(str(phase["state"]) for phase in self.timeline(key)["phases"] if phase["name"] == name)

    # -- what people are told

    def notices(self, login: str, kind: str, about: str, *, chinese: bool = False) -> list[dict[str, Any]]:
        """Everything of that kind about that deal (its name) that the person was sent, as the portal shows it to that person; newest first."""
        sql = """select n.id::text from notifications_notification n join directory_person p on p.id = n.person_id
                 where p.login = %s and n.kind = %s and n.params::text like %s order by n.created_at desc"""
        found = []
        for row in self.rows(sql, login, kind, f"%{about}%"):
            answer = self.at(login).get(f"/api/v1/notifications/{row['id']}", headers=CHINESE if chinese else None)
            assert answer.status_code == 200, answer.text[:300]
            found.append(dict(answer.json()))
        return found

    def told(self, login: str, kind: str, about: str) -> dict[str, Any]:
        """The one notice, waited for."""
        (notice,) = until(lambda: self.notices(login, kind, about), seconds=LONG, every=0.1, what=f"{kind} for {login} about {about}")
        return notice

    def told_chinese(self, login: str, kind: str, about: str) -> tuple[str, str]:
        """(title, body) of the same notice for a reader of Chinese."""
        (notice,) = self.notices(login, kind, about, chinese=True)
        return notice["title"], notice["body"]

    def recipients(self, kind: str, name: str, value: str) -> list[str]:
        """Logins of everybody who was sent this kind of notice with that parameter, from the portal's database."""
        sql = f"""select p.login from notifications_notification n join directory_person p on p.id = n.person_id
                  where n.kind = %s and n.params ->> '{name}' = %s order by 1"""
        return [row["login"] for row in rows(self.env["DATABASE_URL"], sql, kind, value)]

    # -- what the systems' own databases say

    def erp(self, deal_id: str) -> ErpFacts:
        return erp_facts(self.env, deal_id)

    def custom(self, deal_id: str) -> dict[str, Any]:
        """The deal's contract fields in BottleCRM's database."""
        return dict(crm_deal(self.env, deal_id)["custom_fields"] or {})

    def sql(self, database: str, statement: str, *values: Any) -> None:
        """Write to a system's database behind its back, as an import would."""
        with psycopg.connect(self.env["POSTGRES_URL"].rsplit("/", 1)[0] + f"/{database}") as connection:
            assert connection.execute(statement, values).rowcount > 0, statement  # type: ignore[arg-type]

    def nothing_reached_the_erp(self, deal_ids: Iterable[str]) -> bool:
        return all(not self.erp(one).orders for one in deal_ids)

    def rows(self, sql: str, *values: Any) -> list[Row]:
        """Of the portal's database."""
        return rows(self.env["DATABASE_URL"], sql, *values)

    def quiet(self) -> bool:
        """No job is due or running, but for timers, for what comes round by itself, and for digests, reminders and ends of snoozes of later days."""
        sql = """select 1 from jobs_job where state in ('DUE', 'LEASED', 'UNKNOWN') and repeat_seconds is null and key not like '%%:timer:%%'
                 and not (kind in ('notifications.digest', 'notifications.remind', 'notifications.wake') and run_at > now()) limit 1"""
        return not self.rows(sql)


def each(values: Iterable[str], probe: Callable[[str], Any]) -> Callable[[], bool]:
    """For `until`: true once the probe holds for every value."""
    return lambda: all(probe(value) for value in values)


def pick(source: Mapping[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(source.get(name) for name in names)
