"""Keys for programs: what they open, and everything that they do not."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from redis.exceptions import ConnectionError as RedisConnectionError

from apps.access import services as access
from apps.access.models import Assignment
from apps.audit import selectors as audit
from apps.core.errors import InvalidInput, NotFound, NotPermitted
from apps.directory import services as directory
from apps.insight.models import Note, Target, Token
from apps.insight.policies import tokens as policies
from apps.insight.services import tokens
from tests.conftest import NOW

KEY = "erp.orders_taken"
FIGURES, ROWS = "/api/v1/bi/figures", f"/api/v1/bi/rows/{KEY}"
ALL = ["figures", "rows"]


@pytest.fixture(autouse=True)
def _uncounted() -> Any:
    cache.clear()
    yield
    cache.clear()


def program(secret: str) -> Client:
    return Client(headers={"authorization": f"Bearer {secret}", "accept-language": "en"})


@pytest.fixture
def made(shopped: SimpleNamespace, as_: Any) -> Any:
    """made(person, scopes=) -> (row, client of a program with the key)."""

    def make(person: Any, scopes: list[str] | None = None, days: int = 90) -> tuple[Token, Client]:
        as_(person)  # the person signed on once
        row, secret = tokens.make_token(person=person, name="BI", scopes=scopes or ALL, days=days, now=NOW)
        return row, program(secret)

    return make


# --- what a key opens ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("E9", "S7")
def test_flat_tables_come_as_json_and_csv_a_page_at_a_time(made: Any, shopped: SimpleNamespace) -> None:
    _row, client = made(shopped.boss)
    found = client.get(f"{FIGURES}?key={KEY}&key=erp.invoiced").json()
    rows = {row["key"]: row for row in found["rows"]}
    assert (rows[KEY]["value"], rows[KEY]["records"], rows[KEY]["first_day"], rows[KEY]["last_day"]) == ("343800.00", 4, "2026-11-01", "2026-11-23")
    assert (rows["erp.invoiced"]["state"], rows["erp.invoiced"]["value"]) == ("forbidden", None)
    assert list(rows[KEY]) == found["columns"]
    months = client.get(f"/api/v1/bi/months?key={KEY}").json()["rows"]
    assert (len(months), months[-1]["month"], months[-1]["value"], months[-1]["complete"]) == (13, "2026-11", "343800.00", False)
    assert [(row["part"], row["value"]) for row in client.get(f"/api/v1/bi/parts?key={KEY}").json()["rows"]] == [("Sales", "343800.00")]
    first = client.get(f"{ROWS}?size=3")
    assert first["Link"] == f'<{first.json()["next"]}>; rel="next"'
    second = client.get(first.json()["next"]).json()
    assert (len(first.json()["rows"]), len(second["rows"]), second["next"]) == (3, 1, None)
    table = client.get(f"{ROWS}?size=3&format=csv")
    assert table["Content-Type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [line["number"] for line in lines] == [row["number"] for row in first.json()["rows"]]
    assert "format=csv" in table["Link"]
    assert client.get(f"/api/v1/kpis/{KEY}/reading").json()["value"] == "343800.00"
    assert client.get("/api/v1/value-meter").status_code == 200


@pytest.mark.req("E9")
def test_a_program_sees_what_its_owner_sees_at_that_moment(made: Any, shopped: SimpleNamespace) -> None:
    access.seed_roles(roles=[{"code": "looker", "name": "Looker", "name_zh": "查看", "grants": [
        {"resource": "insight.board", "scope": "all", "actions": ["view"], "fields": {}},
        {"resource": "insight.token", "scope": "own", "actions": ["view", "create"], "fields": {}}]}], now=NOW)  # fmt: skip
    access.seed_assignment(role="looker", person=shopped.eve, now=NOW)
    _row, client = made(shopped.eve)
    found = {row["key"]: row for row in client.get(f"{FIGURES}?key={KEY}&key=erp.order_count").json()["rows"]}
    assert (found[KEY]["value"], found["erp.order_count"]["value"]) == (None, "4.00")  # the warehouse counts orders, their worth is masked
    assert client.get(ROWS).json()["rows"] == []
    assert "343800" not in client.get(FIGURES).content.decode()
    _row, boss = made(shopped.boss)
    access.set_level(actor=shopped.admin, role="sales", resource="erp.order", scope="all", field="customer_name", level="masked", now=NOW)
    rows = boss.get(f"/api/v1/bi/rows/{KEY}").json()["rows"]
    assert {(row["customer"], row["masked"]) for row in rows} == {("", "customer")}
    access.set_level(actor=shopped.admin, role="sales", resource="erp.order", scope="all", field="amount", level="masked", now=NOW)
    assert boss.get(f"{FIGURES}?key={KEY}").json()["rows"][0]["state"] == "forbidden"


@pytest.mark.req("E9", "S7")
@pytest.mark.parametrize("how", ["session", "key", "header"])
def test_a_table_as_csv_is_data_taken_out(made: Any, shopped: SimpleNamespace, as_: Any, how: str) -> None:
    """The administrator looks at boards and may not export: what he gets as JSON he does not get as a file."""
    def ask(person: Any, path: str) -> Any:
        client = made(person)[1] if how == "key" else as_(person)
        return client.get(path, headers={"accept": "text/csv"}) if how == "header" else client.get(f"{path}?format=csv")

    tables = [FIGURES, "/api/v1/bi/months", "/api/v1/bi/parts", ROWS]
    for path in tables:
        refused = ask(shopped.admin, path)
        assert (refused.status_code, refused["Content-Type"]) == (403, "text/csv; charset=utf-8")
        assert refused.content.decode() == "You may not take figures out as data. Ask for the right to export data. To see it, ask Guo Peng."
        assert as_(shopped.admin).get(path).status_code == 200
    assert not list(audit.entries(action="insight.table.exported"))
    for path in tables:
        assert ask(shopped.boss, path).content.startswith(b"\xef\xbb\xbf")
    found = [(entry.actor_id, entry.object, entry.data["form"], entry.data["rows"]) for entry in audit.entries(action="insight.table.exported")]
    assert found[0] == (shopped.boss.pk, "insight.table:bi/rows/erp.orders_taken", "csv", 4)
    assert [one[1] for one in reversed(found)] == [f"insight.table:{path.removeprefix('/api/v1/')}" for path in tables]
    assert as_(shopped.boss).get(ROWS).status_code == 200
    assert len(list(audit.entries(action="insight.table.exported"))) == 4  # JSON is what the page shows


def test_cells_that_a_spreadsheet_would_compute_are_text(made: Any, shopped: SimpleNamespace) -> None:
    from apps.insight import services
    from tests.insight.conftest import add_up
    from tests.support import shop

    shop.put("order", "o-x", key="=cmd()", customer_key="K100", customer_name="@evil", state="confirmed", amount="1", currency="CNY", ordered_on="2026-11-23")
    services.take_all(now=NOW)
    add_up()
    _row, client = made(shopped.boss)
    text = client.get(f"{ROWS}?format=csv").content.decode("utf-8-sig")
    assert "'=cmd()" in text and "'@evil" in text
    assert ",=cmd()" not in text and ",@evil" not in text


# --- what it does not --------------------------------------------------------------------------------------------------------------------


def _is_bad(response: Any) -> None:
    assert (response.status_code, response.json()["error"]["code"], response["WWW-Authenticate"]) == (401, "bad_key", "Bearer")


@pytest.mark.req("S7")
def test_a_key_that_ran_out_was_taken_away_or_was_never_made_opens_nothing_and_says_no_more(made: Any, shopped: SimpleNamespace, travel: Any) -> None:
    row, client = made(shopped.boss, days=1)
    assert client.get(FIGURES).status_code == 200
    travel(NOW + dt.timedelta(days=1))
    _is_bad(client.get(FIGURES))
    travel(NOW)
    other, second = made(shopped.boss)
    tokens.revoke_token(person=shopped.boss, token_id=other.pk, now=NOW)
    _is_bad(second.get(FIGURES))
    for secret in ("", "atr_", "atr_" + "x" * 43, "x" * 5000, str(row.pk), row.sha256, "atr_" + row.sha256):
        _is_bad(program(secret).get(FIGURES))


@pytest.mark.req("S7")
@pytest.mark.parametrize("case", ["left", "account", "role", "token_right", "board_right"])
def test_who_lost_what_it_rests_on_reads_nothing(made: Any, shopped: SimpleNamespace, case: str) -> None:
    _row, client = made(shopped.boss)
    assert client.get(FIGURES).status_code == 200
    if case == "left":
        directory.set_active(person_id=shopped.boss.pk, active=False, now=NOW)
    elif case == "account":
        shopped.boss.account.is_active = False
        shopped.boss.account.save()
    elif case == "role":
        access.revoke_role(actor=shopped.admin, assignment_id=Assignment.objects.get(role__code="sales_manager", person=shopped.boss).pk, now=NOW)
    else:
        resource = {"token_right": "insight.token", "board_right": "insight.board"}[case]
        access.set_actions(actor=shopped.admin, role="sales_manager", resource=resource, scope="own" if case == "token_right" else "all", actions=[], now=NOW)
    refused = client.get(FIGURES)
    assert refused.status_code == (403 if case == "board_right" else 401)
    assert "343800" not in refused.content.decode()


@pytest.mark.req("S7")
def test_a_key_changes_nothing_and_opens_nothing_else(made: Any, shopped: SimpleNamespace) -> None:
    row, client = made(shopped.boss)
    target = json.dumps({"period": "month", "start": "2026-11-05", "value": "1.00"})
    for method in ("post", "put", "patch", "delete"):
        for path in (FIGURES, f"/api/v1/kpis/{KEY}/target", f"/api/v1/kpis/{KEY}/notes", "/api/v1/keys", f"/api/v1/keys/{row.pk}", "/profile/keys/make/"):
            assert getattr(client, method)(path, target, content_type="application/json").status_code == 405
    for path in ("/", "/board/", "/profile/", "/profile/keys/", "/api/v1/keys", "/api/v1/boards", "/api/v1/schema", "/api/v1/me", "/customers/",
                 f"/api/v1/kpis/{KEY}/lines", "/api/v1/value-meter/departments", "/sign-in/", "/access/"):  # fmt: skip
        assert client.get(path).status_code in (403, 404), path
    assert (Target.objects.count(), Note.objects.count(), Token.objects.count()) == (0, 0, 1)
    assert Token.objects.get().revoked_at is None


@pytest.mark.req("S7")
def test_a_key_reads_only_its_scopes(made: Any, shopped: SimpleNamespace) -> None:
    _row, figures = made(shopped.boss, ["figures"])
    _row, rows = made(shopped.boss, ["rows"])
    paths = {FIGURES: "figures", f"/api/v1/kpis/{KEY}/reading": "figures", ROWS: "rows", f"/api/v1/kpis/{KEY}/rows": "rows"}
    for path, scope in paths.items():
        assert figures.get(path).status_code == (200 if scope == "figures" else 403), path
        assert rows.get(path).status_code == (200 if scope == "rows" else 403), path


@pytest.mark.req("S7")
def test_a_key_beside_a_session_is_the_key_alone(made: Any, shopped: SimpleNamespace, as_: Any) -> None:
    _row, secret = tokens.make_token(person=shopped.boss, name="BI", scopes=["figures"], days=1, now=NOW)
    as_(shopped.boss)
    admin = as_(shopped.admin)
    assert admin.get("/access/").status_code == 200
    assert admin.get("/access/", headers={"authorization": f"Bearer {secret}"}).status_code == 403
    found = admin.get(f"{FIGURES}?key=oa.approval_time", headers={"authorization": f"Bearer {secret}"}).json()
    assert found["rows"][0]["state"] in ("empty", "suppressed", "forbidden")  # the boss's reach, not the administrator's
    _is_bad(admin.get(FIGURES, headers={"authorization": "Bearer wrong"}))  # a wrong key is not made good by the session


@pytest.mark.req("S7")
def test_guessing_and_hurrying_are_stopped(made: Any, shopped: SimpleNamespace, monkeypatch: Any, travel: Any) -> None:
    monkeypatch.setattr(policies, "PER_MINUTE", 3)
    _row, client = made(shopped.boss)
    path = f"{FIGURES}?key={KEY}"
    assert [client.get(path).status_code for _n in range(4)] == [200, 200, 200, 429]
    late = client.get(path)
    assert (late.json()["error"]["code"], 0 < int(late["Retry-After"]) <= 60) == ("too_many", True)
    travel(NOW + dt.timedelta(minutes=1))
    assert client.get(path).status_code == 200
    codes = [program(f"atr_{n}").get(FIGURES).status_code for n in range(policies.BAD_PER_MINUTE + 1)]
    assert codes == [401] * policies.BAD_PER_MINUTE + [429]
    assert client.get(path).status_code == 429  # the address waits, the right key too: guessing tells nothing


def test_a_cache_that_is_away_counts_nothing_and_refuses_nobody(made: Any, shopped: SimpleNamespace, monkeypatch: Any) -> None:
    def away(*_args: Any, **_kwargs: Any) -> int:
        raise RedisConnectionError("away")

    _row, client = made(shopped.boss)
    monkeypatch.setattr("apps.insight.middleware.cache.incr", away)
    assert client.get(FIGURES).status_code == 200
    assert program("atr_nothing").get(FIGURES).status_code == 401



# --- making and taking away ----------------------------------------------------------------------------------------------------------------


@pytest.mark.req("S7")
def test_the_secret_is_told_once_and_only_its_digest_is_kept(shopped: SimpleNamespace, as_: Any) -> None:
    client = as_(shopped.boss)
    page = client.post("/profile/keys/make/", {"name": "Power tool", "scopes": ["figures", "rows"], "days": "30"})
    secret = next(word for word in page.content.decode().replace("<", " ").replace(">", " ").split() if word.startswith("atr_") and len(word) > 20)
    assert page["Cache-Control"] == "no-store"
    row = Token.objects.get()
    assert secret not in json.dumps([str(value) for value in Token.objects.values_list().get()])
    assert (row.scopes, row.ending, row.expires_at - row.created_at) == (["figures", "rows"], secret[-4:], dt.timedelta(days=30))
    assert secret not in client.get("/profile/keys/").content.decode()
    assert program(secret).get(FIGURES).status_code == 200
    client.post(f"/profile/keys/{row.pk}/revoke/")
    _is_bad(program(secret).get(FIGURES))
    entries = [entry for verb in ("made", "used", "revoked") for entry in audit.entries(action=f"insight.key.{verb}")]
    assert [entry.action for entry in entries] == ["insight.key.made", "insight.key.used", "insight.key.revoked"]
    assert all(secret not in json.dumps(entry.data) for entry in entries)


@pytest.mark.req("S7")
def test_by_rest_too_and_never_another_persons(shopped: SimpleNamespace, as_: Any) -> None:
    client = as_(shopped.boss)
    send = {"name": "BI", "scopes": ["figures"], "days": 10}
    made = client.post("/api/v1/keys", json.dumps(send), content_type="application/json")
    assert (made.status_code, made.json()["secret"][:4]) == (201, "atr_")
    (listed,) = client.get("/api/v1/keys").json()
    assert "secret" not in listed
    for person in (shopped.fin, shopped.admin):
        assert as_(person).get("/api/v1/keys").json() == []
        assert as_(person).delete(f"/api/v1/keys/{listed['id']}").status_code == 404
        as_(person).post(f"/profile/keys/{listed['id']}/revoke/")
    for person in (shopped.ana, shopped.eve, shopped.guest):
        assert as_(person).post("/api/v1/keys", json.dumps(send), content_type="application/json").status_code == 403
        assert as_(person).get("/profile/keys/").status_code == 403
    assert Token.objects.get().revoked_at is None
    assert client.post("/api/v1/keys", json.dumps({**send, "scopes": ["everything"]}), content_type="application/json").status_code == 422
    assert client.delete(f"/api/v1/keys/{listed['id']}").status_code == 204
    assert Token.objects.get().revoked_at == NOW


@pytest.mark.parametrize(
    ("change", "field"),
    [({"name": " "}, "name"), ({"name": "x" * 81}, "name"), ({"scopes": []}, "scopes"), ({"scopes": ["figures", "admin"]}, "scopes"), ({"days": 0}, "days"),
     ({"days": 366}, "days")],
)  # fmt: skip
def test_what_no_key_may_be(cast: SimpleNamespace, as_: Any, change: dict[str, Any], field: str) -> None:
    asked = {"name": "BI", "scopes": ["figures"], "days": 30, **change}
    with pytest.raises(InvalidInput) as refused:
        tokens.make_token(person=cast.boss, now=NOW, **asked)
    assert list(refused.value.details["fields"]) == [field]
    assert as_(cast.boss).post("/profile/keys/make/", {**asked, "days": str(asked["days"])}).status_code == 422
    assert not Token.objects.exists()


def test_ten_keys_are_enough(cast: SimpleNamespace) -> None:
    rows = [tokens.make_token(person=cast.boss, name="BI", scopes=["figures"], days=1, now=NOW)[0] for _n in range(policies.MOST_LIVE)]
    with pytest.raises(InvalidInput):
        tokens.make_token(person=cast.boss, name="BI", scopes=["figures"], days=1, now=NOW)
    tokens.revoke_token(person=cast.boss, token_id=rows[0].pk, now=NOW)
    tokens.make_token(person=cast.boss, name="BI", scopes=["figures"], days=1, now=NOW)
    with pytest.raises(NotFound):
        tokens.revoke_token(person=cast.boss, token_id=uuid.uuid4(), now=NOW)
    with pytest.raises(NotPermitted):
        tokens.make_token(person=cast.ana, name="BI", scopes=["figures"], days=1, now=NOW)


@pytest.mark.req("E9")
def test_the_document_of_the_api_names_the_scheme(cast: SimpleNamespace, as_: Any) -> None:
    found = as_(cast.boss).get("/api/v1/schema?format=json").json()
    assert found["components"]["securitySchemes"]["personalKey"]["scheme"] == "bearer"
    assert {"personalKey": []} in found["paths"]["/api/v1/bi/figures"]["get"]["security"]
    assert {"personalKey": []} not in found["paths"]["/api/v1/keys"]["get"]["security"]
