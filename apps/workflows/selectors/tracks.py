"""Where a case is: the bar of phases, the track beside a decision card, the current step for lists."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from apps.workflows import policies
from apps.workflows.engine import machine
from apps.workflows.engine.process import Node, Process, from_json
from apps.workflows.models import Incident, InstanceEvent, ProcessInstance, Task

STEPS = ("start", "user_task", "service_task", "message_catch")
MAX_PHASES = 6
DONE = frozenset({"start.passed", "task.completed", "step.completed", "step.skipped", "message.received", "end.passed"})


@dataclass(frozen=True)
class Phase:
    """One field of the bar: `state` done | now | fail | todo | skipped."""

    name: str
    system: str
    state: str
    at: dt.datetime | None = None
    text: str = ""


@dataclass(frozen=True)
class Step:
    """One entry of the flow track: `state` done | now | fail | todo."""

    name: str
    state: str
    system: str
    outcome: str = ""
    people: tuple[Any, ...] = ()
    at: dt.datetime | None = None
    ms: int | None = None
    task: Task | None = None

    @property
    def took(self) -> dt.timedelta | None:
        return dt.timedelta(milliseconds=self.ms) if self.ms is not None and self.ms >= 1000 else None


def system_of(node: Node) -> str:
    """Which system a step acts in or waits for."""
    word = (node.topic or node.message).partition(".")[0]
    return node.system or (word if word in ("erp", "crm") else "oa")


def happy_path(process: Process, begin: str) -> list[str]:
    """Node ids along the first way out of each node, begin included."""
    path: list[str] = []
    current = begin
    while current and current not in path:
        path.append(current)
        outgoing = process.nodes[current].outgoing
        current = process.flows[outgoing[0]].target if outgoing else ""
    return path


def phases(instance: ProcessInstance, process: Process, events: Iterable[InstanceEvent], incidents: Iterable[Incident]) -> tuple[Phase, ...]:
    """The bar: phases named in the process file, else the steps of the first way through."""
    groups = _phase_groups(process)
    live = {token.node for token in machine.from_json(instance.tokens).tokens}
    broken = {incident.node for incident in incidents if incident.node}
    done = {event.node: event for event in events if event.kind in DONE}
    bar = []
    for (name, system), nodes in groups.items():
        last = max((done[node].at for node in nodes if node in done), default=None)
        state = _phase_state(instance, nodes, live, broken, last)
        bar.append(Phase(_(name), system, state, at=last if state == "done" else None, text=_phase_text(state)))
    return tuple(bar)


def _phase_groups(process: Process) -> dict[tuple[str, str], list[str]]:
    starts = process.of_kind("start")
    path = happy_path(process, starts[0].id) if starts else []
    order = [*path, *(key for key in process.nodes if key not in path)]
    named: dict[str, list[str]] = {}
    for key in order:
        if process.nodes[key].phase:
            named.setdefault(process.nodes[key].phase, []).append(key)
    if named:
        return {(name, process.nodes[nodes[0]].system or system_of(process.nodes[nodes[0]])): nodes for name, nodes in named.items()}
    steps = [process.nodes[key] for key in path if process.nodes[key].kind in STEPS][:MAX_PHASES]
    return {(node.name or node.id, system_of(node)): [node.id] for node in steps}


def _phase_state(instance: ProcessInstance, nodes: list[str], live: set[str], broken: set[str], last: dt.datetime | None) -> str:
    if any(node in broken for node in nodes):
        return "fail"
    if any(node in live for node in nodes):
        return "now"
    if last is not None:
        return "done"
    return "todo" if instance.is_active else "skipped"


def _phase_text(state: str) -> str:
    return {"now": _("now"), "fail": _("stopped"), "skipped": _("not needed")}.get(state, "")


def track(instance: ProcessInstance) -> list[Step]:
    """The flow beside a decision card: what was done, where it is, what comes if nothing unusual happens."""
    process = from_json(instance.definition.compiled)
    events = InstanceEvent.objects.filter(instance=instance, kind__in=["instance.started", *DONE]).select_related("actor").order_by("id")
    steps = [_done_step(event, process) for event in events if event.kind not in ("start.passed", "end.passed")]
    state = machine.from_json(instance.tokens)
    broken = set(Incident.objects.filter(instance=instance, state=Incident.State.OPEN).values_list("token", flat=True))
    tasks = {task.token: task for task in Task.objects.filter(
        instance=instance, state__in=[*Task.OPEN, Task.State.DECIDED]).prefetch_related("candidates").select_related("decided_by")}
    for token in state.tokens:
        node, task = process.nodes[token.node], tasks.get(token.id)
        steps.append(Step(_(node.name) or node.id, "fail" if token.id in broken else "now", system_of(node),
                          people=tuple(task.candidates.all()) if task else (), at=task.created_at if task else None, task=task))
    if instance.is_active and state.tokens:
        steps += _ahead(process, state.tokens[0].node)
    return steps


def current_steps(instances: Iterable[ProcessInstance]) -> dict[Any, Step]:
    """Where each running case is now, for lists: three queries, however many cases."""
    running = [one for one in instances if one.is_active]
    tasks = {task.instance_id: task for task in Task.objects.filter(
        instance__in=running, state__in=[*Task.OPEN, Task.State.DECIDED]).prefetch_related("candidates").order_by("-created_at")}
    broken = set(Incident.objects.filter(instance__in=running, state=Incident.State.OPEN).exclude(token="").values_list("instance", flat=True))
    return {one.pk: _current(one, tasks.get(one.pk), one.pk in broken) for one in running}


def _current(instance: ProcessInstance, task: Task | None, is_broken: bool) -> Step:
    process = from_json(instance.definition.compiled)
    tokens = machine.from_json(instance.tokens).tokens
    node = process.nodes[task.node if task else tokens[0].node] if task or tokens else None
    name = _(node.name) or node.id if node else "–"
    return Step(name, "fail" if is_broken else "now", system_of(node) if node else "oa", people=tuple(task.candidates.all()) if task else (),
                at=task.created_at if task else None, task=task)


def _done_step(event: InstanceEvent, process: Process) -> Step:
    node = process.nodes.get(event.node)
    name = _(node.name) if node and node.name else policies.filled(event.data.get("name", ""), {}) or event.kind
    outcome = event.data.get("outcome", "")
    return Step(name, "done", event.system or (system_of(node) if node else "oa"), outcome=str(Task.Outcome(outcome).label).lower() if outcome else "",
                people=(event.actor,) if event.actor else (), at=event.at, ms=event.ms)


def _ahead(process: Process, node: str) -> list[Step]:
    ahead = [process.nodes[key] for key in happy_path(process, node)[1:]]
    return [Step(_(one.name) or one.id, "todo", system_of(one)) for one in ahead if one.kind in ("user_task", "service_task", "message_catch")]
