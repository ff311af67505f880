"""Everything breaks while deals are on their way: a worker that stands still, ERP and CRM away for a minute each, PostgreSQL and Redis killed, Keycloak down.

One run, the outages one over the other. At its end: one of each, equal values, nothing dead, nothing stuck.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis

from tests.faults.deals import Deals
from tests.journeys.ledger import rows
from tests.support.portal_browser import PortalBrowser
from tests.support.stack import PortalProcesses, RealStack
from tests.support.until import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]
OUTAGE = 60.0  # seconds
STEPS_RUNNING = "select id, key, owner, fence from jobs_job where kind = 'workflows.step' and state = 'LEASED' and owner like '%%/' || %s || '/%%'"
STEP = "select state, fence, crashes, owner from jobs_job where id = %s"
WENT_AWAY = """select distinct payload->>'key' as key from jobs_job where kind = 'records.tell_connection' and payload->>'state' = 'down'
 and created_at > %s order by 1"""
PARTS = ("postgres", "redis", "keycloak", "erp", "crm")


class Storm:
    """What is broken, and how people and deals fare meanwhile."""

    def __init__(self, stack: RealStack, portal: PortalProcesses, boss: PortalBrowser) -> None:
        self.stack, self.portal, self.boss = stack, portal, boss
        self.deals = Deals(stack, boss)
        self.away_since: dict[str, float] = {}

    def moving_until(self, probe: Callable[[], Any], what: str, seconds: float = 120) -> Any:
        """Deals are moved on as far as it goes while we wait."""

        def step() -> Any:
            self.deals.move_on()
            return probe()

        return until(step, seconds=seconds, every=0.2, what=what)

    # -- a worker that stands still

    def stop_a_worker_inside_a_step(self) -> dict[str, Any]:
        """SIGSTOP to worker 1 while it holds a step of the loop. Returns the job as it was then."""
        worker = self.portal.parts["test-worker-1"]
        held: dict[str, Any] = self.moving_until(lambda: self._caught(worker), "worker 1 to be caught inside a step")
        return held

    def let_it_go_on(self, held: dict[str, Any]) -> None:
        """Its lease has run out and worker 2 has done the step; what worker 1 brings now is void."""
        worker = self.portal.parts["test-worker-1"]

        def taken_over() -> bool:
            job = rows(self.stack.env["DATABASE_URL"], STEP, held["id"])[0]
            return bool(job["state"] == "DONE" and job["fence"] > held["fence"])

        self.moving_until(taken_over, "worker 2 to take over")
        worker.resume()
        done = rows(self.stack.env["DATABASE_URL"], STEP, held["id"])[0]
        assert done["crashes"] >= 1
        assert f"/{worker.pid}/" not in done["owner"]

    def _caught(self, worker: Any) -> dict[str, Any] | None:
        """Stop it; if it holds a step now, it cannot end it any more; else let it go on."""
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            if not self._steps_of(worker):
                continue
            worker.pause()
            if held := self._steps_of(worker):
                return held[0]
            worker.resume()
        return None

    def _steps_of(self, worker: Any) -> list[dict[str, Any]]:
        return rows(self.stack.env["DATABASE_URL"], STEPS_RUNNING, str(worker.pid))

    # -- systems that are away

    def take_away(self, part: str) -> None:
        self.stack.kill(part)
        self.away_since[part] = time.monotonic()

    def bring_back(self, part: str) -> None:
        """After a whole minute."""
        self.moving_until(lambda: time.monotonic() - self.away_since[part] >= OUTAGE, f"a minute without {part}")
        self.stack.start(part)

    def wipe_redis(self) -> None:
        """FLUSHALL, then dead, then a new one that knows nothing. Pages are shown all the time."""
        with redis.Redis.from_url(self.stack.env["REDIS_URL"]) as client:
            client.set("test:storm", "1")
            client.flushall()
        self.stack.kill("redis")
        self.assert_pages_are_shown()
        self.stack.start("redis")
        with redis.Redis.from_url(self.stack.env["REDIS_URL"]) as client:
            assert client.get("test:storm") is None
        self.assert_pages_are_shown()

    def kill_the_database(self) -> None:
        """Without it nobody can work; who tries is told so in words, and it is there again at once."""
        self.stack.kill("postgres")
        page, answer = self.boss.get("/approvals/"), self.boss.get("/api/v1/tasks")
        self.stack.start("postgres")
        assert (page.status_code, answer.status_code) == (503, 503)
        assert "Atrium’s database does not answer" in page.text
        assert answer.json()["error"]["code"] == "unavailable"
        assert [page.headers["Retry-After"], answer.headers["Retry-After"]] == ["5", "5"]
        until(lambda: self.boss.get("/approvals/").status_code == 200, seconds=240, what="the portal to find its database again")

    def shut_out_keycloak(self) -> None:
        """Who is signed on goes on; who wants to sign on reads why not; afterwards signing on works."""
        self.take_away("keycloak")
        self.assert_pages_are_shown()
        stranger = PortalBrowser(self.stack.env)
        stranger.get("/sign-in/")
        refused = stranger.post("/accounts/oidc/keycloak/login/", {"next": "/"})
        assert (refused.status_code, refused.headers["Location"]) == (302, "/sign-in/?away=1&next=%2F")
        page = stranger.get(refused.headers["Location"])
        assert page.status_code == 503
        assert "The sign-in service does not answer." in page.text
        self.assert_pages_are_shown()
        self.stack.start("keycloak")
        until(lambda: stranger.sign_in("eve").status_code == 200 and stranger.who() == "eve", seconds=240, every=1, what="eve to sign on")

    def assert_pages_are_shown(self) -> None:
        for path in ("/", "/approvals/", "/deals/", "/inbox/"):
            answer = self.boss.get(path)
            assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
            assert re.search("<h1", answer.text), path


@pytest.mark.req("P16", "D5", "P15")
def test_a_storm_over_all_systems_loses_doubles_and_sticks_nothing(
    real_stack: RealStack, portal: PortalProcesses, boss: PortalBrowser, whole: None
) -> None:
    storm, env = Storm(real_stack, portal, boss), real_stack.env
    before = {name: real_stack.status()[name]["pid"] for name in PARTS}
    began = rows(env["DATABASE_URL"], "select now() as at")[0]["at"]
    deals = [storm.deals.prepare(short=number in (2, 5)) for number in range(6)]

    portal.start_worker(1)
    for deal_id in deals[:3]:
        storm.deals.set_won(deal_id)
    held = storm.stop_a_worker_inside_a_step()
    portal.start_worker(2)
    storm.take_away("erp")
    storm.deals.set_won(deals[3])
    storm.deals.set_won(deals[4])
    storm.moving_until(lambda: decided(env, deals[3]) and decided(env, deals[4]), "decisions while the ERP is away")
    storm.deals.set_won(deals[5])
    storm.take_away("crm")
    storm.wipe_redis()
    storm.kill_the_database()
    storm.shut_out_keycloak()
    storm.bring_back("erp")
    storm.bring_back("crm")
    storm.moving_until(lambda: decided(env, deals[5]), "the decision on the deal won just before the CRM went away")
    real_stack.restart("postgres", kill=True)  # once more, while the ERP and the CRM are at work
    storm.let_it_go_on(held)

    storm.deals.wait_until_through(seconds=300)
    storm.deals.assert_one_of_everything()
    after = {name: real_stack.status()[name] for name in PARTS}
    assert all(part["up"] and part["pid"] != before[name] for name, part in after.items())
    assert [row["key"] for row in rows(env["DATABASE_URL"], WENT_AWAY, began)] == ["crm", "erp"]


def decided(env: Any, deal_id: str) -> bool:
    sql = "select 1 from workflows_task k join workflows_processinstance i on i.id = k.instance_id where i.business_key = %s and k.outcome = 'APPROVED'"
    return bool(rows(env["DATABASE_URL"], sql, f"deal:{deal_id}"))
