"""Reading figures, for one person each."""

from apps.insight.selectors.meter import departments, gauge, meter, meter_rows
from apps.insight.selectors.readings import board_readings, reading
from apps.insight.selectors.rights import catalogue
from apps.insight.selectors.rows import rows

__all__ = ["board_readings", "catalogue", "departments", "gauge", "meter", "meter_rows", "reading", "rows"]
