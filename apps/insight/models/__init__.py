"""Facts and what they add up to; what people add to figures; boards."""

from apps.insight.models.boards import Board, Rhythm, RoleBoard, Subscription
from apps.insight.models.customers import Consent, CustomerFile
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
from apps.insight.models.tokens import Token
from apps.insight.models.watching import Sensitivity, Threshold, UnusualDay, UnusualWatch

__all__ = [
    "Baseline", "Board", "Consent", "CustomerFile", "DirtyDay", "Fact", "Grain", "KpiVersion", "LiveDepartment", "Note", "Print",
    "PrintState", "Rhythm", "RoleBoard", "Rollup", "Sensitivity", "Sight", "Subscription", "Target", "Threshold", "Token", "UnitThen",
    "UnusualDay", "UnusualWatch",
]  # fmt: skip
