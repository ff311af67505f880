"""What a process file must satisfy before it is published: shape of each element, names that exist, expressions that can be read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.workflows.engine import expressions, soundness, timing
from apps.workflows.engine.process import ENDS, GATEWAYS, Node, Process
from apps.workflows.engine.reader import Problem, read

MAX_BYTES = 1_000_000
MAX_NODES = 500


@dataclass(frozen=True)
class Known:
    """Names that are registered: topics of service tasks, candidates rules, cards."""

    topics: Collection[str]
    candidates: Collection[str]
    cards: Collection[str]


def compile_file(xml: str, known: Known) -> tuple[Process | None, list[Problem]]:
    """The compiled process, or the problems for which it is refused (then the process is None)."""
    if len(xml.encode()) > MAX_BYTES:
        return None, [Problem("", _("The file is larger than one megabyte."))]
    process, problems = read(xml)
    if process is None or problems:
        return None, problems
    problems = [*shape(process), *names(process, known), *texts(process)]
    if not problems:
        problems = soundness.problems(process)
    return (None, problems) if problems else (process, [])


def shape(process: Process) -> list[Problem]:
    """Each element with the flows it may have, everything reachable, boundaries where they make sense."""
    if len(process.nodes) > MAX_NODES:
        return [Problem("", _("More than %(count)s elements.") % {"count": MAX_NODES})]
    found = [problem for node in process.nodes.values() for rule in RULES for problem in rule(process, node)]
    found += list(_starts(process))
    reached = process.reachable(node.id for node in process.of_kind("start"))
    found += [Problem(key, _("No way leads here from the start.")) for key in process.nodes if key not in reached]
    return found


def _starts(process: Process) -> Iterator[Problem]:
    starts = process.of_kind("start")
    if not starts:
        yield Problem(process.key, _("There is no start event."))
    if not process.of_kind(*ENDS):
        yield Problem(process.key, _("There is no end event."))
    messages: set[str] = set()
    for node in starts:
        if node.message in messages:
            yield Problem(node.id, _("Another start event waits for the same message."))
        messages.add(node.message)


def _incoming(process: Process, node: Node) -> Iterator[Problem]:
    if (node.kind == "start" or node.attached) and node.incoming:
        yield Problem(node.id, _("No flow may lead into it."))


def _outgoing(process: Process, node: Node) -> Iterator[Problem]:
    count = len(node.outgoing)
    if node.kind in ENDS and count:
        yield Problem(node.id, _("An end event has no way out."))
    elif node.kind in GATEWAYS and not count:
        yield Problem(node.id, _("A gateway needs a way out."))
    elif node.kind not in ENDS | GATEWAYS and count != 1:
        yield Problem(node.id, _("It needs exactly one way out; split with a gateway."))


def _conditions(process: Process, node: Node) -> Iterator[Problem]:
    deciding = node.kind == "exclusive" and len(node.outgoing) > 1
    if node.default and (not deciding or node.default not in node.outgoing):
        yield Problem(node.id, _("Its default way is not one of its ways."))
    for key in node.outgoing:
        flow = process.flows[key]
        if deciding and key != node.default and not flow.condition:
            yield Problem(key, _("This way needs a condition."))
        if flow.condition and (not deciding or key == node.default):
            yield Problem(key, _("A condition has no effect here; only ways out of an exclusive gateway have one."))


def _boundary(process: Process, node: Node) -> Iterator[Problem]:
    if node.kind.startswith("boundary") and not node.attached:
        yield Problem(node.id, _("It is attached to nothing."))
    if not node.attached:
        return
    host = process.nodes[node.attached]
    if node.kind == "boundary_error":
        same = [other for other in host.boundaries if process.nodes[other].kind == node.kind and process.nodes[other].error == node.error]
        if host.kind != "service_task" or not node.interrupting:
            yield Problem(node.id, _("An error event belongs on a service task and interrupts it."))
        elif len(same) > 1:
            yield Problem(node.id, _("Another error event waits for the same error."))
    elif node.kind == "boundary_message" and (host.kind != "user_task" or not node.interrupting):
        yield Problem(node.id, _("A message event belongs on a user task and interrupts it."))
    elif host.kind == "service_task" and node.interrupting:
        # the outside system may have acted already: what is under way outside must come to its end
        yield Problem(node.id, _("A timer cannot interrupt a service task; let it only add a way."))
    elif host.kind not in ("service_task", "user_task", "message_catch"):
        yield Problem(node.id, _("It cannot be attached to this element."))


def _gateway(process: Process, node: Node) -> Iterator[Problem]:
    if node.kind == "parallel" and len(node.incoming) < 2 and len(node.outgoing) < 2:
        yield Problem(node.id, _("It neither splits nor joins."))


RULES: tuple[Callable[[Process, Node], Iterator[Problem]], ...] = (_incoming, _outgoing, _conditions, _boundary, _gateway)


def names(process: Process, known: Known) -> list[Problem]:
    """Topics, rules and cards that nobody registered."""
    found: list[Problem] = []
    for node in process.nodes.values():
        if node.kind == "service_task" and node.topic not in known.topics:
            found.append(Problem(node.id, _("Nothing does the work of the topic %(name)s.") % {"name": node.topic}))
        if node.kind == "user_task" and node.candidates not in known.candidates:
            found.append(Problem(node.id, _("There is no rule %(name)s for who decides.") % {"name": node.candidates or "–"}))
        if node.card and node.card not in known.cards:
            found.append(Problem(node.id, _("There is no decision card %(name)s.") % {"name": node.card}))
        if node.watches and not node.card:
            found.append(Problem(node.id, _("It watches facts but has no decision card.")))
    return found


def texts(process: Process) -> list[Problem]:
    """Conditions, mappings and times that cannot be read."""
    found: list[Problem] = []

    def try_out(element: str, check: Callable[[], object]) -> None:
        try:
            check()
        except (expressions.ExpressionError, timing.TimerError) as error:
            found.append(Problem(element, str(error)))

    for flow in process.flows.values():
        if flow.condition:
            try_out(flow.id, lambda flow=flow: expressions.compiled(flow.condition))  # type: ignore[misc]
    for node in process.nodes.values():
        for text in (*node.inputs.values(), *node.outputs.values()):
            try_out(node.id, lambda text=text: expressions.compiled(text))  # type: ignore[misc]
        if node.timer:
            try_out(node.id, lambda timer=node.timer: timing.check(timer))  # type: ignore[misc]
            if node.timer.kind == "cycle" and (node.kind != "boundary_timer" or node.interrupting):
                found.append(Problem(node.id, _("Only a timer that does not interrupt may repeat.")))
        if node.due:
            try_out(node.id, lambda due=node.due: timing.duration(due))  # type: ignore[misc]
    return found
