"""What the engine plugs into apps below it: deciding a task from a mail or a chat card."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from apps.notifications.registry import CardFact, DecisionCard, Outcome, Params, decider
from apps.workflows import policies, selectors, services
from apps.workflows.models import Task


@decider("workflows.task_assigned")
class TaskDecider:
    """The decision card and the decision, with the rights, the watched facts and the refusals of the approval page."""

    def card(self, params: Params, person: Any, now: dt.datetime, *, since: str = "") -> DecisionCard:
        task, card, changed = services.show(task_id=uuid.UUID(params["task_id"]), person=person, now=now, since=since)
        shown = selectors.shown_card(card, person)
        open_ = policies.may_decide(task, person)
        return DecisionCard(
            title=str(policies.title_of(task.instance, person)), version=card.version, changed=tuple(changed), may_decide=open_,
            standing="" if open_ else _standing(task), outcomes=_outcomes() if open_ else (), url=f"/approvals/{task.pk}/",
            facts=tuple(CardFact(fact.key, str(fact.label), _words(fact), fact.system, fact.as_of, fact.ok) for fact in shown.tiles))

    def decide(self, params: Params, person: Any, *, outcome: str, comment: str, version: str, acknowledged: Iterable[str],
               now: dt.datetime) -> None:
        services.complete_task(task_id=uuid.UUID(params["task_id"]), person=person, outcome=outcome, comment=comment, seen_version=version,
                               acknowledged=acknowledged, form={}, now=now)


def _words(fact: Any) -> str:
    return f"{fact.value} ({fact.pill})" if fact.pill else str(fact.value)


def _outcomes() -> tuple[Outcome, ...]:
    return (
        Outcome(Task.Outcome.APPROVED, pgettext("decision", "Approve"), "primary"),
        Outcome(Task.Outcome.REJECTED, _("Reject"), "danger", needs_reason=True),
        Outcome(Task.Outcome.RETURNED, _("Return"), "ghost", needs_reason=True),
    )


def _standing(task: Task) -> str:
    if task.decided_by:
        return _("Already decided by %(name)s.") % {"name": task.decided_by.display(get_language() or "en")}
    return _("This is not yours to decide any more.")
