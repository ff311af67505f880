"""What a subject hands back: figures that must hold, and the raw numbers they were made of."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Sequence

REPETITIONS = 5


@dataclasses.dataclass(frozen=True)
class Series:
    """One quantity, one value a repetition."""

    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def least(self) -> float:
        return min(self.values)

    @property
    def middle(self) -> float:
        return statistics.median(self.values)


def series(name: str, unit: str, values: Sequence[float]) -> Series:
    return Series(name, unit, tuple(values))


def ratio(name: str, of: Series, to: Series) -> Series:
    """Repetition by repetition: what stood side by side in time is compared."""
    return Series(name, "x", tuple(one / other for one, other in zip(of.values, to.values, strict=True)))


def difference(name: str, of: Series, to: Series) -> Series:
    return Series(name, of.unit, tuple(one - other for one, other in zip(of.values, to.values, strict=True)))


@dataclasses.dataclass(frozen=True)
class Figure:
    """A figure of the specification. It holds when its median does; `at_least`: the limit is a lower one."""

    id: str
    what: str
    measured: Series
    limit: float
    at_least: bool = False

    @property
    def held(self) -> bool:
        return self.measured.middle >= self.limit if self.at_least else self.measured.middle <= self.limit

    @property
    def bound(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.limit:g} {self.measured.unit}"


@dataclasses.dataclass(frozen=True)
class Result:
    """Of one subject. `notes`: how to read it, a sentence each."""

    subject: str
    figures: tuple[Figure, ...]
    raw: tuple[Series, ...]
    notes: tuple[str, ...] = ()
