"""Taking facts, adding them up, and what people set and write: targets and notes."""

from apps.insight.services.board import add_note, clear_target, remove_note, set_target
from apps.insight.services.facts import keep
from apps.insight.services.meter import UnableToFreeze, forget_sights, freeze_baseline, note_sights, set_live
from apps.insight.services.rollups import Difference, rebuild, reconcile
from apps.insight.services.taking import judge_ended, register_formulas, take_all, take_case, take_lag, take_measured, take_records

__all__ = [
    "Difference", "UnableToFreeze", "add_note", "clear_target", "forget_sights", "freeze_baseline", "judge_ended", "keep", "note_sights", "rebuild",
    "reconcile", "register_formulas", "remove_note", "set_live", "set_target", "take_all", "take_case", "take_lag", "take_measured", "take_records",
]  # fmt: skip
