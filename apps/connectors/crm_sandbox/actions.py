"""What the CRM can be made to do. Each write carries its key in the header: the CRM answers a repeat with the first answer."""

from __future__ import annotations

from urllib.parse import quote

from apps.connectors.crm_sandbox import mapping
from apps.connectors.crm_sandbox.client import client_of
from apps.connectors.crm_sandbox.config import SandboxCrmConfig as Config
from apps.integrations.sdk import (
    Action,
    Actor,
    CustomerUpdate,
    DealMove,
    DealNote,
    DealWriteBack,
    FollowUpCreate,
    Json,
    PermanentError,
    StageList,
    retry_reading,
)


def _deal(ident: str) -> str:
    return f"/v1/deals/{quote(ident, safe='')}"


def deal_write_back(config: Config, actor: Actor, given: DealWriteBack, key: str) -> Json:
    """Written, then read again: what the CRM keeps is compared with what was sent."""
    client = client_of(config)
    client.write("PATCH", _deal(given.deal_id), {"custom": dict(given.fields)}, actor=actor, key=key)
    kept = retry_reading(lambda: client.get(_deal(given.deal_id), actor=actor))["custom"]
    fields = {name: str(kept.get(name, "")) for name in given.fields}
    different = sorted(name for name, value in given.fields.items() if fields[name] != value)
    if different:
        raise PermanentError(f"The CRM keeps other values than were written: {', '.join(different)}.", system="CRM", code="read_back_differs")
    return {"fields": fields}


def deal_move(config: Config, actor: Actor, given: DealMove, key: str) -> Json:
    """`to` as a kind: "open" is the last open stage before the decision, won and lost are their only stage."""
    client = client_of(config)
    stages = retry_reading(lambda: client.get("/v1/stages", actor=actor))["items"]
    exact = [stage for stage in stages if given.to in (stage["label"], stage["code"])]
    of_kind = [stage for stage in stages if stage["kind"] == given.to]
    found = (exact or of_kind)[-1:]
    if not found:
        raise PermanentError(f"The CRM has no stage “{given.to}”.", system="CRM", code="unknown_stage")
    body = {"stage": found[0]["code"], **({"closed_on": given.closed_on.isoformat()} if given.closed_on else {})}
    deal = client.write("POST", f"{_deal(given.deal_id)}/stage", body, actor=actor, key=key)
    return {"stage": deal["stage"]["label"], "stage_kind": deal["stage"]["kind"]}


def deal_note(config: Config, actor: Actor, given: DealNote, key: str) -> Json:
    client_of(config).write("POST", f"{_deal(given.deal_id)}/comments", {"text": given.text}, actor=actor, key=key)
    return {}


def customer_update(config: Config, actor: Actor, given: CustomerUpdate, key: str) -> Json:
    path = f"/v1/clients/{quote(given.customer_id, safe='')}"
    client = client_of(config).write("PATCH", path, dict(given.changes), actor=actor, key=key, if_match=given.if_version)
    return {"external_id": client["id"], "version": client["version"]}


def follow_up_create(config: Config, actor: Actor, given: FollowUpCreate, key: str) -> Json:
    channel = mapping.channel_of(given.channel)
    body = {"client": given.customer_id, "deal": given.deal_id or None, "channel": channel, "subject": given.subject, "body": given.body}
    return {"external_id": client_of(config).write("POST", "/v1/activities", body, actor=actor, key=key)["id"]}


def stages_read(config: Config, actor: Actor, given: StageList, key: str) -> Json:
    stages = retry_reading(lambda: client_of(config).get("/v1/stages", actor=actor))["items"]
    return {"stages": [{"label": stage["label"], "kind": stage["kind"], "order": stage["position"]} for stage in stages]}


ACTIONS = (
    Action("deal.write_back", DealWriteBack, deal_write_back, "Write contract and order to the deal"),
    Action("deal.move", DealMove, deal_move, "Move a deal"),
    Action("deal.note", DealNote, deal_note, "Comment on a deal"),
    Action("customer.update", CustomerUpdate, customer_update, "Change a customer"),
    Action("follow_up.create", FollowUpCreate, follow_up_create, "Note a follow-up"),
    Action("stages.read", StageList, stages_read, "Read the stages", writes=False),
)
