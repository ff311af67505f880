"""A company at work: people decide, hand over and withdraw, an outside system resolves, browsers come and go. Everything by a seeded draw."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from apps.access import services as access
from apps.access.models import Assignment
from apps.core.errors import DomainError
from apps.jobs import services as jobs
from apps.notifications import selectors, services
from apps.notifications.models import Notification
from apps.realtime import selectors as realtime
from apps.workflows import services as workflows
from apps.workflows.models import Incident, ProcessInstance, Task
from tests.workflows.build import END, START, boundary, flow, line, on_message, process, user

CASE = process(
    START, END, user("check"), boundary("gone", "check", on_message("erp.done")), '<bpmn:endEvent id="end2"/>', line("start", "check", "end"),
    flow("gone", "end2"), messages=("erp.done",), key="walk",
)  # fmt: skip
SECOND = dt.timedelta(seconds=1)


class Device:
    """A browser of one person: it knows what it fetched, and fetches again only when a hint, or a lost connection, tells it to."""

    def __init__(self, person: Any) -> None:
        self.person, self.seq, self.online = person, 0, True
        self.shown: frozenset[uuid.UUID] = frozenset()
        self.fetches = 0

    def fetch(self, now: dt.datetime) -> None:
        self.shown = server(self.person, now)
        self.fetches += 1

    def hear(self, now: dt.datetime) -> None:
        """What arrived since; a hint that does not speak of to-dos fetches no list of them."""
        missed = realtime.missed(self.person.pk, self.seq)
        if missed.resync or any(frame["hint"]["t"] == "todo" for frame in missed.frames):
            self.fetch(now)
        self.seq = missed.seq


def server(person: Any, now: dt.datetime) -> frozenset[uuid.UUID]:
    """The to-do list as the portal has it."""
    return frozenset(selectors.inbox(person, now=now, todo=True).values_list("pk", flat=True))


class Company:
    """`step()` does one thing; refusals (too late, not yours, gone) are part of a day and change nothing."""

    def __init__(self, cast: SimpleNamespace, deciders: list[Any], seed: int, now: dt.datetime) -> None:
        self.draw, self.now, self.cast, self.deciders = random.Random(seed), now, cast, deciders
        self.people = [cast.boss, cast.fin, cast.eve]
        self.devices = [Device(person) for person in [*self.people, cast.boss, cast.fin, cast.admin]]
        self.started, self.refused = 0, 0
        self.did: dict[str, int] = {}
        self.without: list[Any] = []
        self._each_by_itself()
        self.choices: list[tuple[Callable[[], Any], int]] = [
            (self.start, 14), (self.approve, 10), (self.return_, 3), (self.undo, 5), (self.transfer, 8), (self.withdraw, 4), (self.erp_resolves, 4),
            (self.break_, 3), (self.repair, 3), (self.batch, 2), (self.run_jobs, 24), (self.snooze, 50), (self.wake, 30), (self.read, 40),
            (self.unread, 20), (self.dismiss, 20), (self.restore, 20), (self.plain_batch, 6), (self.rights, 2), (self.pass_time, 200),
            (self.hear, 350), (self.offline, 90), (self.reconnect, 90),
        ]  # fmt: skip

    def step(self) -> None:
        (action,) = self.draw.choices([one for one, _weight in self.choices], [weight for _one, weight in self.choices])
        self.did[action.__name__] = self.did.get(action.__name__, 0) + 1
        try:
            action()
        except DomainError:
            self.refused += 1

    def _each_by_itself(self) -> None:
        """Everybody holds the right to decide by an assignment of the own, not as a part of the company."""
        for person in [*self.people, self.cast.ana, self.cast.admin]:
            access.assign_role(actor=self.cast.admin, role="employee", person_id=person.pk, now=self.now)
        self._take(person=None)

    # --- work ---------------------------------------------------------------------------------------------------------------------------
    def start(self) -> None:
        self.started += 1
        self.deciders[:] = self.draw.sample(self.people, self.draw.randint(1, 3))
        workflows.start(process_key="walk", business_key=f"walk:{self.started}", title="Pump set", variables={}, starter_id=self.cast.ana.pk, now=self.now)

    def _task(self, *states: str) -> Task:
        found = Task.objects.filter(state__in=states or Task.OPEN).values_list("pk", flat=True)
        count = found.count()
        if not count:
            raise DomainError("nothing to do")
        return Task.objects.get(pk=found.order_by("created_at", "pk")[self.draw.randrange(count)])

    def _decide(self, outcome: str) -> None:
        task, person = self._task(), self.draw.choice(self.people)
        seen = workflows.look_at(task_id=task.pk, person=person, now=self.now).seen
        workflows.complete_task(task_id=task.pk, person=person, outcome=outcome, comment="so", seen_version=seen.version, acknowledged=(),
                                form={}, now=self.now)

    def approve(self) -> None:
        self._decide("APPROVED")

    def return_(self) -> None:
        self._decide("RETURNED")

    def undo(self) -> None:
        task = self._task(Task.State.DECIDED)
        workflows.undo_completion(task_id=task.pk, person=task.decided_by, now=self.now)

    def transfer(self) -> None:
        workflows.reassign(task_id=self._task().pk, person=self.cast.admin, to=self.draw.choice(self.people), reason="away", now=self.now)

    def withdraw(self) -> None:
        workflows.withdraw(instance_id=self._task().instance_id, reason="no longer wanted", now=self.now)

    def erp_resolves(self) -> None:
        instance = self._task(*Task.OPEN, Task.State.DECIDED).instance
        workflows.correlate(message="erp.done", business_key=instance.business_key, variables={}, now=self.now)

    def break_(self) -> None:
        instance = ProcessInstance.objects.filter(state="ACTIVE").order_by("-created_at").first()
        if instance is not None:
            people = [person.pk for person in self.draw.sample([*self.people, self.cast.admin], 2)]
            workflows.raise_incident(instance_id=instance.pk, kind="test.broken", message="broken", person_ids=people, now=self.now)

    def repair(self) -> None:
        incident = Incident.objects.filter(state="OPEN").order_by("opened_at").first()
        if incident is not None:
            workflows.resolve_incident(incident_id=incident.pk, person=self.cast.admin, note="", now=self.now)

    def batch(self) -> None:
        person = self.draw.choice(self.people)
        ids = list(Notification.objects.filter(person=person, state="OPEN").order_by("pk").values_list("pk", flat=True)[:6])
        checked = services.check(person=person, outcome="approved", notification_ids=ids, now=self.now)
        services.decide(person=person, batch_id=checked.pk, comment="", now=self.now)
        services.begin_undo(person=person, batch_id=checked.pk, now=self.now)
        if self.draw.random() < 0.5:
            services.undo(person=person, batch_id=checked.pk, now=self.now + 5 * SECOND)

    # --- the message center ---------------------------------------------------------------------------------------------------------------
    def _notice(self) -> tuple[Any, uuid.UUID]:
        person = self.draw.choice(self.people)
        ids = list(Notification.objects.filter(person=person).order_by("-created_at", "pk").values_list("pk", flat=True)[:20])
        if not ids:
            raise DomainError("nothing to read")
        return person, self.draw.choice(ids)

    def snooze(self) -> None:
        person, chosen = self._notice()
        services.snooze(person=person, notification_id=chosen, until=self.now + self.draw.randint(180, 2000) * SECOND, now=self.now)

    def wake(self) -> None:
        person, chosen = self._notice()
        services.snooze(person=person, notification_id=chosen, until=None, now=self.now)

    def read(self) -> None:
        person, chosen = self._notice()
        services.mark_read(person=person, notification_id=chosen, now=self.now)

    def unread(self) -> None:
        person, chosen = self._notice()
        services.mark_unread(person=person, notification_id=chosen, now=self.now)

    def dismiss(self) -> None:
        person, chosen = self._notice()
        services.dismiss(person=person, notification_id=chosen, now=self.now)

    def restore(self) -> None:
        person, chosen = self._notice()
        services.restore(person=person, notification_id=chosen, now=self.now)

    def plain_batch(self) -> None:
        """Some at once; half of them are taken back, after one of them was dealt with in another way."""
        person, chosen = self._notice()
        ids = list(Notification.objects.filter(person=person).order_by("-created_at", "pk").values_list("pk", flat=True)[:4])
        verb, until = self.draw.choice(("read", "unread", "done", "snooze")), self.now + self.draw.choice((200, 2000)) * SECOND
        batch = services.act(person=person, verb=verb, notification_ids=[*ids, chosen], until=until, now=self.now)
        if self.draw.random() < 0.5:
            self.draw.choice((self.approve, self.dismiss, self.restore, self.withdraw))()
            services.undo(person=person, batch_id=batch.pk, now=self.now + 5 * SECOND)

    # --- rights ---------------------------------------------------------------------------------------------------------------------------
    def rights(self) -> None:
        """One person may not decide for a while."""
        if self.without:
            access.assign_role(actor=self.cast.admin, role="employee", person_id=self.without.pop().pk, now=self.now)
            return
        self.without.append(self.draw.choice(self.people))
        self._take(person=self.without[0])

    def _take(self, **whose: Any) -> None:
        for held in Assignment.objects.filter(role__code="employee", **whose):
            access.revoke_role(actor=self.cast.admin, assignment_id=held.pk, now=self.now)

    # --- time and devices -------------------------------------------------------------------------------------------------------------------
    def pass_time(self) -> None:
        self.now += self.draw.randint(1, 20) * SECOND

    def run_jobs(self) -> None:
        jobs.run_due(now=self.now, limit=30)

    def hear(self) -> None:
        device = self.draw.choice(self.devices)
        if device.online:
            device.hear(self.now)

    def offline(self) -> None:
        self.draw.choice(self.devices).online = False

    def reconnect(self) -> None:
        device = self.draw.choice(self.devices)
        device.online = True
        device.hear(self.now)

    def settle(self, *, reconnect: bool = False) -> list[Device]:
        """Due jobs run and who is online hears what was said; nobody loads the page anew. The devices that show something else than the server."""
        while jobs.run_due(now=self.now):
            pass
        lying = []
        for device in self.devices:
            device.online = device.online or reconnect
            if device.online:
                device.hear(self.now)
                lying += [device] if device.shown != server(device.person, self.now) else []
        return lying
