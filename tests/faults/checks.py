"""What must hold after every fault, read from the portal's own database with plain SQL: no portal code says so of itself."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any

from stack.layout import PORTAL_PYTHON, REPO
from tests.journeys.ledger import rows
from tests.support.stack import RealStack

# A token of a running case moves again if somebody was asked, a job is still to run, a message is waited for, or an incident tells of it.
STUCK = """
with token as (
  select i.id, i.business_key, t->>'id' as token, t->>'node' as node, i.id || ':' || (t->>'id') || ':' || (t->>'node') || ':' || (t->>'iteration') as key
    from workflows_processinstance i left join lateral jsonb_array_elements(i.tokens->'tokens') t on true where i.state = 'ACTIVE')
select business_key, token, node from token where not exists (
    select 1 from workflows_task k where k.instance_id = token.id and k.token = token.token and k.node = token.node and k.state in ('READY', 'RESERVED'))
  and not exists (
    select 1 from workflows_decisionsnapshot d join workflows_task k on k.id = d.task_id join jobs_job j on j.key = token.id || ':decision:' || d.id
     where k.instance_id = token.id and k.token = token.token and d.state = 'PENDING' and j.state in ('DUE', 'LEASED', 'UNKNOWN'))
  and not exists (select 1 from jobs_job j where j.key = token.key and j.state in ('DUE', 'LEASED', 'UNKNOWN'))
  and not exists (select 1 from workflows_subscription s where s.instance_id = token.id and s.token = token.token and s.node = token.node)
  and not exists (select 1 from workflows_incident n where n.instance_id = token.id and n.token = token.token and n.state = 'OPEN')
order by business_key, token"""
DEAD = "select kind, key, last_error from jobs_job where state = 'DEAD' order by id"
INCIDENTS = """select i.business_key, n.kind, n.message from workflows_incident n join workflows_processinstance i on i.id = n.instance_id
 where n.state = 'OPEN' and i.business_key = any(%s)"""
CASES = """select business_key, state, tokens->'tokens' as tokens from workflows_processinstance where business_key like any(%s) order by business_key"""
LOST = """select stream, external_id, event_id from integrations_inboundmessage where state = 'PENDING' and not exists (
  select 1 from jobs_job j where j.order_key like '%%:' || stream || ':' || external_id and j.state in ('DUE', 'LEASED', 'UNKNOWN'))"""
# Timers and periodic jobs wait for their moment; everything else that is not done is work that is left.
BACKLOG = """select kind, key, state, last_error from jobs_job where repeat_seconds is null
  and (state in ('LEASED', 'UNKNOWN') or (state = 'DUE' and run_at <= now())) order by id"""


def backlog(stack: RealStack) -> list[dict[str, Any]]:
    """Jobs that are at work, due, or put off after a failure."""
    return rows(stack.env["DATABASE_URL"], BACKLOG)


def stuck(stack: RealStack) -> list[dict[str, Any]]:
    """Tokens of running cases that nothing will ever move."""
    return rows(stack.env["DATABASE_URL"], STUCK)


def cases(stack: RealStack, deal_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Every case of these deals, second rounds included."""
    return rows(stack.env["DATABASE_URL"], CASES, [f"deal:{deal_id}%" for deal_id in deal_ids])


def audit_chain(stack: RealStack) -> str:
    """What `manage.py audit_verify` says, ending with "ok" when the chain holds."""
    command = [str(PORTAL_PYTHON), "manage.py", "audit_verify"]
    done = subprocess.run(command, cwd=REPO, env=stack.portal_env(), capture_output=True, text=True, timeout=120, check=False)
    return f"{(done.stdout + done.stderr).strip()} {'ok' if done.returncode == 0 else 'BROKEN'}"


def assert_nothing_lost(stack: RealStack, deal_ids: Sequence[str]) -> None:
    """0 stuck, 0 dead jobs, 0 open incidents of these deals, 0 hints that nobody will read, and the audit chain holds."""
    url = stack.env["DATABASE_URL"]
    assert stuck(stack) == []
    assert rows(url, DEAD) == []
    assert rows(url, INCIDENTS, [f"deal:{deal_id}" for deal_id in deal_ids]) == []
    assert rows(url, LOST) == []
    said = audit_chain(stack)
    assert said.endswith(" ok"), said
