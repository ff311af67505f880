"""How the value of a fact reads, in the reader's language. Masks are the caller's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.core.templatetags.atrium import DASH, day, moment, money, payment_term, quantity
from apps.workflows.engine.cards import Fact


def words_of(fact: Fact) -> str:
    """A fact's value in words, in the reader's language."""
    value = fact.value
    if value in (None, "", [], {}):
        return DASH
    if fact.kind == "lines" and isinstance(value, list):
        return ", ".join(f"{line['sku']} {quantity(line['quantity'])} × {money(line['unit_price'], line.get('currency', ''))}" for line in value)
    if isinstance(value, Mapping):
        return _mapping_words(value)
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    if fact.kind == "date":
        return day(value)
    if fact.kind == "moment":
        return moment(value)
    if fact.kind in ("quantity", "number"):
        return quantity(value)
    if fact.kind == "days":
        return _("%(count)s days") % {"count": value}
    return str(value)


def _mapping_words(value: Mapping[str, Any]) -> str:
    if "amount" in value:
        return money(value["amount"], str(value.get("currency", "")))
    if "name" in value:
        return str(value["name"])
    if "payment_term_days" in value:
        return str(payment_term(value["payment_term_days"]))
    return ", ".join(f"{key}: {_part_words(part)}" for key, part in value.items())


def _part_words(part: Any) -> str:
    if isinstance(part, Mapping):
        return " / ".join(quantity(item) if _is_number(item) else str(item) for item in part.values())
    return quantity(part) if _is_number(part) else str(part)


def _is_number(value: Any) -> bool:
    return str(value).replace(".", "", 1).lstrip("-").isdigit()
