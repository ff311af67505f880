"""A compiled process: what the machine runs. Plain frozen data, to JSON and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from apps.workflows.engine.cards import Watch

Kind = Literal[
    "start", "end", "end_error", "end_terminate", "user_task", "service_task", "exclusive", "parallel",
    "message_catch", "timer_catch", "boundary_message", "boundary_timer", "boundary_error",
]  # fmt: skip
GATEWAYS = frozenset({"exclusive", "parallel"})
ENDS = frozenset({"end", "end_error", "end_terminate"})
BOUNDARIES = frozenset({"boundary_message", "boundary_timer", "boundary_error"})
WAITS = frozenset({"user_task", "service_task", "message_catch", "timer_catch"})


@dataclass(frozen=True)
class Timer:
    """`kind`: duration (ISO 8601, "PT24H"), date (ISO moment) or cycle ("R3/PT1H"). A `value` that begins with = is a CEL expression."""

    kind: str
    value: str


@dataclass(frozen=True)
class Flow:
    """`condition`: CEL text or ""."""

    id: str
    source: str
    target: str
    name: str = ""
    condition: str = ""


@dataclass(frozen=True)
class Node:
    """One element. `outgoing` and `incoming` are flow ids in document order; `boundaries` the ids of the events attached to it."""

    id: str
    kind: Kind
    name: str = ""
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    default: str = ""
    boundaries: tuple[str, ...] = ()
    attached: str = ""
    interrupting: bool = True
    message: str = ""
    error: str = ""
    timer: Timer | None = None
    topic: str = ""
    retries: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    candidates: str = ""
    card: str = ""
    watches: tuple[Watch, ...] = ()
    undo: bool = True
    due: str = ""
    phase: str = ""
    system: str = ""


@dataclass(frozen=True)
class Process:
    """`key`: the id of the bpmn:process."""

    key: str
    name: str
    nodes: Mapping[str, Node]
    flows: Mapping[str, Flow]

    def of_kind(self, *kinds: str) -> list[Node]:
        return [node for node in self.nodes.values() if node.kind in kinds]

    def start(self, message: str) -> Node | None:
        """The start event of a message; "" = the plain one, or the only one there is."""
        starts = self.of_kind("start")
        exact = next((node for node in starts if node.message == message), None)
        return exact or (starts[0] if not message and len(starts) == 1 else None)

    def targets(self, node: Node) -> list[str]:
        """Where tokens may go from here: along flows, and through the events attached to it."""
        return [*(self.flows[flow].target for flow in node.outgoing), *node.boundaries]

    def reachable(self, begin: Iterable[str], *, through_side_paths: bool = True) -> set[str]:
        """Ids reachable from `begin` (included). Without side paths: not through non-interrupting boundaries."""
        seen: set[str] = set()
        todo = list(begin)
        while todo:
            current = todo.pop()
            if current in seen:
                continue
            seen.add(current)
            for target in self.targets(self.nodes[current]):
                if through_side_paths or self.nodes[target].interrupting:
                    todo.append(target)
        return seen


def to_json(process: Process) -> dict[str, Any]:
    """JSON-able; nodes and flows as lists, because a database may reorder the keys of an object."""
    return {
        "key": process.key,
        "name": process.name,
        "nodes": [asdict(node) for node in process.nodes.values()],
        "flows": [asdict(flow) for flow in process.flows.values()],
    }


def from_json(data: Mapping[str, Any]) -> Process:
    """The process again, as `to_json` wrote it."""
    return Process(
        key=data["key"],
        name=data["name"],
        nodes={node["id"]: _node(node) for node in data["nodes"]},
        flows={flow["id"]: Flow(**flow) for flow in data["flows"]},
    )


def _node(data: Mapping[str, Any]) -> Node:
    parts = dict(data)
    for name in ("incoming", "outgoing", "boundaries"):
        parts[name] = tuple(parts[name])
    parts["watches"] = tuple(Watch(**watch) for watch in parts["watches"])
    parts["timer"] = Timer(**parts["timer"]) if parts["timer"] else None
    return Node(**parts)
