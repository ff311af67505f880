"""How people call a case: the number of its contract, in lists, messages, pages and the API. Its key stays the machine's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from apps.business import services
from apps.core import clock
from apps.notifications import selectors as notifications
from apps.records import selectors as records
from apps.workflows.models import ProcessInstance, Task
from tests.support import shop

DEAL = "7f1f0bd8-5a0e-4b1e-9d3c-0d5f3e0f9a77"


@pytest.fixture
def case(cast: SimpleNamespace, systems: SimpleNamespace) -> ProcessInstance:
    shop.put("deal", DEAL, name="Pump set for Delta", customer_id="c-0", customer_key="K100", customer_name="Delta Water Group", stage="CLOSED_WON",
             stage_kind="won", amount=486000, currency="CNY", owner_email=cast.ana.email,
             lines=[{"sku": "IH-100", "name": "Chemical pump", "quantity": 12, "unit_price": 40500, "amount": 486000}])  # fmt: skip
    services.publish_processes(now=clock.now())
    deal = records.raw("deal", external_id=DEAL)
    assert deal is not None
    services.start_loop(deal=dict(deal.data), won_at=clock.now(), now=clock.now())
    return ProcessInstance.objects.get()


def as_(person: Any, sign_in: Any) -> Client:
    client: Client = sign_in(Client(headers={"accept-language": "en"}), person)
    return client


def test_a_case_is_called_by_its_contract(case: ProcessInstance) -> None:
    assert case.business_key == f"deal:{DEAL}"
    assert case.label == case.variables["contract_no"]
    assert case.label.startswith("HT-")


@pytest.mark.req("E12")
@pytest.mark.parametrize(
    ("language", "title", "body"),
    [
        ("en", "Approve the contract: Pump set for Delta", "Delta Water Group · ¥486,000 · asked by Chen An"),
        ("zh-hans", "审批合同：Pump set for Delta", "Delta Water Group · ¥486,000 · 陈安 发起"),
    ],
)
def test_the_todo_says_whose_money_and_who_asks(case: ProcessInstance, cast: SimpleNamespace, language: str, title: str, body: str) -> None:
    (notice,) = notifications.inbox(cast.boss, now=clock.now())
    shown = notifications.rendered(notice, cast.boss, language)
    assert (shown.title, shown.body, shown.number) == (title, body, case.label)


@pytest.mark.req("A9")
def test_the_todo_tells_nothing_that_its_reader_may_not_see(case: ProcessInstance, cast: SimpleNamespace) -> None:
    (notice,) = notifications.inbox(cast.boss, now=clock.now())
    with translation.override("en"):
        shown = notifications.rendered(notice, cast.guest)
    assert (shown.title, shown.body) == ("Approve the contract: ••••", "asked by Chen An")


def test_no_page_and_no_message_prints_the_machines_key(case: ProcessInstance, cast: SimpleNamespace, sign_in: Any) -> None:
    task = Task.objects.get()
    for person, path in ((cast.ana, "/requests/"), (cast.ana, f"/loop/{case.business_key}/"), (cast.boss, "/inbox/"), (cast.boss, "/approvals/"),
                         (cast.boss, f"/approvals/{task.pk}/"), (cast.boss, f"/loop/{case.business_key}/")):  # fmt: skip
        page = as_(person, sign_in).get(path).content.decode()
        assert case.label in page, path
        for link in (f"/loop/{case.business_key}/", f"/loop/deal%3A{DEAL}/", f"/copies/deal%3A{DEAL}/", f"/deals/{DEAL}/"):
            page = page.replace(link, "")
        assert DEAL not in page, path


def test_the_api_keeps_the_key_and_adds_the_label(case: ProcessInstance, cast: SimpleNamespace, sign_in: Any) -> None:
    boss = as_(cast.boss, sign_in)
    (task,) = boss.get("/api/v1/tasks").json()
    (instance,) = boss.get(f"/api/v1/process-instances?business_key={case.business_key}").json()
    assert (task["business_key"], task["label"]) == (f"deal:{DEAL}", case.label)
    assert (instance["business_key"], instance["label"]) == (f"deal:{DEAL}", case.label)
