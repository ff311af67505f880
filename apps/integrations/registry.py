"""The closed registry: connectors found by their manifests, rules for records, and the words of those rules.

A connector is reached through its manifest only; this is the one file of the portal that imports a module by name. A connector or a rule
nobody registered is an error, never a silent pass.
"""

from __future__ import annotations

import functools
import importlib
import pathlib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from apps.integrations import policies
from apps.integrations.canonical import KINDS
from apps.integrations.contract import Connector
from apps.integrations.events import Problem

CONNECTORS = pathlib.Path(__file__).resolve().parent.parent / "connectors"
FIELD = re.compile(r"\{([a-z_0-9.]+)\}")
Validator = Callable[[Mapping[str, Any], Mapping[str, Any]], Iterable[Problem]]


class Words(BaseModel):
    """A text in the languages of the portal; `{field}` (or `{custom.field}`) stands for a value of the record."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    en: str = ""
    zh: str = ""

    def in_language(self, code: str | None) -> str:
        return self.zh if (code or "").startswith("zh") else self.en

    @property
    def fields(self) -> set[str]:
        return {name for text in (self.en, self.zh) for name in FIELD.findall(text)}


class Enters(BaseModel):
    """The field took one of these values, and had none of them before."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    field: str
    values: tuple[str, ...]


