"""Killed (SIGKILL, no clean-up) at every step edge of the sales loop, while deals go round on the real systems; the next process takes over.

0 lost, 0 doubled, 0 stuck: Tryton's and BottleCRM's own databases hold one of each, with equal values. A run in which an edge did not fire fails.
"""

from __future__ import annotations

import pathlib

import pytest

from tests.faults import edges
from tests.faults.deals import Deals
from tests.faults.relay import Relay
from tests.support.portal_browser import PortalBrowser
from tests.support.stack import PortalProcesses, RealStack
from tests.support.until import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1500)]
AT_ONCE = 4  # deals on their way at any moment: each edge finds one that passes it


def plan(names: tuple[str, ...]) -> list[str]:
    """Each edge at its first passing, then each at its second."""
    return [f"{name}:{times}" for times in (1, 2) for name in names]


@pytest.mark.req("P16", "D5")
def test_killed_at_every_edge_once_and_again_nothing_is_lost_doubled_or_stuck(
    real_stack: RealStack, portal: PortalProcesses, boss: PortalBrowser, tmp_path: pathlib.Path
) -> None:
    deals = Deals(real_stack, boss)
    worker = Relay(portal, "worker", tmp_path / "worker", plan(edges.WORKER), JOBS_THREADS="1")
    web = Relay(portal, "web", tmp_path / "web", plan(edges.WEB))

    def all_fired() -> bool:
        if worker.is_through and web.is_through:
            return True
        while len(deals.under_way()) < AT_ONCE:
            deals.win(short=len(deals.all) % 2 == 1)
        deals.move_on()
        return False

    try:
        until(all_fired, seconds=1100, every=0.2, what="every edge to fire")
    except AssertionError as late:
        raise AssertionError(f"{late}; not fired: {worker.open + web.open}; {len(deals.all)} deals, on their way {deals.under_way()}") from None
    deals.wait_until_through(seconds=300)
    worker.assert_all_fired()
    web.assert_all_fired()
    deals.assert_one_of_everything()
