"""Who got a copy of a case may read it."""

from __future__ import annotations

from typing import Any

from apps.business import selectors
from apps.workflows.registry import observers


@observers("business.circulation")
def has_copy(instance: Any, person: Any) -> bool:
    return selectors.has_copy(instance.pk, person)
