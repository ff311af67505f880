"""How people call a case. Apart from the registry, because the case itself answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Labeler = Callable[[Mapping[str, Any]], str]
LABELS: dict[str, Labeler] = {}  # by process key; filled by registry.label


def label_of(process_key: str, business_key: str, variables: Mapping[str, Any]) -> str:
    """The number people say; the business key where the process names none."""
    labeler = LABELS.get(process_key)
    return (labeler(variables) if labeler else "") or business_key
