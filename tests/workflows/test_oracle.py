"""The token machine against a second, simpler reading of the same diagrams; and: what the checks accept never gets stuck."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from apps.workflows.engine import checks, expressions, machine, nets, soundness
from apps.workflows.engine.process import Process
from apps.workflows.engine.reader import read
from tests.workflows import build as b

KNOWN = checks.Known({"t"}, {"test.boss"}, {"test.card"})
VARIABLES = ("v0", "v1", "v2")

# A block: ("task", n) | ("seq", [blocks]) | ("xor", variable, [blocks or None]) | ("and", [blocks]) | ("loop", variable, block)
Block = Any


def blocks() -> st.SearchStrategy[Block]:
    task = st.just(("task",))
    return st.recursive(
        task,
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: ("seq", parts)),
            st.tuples(st.sampled_from(VARIABLES), st.lists(st.one_of(st.none(), inner), min_size=2, max_size=3)).map(lambda pair: ("xor", *pair)),
            st.lists(inner, min_size=2, max_size=3).map(lambda parts: ("and", parts)),
            st.tuples(st.sampled_from(VARIABLES), inner).map(lambda pair: ("loop", pair[0], ("seq", [("task",), pair[1]]))),
        ),
        max_leaves=8,
    )


@dataclass
class Drawing:
    """Turns a block into elements and flows."""

    nodes: list[str] = field(default_factory=list)
    flows: list[str] = field(default_factory=list)
    count: int = 0

    def new(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def flow(self, source: str, target: str, condition: str = "") -> str:
        key = self.new("f")
        self.flows.append(b.flow(source, target, condition, key))
        return key

    def draw(self, block: Block, names: list[str]) -> tuple[str, str]:
        """(first, last) element of the block; tasks are named in the order of drawing."""
        kind = block[0]
        if kind == "task":
            key = self.new("task")
            names.append(key)
            self.nodes.append(b.service(key, "t"))
            return key, key
        if kind == "seq":
            ends = [self.draw(part, names) for part in block[1]]
            for (_first, last), (first, _last) in itertools.pairwise(ends):
                self.flow(last, first)
            return ends[0][0], ends[-1][1]
        if kind == "and":
            return self._and(block, names)
        if kind == "xor":
            return self._xor(block, names)
        return self._loop(block, names)

    def _and(self, block: Block, names: list[str]) -> tuple[str, str]:
        fork, join = self.new("fork"), self.new("join")
        self.nodes += [b.both(fork), b.both(join)]
        for part in block[1]:
            first, last = self.draw(part, names)
            self.flow(fork, first)
            self.flow(last, join)
        return fork, join

    def _xor(self, block: Block, names: list[str]) -> tuple[str, str]:
        split, merge = self.new("split"), self.new("merge")
        default = ""
        for number, part in enumerate(block[2]):
            first, last = self.draw(part, names) if part else (merge, "")
            is_last = number == len(block[2]) - 1
            key = self.flow(split, first, "" if is_last else f"{block[1]} == {number}")
            default = key if is_last else default
            if last:
                self.flow(last, merge)
        self.nodes += [b.xor(split, default), b.xor(merge)]
        return split, merge

    def _loop(self, block: Block, names: list[str]) -> tuple[str, str]:
        enter, leave, out = self.new("enter"), self.new("leave"), self.new("out")
        first, last = self.draw(block[2], names)
        self.flow(enter, first)
        self.flow(last, leave)
        self.flow(leave, enter, f"{block[1]} == 0")
        default = self.flow(leave, out)
        self.nodes += [b.xor(enter), b.xor(leave, default), b.xor(out)]
        return enter, out


# --- the reference: what is left to do is a tree that shrinks ------------------------------------------------------------------------------


def named(block: Block, names: Any) -> Block:
    """The block with its tasks' names, in the order of drawing."""
    kind = block[0]
    if kind == "task":
        return ("task", next(names))
    if kind in ("seq", "and"):
        return (kind, [named(part, names) for part in block[1]])
    if kind == "xor":
        return ("xor", block[1], [named(part, names) if part else None for part in block[2]])
    return ("loop", block[1], named(block[2], names))


def begun(block: Block, env: dict[str, int]) -> Block:
    """What is left when a token arrives: choices are made now. None: nothing."""
    kind = block[0]
    if kind == "task":
        return block
    if kind == "seq":
        return _sequence(block[1], env)
    if kind == "and":
        parts = [begun(part, env) for part in block[1]]
        return None if all(part is None for part in parts) else ("both", parts)
    if kind == "xor":
        chosen = env[block[1]] if env[block[1]] < len(block[2]) - 1 else len(block[2]) - 1
        part = block[2][chosen]
        return begun(part, env) if part else None
    return ("then", begun(block[2], env), [("again", block[1], block[2])])


def _sequence(parts: list[Block], env: dict[str, int]) -> Block:
    for number, part in enumerate(parts):
        left = _again(part, env) if part[0] == "again" else begun(part, env)
        if left is not None:
            rest = parts[number + 1 :]
            return ("then", left, rest) if rest else left
    return None


def _again(part: Block, env: dict[str, int]) -> Block:
    return begun(("loop", part[1], part[2]), env) if env[part[1]] == 0 else None


