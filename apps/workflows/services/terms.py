"""The terms that an approver may change on the card: checked against what the card offers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput
from apps.workflows.engine.cards import Card, FormField

LONGEST = 4000


def checked(card: Card, given: Mapping[str, Any]) -> dict[str, Any]:
    """The complete form: given values where they are allowed, proposed ones elsewhere. Raises InvalidInput with details["fields"]."""
    offered = {item.key: item for item in card.form}
    problems: dict[str, list[str]] = {key: [_("There is no such term on this card.")] for key in given if key not in offered}
    form: dict[str, Any] = {}
    for key, item in offered.items():
        try:
            form[key] = _value(item, given.get(key, item.value))
        except ValueError as error:
            problems[key] = [str(error)]
    if problems:
        raise InvalidInput(_("Some terms need another value."), details={"fields": problems})
    return form


def _value(item: FormField, value: Any) -> Any:
    if item.kind == "checks":
        return _checks(item, value)
    text = str(value if value is not None else "").strip()
    if not text:
        if item.required:
            raise ValueError(_("This is needed."))
        return ""
    if len(text) > LONGEST:
        raise ValueError(_("This is longer than %(count)s characters.") % {"count": LONGEST})
    if item.kind == "choice" and text not in {option.value for option in item.options}:
        raise ValueError(_("Choose one of the offered values."))
    if item.kind == "date":
        return _date(item, text)
    if item.kind == "number":
        return _number(item, text)
    return text


def _checks(item: FormField, value: Any) -> list[str]:
    chosen = [str(part) for part in value] if isinstance(value, list | tuple) else [str(value)] if value else []
    if not set(chosen) <= {option.value for option in item.options}:
        raise ValueError(_("Choose among the offered values."))
    if item.required and not chosen:
        raise ValueError(_("This is needed."))
    return [option.value for option in item.options if option.value in chosen]


def _date(item: FormField, text: str) -> str:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(_("This is not a date.")) from error
    if item.minimum and day < dt.date.fromisoformat(item.minimum):
        raise ValueError(_("Not before %(day)s.") % {"day": item.minimum})
    if item.maximum and day > dt.date.fromisoformat(item.maximum):
        raise ValueError(_("Not after %(day)s.") % {"day": item.maximum})
    return day.isoformat()


def _number(item: FormField, text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(_("This is not a number.")) from error
    if not number.is_finite():
        raise ValueError(_("This is not a number."))
    if item.minimum and number < Decimal(item.minimum):
        raise ValueError(_("At least %(value)s.") % {"value": item.minimum})
    if item.maximum and number > Decimal(item.maximum):
        raise ValueError(_("At most %(value)s.") % {"value": item.maximum})
    return text
