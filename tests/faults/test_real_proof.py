"""The test of the tests: the same death without the ERP's idempotency key doubles the order; and the checks see what they are to see."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.faults import checks
from tests.faults.deals import Deals, orders_of
from tests.faults.relay import Relay
from tests.journeys.ledger import assert_one_of_each
from tests.support.portal_browser import PortalBrowser
from tests.support.stack import PortalProcesses, RealStack
from tests.support.until import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
EDGE = "business.after_order:1"  # the ERP has written the order, the portal does not know it yet


@contextmanager
def keys_switched_off(stack: RealStack) -> Iterator[None]:
    """The ERP forgets the keys of commands: each repeat is done again."""
    settings = stack.state.root / "erp" / "trytond.conf"
    kept = settings.read_text()
    settings.write_text(kept.replace("[portal_bridge]\n", "[portal_bridge]\ntest_no_dedupe = true\n"))
    assert settings.read_text() != kept
    try:
        stack.restart("erp")
        yield
    finally:
        settings.write_text(kept)
        stack.restart("erp")


def die_after_the_order(stack: RealStack, portal: PortalProcesses, boss: PortalBrowser, folder: pathlib.Path) -> str:
    """One deal on its way with a worker that dies when the order is written. Returns the deal when the next worker has brought it to its end."""
    deals = Deals(stack, boss)
    relay = Relay(portal, "worker", folder, [EDGE])
    deal_id = deals.win(short=True)
    until(lambda: deals.move_on() or relay.is_through, seconds=240, every=0.2, what="the death after the order")
    deals.wait_until_through(seconds=180)
    relay.assert_all_fired()
    return deal_id


@pytest.mark.req("D5", "P16")
def test_without_the_key_the_same_death_doubles_the_order(
    real_stack: RealStack, portal: PortalProcesses, boss: PortalBrowser, whole: None, tmp_path: pathlib.Path
) -> None:
    with_key = die_after_the_order(real_stack, portal, boss, tmp_path / "with")
    assert_one_of_each(real_stack.env, with_key, short=True, payment_term_days=60)
    with keys_switched_off(real_stack):
        without = die_after_the_order(real_stack, portal, boss, tmp_path / "without")
    assert len(orders_of(real_stack, without)) == 2
    with pytest.raises(AssertionError):
        assert_one_of_each(real_stack.env, without, short=True, payment_term_days=60)


@pytest.mark.req("P15")
def test_the_checks_find_a_case_that_nothing_will_move_and_a_hint_that_nobody_will_read(
    real_stack: RealStack, portal: PortalProcesses, boss: PortalBrowser
) -> None:
    deals = Deals(real_stack, boss)
    portal.start_worker(1)
    deal_id = deals.win(short=True)
    deals.wait_until_through(seconds=180)
    assert checks.stuck(real_stack) == []
    with psycopg.connect(real_stack.env["DATABASE_URL"]) as connection:
        case = connection.execute("select id from workflows_processinstance where business_key = %s", [f"deal:{deal_id}"]).fetchone()
        connection.execute("delete from workflows_subscription where instance_id = %s", case)
        connection.execute("update integrations_inboundmessage set state = 'PENDING' where external_id = %s and transition = 'won'", [deal_id])
        assert [row[0::2] for row in connection.execute(checks.STUCK)] == [(f"deal:{deal_id}", "moved")]
        assert [row[1] for row in connection.execute(checks.LOST.replace("%%", "%"))] == [deal_id]
        connection.rollback()
    assert checks.stuck(real_stack) == []
