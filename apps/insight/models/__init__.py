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
)
from apps.insight.models.meter import Baseline

__all__ = [
    "Baseline", "Board", "DirtyDay", "Fact", "Grain", "KpiVersion", "Note", "Rhythm", "RoleBoard", "Rollup", "Subscription", "Target",
    "Threshold",
]  # fmt: skip
