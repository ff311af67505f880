"""The audit chain: in the business transaction, append-only, provable."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from apps.audit import policies, selectors, services
from apps.audit.models import Entry
from tests.conftest import NOW
from tests.support import guards

chained = pytest.mark.django_db(transaction=True)


@dataclass
class Someone:
    pk: uuid.UUID
    login: str


ANA = Someone(uuid.UUID(int=7), "ana")


def record(number: int = 1, **given: object) -> Entry:
    values = {"actor": ANA, "action": "test.thing.changed", "object": f"test.thing:{number}", "data": {"n": number}, "now": NOW, **given}
    return services.record(**values)  # type: ignore[arg-type]


def tamper(statement: str) -> None:
    """As somebody with the database's own rights, past the guards (which are off in tests)."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement)
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = DEFAULT")


@chained
def test_links_are_numbered_and_tied_and_say_who_did_what_when() -> None:
    for number in range(1, 4):
        record(number)
    record(4, actor=None, decider="boss")
    links = list(Entry.objects.order_by("seq"))
    assert [link.seq for link in links] == [1, 2, 3, 4]
    assert links[0].prev_hash == ""
    assert [link.prev_hash for link in links[1:]] == [link.hash for link in links[:-1]]
    assert (links[0].actor_id, links[0].actor_login, links[0].action, links[0].object, links[0].data, links[0].at) == (
        ANA.pk, "ana", "test.thing.changed", "test.thing:1", {"n": 1}, NOW)
    assert (links[3].actor_id, links[3].actor_login, links[3].decider) == (None, "", "boss")
    report = services.verify()
    assert (report.ok, report.checked, report.seq, report.head) == (True, 4, 4, links[3].hash)


@chained
def test_a_link_stands_if_and_only_if_its_change_stands() -> None:
    record(1)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record(2)
        raise ZeroDivisionError
    with transaction.atomic():
        record(3)
        try:
            with transaction.atomic():
                record(4)
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
    assert list(Entry.objects.order_by("seq").values_list("object", flat=True)) == ["test.thing:1", "test.thing:3"]
    assert services.verify().ok


@chained
def test_several_links_of_one_transaction_keep_their_order() -> None:
    with transaction.atomic():
        for number in range(1, 6):
            record(number)
    assert list(Entry.objects.order_by("seq").values_list("object", flat=True)) == [f"test.thing:{n}" for n in range(1, 6)]
    assert services.verify().ok


@chained
@pytest.mark.parametrize("statement", [
    "UPDATE audit_entry SET actor_login = 'boss'", "UPDATE audit_entry SET hash = ''", "UPDATE audit_entry SET seq = NULL",
    "DELETE FROM audit_entry", "DELETE FROM audit_entry WHERE seq = 1",
])
def test_the_database_refuses_to_change_or_remove_a_link(statement: str) -> None:
    record(1)
    before = list(Entry.objects.values())
    with guards.on():
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        record(2)
    assert [row for row in Entry.objects.values() if row["seq"] == 1] == before
    assert services.verify().ok


@chained
@pytest.mark.parametrize(("statement", "what"), [
    ("UPDATE audit_entry SET actor_login = 'boss' WHERE seq = 2", "was changed"),
    ("UPDATE audit_entry SET data_json = '{\"n\":9}' WHERE seq = 2", "was changed"),
    ("UPDATE audit_entry SET at = '2020-01-01 00:00:00' WHERE seq = 2", "was changed"),
    ("UPDATE audit_entry SET content_hash = 'x' WHERE seq = 2", "its hash is wrong"),
    ("UPDATE audit_entry SET hash = 'x' WHERE seq = 2", "its hash is wrong"),
    ("DELETE FROM audit_entry WHERE seq = 2", "does not follow the link before it"),
    ("DELETE FROM audit_entry WHERE seq = 1", "does not follow the link before it"),
    ("UPDATE audit_entry SET seq = seq + 10 WHERE seq = 4", "links 4 to 13 are missing"),
    ("UPDATE audit_entry SET seq = NULL WHERE seq = 4", "1 links were never sealed"),
])
def test_tampering_past_the_guards_is_found(statement: str, what: str) -> None:
    for number in range(1, 5):
        record(number)
    tamper(statement)
    report = services.verify()
    assert not report.ok
    assert what in {problem.what for problem in report.problems}


@chained
def test_an_end_that_was_cut_off_is_found_by_a_head_that_was_noted_outside() -> None:
    for number in range(1, 5):
        record(number)
    noted = services.verify()
    tamper("DELETE FROM audit_entry WHERE seq = 4")
    assert services.verify().ok
    assert not services.verify(anchor=(noted.seq, noted.head)).ok


@chained
def test_verification_can_go_on_from_a_link() -> None:
    for number in range(1, 5):
        record(number)
    report = services.verify(since=2)
    assert (report.ok, report.checked) == (True, 2)
    assert not services.verify(since=99).ok


@chained
def test_the_command_says_whether_the_chain_holds_and_prints_the_head() -> None:
    record(1)
    out = StringIO()
    call_command("audit_verify", stdout=out)
    head = Entry.objects.get().hash
    assert out.getvalue() == f"1 links hold; head 1:{head}\n"
    call_command("audit_verify", anchor=f"1:{head}", stdout=out)
    tamper("UPDATE audit_entry SET action = 'x'")
    with pytest.raises(CommandError, match="does not hold"):
        call_command("audit_verify", stdout=out, stderr=StringIO())


@chained
@pytest.mark.parametrize("data", [
    {"password": "x"}, {"a": {"client_secret": "x"}}, {"rows": [{"access_token": "x"}]}, {"Authorization": "x"},
])
def test_a_secret_may_not_stand_in_the_chain(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="may not stand in the audit chain"):
        record(1, data=data)
    assert Entry.objects.count() == 0


@chained
def test_values_of_every_kind_keep_their_hash_over_a_round_trip() -> None:
    record(1, data={"b": Decimal("486000.00"), "a": dt.datetime(2026, 1, 2, tzinfo=dt.UTC), "ü 中": [1.0, 1e22, None, True, {"z": 1, "y": 2}]},
           now=NOW + dt.timedelta(microseconds=123))
    assert services.verify().ok
    assert Entry.objects.get().data_json == (
        '{"a":"2026-01-02T00:00:00Z","b":"486000.00","ü 中":[1.0,1e+22,null,true,{"y":2,"z":1}]}')


@chained
def test_links_are_found_by_object_action_and_actor() -> None:
    record(1)
    record(2, actor=None, action="other.thing.made")
    assert [link.object for link in selectors.entries(object="test.thing:1")] == ["test.thing:1"]
    assert [link.object for link in selectors.entries(action="other.")] == ["test.thing:2"]
    assert [link.object for link in selectors.entries(action="test.thing.changed")] == ["test.thing:1"]
    assert [link.object for link in selectors.entries(actor_id=ANA.pk)] == ["test.thing:1"]
    assert [link.object for link in selectors.entries()] == ["test.thing:2", "test.thing:1"]


@given(st.lists(st.text(), min_size=1, max_size=5), st.lists(st.text(), min_size=1, max_size=5))
def test_no_two_lists_of_texts_are_prefixed_alike(one: list[str], two: list[str]) -> None:
    same = policies._prefixed(*(t.encode("utf-8", "replace").decode() for t in one)) == policies._prefixed(
        *(t.encode("utf-8", "replace").decode() for t in two))
    assert same == ([t.encode("utf-8", "replace") for t in one] == [t.encode("utf-8", "replace") for t in two])
