"""The token machine: pure functions over a State. It says what happened as a list of effects; services turn effects into rows and jobs.

A token waits at a node, or at a parallel join for its sisters, or is held at a gateway whose conditions failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from apps.workflows.engine.expressions import ExpressionError
from apps.workflows.engine.process import ENDS, WAITS, Node, Process

MAX_MOVES = 10_000
Holds = Callable[[str], bool]


class UnknownToken(LookupError):
    """The token has left: what was waiting for it came too late."""


@dataclass(frozen=True)
class Token:
    """`iteration`: the how-manieth entry into this node in this instance. `via`: the flow it came by (joins need it). `held`: see Blocked."""

    id: str
    node: str
    iteration: int
    via: str = ""
    held: bool = False


@dataclass(frozen=True)
class State:
    """`ended`: "" while running, else completed | failed | cancelled; `end`: id of the last end event."""

    tokens: tuple[Token, ...] = ()
    count: int = 0
    iterations: Mapping[str, int] = field(default_factory=dict)
    ended: str = ""
    end: str = ""

    def token(self, key: str) -> Token:
        """Raises UnknownToken."""
        for token in self.tokens:
            if token.id == key:
                return token
        raise UnknownToken(key)

    def at(self, node: str) -> list[Token]:
        return [token for token in self.tokens if token.node == node]


@dataclass(frozen=True)
class Entered:
    """A token waits at a node that has something to do: open the task, run the step, subscribe, set the timer; and arm the boundaries."""

    token: Token
    node: Node


@dataclass(frozen=True)
class Left:
    """A token left a waiting node (`how`: completed | interrupted | cancelled): close whatever waits there for it."""

    token: Token
    node: Node
    how: str


@dataclass(frozen=True)
class Passed:
    """A token went through an event or gateway without waiting. `flow`: the way chosen by an exclusive gateway."""

    token: Token
    node: Node
    flow: str = ""


@dataclass(frozen=True)
class Blocked:
    """A gateway could not decide; its token is held there until somebody retries."""

    token: Token
    node: Node
    reason: str


@dataclass(frozen=True)
class Ended:
    """The instance is over: `how` completed | failed | cancelled; `code` of an error end."""

    how: str
    node: str
    code: str = ""


Effect = Entered | Left | Passed | Blocked | Ended


class Machine:
    """One step over a state: call one method, then read `state` and `effects`. `holds(condition)` -> bool may raise ExpressionError."""

    def __init__(self, process: Process, state: State, holds: Holds) -> None:
        self.process, self.state, self.holds = process, state, holds
        self.effects: list[Effect] = []
        self._moves = 0

    # --- what can happen ----------------------------------------------------------------------------------------------------------------

    def begin(self, start: Node) -> None:
        """The first token, at the start event."""
        token = self._new(start)
        self.effects.append(Passed(token, start))
        self._follow(token, start.outgoing)
        self._settle()

    def complete(self, token_id: str) -> None:
        """What the token waited for is done: it goes on. Raises UnknownToken."""
        token, node = self._waiting(token_id)
        self.effects.append(Left(token, node, "completed"))
        self._follow(token, node.outgoing)
        self._settle()

    def boundary(self, token_id: str, boundary_id: str) -> Token:
        """An event attached to the token's node happened. Raises UnknownToken, also when the event is not attached there."""
        token, node = self._waiting(token_id)
        if boundary_id not in node.boundaries:
            raise UnknownToken(f"{token_id} is not where {boundary_id} is attached")
        event = self.process.nodes[boundary_id]
        if event.interrupting:
            self._drop(token)
            self.effects.append(Left(token, node, "interrupted"))
        spawned = self._new(event)
        self.effects.append(Passed(spawned, event))
        self._follow(spawned, event.outgoing)
        self._settle()
        return spawned

    def error(self, token_id: str, code: str) -> bool:
        """A step failed in a way the diagram may deal with: True when a boundary took it (the exact code first, then one without a code)."""
        _token, node = self._waiting(token_id)
        events = [self.process.nodes[key] for key in node.boundaries if self.process.nodes[key].kind == "boundary_error"]
        chosen = next((event for event in events if event.error == code), None) or next((event for event in events if not event.error), None)
        if chosen is None:
            return False
        self.boundary(token_id, chosen.id)
        return True

    def retry(self, token_id: str) -> None:
        """Let a token that is held at a gateway try again. Raises UnknownToken."""
        token = self.state.token(token_id)
        if not token.held:
            raise UnknownToken(f"{token_id} is not held")
        self._drop(token)
        self._arrive(replace(token, held=False), count=False)
        self._settle()

    def force(self, token_id: str, flow: str) -> None:
        """Send a held token along one way of its gateway."""
        token = self.state.token(token_id)
        node = self.process.nodes[token.node]
        if not token.held or flow not in node.outgoing:
            raise UnknownToken(f"{token_id} cannot go along {flow}")
        self.effects.append(Passed(token, node, flow))
        self._follow(token, (flow,))
        self._settle()

    def cancel(self) -> None:
        """Everything stops here: a withdrawal, or an order from outside."""
        self._clear("cancelled")
        self._end("cancelled", "")

    # --- moving -------------------------------------------------------------------------------------------------------------------------

    def _waiting(self, token_id: str) -> tuple[Token, Node]:
        token = self.state.token(token_id)
        node = self.process.nodes[token.node]
        if node.kind not in WAITS:
            raise UnknownToken(f"{token_id} does not wait at a step")
        return token, node

    def _new(self, node: Node) -> Token:
        count = self.state.count + 1
        self.state = replace(self.state, count=count)
        return Token(f"t{count}", node.id, self._iteration(node.id))

    def _iteration(self, node: str) -> int:
        number = self.state.iterations.get(node, 0) + 1
        self.state = replace(self.state, iterations={**self.state.iterations, node: number})
        return number

    def _drop(self, token: Token) -> None:
        self.state = replace(self.state, tokens=tuple(other for other in self.state.tokens if other.id != token.id))

    def _keep(self, token: Token) -> None:
        self.state = replace(self.state, tokens=(*self.state.tokens, token))

    def _follow(self, token: Token, flows: tuple[str, ...]) -> None:
        """Send a token along flows; the first way keeps its name, the others get tokens of their own."""
        self._drop(token)
        for number, key in enumerate(flows):
            flow = self.process.flows[key]
            if number == 0:
                moving = replace(token, node=flow.target, via=key, held=False)
            else:
                self.state = replace(self.state, count=self.state.count + 1)
                moving = Token(f"t{self.state.count}", flow.target, 0, key)
            self._arrive(moving)

    def _arrive(self, token: Token, *, count: bool = True) -> None:
        self._moves += 1
        if self._moves > MAX_MOVES:
            raise RuntimeError(f"{self.process.key} moves without end")
        if self.state.ended:
            return
        node = self.process.nodes[token.node]
        if count:
            token = replace(token, iteration=self._iteration(node.id))
        if node.kind in WAITS:
            self._keep(token)
            self.effects.append(Entered(token, node))
        elif node.kind in ENDS:
            self._reach_end(token, node)
        elif node.kind == "exclusive":
            self._choose(token, node)
        else:
            self._join(token, node)

    def _choose(self, token: Token, node: Node) -> None:
        try:
            flow = self._chosen(node)
        except ExpressionError as error:
            self._block(token, node, str(error))
            return
        if not flow:
            self._block(token, node, "no condition holds and there is no default way")
            return
        self.effects.append(Passed(token, node, flow))
        self._follow(token, (flow,))

    def _chosen(self, node: Node) -> str:
        if len(node.outgoing) == 1:
            return node.outgoing[0]
        for key in node.outgoing:
            if key != node.default and self.holds(self.process.flows[key].condition):
                return key
        return node.default

    def _block(self, token: Token, node: Node, reason: str) -> None:
        held = replace(token, held=True)
        self._keep(held)
        self.effects.append(Blocked(held, node, reason))

    def _join(self, token: Token, node: Node) -> None:
        self._keep(token)
        arrived: dict[str, Token] = {}
        for other in self.state.at(node.id):
            arrived.setdefault(other.via, other)
        if len(arrived) < len(node.incoming):
            return
        for other in arrived.values():
            self._drop(other)
        self.effects.append(Passed(token, node))
        self._follow(token, node.outgoing)

    def _reach_end(self, token: Token, node: Node) -> None:
        self._drop(token)
        self.effects.append(Passed(token, node))
        if node.kind == "end":
            self.state = replace(self.state, end=node.id)
            return
        self._clear("cancelled")
        self._end("failed" if node.kind == "end_error" else "completed", node.id, node.error)

    def _clear(self, how: str) -> None:
        for token in self.state.tokens:
            self.effects.append(Left(token, self.process.nodes[token.node], how))
        self.state = replace(self.state, tokens=())

    def _end(self, how: str, node: str, code: str = "") -> None:
        self.state = replace(self.state, ended=how, end=node or self.state.end)
        self.effects.append(Ended(how, node, code))

    def _settle(self) -> None:
        if not self.state.ended and not self.state.tokens:
            self._end("completed", self.state.end)


def to_json(state: State) -> dict[str, Any]:
    """JSON-able and free of any order of keys."""
    return {
        "tokens": [{"id": token.id, "node": token.node, "iteration": token.iteration, "via": token.via, "held": token.held}
                   for token in state.tokens],
        "count": state.count,
        "iterations": dict(state.iterations),
        "ended": state.ended,
        "end": state.end,
    }


def from_json(data: Mapping[str, Any]) -> State:
    """The state again; an empty object is a case that has not begun."""
    return State(tuple(Token(**token) for token in data.get("tokens", ())), data.get("count", 0), data.get("iterations", {}),
                 data.get("ended", ""), data.get("end", ""))
