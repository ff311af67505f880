"""The case as a timeline across systems: who, when, how long, which id in which system, what waits, what broke."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from apps.core.access import Masked, decide
from apps.directory import selectors as directory
from apps.jobs import selectors as jobs
from apps.workflows import policies, registry
from apps.workflows.engine import machine
from apps.workflows.engine.process import Node, Process, from_json
from apps.workflows.models import Incident, InstanceEvent, ProcessInstance, Task
from apps.workflows.selectors.tracks import Phase, phases, system_of

Speak = Callable[[InstanceEvent, str, dict[str, Any]], tuple[str, str]]
TECHNICAL = frozenset({"exclusive.passed", "parallel.passed", "start.passed", "end.passed", "end_error.passed", "end_terminate.passed",
                       "boundary_message.passed", "boundary_timer.passed", "boundary_error.passed", "task.completed", "step.late"})


@dataclass(frozen=True)
class Hop:
    """One line: `state` ok | bad | wait | info. `systems`: from where to where. `detail`: technical (label, value) pairs."""

    state: str
    title: Any
    at: dt.datetime | None = None
    systems: tuple[str, ...] = ()
    text: Any = ""
    refs: tuple[dict[str, Any], ...] = ()
    person: Any = None
    ms: int | None = None
    incident: Incident | None = None
    detail: tuple[tuple[str, str], ...] = ()
    technical: bool = False

    @property
    def took(self) -> dt.timedelta | None:
        """How long it took or waited."""
        return dt.timedelta(milliseconds=self.ms) if self.ms is not None and self.ms >= 1000 else None


@dataclass(frozen=True)
class Timeline:
    """`agreement`: rows of (label, [(system, value or Masked)], agree), or None. `may_repair`: this viewer may try again and skip."""

    instance: ProcessInstance
    title: Any
    phases: tuple[Phase, ...]
    hops: tuple[Hop, ...]
    incidents: tuple[Incident, ...]
    may_repair: bool
    lasted: dt.timedelta
    refs: tuple[dict[str, Any], ...] = ()
    agreement: tuple[tuple[str, list[tuple[str, Any]], bool], ...] | None = None
    agreement_systems: tuple[str, ...] = ()
    agreement_as_of: dt.datetime | None = None
    people: tuple[Any, ...] = field(default=())

    @property
    def differences(self) -> int:
        return sum(1 for row in self.agreement or () if not row[2])


def timeline(instance: ProcessInstance, person: Any, now: dt.datetime) -> Timeline:
    """Everything the loop page and the API show. The caller has checked that this person may see the case."""
    process = from_json(instance.definition.compiled)
    events = list(InstanceEvent.objects.filter(instance=instance).select_related("actor").order_by("id"))
    incidents = tuple(Incident.objects.filter(instance=instance, state=Incident.State.OPEN).order_by("opened_at"))
    names = _names(events)
    hops = [_hop(event, process, person, names, incidents) for event in events]
    shown = [hop for hop in hops if hop is not None]
    state = machine.from_json(instance.tokens)
    if instance.is_active:
        shown += _waiting(instance, process, state, incidents)
    rows, systems, as_of = _agreement(instance, person, now)
    return Timeline(
        instance=instance, title=policies.title_of(instance, person), phases=phases(instance, process, events, incidents),
        hops=tuple(shown), incidents=incidents, agreement=rows, agreement_systems=systems, agreement_as_of=as_of,
        may_repair=decide(person, "repair", "workflows.instance", instance.starter_id).allowed,
        lasted=(instance.ended_at or now) - instance.created_at, refs=_all_refs(shown), people=_people(instance, events))


def _names(events: Iterable[InstanceEvent]) -> dict[str, Any]:
    """People mentioned by id in the data of events."""
    found = directory.people_by_id(policies.as_id(event.data.get("to")) for event in events)
    return {str(key): value for key, value in found.items()}


def _all_refs(hops: Iterable[Hop]) -> tuple[dict[str, Any], ...]:
    """Each id once, in the order of appearance: found by any number."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for hop in hops:
        for ref in hop.refs:
            found.setdefault((ref["system"], str(ref["id"])), ref)
    return tuple(found.values())


