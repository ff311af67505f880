"""What the apps above plug into the engine: service tasks, candidates rules, decision cards, the table that compares systems.

The types of the card are imported from here, too.

Unknown names fail: a process file that names one nobody registered is refused when it is deployed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from apps.workflows.engine.cards import HAPPENED, Card, Fact, FormField, Line, Link, Obstacle, Option, stamp
from apps.workflows.engine.naming import LABELS

if TYPE_CHECKING:
    from apps.workflows.models import ProcessInstance

__all__ = [
    "AGREEMENTS", "BRIEFS", "CANDIDATES", "CARDS", "DEPENDS", "HAPPENED", "LABELS", "OBSERVERS", "SERVICE_TASKS", "STARTABLES", "Agreement",
    "AgreementRow", "BpmnError", "Candidates", "Card", "Decision", "Fact", "FormField", "Line", "Link", "Obstacle", "Option", "Ref", "Startable",
    "StepContext", "StepResult", "agreement", "brief", "candidates", "card", "depends_on", "label", "observers", "service_task", "stamp",
    "startable",
]  # fmt: skip
F = TypeVar("F", bound=Callable[..., Any])
Json = dict[str, Any]


class BpmnError(Exception):
    """A failure the process file deals with: caught by the error boundary of that code on the service task; uncaught, an incident."""

    def __init__(self, code: str, message: str = "", *, variables: Mapping[str, Any] | None = None) -> None:
        super().__init__(message or code)
        self.code, self.message, self.variables = code, message or code, dict(variables or {})


@dataclass(frozen=True)
class Decision:
    """A decision that took effect: what the approver saw and chose. `form`: the terms as changed on the card. `decided_by`: login."""

    task_id: uuid.UUID
    node: str
    outcome: str
    comment: str
    form: Json
    card: Card
    decided_by: str
    decided_at: dt.datetime
    sha256: str


@dataclass(frozen=True)
class StepContext:
    """What a service task gets. `key` is stable over retries and restarts: hand it to the outside system as the idempotency key.

    `headers`: the zeebe:taskHeaders of the step; `inputs`: its evaluated zeebe:input mappings. `decision`: the latest one of this instance.
    """

    instance_id: uuid.UUID
    business_key: str
    variables: Json
    key: str
    node: str
    attempt: int
    decided_by: str
    now: dt.datetime
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    inputs: Json = dataclasses.field(default_factory=dict)
    decision: Decision | None = None


@dataclass(frozen=True)
class Ref:
    """The name of a thing in one system, for the timeline: ("erp", "Sales order", "SO-20869", "/orders/…").

    `resource`/`field`/`owner_id`: the access rule that may mask `id`; empty: shown to everybody who may see the case.
    """

    system: str
    label: str
    id: str
    url: str = ""
    resource: str = ""
    field: str = ""
    owner_id: str = ""


@dataclass(frozen=True)
class StepResult:
    """What a service task may return instead of plain variables. `text`: msgid for the timeline with %(named)s from `params`."""

    variables: Json = dataclasses.field(default_factory=dict)
    refs: tuple[Ref, ...] = ()
    text: str = ""
    params: Json = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Candidates:
    """Who may decide. `fallback` True: the rule found nobody fit (`reason` says why, a msgid) and the named admin steps in, with an alert."""

    person_ids: tuple[uuid.UUID, ...] = ()
    fallback: bool = False
    reason: str = ""


@dataclass(frozen=True)
class AgreementRow:
    """One field in each system: `values` system -> value (JSON-able text); `resources`: system -> (resource, field) for the masks."""

    label: str
    values: Mapping[str, str]
    agree: bool
    resources: Mapping[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    owner_id: str = ""


@dataclass(frozen=True)
class Agreement:
    rows: tuple[AgreementRow, ...]
    as_of: dt.datetime | None = None


@dataclass(frozen=True)
class Startable:
    """Something a person may begin: a form, or a place where a process starts. Shown to whom `resource`/`action` allows it.

    `title` and `hint`: lazy texts; `url`: where it begins; `words`: more words by which a search finds it.
    """

    key: str
    title: Any
    hint: Any
    url: str
    icon: str
    resource: str
    action: str = "create"
    words: str = ""


ServiceTask = Callable[[StepContext], "StepResult | Json | None"]
CandidatesRule = Callable[["ProcessInstance"], Candidates]
CardProvider = Callable[["ProcessInstance", dt.datetime], Card]
AgreementProvider = Callable[["ProcessInstance", dt.datetime], Agreement]
ObserverRule = Callable[["ProcessInstance", Any], bool]
WatchedProvider = Callable[["ProcessInstance"], "list[str]"]
BriefProvider = Callable[["ProcessInstance"], "tuple[Fact, ...]"]

SERVICE_TASKS: dict[str, ServiceTask] = {}
CANDIDATES: dict[str, CandidatesRule] = {}
CARDS: dict[str, CardProvider] = {}
AGREEMENTS: dict[str, AgreementProvider] = {}
BRIEFS: dict[str, BriefProvider] = {}
OBSERVERS: dict[str, ObserverRule] = {}
STARTABLES: dict[str, Startable] = {}
DEPENDS: dict[str, WatchedProvider] = {}


def _into(table: dict[str, Any], name: str) -> Callable[[F], F]:
    def register(function: F) -> F:
        if not name or table.get(name, function) is not function:
            raise ValueError(f"{name!r} is empty or registered twice")
        table[name] = function
        return function

    return register


def service_task(topic: str) -> Callable[[F], F]:
    """`fn(ctx: StepContext) -> StepResult | dict | None`. May talk to the network: it runs outside any transaction, maybe more than once with
    the same `ctx.key`. TransientError is tried again, PermanentError becomes an incident, BpmnError goes to the error boundary."""
    return _into(SERVICE_TASKS, topic)


def candidates(rule: str) -> Callable[[F], F]:
    """`fn(instance) -> Candidates`. Reads the database only. The requester and inactive people are taken out by the engine, whatever it says."""
    return _into(CANDIDATES, rule)


def card(name: str) -> Callable[[F], F]:
    """`fn(instance, now) -> Card`. May talk to the network; a system that is down gives facts with ok=False, never an exception."""
    return _into(CARDS, name)


def agreement(process_key: str) -> Callable[[F], F]:
    """`fn(instance, now) -> Agreement`: the table "do all systems agree?" of a timeline. Reads read models only."""
    return _into(AGREEMENTS, process_key)


def label(process_key: str) -> Callable[[F], F]:
    """`fn(variables) -> str`: the number by which people call a case ("HT-2611-087"); empty: its business key. Lists call it for each row."""
    return _into(LABELS, process_key)


def brief(process_key: str) -> Callable[[F], F]:
    """`fn(instance) -> tuple[Fact, ...]`: the few facts a notice about the case says beside its title. Reads the database only."""
    return _into(BRIEFS, process_key)


def observers(name: str) -> Callable[[F], F]:
    """`fn(instance, person) -> bool`: whether this person may read the case, beside who takes part and whom a role lets. Reads the database only."""
    return _into(OBSERVERS, name)


def startable(entry: Startable) -> Startable:
    """Offer a beginning to people; twice the same key is an error."""
    return _into(STARTABLES, entry.key)(entry)  # type: ignore[type-var]


def depends_on(process_key: str) -> Callable[[F], F]:
    """`fn(instance) -> list[str]`: records ("<connection>:<kind>:<external id>") whose change may be waited for before deciding. Reads the
    database only."""
    return _into(DEPENDS, process_key)
