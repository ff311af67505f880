"""The designed refusals and error pages, in both languages, as page, fragment and JSON."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path

from apps.core.access import declare
from apps.core.errors import InvalidInput, NotFound, NotPermitted, SystemUnavailable


def _raising(error: Exception) -> Any:
    @declare("core.api", "view")
    def view(request: HttpRequest) -> HttpResponse:
        raise error

    return view


urlpatterns = [
    path("", include("portal.urls")),
    path("boom/", _raising(RuntimeError("secret words"))),
    path("api/boom", _raising(RuntimeError("secret words"))),
    path("silence/", _raising(OperationalError("secret words"))),
    path("api/silence", _raising(OperationalError("secret words"))),
    path("gone/", _raising(NotFound("x"))),
    path("no/", _raising(NotPermitted("Ask first.", details={"chain": ["role: X"], "owner": "Y"}))),
    path("denied/", _raising(PermissionDenied("secret words"))),
    path("later/", _raising(SystemUnavailable("CRM did not answer."))),
    path("bad/", _raising(InvalidInput("Another value."))),
]
handler403 = "apps.access.views.forbidden"
handler404 = "apps.access.views.not_found"
handler500 = "apps.access.views.server_error"


@pytest.fixture
def ana(cast: SimpleNamespace, sign_in: Any) -> Client:
    client = sign_in(Client(raise_request_exception=False), cast.ana)
    with override_settings(ROOT_URLCONF=__name__):
        yield client


@pytest.mark.parametrize(
    ("url", "status", "words"),
    [
        ("/nowhere/", 404, "There is no such page or record, or you may not see it."),
        ("/gone/", 404, "There is no such page or record, or you may not see it."),
        ("/no/", 403, "Ask first."),
        ("/denied/", 403, "Your roles do not include this page."),
        ("/later/", 503, "CRM did not answer."),
        ("/bad/", 422, "Another value."),
        ("/boom/", 500, "Something broke on our side"),
        ("/silence/", 503, "Atrium’s database does not answer"),
    ],
)
def test_pages(ana: Client, url: str, status: int, words: str) -> None:
    answer = ana.get(url)
    text = answer.content.decode()
    assert answer.status_code == status
    assert words in text
    assert text.count("<h1") == 1
    assert "secret words" not in text
    assert "Traceback" not in text
    fragment = ana.get(url, headers={"HX-Request": "true"})
    assert fragment.status_code == status
    if url not in ("/boom/", "/silence/"):
        assert "<html" not in fragment.content.decode()
        assert words in fragment.content.decode()


def test_programs_get_json(ana: Client, cast: SimpleNamespace) -> None:
    found = {url: ana.get(url) for url in ("/api/nowhere", "/api/boom", "/api/silence", "/api/v1/roles")}
    assert {url: (answer.status_code, answer.json()["error"]["code"]) for url, answer in found.items()} == {
        "/api/nowhere": (404, "not_found"),
        "/api/boom": (500, "server_error"),
        "/api/silence": (503, "unavailable"),
        "/api/v1/roles": (403, "not_permitted"),
    }
    body = found["/api/v1/roles"].json()["error"]
    assert body["details"] == {
        "chain": ["your roles: Employee, Sales", "rule: no role of yours grants “See” on Roles and rights"],
        "owner": "Guo Peng",
    }
    assert "secret words" not in found["/api/boom"].content.decode() + found["/api/silence"].content.decode()
    assert found["/api/silence"]["Retry-After"] == "5"
    anonymous = Client().get("/api/v1/roles")
    assert (anonymous.status_code, anonymous.json()["error"]["code"]) == (401, "not_signed_in")


def test_a_refusal_says_why_and_whom_to_ask_in_the_readers_language(cast: SimpleNamespace, client: Client, sign_in: Any) -> None:
    cast.ana.account.language = "zh-hans"
    cast.ana.account.save()
    sign_in(client, cast.ana)
    answer = client.get("/access/")
    text = answer.content.decode()
    assert answer.status_code == 403
    assert 'lang="zh-Hans"' in text
    for words in ("无权访问", "销售", "郭鹏"):
        assert words in text
    assert answer["Content-Language"] == "zh-hans"


def test_htmx_without_a_session_leaves_for_the_sign_in_page(client: Client, company: SimpleNamespace) -> None:
    answer = client.get("/access/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/access/people/"})
    assert answer.status_code == 401
    assert answer["HX-Redirect"] == "/sign-in/?next=%2Faccess%2Fpeople%2F"


def test_the_500_page_needs_no_database() -> None:
    """No `db` fixture here: touching the database would fail the test."""
    from django.test import RequestFactory

    from apps.access.views import server_error

    answer = server_error(RequestFactory().get("/x/"))
    assert (answer.status_code, "Something broke" in answer.content.decode()) == (500, True)
    try:
        raise OperationalError("the connection is lost")
    except OperationalError:
        answer = server_error(RequestFactory().get("/deals/?page=2"))
    assert (answer.status_code, 'href="/deals/?page=2"' in answer.content.decode()) == (503, True)



@pytest.mark.parametrize(
    ("language", "login", "path", "said"),
    [
        ("en", "ana", "/connections/", ("Your roles do not include this page.", "your roles: Employee, Sales", "grants “See” on Connections")),
        ("en", "guest", "/", ("Your account holds no role yet", "you hold no role", "grants “See” on Home")),
        ("zh-hans", "ana", "/connections/", ("您的角色不包含此页面。", "您的角色：员工、销售", "没有“系统连接”的“查看”权限")),
        ("zh-hans", "guest", "/", ("您的账号还没有任何角色", "您没有任何角色", "没有“首页”的“查看”权限")),
    ],
)
def test_a_refusal_speaks_of_pages_not_of_codes(client: Client, cast: Any, sign_in: Any, language: str, login: str, path: str, said: tuple[str, ...]) -> None:
    person = getattr(cast, login)
    person.account.language = language
    person.account.save()
    answer = sign_in(client, person).get(path)
    page = answer.content.decode()
    assert answer.status_code == 403
    for words in said:
        assert words in page
    for code in ("integrations.connection", "workspace.home", "“view”"):
        assert code not in page
    assert ('href="/"><svg' in page.split("refused-title", 1)[1]) is (path != "/")  # no way back to the page that was just refused


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/customers/c-0/edit/?x=1", "/sign-in/?next=%2Fcustomers%2Fc-0%2Fedit%2F%3Fx%3D1"),
        ("http://elsewhere.example/customers/", "/sign-in/"),
        ("", "/sign-in/"),
    ],
)
def test_a_form_sent_without_a_session_comes_back_to_its_page(client: Client, company: SimpleNamespace, referer: str, back: str) -> None:
    answer = client.post("/shipments/s-1/advance/", headers={"Referer": referer} if referer else {})
    assert (answer.status_code, answer["Location"]) == (302, back)
