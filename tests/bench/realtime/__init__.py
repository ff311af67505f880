"""PF-1 to PF-5: notifications to browsers."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

from tests.bench.figures import Result


def measure_all(folder: pathlib.Path, tell: Callable[[Result], None]) -> list[Result]:
    """At the scale of the specification."""
    from tests.bench.realtime.measure import Scale, run

    return run(Scale(), folder, tell)
