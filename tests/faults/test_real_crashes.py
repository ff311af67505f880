"""A worker is killed (SIGKILL, no clean-up) at a named step edge while a deal goes round on the real systems. Another one takes over after the lease.

0 lost, 0 doubled: Tryton's and BottleCRM's own databases hold one of each, with equal values. A run whose fault did not fire fails.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.journeys.crm import BottleCrm
from tests.journeys.ledger import assert_one_of_each, crm_deal, rows
from tests.support.portal_browser import PortalBrowser
from tests.support.stack import PortalProcesses, RealStack
from tests.support.until import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
QUICK = {"JOBS_LEASE_SECONDS": "3", "UNDO_WINDOW_SECONDS": "0.5"}
SHORT = [("P-1003", "9", "18600"), ("P-1014", "2", "400")]
EDGES = [
    "integrations.record_settled",
    "workflows.started",
    "workflows.decision_applying",
    "workflows.decision_applied",
    "business.before_order",
    "business.after_order",
    "workflows.after_action",
    "workflows.before_commit",
    "jobs.before_commit",
    "business.after_purchase",
    "business.after_invoice",
    "business.after_contract",
]


@pytest.fixture(scope="module")
def portal(real_stack: RealStack) -> Iterator[PortalProcesses]:
    with real_stack.portal(workers=0, env=QUICK) as processes:
        yield processes


@pytest.fixture(scope="module")
def boss(real_stack: RealStack, portal: PortalProcesses) -> PortalBrowser:
    browser = PortalBrowser(real_stack.env)
    browser.sign_in("boss")
    return browser


def task_of(boss: PortalBrowser, deal_id: str) -> str:
    found = [task["id"] for task in boss.get("/api/v1/tasks").json() if task["business_key"] == f"deal:{deal_id}"]
    return str(found[0]) if found else ""


def approve(boss: PortalBrowser, task_id: str) -> None:
    card = boss.get(f"/api/v1/tasks/{task_id}").json()["card"]
    body = {"outcome": "APPROVED", "seen_version": card["version"]}
    answer = boss.post(f"/api/v1/tasks/{task_id}/complete", json=body)
    assert answer.status_code == 200, answer.text[:500]


def contract_in_crm(stack: RealStack, deal_id: str) -> str:
    return str((crm_deal(stack.env, deal_id)["custom_fields"] or {}).get("erp_order_no") or "")


@pytest.mark.req("P16", "D5")
@pytest.mark.parametrize("edge", EDGES)
def test_a_killed_worker_loses_and_doubles_nothing(
    edge: str, real_stack: RealStack, portal: PortalProcesses, boss: PortalBrowser, tmp_path: pathlib.Path
) -> None:
    fired = tmp_path / "fired"
    crm = BottleCrm(real_stack.env)
    portal.start_worker(1, ATRIUM_FAILPOINT=edge, ATRIUM_FAILPOINT_ONCE=str(fired))
    deal_id = crm.deal(customer="C-007", lines=SHORT)
    crm.set_won(deal_id)
    state = {"approved": False, "restarted": False}

    def step() -> bool:
        """Approve when there is something to approve; put a healthy worker in the place of a dead one; done when the CRM knows the order."""
        if fired.exists() and not state["restarted"]:
            portal.start_worker(1)
            state["restarted"] = True
        if not state["approved"] and (task := task_of(boss, deal_id)):
            approve(boss, task)
            state["approved"] = True
        return bool(contract_in_crm(real_stack, deal_id)) and state["restarted"]

    until(step, seconds=90, every=0.2, what=f"the order of {deal_id} in the CRM after a crash at {edge}")
    assert fired.exists() and state["restarted"], f"the fault at {edge} did not fire"
    assert_one_of_each(real_stack.env, deal_id, short=True, payment_term_days=60)
    assert dead_jobs(real_stack) == []


def dead_jobs(stack: RealStack) -> list[dict[str, Any]]:
    return rows(stack.env["DATABASE_URL"], "select kind, key, last_error from jobs_job where state = 'DEAD'")
