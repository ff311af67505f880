"""What is asked of the facts: the windows of a board, and each indicator with whose facts and which filters count."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from apps.core.kpis import Kpi
from apps.insight.payloads import Filters, Period
from apps.insight.policies import periods
from apps.insight.policies.periods import Window
from apps.insight.selectors.rights import Reach
from apps.insight.selectors.sums import Question


@dataclass(frozen=True)
class Span:
    """The windows of one board: of the figure, of the period before, and of the months of the series."""

    window: Window
    former: Window
    months: tuple[Window, ...]
    whole: tuple[bool, ...]
    first: dt.date

    @classmethod
    def of(cls, period: Period, today: dt.date) -> Span:
        window, former = periods.window(period, today), periods.former(period, today)
        end = today + periods.DAY
        starts = [month for month in periods.months(period) if month < end]
        months = tuple((month, min(periods.add_months(month, 1), end)) for month in starts)
        whole = tuple(periods.add_months(month, 1) <= end for month in starts)
        first = min([window[0], former[0], *(month for month, _end in months)])
        return cls(window, former, months, whole, periods.month_of(first))

    @property
    def flows(self) -> list[Window]:
        return [self.window, self.former, *self.months]

    @property
    def levels(self) -> list[Window]:
        return [(self.first, end) for _start, end in self.flows]


@dataclass(frozen=True)
class Asked:
    """An indicator, whose facts count for this viewer, and the filters that mean something to it."""

    kpi: Kpi
    reach: Reach
    filters: Filters
    units: frozenset[uuid.UUID] | None

    def question(self, streams: Iterable[str], at: dt.datetime | None) -> Question:
        return Question(
            tuple(sorted(set(streams))), None if self.reach.everything else self.reach.owners, self.units if self.filters.department else None,
            self.filters.product_line, self.filters.region, at,
        )  # fmt: skip

    @property
    def versions(self) -> list[Kpi]:
        """The indicator and how it was computed before, the newest first."""
        found, kind = [self.kpi], self.kpi.former
        while kind is not None:
            found.append(kind())
            kind = kind.former
        return found

    @property
    def streams(self) -> set[str]:
        return {stream for kpi in self.versions for stream in kpi.streams}

