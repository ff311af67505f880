"""What a person sees when a write was refused: who refused, in its own words, what is safe, what was entered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from apps.core.errors import DomainError
from apps.core.http import OutsideError, TransientError

EXPECTED = (DomainError, OutsideError)


@dataclass(frozen=True)
class Failure:
    """For templates/workspace/parts/failure.html. `entered`: (label, text) pairs, so that nothing typed is lost."""

    title: str
    words: str = ""
    system: str = ""
    safe: str = ""
    status: int = 409
    entered: list[tuple[str, str]] = field(default_factory=list)
    fields: dict[str, list[str]] = field(default_factory=dict)


def describe(error: Exception, *, title: Any, system: str, entered: list[tuple[str, str]] | None = None) -> Failure:
    """`title` says what did not happen, e.g. "CRM refused the change"."""
    nothing = _("Nothing was changed.")
    if isinstance(error, TransientError):
        return Failure(
            title=_("%(system)s did not answer") % {"system": system},
            safe=_("It is not known yet whether the change arrived; look at the value before you try again."),
            status=503,
            entered=entered or [],
        )
    if isinstance(error, OutsideError):
        return Failure(str(title), words=error.message, system=system, safe=nothing, entered=entered or [])
    assert isinstance(error, DomainError)
    return Failure(
        str(title),
        words=str(error.message),
        safe=nothing,
        status=error.status,
        entered=entered or [],
        fields={name: [str(text) for text in texts] for name, texts in dict(error.details.get("fields", {})).items()},
    )
