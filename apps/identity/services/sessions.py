"""Portal sessions: opened after a sign-in, ended by sign-out, by the identity provider or by an administrator."""

from __future__ import annotations

import datetime as dt
import uuid
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from apps.audit import services as audit
from apps.core.crypto import encrypt
from apps.identity.models import DEMO_ISSUER, Account, OidcSession, digest_of
from apps.jobs import services as jobs
from apps.realtime import services as realtime

SESSION_ENDED = "identity.session.ended"
ASK_AGAIN = dt.timedelta(minutes=5)  # a session without tokens: how often the provider is asked whether the person may still be here


def open_session(
    *,
    session_key: str,
    account: Account,
    now: dt.datetime,
    claims: dict[str, Any] | None = None,
    tokens: dict[str, Any] | None = None,
    via: str = "",
) -> OidcSession:
    """Remember a sign-in that has just happened. `claims` of the verified ID token and the token endpoint's answer;
    neither for the demo, nor when a chat product (`via`) said who it is: then the provider is asked about the person
    every ASK_AGAIN."""
    claims, tokens = claims or {}, tokens or {}
    with transaction.atomic():
        account.refresh_from_db(fields=["session_epoch"])
        row, _made = OidcSession.objects.update_or_create(
            session_key=session_key,
            defaults={
                "account": account,
                "epoch": account.session_epoch,
                "issuer": account.issuer,
                "subject": account.subject,
                "sid": str(claims.get("sid", "")),
                "acr": str(claims.get("acr", "")),
                "via": via,
                "auth_time": moment_of(claims.get("auth_time")),
                "opened_at": now,
                "checked_at": now,
                "expires_at": now + dt.timedelta(seconds=settings.SESSION_COOKIE_AGE),
                "access_expires_at": now + ASK_AGAIN if via and account.issuer != DEMO_ISSUER else None,
                **token_fields(session_key, tokens, now),
            },
        )
        audit.record(
            actor=None,
            action="identity.session.opened",
            object=f"identity.account:{account.username}",
            data={"issuer": account.issuer, "sid": row.sid, "acr": row.acr, "via": via},
            now=now,
        )
    return row


def end_own(*, account: Account, name: str, now: dt.datetime) -> bool:
    """End one of the person's own sessions, by `digest_of` its key. False: there is none (any more)."""
    key = next((key for key in OidcSession.objects.filter(account=account).values_list("pk", flat=True) if digest_of(key) == name), None)
    return key is not None and bool(end_sessions(session_key=key, reason="ended by the person", now=now))


def end_by_chat(*, via: str, reason: str, now: dt.datetime, account: Account | None = None) -> int:
    """End the sessions that this chat product began, of everybody or of one account. Returns how many."""
    rows = OidcSession.objects.filter(via=via) if account is None else OidcSession.objects.filter(via=via, account=account)
    keys = list(rows.values_list("pk", flat=True))
    return sum(end_sessions(session_key=key, reason=reason, now=now) for key in keys)


def token_fields(session_key: str, tokens: dict[str, Any], now: dt.datetime) -> dict[str, Any]:
    """Columns for what the token endpoint answered; empty for no answer."""
    if not tokens:
        return {}
    lifetime = dt.timedelta(seconds=int(tokens.get("expires_in", 60)))
    names = ("id_token", "access_token", "refresh_token")
    sealed = {name: encrypt(tokens[name], f"{name}:{session_key}") for name in names if tokens.get(name)}
    return {**sealed, "access_expires_at": now + lifetime}


def moment_of(value: Any) -> dt.datetime | None:
    """A claim of seconds since 1970 as a moment."""
    return dt.datetime.fromtimestamp(value, dt.UTC) if isinstance(value, int | float) and not isinstance(value, bool) else None


def end_sessions(
    *,
    now: dt.datetime,
    reason: str,
    account_id: uuid.UUID | None = None,
    sid: str | None = None,
    session_key: str | None = None,
    issuer: str | None = None,
    subject: str | None = None,
) -> int:
    """End portal sessions: of one account, one issuer's `sid`, one portal session, or one subject of an issuer.
    Returns how many.

    In one transaction: rows and Django sessions gone, audit, event "identity.session.ended" for each; sockets close
    after it. Ending an account or a subject as a whole also raises the account's epoch, so a session being opened
    just now is refused too."""
    rows = OidcSession.objects.all()
    for name, value in {
        "account_id": account_id,
        "sid": sid,
        "pk": session_key,
        "issuer": issuer,
        "subject": subject,
    }.items():
        if value is not None:
            rows = rows.filter(**{name: value})
    if account_id is None and not sid and session_key is None and not subject:
        raise ValueError("whose sessions?")
    with transaction.atomic():
        if account_id is not None:
            Account.objects.filter(pk=account_id).update(session_epoch=F("session_epoch") + 1)
        elif subject is not None and not sid:
            Account.objects.filter(issuer=issuer, subject=subject).update(session_epoch=F("session_epoch") + 1)
        ended = list(rows.select_for_update().select_related("account"))
        for row in ended:
            _end(row, reason=reason, now=now)
    return len(ended)


def _end(row: OidcSession, *, reason: str, now: dt.datetime) -> None:
    key = row.session_key
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore
    store(session_key=key).delete()
    audit.record(
        actor=None,
        action=SESSION_ENDED,
        object=f"identity.account:{row.account.username}",
        data={"issuer": row.issuer, "sid": row.sid, "via": row.via, "reason": reason},
        now=now,
    )
    jobs.publish(
        event=SESSION_ENDED,
        now=now,
        data={
            "issuer": row.issuer,
            "subject": row.subject,
            "sid": row.sid,
            "via": row.via,
            "login": row.account.username,
            "reason": reason,
            "session": digest_of(key),
        },
    )
    row.delete()
    transaction.on_commit(lambda: realtime.close(session_keys=[key]))
