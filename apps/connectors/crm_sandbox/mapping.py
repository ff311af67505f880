"""From the CRM's records to ours. Pure; ValueError for what cannot be understood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apps.integrations.canonical import Case, Contact, Customer, Deal, FollowUp, Line

Raw = Mapping[str, Any]
CASE_STATES = ("new", "assigned", "pending", "closed", "rejected", "duplicate")


def _common(raw: Raw, key: str = "") -> dict[str, Any]:
    return {"external_id": raw["id"], "key": key, "version": raw["version"], "origin": raw.get("last_key") or "", "updated_at": raw["updated_at"]}


def customer(raw: Raw) -> Customer:
    people = tuple(Contact(name=one["name"], email=one["email"], phone=one["phone"], title=one["title"]) for one in raw.get("people") or ())
    plain: dict[str, Any] = {name: raw.get(name) or "" for name in ("name", "industry", "city", "phone", "email", "website", "note")}
    return Customer(**_common(raw, raw.get("code") or ""), **plain, contacts=people, owner_email=raw["owner"]["email"])


def deal(raw: Raw) -> Deal:
    client = raw.get("client") or {}
    lines = tuple(
        Line(
            external_id=line["id"],
            sku=line.get("sku") or None,
            name=line["title"],
            quantity=line["quantity"],
            unit_price=line["net_price"],
            amount=line["total"],
        )
        for line in raw.get("positions") or ()
    )
    return Deal(
        **_common(raw, raw["id"]),
        name=raw["title"],
        customer_id=client.get("id"),
        customer_key=client.get("code") or "",
        customer_name=client.get("name") or "",
        stage=raw["stage"]["label"],
        stage_kind=raw["stage"]["kind"],
        stage_changed_at=raw["stage_since"],
        amount=raw["value"].get("amount"),
        currency=raw["value"].get("currency") or "",
        lines=lines,
        owner_email=raw["owner"]["email"],
        closed_on=raw.get("closed_on"),
        probability=raw.get("probability"),
        organisation=raw["organisation"],
        custom=dict(raw.get("custom") or {}),
    )


# the sandbox knows call, visit, mail and note
CHANNELS = {"meeting": "visit", "email": "mail"}


def channel_of(channel: str) -> str:
    """What the sandbox calls a channel."""
    return CHANNELS.get(channel, channel)


def follow_up(raw: Raw) -> FollowUp:
    client = raw.get("client") or {}
    return FollowUp(
        **_common(raw),
        customer_id=client.get("id"),
        deal_id=raw.get("deal_id"),
        channel=raw["channel"],
        subject=raw["subject"],
        body=raw.get("body") or "",
        occurred_at=raw["at"],
        author_email=raw["author"]["email"],
    )


def case(raw: Raw) -> Case:
    if raw["status"] not in CASE_STATES:
        raise ValueError(f"the state {raw['status']!r} is not known")
    client = raw.get("client") or {}
    return Case(
        **_common(raw),
        name=raw["title"],
        customer_id=client.get("id"),
        customer_key=client.get("code") or "",
        customer_name=client.get("name") or "",
        state=raw["status"],
        priority=raw["priority"],
        case_type=raw["sort"],
        owner_email=raw["owner"]["email"],
        created_at=raw["opened_at"],
        responded_at=raw.get("answered_at"),
        closed_on=raw.get("closed_on"),
    )
