"""What a board can be filtered by: departments, product lines, regions that any figure knows."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.directory import selectors as directory
from apps.insight.models import Grain, Rollup
from apps.insight.payloads import Filters

MOST = 200


@dataclass(frozen=True)
class Offer:
    """A filter: (value, words) to choose from; `chosen` "" is everything; `chosen_words` for the chip."""

    name: str
    label: str
    icon: str
    options: list[tuple[str, str]]
    chosen: str
    chosen_words: str


def offered(person: Any, filters: Filters) -> list[Offer]:
    """The three filters, in their fixed order."""
    language = get_language() or "en"
    units = [(str(unit.pk), unit.display(language)) for unit in directory.units()]
    lines, regions = _words("product_line"), _words("region")
    return [
        _offer("department", _("Department"), "building", units, str(filters.department or "")),
        _offer("region", _("Region"), "map", [(word, word) for word in regions], filters.region),
        _offer("product_line", _("Product line"), "tag", [(word, word) for word in lines], filters.product_line),
    ]


def _offer(name: str, label: str, icon: str, options: list[tuple[str, str]], chosen: str) -> Offer:
    return Offer(name, label, icon, options, chosen, dict(options).get(chosen, chosen))


def _words(name: str) -> list[str]:
    """Words that facts carry; the sums by month know them all and are few."""
    found = Rollup.objects.filter(grain=Grain.MONTH_DIMENSION).exclude(**{name: ""}).order_by(name).values_list(name, flat=True).distinct()
    return list(found[:MOST])


def unit_name(department: uuid.UUID) -> str:
    unit = directory.units_by_id([department]).get(department)
    return unit.display(get_language() or "en") if unit else str(department)
