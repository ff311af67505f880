# ruff: noqa: F811 - fixtures of other tests are imported by name
"""What is kept of several decided at once: the rule that held an item, never what was seen."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.utils.translation import override

from apps.notifications import selectors
from apps.notifications.models import Batch
from tests.notifications.test_batches import cases, see  # noqa: F401 - fixture
from tests.workflows.conftest import World, begin, world  # noqa: F401 - fixtures


@pytest.mark.req("E13", "A6", "A9")
def test_what_was_seen_at_the_look_is_told_once_and_kept_nowhere(
    cases: Any, world: World, cast: SimpleNamespace, sign_in: Any, clock: dt.datetime, travel: Any
) -> None:
    travel(clock)
    found = cases(2)
    see(cast, clock)
    found.odd["deal:0"] = {"amount": "1200.00"}
    boss = sign_in(Client(headers={"accept-language": "en"}), cast.boss)
    ids = [str(one) for one in found.ids]
    said = boss.post("/api/v1/notifications/batches/check", json.dumps({"outcome": "approved", "ids": ids}), content_type="application/json").json()
    assert [item["why"] for item in said["items"] if item["code"] == "changed"] == ["Changed since you looked: Amount, ¥1,000 → ¥1,200."]
    for decided in (False, True):
        if decided:
            boss.post(f"/api/v1/notifications/batches/{said['id']}/decide", {}, content_type="application/json")
        stored, later = json.dumps(Batch.objects.get().items), boss.get(f"/api/v1/notifications/batches/{said['id']}").json()
        assert [(item["code"], item["why"]) for item in later["items"] if item["result"] == "held"] == [("changed", "Something changed since you looked.")]
        page = boss.get(f"/inbox/batches/{said['id']}/").content.decode()
        assert "Something changed since you looked." in page
        assert not any(value in text for value in ("1,000", "1,200", "1200", "Amount") for text in (stored, json.dumps(later), page))
    cast.boss.account.language = "zh-hans"
    cast.boss.account.save(update_fields=["language"])
    assert "您查看之后有变化。" in boss.get(f"/inbox/batches/{said['id']}/").content.decode()


@pytest.mark.parametrize("code", [
    "changed", "stale_card", "unavailable", "unacknowledged", "obstacle", "obstructed", "no_undo", "limit", "attention", "incomplete", "not_open",
    "not_found", "unable_to_complete", "unable_to_undo", "undone", "todo_is_open", "snoozed", "not_snoozed", "no_decision", "never_heard_of"])  # fmt: skip
def test_every_code_of_what_is_left_out_has_words_of_its_own(cases: Any, cast: SimpleNamespace, clock: dt.datetime, code: str) -> None:
    found = cases(1)
    item = {"id": str(found.ids[0]), "result": "held", "code": code, "version": "", "why": "¥1,000"}  # as an earlier release kept it
    batch = Batch.objects.create(person=cast.boss, verb="approved", state="DONE", items=[item], created_at=clock)
    with override("en"):
        (english,) = selectors.batch(cast.boss, batch.pk, clock).items
    with override("zh-hans"):
        (chinese,) = selectors.batch(cast.boss, batch.pk, clock).items
    assert english.why.endswith(".") and chinese.why.endswith("。")
    assert (english.why == "Open it to deal with it by itself.") is (code == "never_heard_of") and "1,000" not in english.why


def test_sentences_of_an_earlier_release_are_forgotten(cast: SimpleNamespace, clock: dt.datetime) -> None:
    item = {"id": str(uuid.uuid4()), "result": "held", "code": "changed", "version": "v"}
    for items in ([{**item, "why": "¥1,000 → ¥900"}], [item]):
        Batch.objects.create(person=cast.boss, verb="approved", state="DONE", items=items, created_at=clock)
    import_module("apps.notifications.migrations.0022_batches_keep_codes").forget_sentences(apps, None)
    assert list(Batch.objects.values_list("items", flat=True)) == [[item], [item]]
