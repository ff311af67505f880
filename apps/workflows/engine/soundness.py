"""Can a process always come to its end? All markings are walked through before a file is published.

A marking is the set of flows that hold a token. Refused: a join that can wait for ever, two tokens on one flow, a loop without a wait,
a side path that runs into the main one, a diagram with too many markings to be looked through.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from apps.workflows.engine.nets import Marking, Net, net_of, reduced
from apps.workflows.engine.process import GATEWAYS, Node, Process
from apps.workflows.engine.reader import Problem

MAX_MARKINGS = 5_000
TOO_MANY = ("", "too many")


def problems(process: Process) -> list[Problem]:
    """Empty: each case of this process can always reach an end."""
    found = [*_loops(process), *_side_paths(process)]
    if found:
        return found
    begins = [*process.of_kind("start"), *(node for node in process.of_kind("boundary_timer") if not node.interrupting)]
    for begin in begins:
        problem = _checked(process, begin)
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


def _checked(process: Process, begin: Node) -> Problem | None:
    """First as drawn, so that a problem names what was drawn; a diagram with too many markings is reduced first."""
    net = net_of(process, begin.outgoing)
    found = walk(net, frozenset(begin.outgoing))
    if found is TOO_MANY:
        small = reduced(net)
        found = walk(small, frozenset(key for key, edge in small.edges.items() if edge[0] == ""))
    if found is TOO_MANY:
        return Problem(process.key, _("The diagram has too many combinations to be checked; make it simpler."))
    if found is None:
        return None
    node, why = found
    if why == "stuck":
        return Problem(node, _("This join can wait for ever: not all its ways are always taken."))
    return Problem(node, _("Two tokens can meet behind this element; join them with a parallel gateway."))


def walk(net: Net, begin: Marking) -> tuple[str, str] | None:
    """None: every order of everything ends well. Else (node, "stuck" or "twice"), or TOO_MANY."""
    seen, todo = {begin}, [begin]
    while todo:
        marking = todo.pop()
        moved = False
        for node in net.enabled(marking):
            for following in net.fire(node, marking):
                moved = True
                if following is None:
                    return node, "twice"
                if following not in seen:
                    seen.add(following)
                    todo.append(following)
        if marking and not moved:
            return net.edges[min(marking)][1], "stuck"
        if len(seen) > MAX_MARKINGS:
            return TOO_MANY
    return None
