"""What the CRM can be made to do. Each write carries its key: the CRM answers a repeat with the first answer.

As a person where the caller brings a token; else as the service account.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from apps.connectors.crm_bottle import mapping, streams
from apps.connectors.crm_bottle.client import SYSTEM, client_of
from apps.connectors.crm_bottle.config import BottleConfig as Config
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

_ACCOUNT_FIELDS = {
    "name": "name",
    "industry": "industry",
    "city": "city",
    "phone": "phone",
    "email": "email",
    "website": "website",
    "note": "description",
}


def write_back(config: Config, actor: Actor, given: DealWriteBack, key: str) -> Json:
    """The CRM drops a custom field it does not know with 200: so what was written is read back and compared."""
    fields: Json = {name: value or None for name, value in given.fields.items()}
    client_of(config).write("PATCH", f"/api/opportunities/{given.deal_id}/", {"custom_fields": fields}, key=key, actor=actor)
    found = _deal(config, given.deal_id)["deal"].get("custom_fields") or {}
    different = sorted(name for name, value in given.fields.items() if not _same(found.get(name), value))
    if different:
        raise PermanentError(f"the deal does not read back as written: {', '.join(different)}", system=SYSTEM, code="not_written")
    return {"fields": {name: found.get(name) for name in given.fields}}


def _same(kept: Any, wanted: str) -> bool:
    if (kept in (None, "")) or not wanted:
        return kept in (None, "") and not wanted
    if str(kept) == wanted:
        return True
    try:
        return Decimal(str(kept)) == Decimal(wanted)
    except InvalidOperation:
        return False


def _deal(config: Config, deal_id: str) -> Json:
    found = retry_reading(lambda: streams.read_deal(config, deal_id))
    if found is None:
        raise PermanentError("the deal is not there any more", system=SYSTEM, status=404, code="not_found")
    return dict(found)


def _stages(config: Config) -> list[Json]:
    """Stages of the default pipeline, in their order."""
    pipelines = retry_reading(lambda: client_of(config).get("/api/opportunities/pipelines/"))["pipelines"]
    chosen = next((one for one in pipelines if one.get("is_default")), pipelines[0])
    return sorted(chosen["stages"], key=lambda stage: int(stage["order"]))


def move(config: Config, actor: Actor, given: DealMove, key: str) -> Json:
    """By a PATCH of the deal's stage, with the closing day for a won one: BottleCRM wants it."""
    stages = _stages(config)
    stage = next((one for one in stages if given.to in (one["label"], one["code"])), None) or next(
        (one for one in stages if one["kind"] == given.to), None
    )
    if stage is None:
        raise PermanentError(f"there is no stage {given.to}", system=SYSTEM, code="unknown_stage")
    body: Json = {"stage": stage["code"]}
    if given.closed_on:
        body["closed_on"] = given.closed_on.isoformat()
    client_of(config).write("PATCH", f"/api/opportunities/{given.deal_id}/", body, key=key, actor=actor)
    found = _deal(config, given.deal_id)["deal"]
    return {"stage": found.get("stage_label") or found["stage"], "stage_kind": found["stage_kind"]}


def note(config: Config, actor: Actor, given: DealNote, key: str) -> Json:
    client_of(config).write("POST", f"/api/opportunities/{given.deal_id}/", {"comment": given.text}, key=key, actor=actor)
    return {}


def update_customer(config: Config, actor: Actor, given: CustomerUpdate, key: str) -> Json:
    """A version other than the one the person saw is refused before anything is sent; but not when the record already has the wanted values:
    that is what a repeat finds whose first answer was lost, and the CRM answers it with that first answer."""
    unknown = sorted(set(given.changes) - set(_ACCOUNT_FIELDS))
    if unknown:
        raise PermanentError(f"cannot be changed in the CRM: {', '.join(unknown)}", system=SYSTEM, code="bad_request")
    current = retry_reading(lambda: streams.row(config, "account", given.customer_id))
    if current is None:
        raise PermanentError("the customer is not there any more", system=SYSTEM, status=404, code="not_found")
    body = {_ACCOUNT_FIELDS[name]: value or None for name, value in given.changes.items()}
    done = all((current.get(name) or None) == value for name, value in body.items())
    if given.if_version and str(current["updated_at"]) != given.if_version and not done:
        raise PermanentError("somebody changed the customer meanwhile", system=SYSTEM, status=409, code="conflict")
    client_of(config).write("PATCH", f"/api/accounts/{given.customer_id}/", body, key=key, actor=actor)
    after = retry_reading(lambda: streams.row(config, "account", given.customer_id)) or {}
    return {"external_id": given.customer_id, "version": str(after.get("updated_at") or "")}


def create_follow_up(config: Config, actor: Actor, given: FollowUpCreate, key: str) -> Json:
    home = {"home": "opportunity", "opportunity": given.deal_id} if given.deal_id else {"home": "account", "account": given.customer_id}
    body = {"kind": mapping.interaction_kind(given.channel), "direction": "outbound", "subject": given.subject, "body": given.body, **home}
    answer = client_of(config).write("POST", "/api/interactions/", body, key=key, actor=actor)
    return {"external_id": str(answer["id"])}


def list_stages(config: Config, actor: Actor, given: StageList, key: str) -> Json:
    return {"stages": [{"label": stage["label"], "kind": stage["kind"], "order": stage["order"]} for stage in _stages(config)]}


ACTIONS: tuple[Action[Config, Any], ...] = (
    Action("deal.write_back", DealWriteBack, write_back, label="Write contract and order state to the deal"),
    Action("deal.move", DealMove, move, label="Move a deal to a stage"),
    Action("deal.note", DealNote, note, label="Comment on a deal"),
    Action("customer.update", CustomerUpdate, update_customer, label="Change a customer"),
    Action("follow_up.create", FollowUpCreate, create_follow_up, label="Log a follow-up"),
    Action("stages.read", StageList, list_stages, label="Stages of the pipeline", writes=False),
)
