"""Can a process always come to its end? All markings are walked through before a file is published.

A marking is the set of flows that hold a token. Refused: a join that can wait for ever, two tokens on one flow, a loop without a wait,
a side path that runs into the main one, a diagram with too many markings to be looked through.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from apps.workflows.engine.process import GATEWAYS, Node, Process
from apps.workflows.engine.reader import Problem

MAX_MARKINGS = 20_000
Marking = frozenset[str]


def problems(process: Process) -> list[Problem]:
    """Empty: each case of this process can always reach an end."""
    found = [*_loops(process), *_side_paths(process)]
    if found:
        return found
    begins = [*process.of_kind("start"), *(node for node in process.of_kind("boundary_timer") if not node.interrupting)]
    for begin in begins:
        problem = _walk(process, frozenset(begin.outgoing))
        if problem:
            return [problem]
    return []


def _loops(process: Process) -> Iterator[Problem]:
    """A ring of gateways alone would turn for ever inside one step."""
    gateways = [node.id for node in process.nodes.values() if node.kind in GATEWAYS]
    for begin in gateways:
        seen: set[str] = set()
        todo = [begin]
        while todo:
            for target in process.targets(process.nodes[todo.pop()]):
                if target == begin:
                    yield Problem(begin, _("This loop has no step at which it waits."))
                    return
                if process.nodes[target].kind in GATEWAYS and target not in seen:
                    seen.add(target)
                    todo.append(target)


def _side_paths(process: Process) -> Iterator[Problem]:
    """What a non-interrupting event begins runs beside the main path: were it to enter it, steps would be done twice."""
    main = process.reachable((node.id for node in process.of_kind("start")), through_side_paths=False)
    for node in process.of_kind("boundary_timer"):
        if node.interrupting:
            continue
        shared = process.reachable([node.id], through_side_paths=False) & main
        if shared:
            yield Problem(node.id, _("Its way runs into the main path at %(element)s; give it an end of its own.") % {"element": min(shared)})


def _walk(process: Process, begin: Marking) -> Problem | None:
    seen: set[Marking] = {begin}
    todo = [begin]
    while todo:
        marking = todo.pop()
        moved = False
        for node in _enabled(process, marking):
            for following in _fire(process, node, marking):
                moved = True
                if following is None:
                    return Problem(node.id, _("Two tokens can meet behind this element; join them with a parallel gateway."))
                if following not in seen:
                    seen.add(following)
                    todo.append(following)
        if marking and not moved:
            waiting = process.flows[min(marking)].target
            return Problem(waiting, _("This join can wait for ever: not all its ways are always taken."))
        if len(seen) > MAX_MARKINGS:
            return Problem(process.key, _("The diagram has too many combinations to be checked; make it simpler."))
    return None


def _enabled(process: Process, marking: Marking) -> Iterator[Node]:
    for key in sorted({process.flows[flow].target for flow in marking}):
        node = process.nodes[key]
        if node.kind != "parallel" or all(flow in marking for flow in node.incoming):
            yield node


def _fire(process: Process, node: Node, marking: Marking) -> Iterator[Marking | None]:
    """Each marking that can follow when this node is passed; None: a second token on one flow."""
    if node.kind in ("end_error", "end_terminate"):
        yield frozenset()
        return
    taken = [frozenset(node.incoming)] if node.kind == "parallel" else [frozenset({flow}) for flow in node.incoming if flow in marking]
    for consumed in taken:
        rest = marking - consumed
        for produced in _ways_out(process, node):
            yield None if rest & produced else rest | produced


def _ways_out(process: Process, node: Node) -> list[Marking]:
    if node.kind == "parallel":
        return [frozenset(node.outgoing)]
    if node.kind == "exclusive":
        return [frozenset({flow}) for flow in node.outgoing]
    ways = [frozenset(node.outgoing)]
    ways += [frozenset(process.nodes[key].outgoing) for key in node.boundaries if process.nodes[key].interrupting]
    return ways
