"""Facts and what they add up to; what people add to figures; boards."""

from apps.insight.models.boards import Board, Rhythm, RoleBoard, Subscription, Threshold
from apps.insight.models.facts import (
    DirtyDay,
    Fact,
    Grain,
    KpiVersion,
    Note,
    Rollup,
    Target,
    UnitThen,
)
from apps.insight.models.meter import Baseline, LiveDepartment, Sight
from apps.insight.models.prints import Print, PrintState

__all__ = [
    "Baseline", "Board", "DirtyDay", "Fact", "Grain", "KpiVersion", "LiveDepartment", "Note", "Print", "PrintState", "Rhythm", "RoleBoard",
    "Rollup", "Sight", "Subscription", "Target", "Threshold", "UnitThen",
]  # fmt: skip