def _people(instance: ProcessInstance, events: Iterable[InstanceEvent]) -> tuple[Any, ...]:
    found = {instance.starter.pk: instance.starter} if instance.starter else {}
    for event in events:
        if event.actor:
            found.setdefault(event.actor.pk, event.actor)
    return tuple(found.values())


# --- hops ---------------------------------------------------------------------------------------------------------------------------------


def _hop(event: InstanceEvent, process: Process, person: Any, names: dict[str, Any], incidents: tuple[Incident, ...]) -> Hop | None:
    if event.kind == "incident.opened" and any(str(one.pk) == event.data.get("incident_id") for one in incidents):
        return None  # it stands at the end, with its buttons
    node = process.nodes.get(event.node)
    name = _(node.name) if node and node.name else event.node
    title, text = _words(event, name, names)
    system = event.system or "oa"
    return Hop(
        state="bad" if event.kind in ("incident.opened", "step.refused") else "info" if event.kind in TECHNICAL else "ok",
        title=title, text=text, at=event.at, systems=_systems(event.kind, system), person=event.actor, ms=event.ms,
        refs=tuple(_ref(ref, person) for ref in event.refs), technical=event.kind in TECHNICAL,
        detail=tuple((key, str(event.data[key])) for key in ("key", "attempt", "message", "message_id", "flow", "code") if event.data.get(key)))


def _systems(kind: str, system: str) -> tuple[str, ...]:
    if system == "oa":
        return ("oa",)
    if kind in ("instance.started", "message.received"):
        return (system, "oa")
    if kind.startswith("step."):
        return ("oa", system)
    return (system,)


def _ref(ref: dict[str, Any], person: Any) -> dict[str, Any]:
    shown = policies.shown(person, ref.get("resource", ""), ref.get("field", ""), ref["id"], ref.get("owner_id"))
    url = "" if isinstance(shown, Masked) else ref.get("url", "")
    return {"system": ref["system"], "label": policies.filled(ref["label"], {}), "id": shown, "url": url}


def _words(event: InstanceEvent, name: str, names: dict[str, Any]) -> tuple[str, str]:
    """(title, text) of an event."""
    speak = WORDS.get(event.kind)
    if speak:
        return speak(event, name, names)
    text = policies.filled(event.text, event.params)
    if event.node:
        return name, text
    return text or event.kind, ""


def _decided(event: InstanceEvent, name: str, names: dict[str, Any]) -> tuple[str, str]:
    outcome = Task.Outcome(event.data["outcome"]).label
    return _("%(task)s: %(outcome)s") % {"task": name, "outcome": str(outcome).lower()}, event.data.get("comment", "")


def _reassigned(event: InstanceEvent, name: str, names: dict[str, Any]) -> tuple[str, str]:
    to = names.get(event.data.get("to", ""))
    return _("%(task)s: handed over to %(name)s") % {"task": name, "name": _display(to)}, event.text


def _closed(event: InstanceEvent, name: str, names: dict[str, Any]) -> tuple[str, str]:
    state = event.data.get("state", "")
    title = {"RETRIED": _("Tried again: %(step)s"), "SKIPPED": _("Skipped: %(step)s")}.get(state, _("Dealt with: %(step)s"))
    return title % {"step": name or "–"}, event.text


def _ended(event: InstanceEvent, name: str, names: dict[str, Any]) -> tuple[str, str]:
    return _("The case ended: %(name)s") % {"name": name or _("Withdrawn")}, ""


def _display(person: Any) -> str:
    return str(person.display(get_language() or "en")) if person else "–"


def _started(event: InstanceEvent, name: str, names: dict[str, Any]) -> tuple[str, str]:
    return policies.filled(event.data.get("name", ""), {}) or _("Started"), ""


def _titled(title: str, *, with_step: bool = True) -> Speak:
    """Words of the form "<title with %(step)s>" and the event's own text."""

    def speak(event: InstanceEvent, name: str, names: dict[str, Any]) -> tuple[str, str]:
        words = _(title)
        return words % {"step": name or "–"} if with_step else words, policies.filled(event.text, event.params)

    return speak


