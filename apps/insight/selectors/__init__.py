"""Reading figures, for one person each."""

from apps.insight.selectors.meter import meter
from apps.insight.selectors.readings import board_readings, reading
from apps.insight.selectors.rights import catalogue
from apps.insight.selectors.rows import rows

__all__ = ["board_readings", "catalogue", "meter", "reading", "rows"]