def enabled(left: Block) -> list[str]:
    if left is None:
        return []
    if left[0] == "task":
        return [left[1]]
    if left[0] == "then":
        return enabled(left[1])
    return [name for part in left[1] for name in enabled(part)]


def done(left: Block, name: str, env: dict[str, int]) -> Block:
    if left is None or (left[0] == "task" and left[1] != name):
        return left
    if left[0] == "task":
        return None
    if left[0] == "then":
        inner = done(left[1], name, env)
        return _sequence(left[2], env) if inner is None else ("then", inner, left[2])
    parts = [done(part, name, env) for part in left[1]]
    return None if all(part is None for part in parts) else ("both", parts)


def compiled(block: Block) -> tuple[Process, list[str]]:
    drawing, names = Drawing(), []
    first, last = drawing.draw(block, names)
    xml = b.process(*drawing.nodes, *drawing.flows, b.flow("start", first, key="f_in"), b.flow(last, "end", key="f_out"))
    process, problems = checks.compile_file(xml, KNOWN)
    assert problems == []
    assert process is not None
    return process, names


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(blocks(), st.data())
def test_the_machine_enables_what_the_reference_enables_after_every_step(block: Block, data: Any) -> None:
    process, names = compiled(block)
    env = {name: data.draw(st.integers(0, 2), label=name) for name in VARIABLES}
    reference = begun(named(block, iter(names)), env)
    state = machine.State()
    run = machine.Machine(process, state, lambda text: expressions.holds(text, env))
    start = process.start("")
    assert start is not None
    run.begin(start)
    for _turn in range(25):
        waiting = {token.node: token.id for token in run.state.tokens if process.nodes[token.node].kind == "service_task"}
        assert sorted(waiting) == sorted(enabled(reference))
        assert bool(run.state.ended) == (reference is None)
        if not waiting:
            return
        name = data.draw(st.sampled_from(sorted(waiting)), label="done")
        env.update({key: data.draw(st.integers(0, 2), label=key) for key in VARIABLES})
        stored = machine.from_json(machine.to_json(run.state))
        assert stored == run.state
        run = machine.Machine(process, stored, lambda text: expressions.holds(text, env))
        run.complete(waiting[name])
        reference = done(reference, name, env)


@st.composite
def graphs(draw: Any) -> str:
    """Any wiring of gateways and tasks, most of it wrong."""
    kinds = draw(st.lists(st.sampled_from(["task", "xor", "and", "catch"]), min_size=1, max_size=6))
    keys = [f"n{number}" for number in range(len(kinds))]
    flows, nodes = [b.flow("start", draw(st.sampled_from(keys)), key="f0")], []
    for key, kind in zip(keys, kinds, strict=True):
        targets = draw(st.lists(st.sampled_from([*keys, "end"]), min_size=1, max_size=1 if kind in ("task", "catch") else 2, unique=True))
        ways = [f"{key}_{number}" for number in range(len(targets))]
        nodes.append(
            {"task": b.service(key, "t"), "xor": b.xor(key, ways[-1] if len(ways) > 1 else ""), "and": b.both(key), "catch": b.catch(key, "m")}[kind]
        )
        flows += [
            b.flow(key, target, f"v0 == {number}" if kind == "xor" and number < len(targets) - 1 else "", way)
            for number, (target, way) in enumerate(zip(targets, ways, strict=True))
        ]
    return b.process(*nodes, *flows, messages=("m",))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(graphs(), st.data())
def test_a_process_that_is_accepted_never_stops_without_something_to_wait_for(xml: str, data: Any) -> None:
    process, _problems = checks.compile_file(xml, KNOWN)
    assume(process is not None)
    env = {"v0": data.draw(st.integers(0, 2))}
    run = machine.Machine(process, machine.State(), lambda text: expressions.holds(text, env))
    start = process.start("")
    assert start is not None
    run.begin(start)
    for _turn in range(30):
        waiting = [token for token in run.state.tokens if process.nodes[token.node].kind != "parallel"]
        assert waiting or run.state.ended
        if run.state.ended:
            return
        assert len({token.node for token in waiting}) == len(waiting)
        env["v0"] = data.draw(st.integers(0, 2))
        run.complete(data.draw(st.sampled_from(sorted(token.id for token in waiting))))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(graphs())
def test_a_reduced_net_has_a_problem_exactly_when_the_drawn_one_has(xml: str) -> None:
    process, problems = read(xml)
    assume(process is not None and not problems and not checks.shape(process) and not list(soundness._loops(process)))
    assert process is not None
    begin = frozenset(process.of_kind("start")[0].outgoing)
    net = nets.net_of(process, begin)
    small = nets.reduced(net)
    drawn = soundness.walk(net, begin)
    assert (soundness.walk(small, frozenset(key for key, edge in small.edges.items() if not edge[0])) is None) == (drawn is None)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(blocks())
def test_a_diagram_of_blocks_reduces_to_one_edge(block: Block) -> None:
    process, _names = compiled(block)
    small = nets.reduced(nets.net_of(process, process.of_kind("start")[0].outgoing))
    assert len(small.edges) <= 2
