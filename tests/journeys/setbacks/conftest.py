"""One portal with workers for all setbacks: they share it, and the systems, with what ran before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.setbacks.office import Office
from tests.support.stack import RealStack

QUICK = {"UNDO_WINDOW_SECONDS": "0.5", "JOBS_RETRY_BASE_SECONDS": "0.3", "FEED_INTERVAL_SECONDS": "1"}


@pytest.fixture(scope="package")
def office(real_stack: RealStack) -> Iterator[Office]:
    with real_stack.portal(workers=2, env=QUICK) as portal:
        yield Office(real_stack, portal)
