"""Facts and what they add up to; what people add to figures."""

from apps.insight.models.facts import DirtyDay, Fact, Grain, KpiVersion, Note, Rollup, Target

__all__ = ["DirtyDay", "Fact", "Grain", "KpiVersion", "Note", "Rollup", "Target"]
