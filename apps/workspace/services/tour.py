"""One step of the tour, done for a person of the demo by the same services that person's own click would use."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from apps.core.errors import DomainError, NotFound
from apps.records import services as records
from apps.workflows import services as processes
from apps.workspace.selectors import shipments, tour


class UnableToGoOn(DomainError):
    """The tour is off, or somebody is missing whom it needs."""

    code = "tour_stopped"


def take_step(*, deal_id: str, told: int | None = None, now: dt.datetime) -> str:
    """Do the step the deal waits for, if it is one that a person does. Returns the act: win | approve | ship, or "" when nothing was done.

    `told`: how many done steps the person who watches was told of; nothing is done while they still have to read.

    Raises UnableToGoOn outside the demo, NotFound, and whatever the person's own click could raise.
    """
    if not tour.is_on():
        raise UnableToGoOn(_("The tour exists in the demo only."))
    here = tour.place(deal_id)
    if here is None:
        raise NotFound(_("There is no such record, or you may not see it."))
    step = here.current
    if step is None or not step.act or here.broken or (told is not None and told < here.reached):
        return ""
    if step.who is None:
        raise UnableToGoOn(_("Nobody in the directory can do this step."))
    {"win": _win, "approve": _approve, "ship": _ship}[step.act](here, step.who, now)
    return step.act


def _win(here: tour.Place, who: Any, now: dt.datetime) -> None:
    records.move_deal(person=who, deal_id=here.deal["external_id"], to="won", now=now)


def _approve(here: tour.Place, who: Any, now: dt.datetime) -> None:
    task = tour.task_of(here.loop)
    looked = processes.look_at(task_id=task.pk, person=who, now=now)
    processes.complete_task(
        task_id=task.pk, person=who, outcome="APPROVED", comment="", seen_version=looked.seen.version,
        acknowledged=[], form={}, now=now,
    )  # fmt: skip


def _ship(here: tour.Place, who: Any, now: dt.datetime) -> None:
    for note in tour.open_shipments(here.loop):
        step = shipments.next_step(str(note.data.get("state", "")))
        if step is not None:
            ident = note.data["external_id"]
            records.advance_shipment(person=who, shipment_id=ident, to=step.to, quantities={}, now=now)
