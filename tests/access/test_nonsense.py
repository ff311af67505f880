"""What no browser of ours would send is refused or left out, on every page alike: nobody is shown a fault of the server."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from apps.core.requests import number, page_number
from apps.notifications.forms import filters_of
from apps.notifications.models import SavedView
from apps.realtime.consumers import _asked

pytestmark = pytest.mark.req("S8")
LONG = "9" * 5000


@pytest.fixture
def admin(cast: SimpleNamespace, sign_in: Any) -> Client:
    client: Client = sign_in(Client(headers={"accept-language": "en"}), cast.admin)
    return client


@pytest.mark.parametrize(("text", "is_one"), [("7", 7), ("0", 0), ("", None), (None, None), ("²", None), ("٣", None), ("-1", None), ("1e3", None),
                                               ("999999", 999999), ("1000000", None), (LONG, None)])  # fmt: skip
def test_a_number_is_one_of_ascii_digits_that_a_table_can_hold(text: str | None, is_one: int | None) -> None:
    assert number(text) == is_one and page_number(text) == max(1, is_one or 1)


@pytest.mark.parametrize("path", [
    "/inbox/?shown=²", f"/inbox/?shown={LONG}", "/inbox/?after=MDAwMS0wMS0wMVQwMDowMDowMCsyMzo1OXwwMDAxLTAxLTAxVDAwOjAwOjAwKzIzOjU5fGE", "/inbox/?kind=nothing",
    "/quarantine/?page=²", "/api/v1/quarantine?page=²", "/api/v1/notifications?shown=²", f"/api/v1/notifications?shown={LONG}", "/requests/?page=²",
    "/calendar/?day=0001-01-01&view=agenda", "/calendar/?day=9999-12-31",
])  # fmt: skip
def test_a_place_that_makes_no_sense_is_the_beginning(admin: Client, path: str) -> None:
    assert admin.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/inbox/?kind=%00", "/customers/?q=a%00b", "/api/v1/search?q=%00", "/api/v1/customers/%00", "/deals/x%00/"])
def test_a_zero_byte_is_refused_everywhere(cast: SimpleNamespace, sign_in: Any, path: str) -> None:
    answer = sign_in(Client(headers={"accept-language": "en"}), cast.ana).get(path)
    assert answer.status_code == 422 and "no text has" in answer.content.decode()


def test_a_zero_byte_in_a_form_changes_nothing(admin: Client) -> None:
    assert admin.post("/inbox/views/?system=crm", {"name": "a\0b"}).status_code == 422
    assert SavedView.objects.count() == 0


@pytest.mark.parametrize("name", ["kind ", "kind x", "kind a b c", "limit", "limit a", "limit a b c"])
def test_a_field_of_another_form_is_left_out(admin: Client, name: str) -> None:
    assert admin.post("/profile/notifications/", {name: "off", "remind_after": "²"}).status_code < 500
    assert admin.post("/channels/", {name: "off", "remind_after": LONG}).status_code < 500


def test_filters_that_cannot_be_kept_are_said_to_be_too_long(admin: Client) -> None:
    answer = admin.post(f"/inbox/views/?q={'云' * 60}", {"name": "long"}, follow=True)
    assert "These filters are too long to be kept." in answer.content.decode() and SavedView.objects.count() == 0
    said = admin.post("/api/v1/notifications/views", {"name": "long", "query": f"q={'云' * 60}"}, content_type="application/json")
    assert said.status_code == 422 and SavedView.objects.count() == 0


@pytest.mark.parametrize("text", [
    None, "", "[]", "1", "{", '{"since": []}', '{"since": 1e400}', '{"since": NaN}', f'{{"since": {"9" * 30}}}', '{"since": 1, "age": NaN}',
    '{"since": 1, "age": Infinity}', '{"since": 1, "age": []}', "[" * 100_000, '{"since": 1, "x": "' + "y" * 300 + '"}',
])  # fmt: skip
def test_what_a_browser_says_on_its_socket_is_understood_or_left(text: str | None) -> None:
    assert _asked(text) is None


def test_the_edges_of_what_it_may_say() -> None:
    assert _asked('{"since": null, "age": 1500}') == (None, 1.5)
    assert _asked('{"since": 3, "age": -5}') == (3, 0.0)
    assert _asked('{"since": 3, "age": 1e12}') == (3, 3600.0)
    assert filters_of({"shown": "0"}).shown == filters_of({}).shown
