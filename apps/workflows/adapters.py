"""What the engine plugs into apps below it: deciding a task from a mail or a chat card, and several together."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput
from apps.notifications.registry import CardFact, DecisionCard, Looked, Outcome, Params, decider
from apps.workflows import policies, selectors, services
from apps.workflows.kinds import TaskAssigned
from apps.workflows.models import Task
from apps.workflows.registry import Fact


@decider(TaskAssigned.key)
class TaskDecider:
    """The decision card and the decision, with the rights, the watched facts and the refusals of the approval page."""

    outcomes = ("approved", "rejected", "returned")

    def card(self, *, person: Any, params: Params, since: str = "", now: dt.datetime) -> DecisionCard:
        """Raises NotFound for a stranger."""
        task, card, changed = services.show(task_id=_id(params), person=person, now=now, since=since)
        shown = selectors.shown_card(card, person)
        open_ = policies.may_decide(task, person)
        return DecisionCard(
            title=str(policies.title_of(task.instance, person)), version=card.version, changed=tuple(changed), may_decide=open_,
            standing="" if open_ else _standing(task), outcomes=_outcomes() if open_ else (), url=f"/approvals/{task.pk}/",
            facts=tuple(CardFact(fact.key, str(fact.label), _words(fact), fact.system, fact.as_of, fact.ok) for fact in shown.tiles))

    def decide(self, *, person: Any, params: Params, outcome: str, comment: str, version: str, acknowledged: Iterable[str] = (),
               until: dt.datetime | None = None, now: dt.datetime) -> None:
        """Raises what complete_task raises: a card that moved since it was looked at decides nothing."""
        services.complete_task(task_id=_id(params), person=person, outcome=outcome.upper(), comment=comment, seen_version=version,
                               acknowledged=acknowledged, form={}, now=now, effective_at=until)

    def look(self, *, person: Any, params: Params, outcome: str, now: dt.datetime) -> Looked:
        """The card, read live and remembered as seen; and what holds the task out of the batch."""
        task = selectors.task_for(person, _id(params))
        told = tuple(Fact(**fact) for fact in params.get("facts") or ())
        return Looked(*services.held_back(task=task, person=person, outcome=outcome.upper(), told=told, now=now))

    def held(self, code: str) -> str:
        return services.held_words(code)

    def begin(self, *, person: Any, params: Sequence[Params], until: dt.datetime, now: dt.datetime) -> None:
        """All take effect at one moment."""
        services.begin_window(task_ids=[_id(one) for one in params], person=person, effective_at=until, now=now)

    def undo(self, *, person: Any, params: Params, now: dt.datetime) -> None:
        """Raises UnableToUndo when it is too late."""
        services.undo_completion(task_id=_id(params), person=person, now=now)


def _id(params: Params) -> uuid.UUID:
    try:
        return uuid.UUID(str(params["task_id"]))
    except (KeyError, ValueError) as error:
        raise InvalidInput("task_id") from error


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
