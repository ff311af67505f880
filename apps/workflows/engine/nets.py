"""A process as a net of tokens, and its reduction: what a person sees as one block becomes one edge.

Kinds: "one" takes a token from any way in and sends it along any one way out (tasks, events, exclusive gateways); "all" takes one from each way
in and sends one along each way out (parallel gateways); "end" takes a token away; "stop" takes all away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from apps.workflows.engine.process import Process

KINDS = {"parallel": "all", "end": "end", "end_error": "stop", "end_terminate": "stop"}
Marking = frozenset[str]


@dataclass
class Net:
    """`edges`: id -> (source, target); a source may be "" (where the walk begins)."""

    kinds: dict[str, str]
    edges: dict[str, tuple[str, str]]
    ins: dict[str, list[str]] = field(default_factory=dict)
    outs: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, (source, target) in self.edges.items():
            self.outs.setdefault(source, []).append(key)
            self.ins.setdefault(target, []).append(key)

    def enabled(self, marking: Marking) -> Iterator[str]:
        """Nodes that can be passed."""
        for node in sorted({self.edges[key][1] for key in marking}):
            if self.kinds[node] != "all" or all(key in marking for key in self.ins[node]):
                yield node

    def fire(self, node: str, marking: Marking) -> Iterator[Marking | None]:
        """Each marking that can follow when the node is passed; None: a second token on one edge."""
        kind, outs = self.kinds[node], self.outs.get(node, [])
        if kind == "stop":
            yield frozenset()
            return
        taken = [frozenset(self.ins[node])] if kind == "all" else [frozenset({key}) for key in self.ins[node] if key in marking]
        ways = [frozenset(outs)] if kind == "all" else [frozenset({key}) for key in outs] or [frozenset()]
        for consumed in taken:
            rest = marking - consumed
            for produced in ways:
                yield None if rest & produced else rest | produced


def net_of(process: Process, begin: Iterable[str]) -> Net:
    """The net that begins with tokens on these flows. Interrupting events are ways out of what they are attached to."""
    begin = set(begin)
    hosts = {key: node.attached for key, node in process.nodes.items() if node.attached and node.interrupting}
    edges = {}
    for flow in process.flows.values():
        source = process.nodes[flow.source]
        if flow.id in begin:
            edges[flow.id] = ("", flow.target)
        elif source.kind != "start" and (not source.attached or source.interrupting):
            edges[flow.id] = (hosts.get(flow.source, flow.source), flow.target)
    reached, todo = set(), [edges[key][1] for key in begin]
    while todo:
        node = todo.pop()
        if node not in reached:
            reached.add(node)
            todo += [target for source, target in edges.values() if source == node]
    kept = {key: edge for key, edge in edges.items() if edge[0] in reached or edge[0] == ""}
    return Net({node: KINDS.get(process.nodes[node].kind, "one") for node in reached}, kept)


def reduced(net: Net) -> Net:
    """A smaller net that gets stuck, or holds two tokens on one edge, exactly when this one does."""
    edges, kinds = dict(net.edges), dict(net.kinds)
    while True:
        step = _step(Net(kinds, edges))
        if step is None:
            return Net(kinds, edges)
        edges, kinds = step


def _step(net: Net) -> tuple[dict[str, tuple[str, str]], dict[str, str]] | None:
    """One rule applied once, or None."""
    edges = net.edges
    seen: dict[tuple[str, str], str] = {}
    for key, (source, target) in edges.items():
        if source == target and net.kinds[source] == "one" and len(net.outs[source]) > 1:
            return _without(edges, key), net.kinds  # a loop that leads straight back
        twin = seen.get((source, target))
        if twin and source and net.kinds[source] == net.kinds[target] and net.kinds[source] in ("one", "all"):
            return _without(edges, key), net.kinds  # two ways with nothing on them
        seen[source, target] = key
        if source and source != target and _joinable(net, source, target):
            return _contracted(net, key, source, target)
    return None


def _joinable(net: Net, source: str, target: str) -> bool:
    kind, other = net.kinds[source], net.kinds[target]
    if other in ("end", "stop"):
        return False
    ins, outs = len(net.ins[target]), len(net.outs[source])
    if kind == other:
        return ins == 1 or outs == 1
    # a node with one way in and one way out is of either kind
    return (len(net.ins[source]) == 1 and outs == 1) or (ins == 1 and len(net.outs.get(target, [])) == 1)


def _contracted(net: Net, key: str, source: str, target: str) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """Two nodes become one, named by the target; its kind is that of the one that has a choice to make."""
    plain = len(net.ins[target]) == 1 and len(net.outs.get(target, [])) == 1
    kind = net.kinds[source] if plain else net.kinds[target]
    edges = {name: (target if one == source else one, target if two == source else two)
             for name, (one, two) in net.edges.items() if name != key}
    kinds = {name: value for name, value in net.kinds.items() if name != source}
    return edges, {**kinds, target: kind}


def _without(edges: dict[str, tuple[str, str]], key: str) -> dict[str, tuple[str, str]]:
    return {name: edge for name, edge in edges.items() if name != key}
