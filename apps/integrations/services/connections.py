"""Making and changing connections, and what we know of their health."""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from pydantic import BaseModel, SecretStr, ValidationError

from apps.audit import services as audit
from apps.core.access import decide
from apps.core.crypto import decrypt, encrypt
from apps.core.errors import DomainError, NotFound
from apps.core.http import OutsideError, PermanentError, understanding
from apps.integrations import policies, registry
from apps.integrations.contract import CheckResult
from apps.integrations.events import CONNECTION_CHANGED
from apps.integrations.models import Connection
from apps.jobs import services as jobs
from apps.realtime import services as realtime

log = logging.getLogger(__name__)
FEED = "integrations.feed"
SEEN_EVERY = dt.timedelta(seconds=10)  # how often "last ok" is written while nothing changes
Json = dict[str, Any]


class UnableToConnect(DomainError):
    """The settings of a connection are not complete, or its connector does not exist."""

    code = "unable_to_connect"


def get_connection(key: str) -> Connection:
    """The connection of this key. Raises NotFound."""
    found = Connection.objects.filter(key=key).first()
    if found is None:
        raise NotFound(_("There is no connection “%(key)s”.") % {"key": key})
    return found


def _context(key: str) -> str:
    return f"integrations.connection:{key}"


def _secret_names(model: type[BaseModel]) -> set[str]:
    return {name for name, info in model.model_fields.items() if "SecretStr" in str(info.annotation) or info.annotation is SecretStr}


def config_of(connection: Connection) -> Any:
    """The connector's typed settings, secrets opened. Network code gets this and never the row. Raises PermanentError for settings that this
    release of the connector does not take."""
    secrets = json.loads(decrypt(connection.secrets, _context(connection.key))) if connection.secrets else {}
    try:
        return registry.connector(connection.connector_id).config.model_validate({**connection.config, **secrets})
    except ValidationError as error:
        missing = ", ".join(sorted({str(one["loc"][0]) for one in error.errors() if one["loc"]}))
        raise PermanentError(_("the settings of this connection are not complete (%(names)s); an administrator has to save them again") % {
            "names": missing}, system=connection.key, code="settings") from None  # the message of pydantic may quote a secret


def upsert_connection(*, key: str, connector_id: str, config: Mapping[str, Any], secrets: Mapping[str, str], live_from: dt.datetime,
                      now: dt.datetime, organisation: str = "", steward: str = "") -> Connection:
    """Make a connection or change its settings; cursor, `live_from` and everything read are kept while it leads to the same system.

    Raises UnableToConnect when the connector does not exist or refuses the settings. The feed is polled from the first load on.
    """
    _checked(connector_id, {**config, **secrets})
    wanted: Json = {
        "connector_id": connector_id, "config": dict(config), "organisation": organisation, "steward": steward or settings.FALLBACK_ADMIN,
        "updated_at": now,
    }
    with transaction.atomic():
        row = Connection.objects.select_for_update().filter(key=key).first()
        if row is None:
            row = Connection(key=key, live_from=live_from, since=now, created_at=now, **wanted)
        for name, value in wanted.items():
            setattr(row, name, value)
        before = json.loads(decrypt(row.secrets, _context(key))) if row.secrets else None
        if before != dict(secrets):
            row.secrets = encrypt(json.dumps(dict(secrets)), _context(key))
        row.save()
        jobs.repeat(kind=FEED, every=settings.FEED_INTERVAL, key=f"feed:{key}", payload={"connection": key}, now=now)
        audit.record(actor=None, action="integrations.connection.configured", object=f"integrations.connection:{key}", now=now,
                     data={"connector": connector_id, "organisation": organisation})
    return row


def _checked(connector_id: str, settings_given: Mapping[str, Any]) -> None:
    try:
        model = registry.connector(connector_id).config
        plain = set(settings_given) & _secret_names(model)
        model.model_validate(dict(settings_given))
    except LookupError as error:
        raise UnableToConnect(_("There is no connector “%(id)s”.") % {"id": connector_id}) from error
    except ValidationError as error:
        names = sorted({".".join(str(part) for part in problem["loc"]) for problem in error.errors()})
        raise UnableToConnect(_("These settings are missing or wrong: %(names)s.") % {"names": ", ".join(names)}) from None
    log.debug("%s: %d secret settings", connector_id, len(plain))


_ENVIRONMENT: dict[str, tuple[tuple[str, str, dict[str, str], dict[str, str], str], ...]] = {
    # mode -> (key, connector, plain setting -> variable, secret setting -> variable, variable of the organisation)
    "stack": (
        ("erp", "erp_tryton", {"base_url": "ERP_URL", "web_url": "ERP_WEB_URL", "database": "ERP_DATABASE"},
         {"service_key": "ERP_SERVICE_KEY", "webhook_secret": "WEBHOOK_SECRET_ERP"}, ""),
        ("crm", "crm_bottle", {"base_url": "CRM_URL", "organisation": "CRM_ORG_ID"},
         {"service_token": "CRM_SERVICE_TOKEN", "webhook_secret": "WEBHOOK_SECRET_CRM"}, "CRM_ORG_ID"),
    ),
    "demo": (
        ("erp", "erp_sandbox", {"base_url": "ERP_SANDBOX_URL", "protocol": "ERP_SANDBOX_PROTOCOL"},
         {"service_key": "ERP_SERVICE_KEY", "webhook_secret": "WEBHOOK_SECRET_ERP"}, ""),
        ("crm", "crm_sandbox", {"base_url": "CRM_SANDBOX_URL"},
         {"service_token": "CRM_SERVICE_TOKEN", "webhook_secret": "WEBHOOK_SECRET_CRM"}, "CRM_SANDBOX_ORGANISATION"),
    ),
}


