"""The frozen card: one canonical text, its digest, and the proof that neither was touched."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from apps.audit import selectors as audit
from apps.workflows.engine import cards
from apps.workflows.models import DecisionSnapshot, SeenCard, Task
from apps.workflows.registry import Decision


def document(*, task: Task, person: Any, seen: SeenCard, checked: cards.Card, checked_at: dt.datetime, outcome: str, comment: str,
             form: Mapping[str, Any], proposed: Mapping[str, Any], acknowledged: Sequence[str], decided_at: dt.datetime) -> str:
    """Everything the decision rests on. `card`: as the person saw it, with its ages; `checked`: the facts as read again when it arrived."""
    instance = task.instance
    return cards.canonical({
        "task": str(task.pk), "instance": str(instance.pk), "business_key": instance.business_key, "process": str(instance.definition),
        "node": task.node, "iteration": task.iteration, "outcome": outcome, "comment": comment, "decided_by": person.login,
        "decided_at": cards.stamp(decided_at), "seen_at": cards.stamp(seen.seen_at), "card_version": seen.version, "card": seen.card,
        "checked": {"at": cards.stamp(checked_at), "version": checked.version, "facts": cards.to_json(checked)["facts"]},
        "acknowledged": sorted(acknowledged), "form": dict(form),
        "changed_terms": sorted(key for key, value in form.items() if proposed.get(key) != value),
    })


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def decision_of(snapshot: DecisionSnapshot) -> Decision:
    """What service tasks and pages get of a frozen card."""
    data = json.loads(snapshot.document)
    return Decision(
        task_id=snapshot.task_id, node=data["node"], outcome=data["outcome"], comment=data["comment"], form=data["form"],
        card=cards.from_json(data["card"]), decided_by=data["decided_by"], decided_at=snapshot.decided_at, sha256=snapshot.sha256)


def is_intact(snapshot: DecisionSnapshot) -> bool:
    """The text still has its digest, and the audit chain holds that digest for this decision."""
    if digest(snapshot.document) != snapshot.sha256:
        return False
    entries = audit.entries(object=f"workflows.task:{snapshot.task_id}", action="workflows.task.decided")
    return any(entry.data.get("sha256") == snapshot.sha256 and entry.data.get("decision") == str(snapshot.pk) for entry in entries)
