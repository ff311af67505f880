"""One step of an instance: one transaction that holds the instance's row, moves tokens and writes what follows from it.

Whatever begins to wait (tasks, jobs, subscriptions, timers, incidents) and whatever stops waiting is written here, and nowhere else.
"""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.core.errors import NotFound
from apps.core.failpoints import declare, failpoint
from apps.jobs import services as jobs
from apps.realtime import services as realtime
from apps.workflows import events
from apps.workflows.engine import expressions, machine, process, timing
from apps.workflows.engine.machine import Blocked, Effect, Ended, Entered, Left, Passed, Token
from apps.workflows.engine.process import Node, Process
from apps.workflows.models import InboxMessage, InstanceEvent, ProcessDefinition, ProcessInstance, Subscription
from apps.workflows.services import assigning, breaking
from apps.workflows.services.timeline import log

declare("workflows.step_locked", "workflows.tokens_moved", "workflows.waits_written", "workflows.step_saved")
STATES = {"completed": ProcessInstance.State.COMPLETED, "failed": ProcessInstance.State.FAILED,
          "cancelled": ProcessInstance.State.CANCELLED}
SYSTEMS = ("erp", "crm")
NO_LONGER_NEEDED = gettext_noop("No longer needed")


@functools.lru_cache(maxsize=64)
def _process(definition_id: uuid.UUID, checksum: str) -> Process:
    return process.from_json(ProcessDefinition.objects.values_list("compiled", flat=True).get(pk=definition_id))


def process_of(definition: ProcessDefinition) -> Process:
    """The compiled process; a published definition never changes, so it is read once."""
    return _process(definition.pk, definition.checksum)


def system_of(node: Node) -> str:
    """Which system a step acts in: named in the process file, else the first word of its topic."""
    word = node.topic.partition(".")[0]
    return node.system or (word if word in SYSTEMS else "oa")


def step_key(instance_id: uuid.UUID, token: Token) -> str:
    """The idempotency key of what a token does at its node: the same on every try."""
    return f"{instance_id}:{token.id}:{token.node}:{token.iteration}"


def timer_key(instance_id: uuid.UUID, token: Token, event: str, turn: int) -> str:
    return f"{step_key(instance_id, token)}:timer:{event}:{turn}"


