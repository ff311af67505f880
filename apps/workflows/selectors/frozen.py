"""Frozen decisions: read again, and proven."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from apps.audit import selectors as audit
from apps.workflows.engine import cards
from apps.workflows.models import DecisionSnapshot
from apps.workflows.registry import Decision


def document_of(snapshot: DecisionSnapshot) -> dict[str, Any]:
    """The frozen text as data."""
    data: dict[str, Any] = json.loads(snapshot.document)
    return data


def decision_of(snapshot: DecisionSnapshot) -> Decision:
    """What service tasks and pages get of a frozen card."""
    data = document_of(snapshot)
    return Decision(
        task_id=snapshot.task_id, node=data["node"], outcome=data["outcome"], comment=data["comment"], form=data["form"],
        card=cards.from_json(data["card"]), decided_by=data["decided_by"], decided_at=snapshot.decided_at, sha256=snapshot.sha256)


def digest(text: str) -> str:
    """SHA-256 of a frozen text, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def is_intact(snapshot: DecisionSnapshot) -> bool:
    """The text still has its digest, and the audit chain holds that digest for this decision."""
    if digest(snapshot.document) != snapshot.sha256:
        return False
    entries = audit.entries(object=f"workflows.task:{snapshot.task_id}", action="workflows.task.decided")
    return any(entry.data.get("sha256") == snapshot.sha256 and entry.data.get("decision") == str(snapshot.pk) for entry in entries)
