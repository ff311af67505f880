"""The recordings against the systems they were made of: the same questions, put to the real ones, are answered in the same shapes."""

from __future__ import annotations

import pytest

from tests.connectors.scenarios import SCENARIOS, playing
from tests.connectors.tape import Tape, differences, shapes, statuses
from tests.support.stack import RealStack


@pytest.mark.parametrize("connector_id", list(SCENARIOS))
def test_the_real_system_answers_as_it_was_recorded(real_stack: RealStack, connector_id: str) -> None:
    recorded = Tape(connector_id)
    with playing(connector_id, real_stack.env) as play:
        now = play.tape
    cure = "look what changed, then: python -m tests.connectors.record"
    assert statuses(now) == statuses(recorded), cure
    before, after = shapes(recorded), shapes(now)
    assert set(after) == set(before), cure
    assert [f"{kind}{line}" for kind in before for line in differences(before[kind], after[kind])] == [], cure
