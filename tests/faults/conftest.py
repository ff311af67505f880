"""The portal on the real systems, whose decisions take effect at once; and somebody who decides."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.portal_browser import PortalBrowser
from tests.support.stack import PortalProcesses, RealStack

QUICK = {"UNDO_WINDOW_SECONDS": "0.5"}


@pytest.fixture(scope="module")
def portal(real_stack: RealStack) -> Iterator[PortalProcesses]:
    """A web process and the senders; no worker yet."""
    with real_stack.portal(workers=0, env=QUICK) as processes:
        yield processes


@pytest.fixture(scope="module")
def boss(real_stack: RealStack, portal: PortalProcesses) -> PortalBrowser:
    browser = PortalBrowser(real_stack.env)
    browser.sign_in("boss")
    assert browser.who() == "boss"
    return browser


@pytest.fixture
def whole(real_stack: RealStack) -> Iterator[None]:
    """Whatever a test has taken away is there again for the next one."""
    yield
    for name, part in real_stack.status().items():
        if name.endswith("-sender"):
            continue  # the portal's fixture sees to them
        if part["up"]:
            real_stack.cont(name)
        else:
            real_stack.start(name)