class FallsBelow(BaseModel):
    """The number became smaller than another field of the record."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    field: str
    limit: str


class Message(BaseModel):
    """A kind of message that a connector adds: `[[messages]]` of its manifest. Exactly one of `enters`, `falls_below`, `rises` (a number grew)
    and `at` (a moment of the record has come) says when. `to`: "owner" of the record, "steward" of the connection, "who:<action>:<resource>"
    (all who may). `case`, `fact`: two systems that report the same fact of the same case make one message; `case` is a field of the record."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    record: str
    label: Words
    title: Words
    body: Words = Words()
    icon: str = "bell"
    to: tuple[str, ...] = Field(min_length=1)
    enters: Enters | None = None
    falls_below: FallsBelow | None = None
    rises: str = ""
    at: str = ""
    case: str = "external_id"
    fact: str = ""

    @field_validator("to")
    @classmethod
    def _known_people(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if not re.fullmatch(r"owner|steward|who:[a-z_]+:[a-z_]+\.[a-z_]+", one):
                raise ValueError(f"to: {one!r} is neither owner, steward nor who:<action>:<resource>")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Message:
        if self.record not in KINDS:
            raise ValueError(f"there is no canonical kind {self.record!r}")
        if sum(map(bool, (self.enters, self.falls_below, self.rises, self.at))) != 1:
            raise ValueError(f"{self.key}: exactly one of enters, falls_below, rises, at")
        for text in (self.label, self.title):
            if not (text.en and text.zh):
                raise ValueError(f"{self.key}: label and title in English and Chinese")
        unknown = {name.partition(".")[0] for name in self.fields} - set(KINDS[self.record].model_fields)
        if unknown:
            raise ValueError(f"{self.key}: a {self.record} has no {', '.join(sorted(unknown))}")
        return self

    @property
    def fields(self) -> set[str]:
        """Every field of the record that it names."""
        named = {self.case, self.rises, self.at} | self.title.fields | self.body.fields
        named |= {self.enters.field} if self.enters else set()
        named |= {self.falls_below.field, self.falls_below.limit} if self.falls_below else set()
        return named - {""}


class Manifest(BaseModel):
    """manifest.toml of a connector. `delivery`: how changes reach us; `quality`: the tier it claims; `entry_point`: "<module>:<object>".
    `person_tokens`: the system takes a token of the company's sign-on, so that a person acts in it as that person. `messages`: the kinds of
    messages its records bring."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: str
    kind: str = Field(pattern=r"^(erp|crm)$")
    version: str
    owner: str
    docs: str
    delivery: str = Field(pattern=r"^(poll|push)$")
    capabilities: tuple[str, ...]
    quality: str = Field(pattern=r"^(bronze|silver|gold)$")
    entry_point: str = "connector:CONNECTOR"
    person_tokens: bool = False
    messages: tuple[Message, ...] = ()

    @field_validator("messages")
    @classmethod
    def _once(cls, value: tuple[Message, ...]) -> tuple[Message, ...]:
        if len({message.key for message in value}) < len(value):
            raise ValueError("two messages have one key")
        return value

    @field_validator("entry_point")
    @classmethod
    def _inside(cls, value: str) -> str:
        module, _, name = value.partition(":")
        if not module.isidentifier() or not name.isidentifier():
            raise ValueError("must be <module of the folder>:<object>")
        return value


def read_manifest(folder: pathlib.Path) -> Manifest:
    """The manifest of one folder. Raises ValueError when it is not valid or names another folder."""
    with (folder / "manifest.toml").open("rb") as file:
        manifest = Manifest.model_validate(tomllib.load(file))
    if manifest.id != folder.name:
        raise ValueError(f"{folder.name}/manifest.toml names the connector {manifest.id}")
    return manifest


@functools.cache
def manifests() -> dict[str, Manifest]:
    """Every connector there is, by id. Read once a process."""
    found = [read_manifest(path.parent) for path in sorted(CONNECTORS.glob("*/manifest.toml"))]
    return {manifest.id: manifest for manifest in found}


_dummies: dict[str, Connector[Any]] = {}


def connector(connector_id: str) -> Connector[Any]:
    """The connector with this id. Raises LookupError for one that has no folder."""
    return _dummies.get(connector_id) or _imported(connector_id)


@functools.cache
def _imported(connector_id: str) -> Connector[Any]:
    manifest = manifests().get(connector_id)
    if manifest is None:
        raise LookupError(f"there is no connector {connector_id!r}; known: {', '.join(manifests()) or 'none'}")
    module, _, name = manifest.entry_point.partition(":")
    found = getattr(importlib.import_module(f"apps.connectors.{connector_id}.{module}"), name)
    if not isinstance(found, Connector) or found.id != connector_id:
        raise LookupError(f"{connector_id}: {manifest.entry_point} is not the connector {connector_id}")
    return found


def register_dummy(dummy: Connector[Any]) -> Connector[Any]:
    """FOR TESTS ONLY: a connector without a folder."""
    _dummies[dummy.id] = dummy
    return dummy


# --- rules --------------------------------------------------------------------------------------------------------------------------------

_validators: dict[str, list[Validator]] = {}
_pages: dict[str, Callable[[str], str]] = {}


def register_validator(kind: str, rule: Validator | None = None) -> Any:
    """Add a rule for records of a canonical kind; also a decorator: @register_validator("deal").

    `rule(record, context)` gets the canonical record as JSON and {"connection", "system", "transition", "live", "now"}; it returns problems,
    reads only, and may ask other systems (it runs outside transactions). TransientError makes the reading be tried again later.
    """
    if kind not in KINDS:
        raise LookupError(f"there is no canonical kind {kind!r}")

    def add(given: Validator) -> Validator:
        rules = _validators.setdefault(kind, [])
        if given not in rules:
            rules.append(given)
        return given

    return add if rule is None else add(rule)


def problems_of(kind: str, record: Mapping[str, Any], context: Mapping[str, Any]) -> list[Problem]:
    """What the rules of the framework and of the apps above say against a record; empty: it is good."""
    found = policies.key_problems(kind, record)
    for rule in _validators.get(kind, []):
        found += rule(record, context)
    return found


def register_problem(code: str, text: Any, cure: Any) -> None:
    """The words of a rule: `text` says what is wrong, `cure` what to do; lazy translations, formatted with the problem's params."""
    policies.WORDS[code] = (text, cure)


def problem_words(code: str, params: Mapping[str, Any]) -> tuple[str, str]:
    """(what is wrong, what to do) in the reader's language; a code nobody gave words to stands for itself."""
    return policies.problem_words(code, params)


def register_page(kind: str, page: Callable[[str], str]) -> None:
    """Where the portal shows a record of a kind: `page(external_id)` -> path, or "" for one it does not know."""
    _pages[kind] = page


def page_of(kind: str, external_id: str) -> str:
    """The portal's own page of a record, or ""."""
    page = _pages.get(kind)
    return page(external_id) if page else ""