def connect_from_env(*, now: dt.datetime, mode: str = "", environ: Mapping[str, str] | None = None) -> list[Connection]:
    """The connections that the environment names, made or brought up to date. Settings a connector does not know, or that are not given, are left
    to its defaults. Raises UnableToConnect naming what is missing."""
    given = os.environ if environ is None else environ
    made = []
    for key, connector_id, plain, secret, organisation in _ENVIRONMENT.get(mode or settings.ATRIUM_MODE, ()):
        known = set(registry.connector(connector_id).config.model_fields)
        made.append(upsert_connection(
            key=key, connector_id=connector_id, now=now, live_from=now, organisation=given.get(organisation, "") if organisation else "",
            config={name: given[variable] for name, variable in plain.items() if name in known and given.get(variable)},
            secrets={name: given[variable] for name, variable in secret.items() if name in known and given.get(variable)},
        ))
    return made


# --- health -----------------------------------------------------------------------------------------------------------------------------


def note_answer(connection: Connection, *, slow: bool = False, now: dt.datetime) -> None:
    """The system answered. Writes only when the state changes or the last note is old."""
    state = Connection.State.SLOW if slow else Connection.State.UP
    changed = _turn(connection, state, reason="", now=now)
    if changed or connection.last_ok_at is None or now - connection.last_ok_at >= SEEN_EVERY:
        Connection.objects.filter(pk=connection.pk).update(last_ok_at=now)
        connection.last_ok_at = now


def note_failure(connection: Connection, error: OutsideError, *, now: dt.datetime) -> None:
    """The system is away (policies.means_down); a refusal of one request is no news of the system."""
    if policies.means_down(error):
        _turn(connection, Connection.State.DOWN, reason=policies.short_error(error), now=now)


def _turn(connection: Connection, state: str, *, reason: str, now: dt.datetime) -> bool:
    """Set another state: logged and announced once, however many processes notice."""
    if connection.state == state:
        fresh = Connection.objects.filter(pk=connection.pk).values_list("state", flat=True).first()
        if fresh == state:
            return False
    with transaction.atomic():
        turned = Connection.objects.filter(pk=connection.pk).exclude(state=state).update(state=state, since=now, last_error=reason)
        connection.state, connection.last_error = state, reason
        if not turned:
            return False
        connection.since = now
        data = {"key": connection.key, "state": state, "since": now.isoformat(), "reason": reason, "steward": connection.steward}
        jobs.publish(event=CONNECTION_CHANGED, data=data, now=now, order_key=f"connection:{connection.key}")
        realtime.broadcast(hint={"t": "connection", "key": connection.key, "state": state}, now=now)
        if state != Connection.State.DOWN:
            jobs.hasten(system=connection.key, now=now)
    if state == Connection.State.DOWN:
        log.error("connection %s is down: %s", connection.key, reason)
    else:
        log.warning("connection %s answers again (%s)", connection.key, state)
    return True


# --- what an administrator does ---------------------------------------------------------------------------------------------------------


def check(*, person: Any, connection_key: str, now: dt.datetime) -> CheckResult:
    """Ask the system now who it is. Network. Raises NotPermitted, NotFound; a system that does not answer is a result, not an error."""
    decide(person, "manage", "integrations.connection").require(_("You may not manage connections."))
    connection = get_connection(connection_key)
    try:
        with understanding(connection_key.upper()):
            result = registry.connector(connection.connector_id).check(config_of(connection))
    except OutsideError as error:
        note_failure(connection, error, now=now)
        return CheckResult(ok=False, message=policies.short_error(error))
    note_answer(connection, now=now)
    if result.version and result.version != connection.version:
        Connection.objects.filter(pk=connection.pk).update(version=result.version[:60])
    return result


def set_enabled(*, person: Any, connection_key: str, enabled: bool, now: dt.datetime) -> Connection:
    """Stop or go on reading a system and writing to it. What happens meanwhile is caught up from the cursor."""
    decide(person, "manage", "integrations.connection").require(_("You may not manage connections."))
    with transaction.atomic():
        connection = Connection.objects.select_for_update().filter(key=connection_key).first()
        if connection is None:
            raise NotFound(_("There is no connection “%(key)s”.") % {"key": connection_key})
        if connection.enabled != enabled:
            connection.enabled, connection.updated_at = enabled, now
            connection.save(update_fields=["enabled", "updated_at"])
            audit.record(actor=person, action=f"integrations.connection.{'enabled' if enabled else 'disabled'}",
                         object=f"integrations.connection:{connection_key}", data={}, now=now)
    return connection


def takes_person_tokens(system: str) -> bool:
    """Whether the connected system knows a person by a token of the company's sign-on; else the service account acts and names the person."""
    manifest = registry.manifests().get(get_connection(system).connector_id)
    return bool(manifest and manifest.person_tokens)
