"""The frozen card: one canonical text of everything a decision rests on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from apps.workflows.engine import cards
from apps.workflows.models import SeenCard, Task


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