class Step:
    """The locked instance and its machine. Services call one of the moves; everything is written when the `step` block ends."""

    def __init__(self, instance: ProcessInstance, now: dt.datetime) -> None:
        self.instance, self.now = instance, now
        self.process = process_of(instance.definition)
        self.machine = machine.Machine(self.process, machine.from_json(instance.tokens), self._holds)
        self.reason = ""

    def _holds(self, condition: str) -> bool:
        return expressions.holds(condition, self.instance.variables)

    def evaluate(self, text: str) -> Any:
        """A CEL value over the instance's variables. Raises ExpressionError."""
        return expressions.evaluate(text, self.instance.variables)

    def token(self, token_id: str, node: str = "") -> Token | None:
        """The token when it still waits (at that node)."""
        try:
            token = self.machine.state.token(token_id)
        except machine.UnknownToken:
            return None
        return token if not node or token.node == node else None

    def set_variables(self, variables: Mapping[str, Any]) -> None:
        self.instance.variables = {**self.instance.variables, **variables}

    def move(self, change: Callable[[machine.Machine], Any]) -> Any:
        """Run one method of the machine and write what follows, until no message that came early is left to take."""
        answer = change(self.machine)
        failpoint("workflows.tokens_moved")
        while True:
            effects, self.machine.effects = self.machine.effects, []
            for effect in effects:
                self._write(effect)
            if not self._take_early_message():
                return answer

    def log(self, kind: str, *, node: Node | None = None, token: Token | None = None, **parts: Any) -> InstanceEvent:
        """A line of the timeline."""
        return log(self.instance, kind, self.now, node=node.id if node else "", token=token.id if token else "", **parts)

    # --- effects ------------------------------------------------------------------------------------------------------------------------

    def _write(self, effect: Effect) -> None:
        if isinstance(effect, Entered):
            self._enter(effect.token, effect.node)
        elif isinstance(effect, Left):
            self._leave(effect)
        elif isinstance(effect, Passed):
            flow = self.process.flows[effect.flow].name if effect.flow else ""
            self.log(f"{effect.node.kind}.passed", node=effect.node, token=effect.token, data={"flow": effect.flow, "name": flow})
        elif isinstance(effect, Blocked):
            breaking.open_incident(self.instance, self.now, kind="workflows.gateway", message=effect.reason, node=effect.node.id,
                                   token=effect.token.id)
        elif isinstance(effect, Ended):
            self._end(effect)

    def _enter(self, token: Token, node: Node) -> None:
        if node.kind == "user_task":
            assigning.open_task(self.instance, token, node, self.now)
        elif node.kind == "service_task":
            self._enqueue_step(token, node)
        elif node.kind == "message_catch":
            self._subscribe(token, node)
        else:
            self.set_timer(token, node, 1)
        for key in node.boundaries:
            event = self.process.nodes[key]
            if event.kind == "boundary_message":
                self._subscribe(token, event)
            elif event.kind == "boundary_timer":
                self.set_timer(token, event, 1)

    def _enqueue_step(self, token: Token, node: Node) -> None:
        jobs.enqueue(
            kind="workflows.step", key=step_key(self.instance.pk, token), order_key=str(self.instance.pk), now=self.now,
            payload={"instance_id": str(self.instance.pk), "token": token.id, "node": node.id, "iteration": token.iteration},
            max_attempts=node.retries or None)

    def _subscribe(self, token: Token, node: Node) -> None:
        Subscription.objects.create(instance=self.instance, token=token.id, node=node.id, message=node.message, created_at=self.now)

    def set_timer(self, token: Token, event: Node, turn: int, run_at: dt.datetime | None = None) -> None:
        """Arm a timer event of a token for its `turn`-th time."""
        if event.timer is None:
            raise LookupError(f"{event.id} has no timer")
        try:
            due = run_at or timing.due_at(event.timer, self.now, self.evaluate)
        except (expressions.ExpressionError, timing.TimerError) as error:
            breaking.open_incident(self.instance, self.now, kind="workflows.timer", message=str(error), node=token.node, token=token.id)
            return
        jobs.enqueue(
            kind="workflows.timer", key=timer_key(self.instance.pk, token, event.id, turn), now=self.now, run_at=due,
            payload={"instance_id": str(self.instance.pk), "token": token.id, "node": token.node, "iteration": token.iteration,
                     "event": event.id, "turn": turn})

    def _leave(self, left: Left) -> None:
        Subscription.objects.filter(instance=self.instance, token=left.token.id).delete()
        for event in (left.node, *(self.process.nodes[key] for key in left.node.boundaries)):
            if event.timer:
                for turn in range(1, turns(event) + 2):
                    jobs.cancel(key=timer_key(self.instance.pk, left.token, event.id, turn))
        if left.how != "completed":
            self._abandon(left)

    def _abandon(self, left: Left) -> None:
        if left.node.kind == "user_task":
            assigning.close_task(self.instance, left.token, self.reason or NO_LONGER_NEEDED, self.now)
        elif left.node.kind == "service_task":
            jobs.cancel(key=step_key(self.instance.pk, left.token))
        breaking.drop_for_token(self.instance, left.token.id, self.now)

    def _end(self, ended: Ended) -> None:
        state = STATES[ended.how]
        node = self.process.nodes.get(ended.node)
        instance = self.instance
        instance.state, instance.ended_at, instance.end_code = state, self.now, ended.code or ended.node
        self.log("instance.ended", node=node, data={"how": ended.how, "code": ended.code, "name": node.name if node else ""})
        if ended.how == "cancelled":
            return  # the one who cancels tells it in its own words
        jobs.publish(event=events.INSTANCE_COMPLETED, now=self.now, order_key=str(instance.pk), key=f"{instance.pk}:ended", data={
            "instance_id": str(instance.pk), "process_key": instance.process_key, "business_key": instance.business_key,
            "state": state, "end": ended.node})

    def _take_early_message(self) -> bool:
        """A message that came before its catch is taken now, the oldest first."""
        if not self.instance.is_active:
            return False
        for wait in Subscription.objects.filter(instance=self.instance).order_by("created_at", "id"):
            early = InboxMessage.objects.filter(
                business_key=self.instance.business_key, message=wait.message, consumed_at=None).order_by("id").first()
            if early is not None:
                consume(self, wait, early)
                return True
        return False


def consume(step: Step, wait: Subscription, message: InboxMessage) -> None:
    """Give a message to the token that waits for it; the effects are left for `move` to write."""
    message.consumed_at, message.instance = step.now, step.instance
    message.save(update_fields=["consumed_at", "instance"])
    step.set_variables(message.variables)
    node = step.process.nodes[wait.node]
    token = step.machine.state.token(wait.token)
    waited = int((step.now - wait.created_at).total_seconds() * 1000)
    step.log("message.received", node=node, token=token, ms=max(0, waited), system=node.system or message.message.partition(".")[0],
             data={"message": message.message, "message_id": message.message_id})
    if node.attached:
        step.reason = node.name
        step.machine.boundary(token.id, node.id)
    else:
        step.machine.complete(token.id)


def turns(event: Node) -> int:
    """How often a timer event fires for one token."""
    try:
        return timing.repeats(event.timer) if event.timer else 1
    except timing.TimerError:
        return 1


@contextmanager
def step(instance_id: uuid.UUID | str, now: dt.datetime) -> Iterator[Step]:
    """Lock the instance, let the caller move tokens, save. Raises NotFound."""
    with transaction.atomic():
        instance = ProcessInstance.objects.select_for_update(of=("self",)).select_related("definition").filter(pk=instance_id).first()
        if instance is None:
            raise NotFound(_("There is no such case, or you may not see it."))
        failpoint("workflows.step_locked")
        current = Step(instance, now)
        yield current
        failpoint("workflows.waits_written")
        save(current)
        failpoint("workflows.step_saved")


def save(current: Step) -> None:
    """Write the instance as the step left it, and tell the open pages."""
    instance = current.instance
    instance.tokens = machine.to_json(current.machine.state)
    instance.rev += 1
    instance.updated_at = current.now
    instance.save(update_fields=[
        "tokens", "variables", "rev", "updated_at", "state", "ended_at", "end_code", "end_reason", "title", "subject"])
    realtime.broadcast(hint={"t": "instance", "id": str(instance.pk)}, now=current.now)
