"""Connectors against the tier they claim: what can be seen without the system itself. The contract suite (tests/connectors) shows the rest."""

from __future__ import annotations

import pathlib
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import SecretStr, ValidationError

from apps.integrations import canonical, registry
from apps.integrations.contract import Connector
from apps.integrations.registry import Manifest

TIERS: dict[str, tuple[str, ...]] = {
    "bronze": ("manifest", "check_before_save", "secrets_marked", "pure_mapping_with_fixtures", "contract_suite", "readme"),
    "silver": (
        "three_way_errors", "timeouts_everywhere", "logs_once_down_once_back", "reauthentication", "idempotent_actions", "cursor_survives_crash",
        "coverage_95",
    ),
    "gold": (
        "signed_webhooks_with_replay_window", "redacted_diagnostics_download", "reconciliation_counts", "reconfiguring_without_losing_references",
        "strict_types",
    ),
}  # fmt: skip
ORDER = tuple(TIERS)
README_SAYS = ("syncs", "credentials", "removal", "known limits")
SECRET_WORDS = ("key", "token", "secret", "password")
PROMISES = ("still to be", "to do", "todo", "later", "not yet")
SHORTEST_REASON = 20
MODULES = ("README.md", "config.py", "client.py", "streams.py", "actions.py", "mapping.py", "connector.py", "quality.toml")


def checked(folders: pathlib.Path | None = None) -> Iterator[tuple[str, str, list[str]]]:
    """(id, tier it claims, problems) of every connector folder, by id."""
    for path in sorted((folders or registry.CONNECTORS).glob("*/manifest.toml")):
        tier, problems = problems_of(path.parent)
        yield path.parent.name, tier, problems


def problems_of(folder: pathlib.Path, connector: Connector[Any] | None = None) -> tuple[str, list[str]]:
    """(tier it claims or "", what keeps it from that tier). `connector`: given where the folder is none of the registry's."""
    try:
        manifest = registry.read_manifest(folder)
    except (ValueError, ValidationError, tomllib.TOMLDecodeError) as error:
        return "", [f"manifest.toml: {error}"]
    found = _files(folder) + _readme(folder) + _quality(folder, manifest.quality)
    try:
        known = connector or registry.connector(manifest.id)
    except Exception as error:  # whatever its modules raise while they are imported
        return manifest.quality, [*found, f"{manifest.entry_point} cannot be imported: {type(error).__name__}: {error}"]
    return manifest.quality, found + _capabilities(manifest, known) + _secrets(known) + _streams(manifest, known)


def _files(folder: pathlib.Path) -> list[str]:
    return [f"{name} is missing" for name in MODULES if not (folder / name).exists() and not (folder / name.removesuffix(".py")).is_dir()]


def _readme(folder: pathlib.Path) -> list[str]:
    path = folder / "README.md"
    words = path.read_text().lower() if path.exists() else ""
    return [f"README.md says nothing of “{part}”" for part in README_SAYS if words and part not in words]


def _quality(folder: pathlib.Path, tier: str) -> list[str]:
    path = folder / "quality.toml"
    if not path.exists():
        return []  # said by _files
    try:
        given: Mapping[str, Mapping[str, Any]] = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        return [f"quality.toml: {error}"]
    found = [f"quality.toml: there is no tier {name}" for name in given if name not in TIERS]
    for name in TIERS:
        rules = given.get(name, {})
        found += [f"quality.toml: {name} has no rule {rule}" for rule in rules if rule not in TIERS[name]]
        if ORDER.index(name) <= ORDER.index(tier):
            found += [f"quality.toml: the rule {rule} of {name} is not answered" for rule in TIERS[name] if rule not in rules]
        found += [f"quality.toml: {rule}: {why}" for rule, value in rules.items() if (why := _unsound(value))]
    return found


def _unsound(value: Any) -> str:
    """Why an answer is none; "" when it is one."""
    if value == "done":
        return ""
    if not isinstance(value, str) or not value.startswith("exempt: "):
        return 'write "done", or "exempt: <reason>"'
    reason = value.removeprefix("exempt: ")
    if any(promise in reason for promise in PROMISES):
        return "a promise is no reason: do it, or claim a lower tier"
    return "" if len(reason) >= SHORTEST_REASON else "the reason is too short to be one"


def _capabilities(manifest: Manifest, connector: Connector[Any]) -> list[str]:
    there, said = [action.name for action in connector.actions], list(manifest.capabilities)
    found = [f"manifest.toml names the capability {name}, and no action is called so" for name in said if name not in there]
    found += [f"the action {name} is not among the capabilities of manifest.toml" for name in there if name not in said]
    found += [f"{name} is there twice" for name in sorted({name for name in there + said if max(there.count(name), said.count(name)) > 1})]
    found += [f"the action {action.name} has no label" for action in connector.actions if not action.label]
    if (connector.parse_webhook is not None) != (manifest.delivery == "push"):
        found.append('delivery is "push" where the connector takes webhooks, else "poll"')
    return found


def _secrets(connector: Connector[Any]) -> list[str]:
    fields = connector.config.model_fields
    found = [
        f"config: {name} looks like a secret and is none: make it Secret"
        for name, field in fields.items()
        if any(word in name for word in SECRET_WORDS) and field.annotation is not SecretStr
    ]
    found += [f"config: {name} has no description; the form is drawn from it" for name, field in fields.items() if _bare(name, field)]
    return found + ([] if "base_url" in fields else ["config: base_url is missing"])


def _bare(name: str, field: Any) -> bool:
    """A choice of words explains itself."""
    return not field.description and "Literal" not in str(field.annotation)


def _streams(manifest: Manifest, connector: Connector[Any]) -> list[str]:
    names = [stream.name for stream in connector.streams]
    found = [] if names else ["it has no stream"]
    found += [f"the stream {name} is there twice" for name in sorted({name for name in names if names.count(name) > 1})]
    return found + [f"the stream {one.name}: there is no canonical kind {one.kind}" for one in connector.streams if one.kind not in canonical.KINDS]
