"""What became of several messages that were acted on at once."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core.errors import NotFound
from apps.notifications.models import Batch, Notification
from apps.notifications.registry import DECIDERS
from apps.notifications.selectors.inbox import Rendered, rendered


@dataclass(frozen=True)
class BatchItem:
    """One message of it. `result`: ready, held, done, failed or undone; `code`, `why`: the rule that held it, in words: with what it saw in the
    answer of the look itself, without any value later."""

    row: Rendered
    result: str
    code: str
    why: str


@dataclass(frozen=True)
class ShownBatch:
    """A batch as its person may see it. `seconds_left`: of the time to undo."""

    batch: Batch
    items: list[BatchItem]
    seconds_left: float

    def of(self, *results: str) -> list[BatchItem]:
        return [item for item in self.items if item.result in results]

    @property
    def ready(self) -> list[BatchItem]:
        return self.of("ready")

    @property
    def held(self) -> list[BatchItem]:
        return self.of("held", "failed")

    @property
    def done(self) -> list[BatchItem]:
        return self.of("done")

    @property
    def undone(self) -> list[BatchItem]:
        return self.of("undone")

    @property
    def undoable(self) -> bool:
        return self.batch.state == Batch.State.DONE and self.seconds_left > 0 and bool(self.done)

    @property
    def decides(self) -> bool:
        return self.batch.verb in ("approved", "rejected", "returned")

    @property
    def words(self) -> str:
        """What was done, in one line."""
        if self.batch.state == Batch.State.UNDONE:
            kept = len(self.of("failed"))
            if kept:
                return ngettext("Undone, except for %(n)d.", "Undone, except for %(n)d.", kept) % {"n": kept}
            return _("Undone. Nothing left Atrium.") if self.decides else _("Undone.")
        told = [_verb_words(self.batch.verb, len(self.done))] if self.done or not self.held else []
        held = len(self.held)
        told += [ngettext("%(n)d is left for you.", "%(n)d are left for you.", held) % {"n": held}] if held else []
        return " ".join(told)


def _verb_words(verb: str, count: int) -> str:
    words = {
        "approved": ngettext("%(n)d approved.", "%(n)d approved.", count), "rejected": ngettext("%(n)d rejected.", "%(n)d rejected.", count),
        "returned": ngettext("%(n)d returned.", "%(n)d returned.", count), "read": ngettext("%(n)d read.", "%(n)d read.", count),
        "unread": ngettext("%(n)d unread.", "%(n)d unread.", count), "done": ngettext("%(n)d done.", "%(n)d done.", count),
        "snooze": ngettext("%(n)d snoozed.", "%(n)d snoozed.", count),
        "wake": ngettext("%(n)d is back in the inbox.", "%(n)d are back in the inbox.", count),
    }  # fmt: skip
    return words[verb] % {"n": count}


def _held_words(kind: str, code: str) -> str:
    """Why it was left out, from the code alone: what was seen that day is not kept."""
    own = {
        "": "", "not_open": _("It is dealt with already."), "no_decision": _("This is no decision; open it to deal with it."),
        "undone": _("You took it back before it was decided."), "unavailable": _("A system did not answer."),
        "todo_is_open": _("This waits for your decision. Open it and decide, or snooze it."),
        "snoozed": _("This is snoozed. Take it back into the inbox first."),
        "not_snoozed": _("This is dealt with already; nothing has to be snoozed."),
    }  # fmt: skip
    decider = DECIDERS.get(kind)
    return own.get(code) or (decider.held(code) if decider and code else "") or (_("Open it to deal with it by itself.") if code else "")


def batch(person: Any, batch_id: uuid.UUID, now: dt.datetime) -> ShownBatch:
    """This person's batch. Raises NotFound for anybody else's."""
    found = Batch.objects.filter(pk=batch_id, person_id=person.pk).first()
    if found is None:
        raise NotFound(_("There is no such batch."))
    return shown_batch(found, person, now)


def shown_batch(found: Batch, person: Any, now: dt.datetime) -> ShownBatch:
    """With its messages in the viewer's words."""
    rows = Notification.objects.select_related("closed_by").in_bulk([item["id"] for item in found.items])
    items = [
        BatchItem(rendered(rows[uuid.UUID(item["id"])], person), item["result"], item["code"],
                  found.told.get(item["id"]) or _held_words(rows[uuid.UUID(item["id"])].kind, item["code"]))
        for item in found.items if uuid.UUID(item["id"]) in rows
    ]  # fmt: skip
    left = (found.undo_until - now).total_seconds() if found.undo_until else 0.0
    return ShownBatch(found, items, max(0.0, left))
