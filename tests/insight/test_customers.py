"""Joined customers: only those who agreed, each field as the reader may see it, small groups hidden."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import uuid
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from hypothesis import given
from hypothesis import strategies as st

from apps.access import services as access
from apps.audit import selectors as audit
from apps.core.access import Masked
from apps.core.errors import InvalidInput, NotFound, NotPermitted
from apps.insight.models import Consent, CustomerFile
from apps.insight.policies import customers as policies
from apps.insight.selectors import customers as selectors
from apps.insight.services import customers as services
from apps.insight.services import tokens
from apps.jobs.models import Job
from tests.conftest import NOW


@pytest.fixture
def agreed(shopped: SimpleNamespace) -> SimpleNamespace:
    """Two of five customers agreed."""
    for key in ("K100", "K103"):
        services.record_consent(person=shopped.boss, customer_key=key, given=True, basis="Framework contract 2026", now=NOW)
    return shopped


def row_of(rows: list[dict[str, Any]], key: str) -> dict[str, Any]:
    return next(row for row in rows if row["customer_key"] == key)


@pytest.mark.req("V7")
def test_only_customers_who_agreed_are_joined_with_what_all_systems_know(agreed: SimpleNamespace) -> None:
    rows = selectors.rows_of(agreed.boss, now=NOW)
    assert [row["customer_key"] for row in rows] == ["K100", "K103"]
    assert list(rows[0]) == list(policies.FIELDS)
    delta = row_of(rows, "K100")
    # o-0 is a draft, o-5 counts; the calls and the visit are those of the small company
    assert (delta["name"], delta["orders"], delta["order_value"], delta["last_order_on"]) == ("Delta Water Group", 1, Decimal("106200"), "2026-11-20")
    assert (delta["follow_ups"], delta["last_contact_on"], delta["visits"], delta["consent_basis"]) == (1, "2026-11-23", 2, "Framework contract 2026")
    assert (delta["open_deals"], delta["won_deals"], delta["masked"]) == (2, 1, "")
    services.record_consent(person=agreed.boss, customer_key="K100", given=False, basis="", now=NOW)
    assert [row["customer_key"] for row in selectors.rows_of(agreed.boss, now=NOW)] == ["K103"]


@pytest.mark.req("V7", "S7")
def test_what_is_masked_is_empty_and_named_and_never_summed(agreed: SimpleNamespace) -> None:
    access.set_level(actor=agreed.admin, role="sales", resource="erp.order", scope="all", field="amount", level="masked", now=NOW)
    access.set_level(actor=agreed.admin, role="sales_manager", resource="crm.customer", scope="all", field="industry", level="masked", now=NOW)
    access.set_level(actor=agreed.admin, role="sales", resource="crm.customer", scope="all", field="industry", level="masked", now=NOW)
    row = row_of(selectors.rows_of(agreed.boss, now=NOW), "K100")
    assert (row["order_value"], row["worth"], row["industry"]) == (None, None, None)
    assert row["masked"].split() == ["industry", "order_value"]
    assert not any(isinstance(value, Masked) for value in row.values())
    text = services.content_of([row], "jsonl").decode() + services.content_of([row], "csv").decode()
    assert "106200" not in text
    assert "Water utility" not in text
    assert "138 0000" not in text  # contacts never are


@pytest.mark.req("V7")
def test_a_file_is_made_by_a_job_under_the_rights_of_then(agreed: SimpleNamespace, as_: Any, run_jobs: Any, travel: Any) -> None:
    client = as_(agreed.boss)
    client.post("/board/customers/export/", {"form": "csv"})
    client.post("/api/v1/customer-data/files", json.dumps({"form": "jsonl"}), content_type="application/json")
    assert {row.state for row in CustomerFile.objects.all()} == {"ORDERED"}
    run_jobs()
    by_form = {one["form"]: one for one in client.get("/api/v1/customer-data/files").json()}
    assert {(one["state"], one["rows"]) for one in by_form.values()} == {("READY", 2)}
    table = client.get(f"/board/customers/files/{by_form['csv']['id']}/")
    lines = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [line["customer_key"] for line in lines] == ["K100", "K103"]
    assert list(lines[0]) == list(policies.FIELDS)
    raw = client.get(f"/api/v1/customer-data/files/{by_form['jsonl']['id']}")
    assert [json.loads(line)["customer_key"] for line in raw.content.decode().splitlines()] == ["K100", "K103"]
    for verb, count in (("ordered", 2), ("exported", 2), ("taken", 2)):
        assert len(list(audit.entries(action=f"insight.customers.{verb}"))) == count
    other = as_(agreed.admin)
    access.seed_roles(roles=[{"code": "data", "name": "Data", "name_zh": "数据", "grants": [
        {"resource": "insight.customer_data", "scope": "all", "actions": ["view", "export"], "fields": {}}]}], now=NOW)  # fmt: skip
    access.seed_assignment(role="data", person=agreed.admin, now=NOW)
    assert other.get(f"/board/customers/files/{by_form['csv']['id']}/").status_code == 404  # another person's
    CustomerFile.objects.update(expires_at=NOW + services.KEPT_FOR)  # a worker goes by its own clock
    travel(NOW + services.KEPT_FOR)
    client = as_(agreed.boss)
    assert client.get(f"/board/customers/files/{by_form['csv']['id']}/").status_code == 404
    assert services.forget_files(now=NOW + services.KEPT_FOR) == 2
    assert {bytes(row.content) for row in CustomerFile.objects.all()} == {b""}


@pytest.mark.req("V7")
def test_who_lost_the_right_in_between_gets_no_file(agreed: SimpleNamespace, run_jobs: Any) -> None:
    row = services.order_file(person=agreed.boss, form="csv", now=NOW)
    access.set_actions(actor=agreed.admin, role="sales_manager", resource="insight.customer_data", scope="all", actions=["view"], now=NOW)
    run_jobs()
    row.refresh_from_db()
    assert (row.state, bytes(row.content)) == ("REFUSED", b"")
    assert not list(audit.entries(action="insight.customers.exported"))


@pytest.mark.req("V7", "S7")
def test_who_may_not_changes_nothing_and_sees_nothing(agreed: SimpleNamespace, as_: Any) -> None:
    before = Consent.objects.count()
    for person in (agreed.ana, agreed.fin, agreed.eve, agreed.admin, agreed.guest):
        client = as_(person)
        for path in ("/board/customers/", "/board/customers/consents/", "/api/v1/bi/customers", "/api/v1/customer-data/profile", "/api/v1/customer-data/files"):
            assert client.get(path).status_code == 403, path
        assert client.post("/board/customers/export/", {"form": "csv"}).status_code == 403
        assert client.post("/board/customers/consents/record/", {"customer": "K101", "given": "1", "basis": "x"}).status_code == 403
        with pytest.raises(NotPermitted):
            services.order_file(person=person, form="csv", now=NOW)
        with pytest.raises(NotPermitted):
            services.record_consent(person=person, customer_key="K101", given=True, basis="x", now=NOW)
    assert (Consent.objects.count(), CustomerFile.objects.count()) == (before, 0)
    assert not Job.objects.filter(kind=services.EXPORT).exists()


def test_what_no_consent_may_be(shopped: SimpleNamespace) -> None:
    with pytest.raises(InvalidInput):
        services.record_consent(person=shopped.boss, customer_key="K100", given=True, basis=" ", now=NOW)
    with pytest.raises(NotFound):
        services.record_consent(person=shopped.boss, customer_key="K999", given=True, basis="x", now=NOW)
    with pytest.raises(InvalidInput):
        services.order_file(person=shopped.boss, form="xml", now=NOW)
    with pytest.raises(NotFound):
        services.taken(person=shopped.boss, file_id=uuid.uuid4(), now=NOW)
    assert not Consent.objects.exists()
    assert not list(audit.entries(action="insight.consent.given"))


@pytest.mark.req("V7")
def test_a_program_reads_them_with_a_key_of_that_scope(agreed: SimpleNamespace, as_: Any) -> None:
    from tests.insight.test_keys import program

    cache.clear()
    as_(agreed.boss)
    _row, secret = tokens.make_token(person=agreed.boss, name="BI", scopes=["customers"], days=1, now=NOW)
    client = program(secret)
    first = client.get("/api/v1/bi/customers?size=1").json()
    assert [row["customer_key"] for row in first["rows"]] == ["K100"]
    assert [row["customer_key"] for row in client.get(first["next"]).json()["rows"]] == ["K103"]
    _row, figures = tokens.make_token(person=agreed.boss, name="BI", scopes=["figures"], days=1, now=NOW)
    assert program(figures).get("/api/v1/bi/customers").status_code == 403


@pytest.mark.req("V7")
def test_the_pages_show_the_profile_and_record_consents(agreed: SimpleNamespace, as_: Any, settings: Any) -> None:
    client = as_(agreed.boss)
    page = client.get("/board/customers/").content.decode()
    assert "too few to show" in page
    settings.INSIGHT_SMALLEST_GROUP = 1
    page = client.get("/board/customers/").content.decode()
    assert "too few to show" not in page
    assert all(name in page for name in policies.FIELDS)
    groups = client.get("/api/v1/customer-data/profile").json()
    assert sum(one["rows"] for one in groups) == 2
    listed = client.get("/board/customers/consents/").content.decode()
    assert "agreed: Framework contract 2026" in listed
    assert listed.count("did not agree") == 3
    client.post("/board/customers/consents/record/?q=Meilin", {"customer": "K101", "given": "1", "basis": "Form of 2 Nov"})
    assert Consent.objects.get(customer_key="K101").basis == "Form of 2 Nov"
    put = client.put("/api/v1/customer-data/consents/K101", json.dumps({"given": False}), content_type="application/json")
    assert (put.json()["given"], Consent.objects.get(customer_key="K101").given) == (False, False)


# --- scores and groups ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("V7")
@given(st.lists(st.none() | st.integers(0, 50), max_size=40))
def test_fifths_keep_the_order_and_equal_values_score_alike(values: list[int | None]) -> None:
    scores = policies.fifths(values)
    pairs = [(value, score) for value, score in zip(values, scores, strict=True) if value is not None and score is not None]
    assert [score for value, score in zip(values, scores, strict=True) if value is None] == [None] * values.count(None)
    assert all(1 <= score <= 5 for _value, score in pairs)
    for value, score in pairs:
        assert all((score <= other_score) if value < other else True for other, other_score in pairs)
        assert {other_score for other, other_score in pairs if other == value} == {score}


@pytest.mark.req("V7")
@given(st.lists(st.sampled_from(list(policies.SEGMENTS)), max_size=30), st.integers(1, 6))
def test_no_small_group_is_shown_or_can_be_worked_out(segments: list[str], least: int) -> None:
    rows = [{"segment": one, "orders": 1, "order_value": Decimal(1), "interaction": 1} for one in segments]
    groups = policies.profile(rows, least=least)
    assert all(group.rows >= least for group in groups if group.rows is not None)
    hidden = [group for group in groups if group.hidden]
    assert len(hidden) != 1 or len(groups) == 1
    assert all((group.orders, group.worth, group.interaction) == (None, None, None) for group in hidden)


@pytest.mark.parametrize(
    ("scores", "segment"),
    [((5, 5, 5), "champion"), ((5, 5, 1), "loyal"), ((3, 4, 5), "loyal"), ((5, 1, 5), "new"), ((1, 5, 5), "at_risk"), ((2, 2, 2), "asleep"),
     ((3, 3, 3), "other"), ((None, 5, 5), "other"), ((5, 5, None), "loyal")],
)  # fmt: skip
def test_segments(scores: tuple[int | None, ...], segment: str) -> None:
    assert policies.segment(dict(zip(("recency", "frequency", "worth"), scores, strict=True))) == segment


def test_every_field_is_documented_in_both_languages() -> None:
    import pathlib

    for language in ("en", "zh"):
        text = (pathlib.Path(__file__).resolve().parents[2] / f"docs/guide/bi.{language}.md").read_text()
        assert [name for name in policies.FIELDS if f"`{name}`" not in text] == []
    assert dt.timedelta(days=365) == policies.YEAR


def test_where_all_are_alike_nobody_is_last() -> None:
    assert policies.fifths([7, 7, 7]) == [3, 3, 3]
    assert policies.fifths([1, 2, 3, 4, 5]) == [1, 2, 3, 4, 5]