WORDS: dict[str, Speak] = {
    "instance.started": _started,
    "instance.ended": _ended,
    "instance.withdrawn": _titled(gettext_noop("Withdrawn"), with_step=False),
    "task.decided": _decided,
    "task.urged": _titled(gettext_noop("%(step)s: urged")),
    "task.undone": _titled(gettext_noop("%(step)s: decision undone")),
    "task.cancelled": _titled(gettext_noop("%(step)s: withdrawn")),
    "task.reassigned": _reassigned,
    "task.fallback": _titled(gettext_noop("%(step)s: no approver found")),
    "step.skipped": _titled(gettext_noop("Skipped: %(step)s")),
    "incident.opened": _titled(gettext_noop("Stopped: %(step)s")),
    "incident.closed": _closed,
}


def _waiting(instance: ProcessInstance, process: Process, state: machine.State, incidents: tuple[Incident, ...]) -> list[Hop]:
    """What the case waits for now, and what broke."""
    hops = [_broken(one, process) for one in incidents]
    held = {one.token for one in incidents if one.token}
    tasks = {(task.token, task.node): task for task in Task.objects.filter(
        instance=instance, state__in=[*Task.OPEN, Task.State.DECIDED]).prefetch_related("candidates")}
    for token in state.tokens:
        node = process.nodes[token.node]
        if token.id not in held and node.kind != "parallel":
            hops.append(_wait(instance, node, token, tasks.get((token.id, token.node))))
    return hops


def _broken(incident: Incident, process: Process) -> Hop:
    node = process.nodes.get(incident.node)
    name = _(node.name) if node and node.name else ""
    return Hop(state="bad", title=_("Stopped: %(step)s") % {"step": name} if name else _("Needs a look"), at=incident.opened_at,
               text=policies.filled(incident.message, incident.params), incident=incident,
               systems=("oa", incident.system) if incident.system not in ("", "oa") and incident.token else (incident.system or "oa",),
               detail=(("key", incident.job_key),) if incident.job_key else ())


def _wait(instance: ProcessInstance, node: Node, token: machine.Token, task: Task | None) -> Hop:
    name = _(node.name) if node.name else node.id
    if task is not None:
        names = ", ".join(_display(one) for one in task.candidates.all())
        waits = _("Waits for %(names)s.") % {"names": names or "–"}
        text = _("In effect at the end of the undo window.") if task.state == Task.State.DECIDED else waits
        return Hop(state="wait", title=name, at=task.created_at, systems=("oa",), text=text)
    if node.kind == "service_task":
        return Hop(state="wait", title=name, systems=("oa", system_of(node)) if system_of(node) != "oa" else ("oa",), text=_trying(instance, token))
    system = system_of(node)
    return Hop(state="wait", title=name, systems=(system, "oa") if system != "oa" else ("oa",),
               text=_("Waits for it; this page changes by itself.") if node.kind == "message_catch" else _("Waits for its time."))


def _trying(instance: ProcessInstance, token: machine.Token) -> str:
    job = jobs.get(f"{instance.pk}:{token.id}:{token.node}:{token.iteration}")
    if job is None or job.attempts < 2:
        return _("Runs now.")
    return _("Tried %(count)s times; it will be tried again by itself. Nothing is lost.") % {"count": job.attempts}


# --- do all systems agree? ------------------------------------------------------------------------------------------------------------------


def _agreement(instance: ProcessInstance, person: Any, now: dt.datetime) -> tuple[Any, tuple[str, ...], dt.datetime | None]:
    provider = registry.AGREEMENTS.get(instance.process_key)
    if provider is None:
        return None, (), None
    answer = provider(instance, now)
    systems = tuple(name for name in ("crm", "oa", "erp") if any(name in row.values for row in answer.rows))
    rows = tuple((_(row.label), [(name, _cell(row, name, person)) for name in systems], row.agree) for row in answer.rows)
    return rows, systems, answer.as_of


def _cell(row: registry.AgreementRow, system: str, person: Any) -> Any:
    resource, name = row.resources.get(system, ("", ""))
    return policies.shown(person, resource, name, row.values.get(system, ""), row.owner_id)
