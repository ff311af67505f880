"""Coming in from a chat product: the company lets it sign people in, and a browser inside it goes the whole way."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from apps.identity.models import OidcSession
from tests.identity.conftest import provider  # noqa: F401 - fixture
from tests.support.chat import PAGES, Product

USER = "chen.an"
API = {"wecom": "/cgi-bin/", "dingtalk": "/v1.0/", "welink": "/api/"}
ONE = pytest.mark.parametrize("product", ["wecom"], indirect=True)  # for what is the same with all of them


def begun(client: Client, vendor: str, to: str = "/inbox/") -> dict[str, str]:
    """The state that this browser was sent out with."""
    answer = client.get(f"/chat/{vendor}/", {"to": to})
    assert answer.status_code == 302, answer.content
    asked = {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}
    assert urlsplit(answer["Location"]).path == PAGES[vendor]
    assert asked["redirect_uri"].endswith(f"/chat/{vendor}/back/")
    return asked


def come(client: Client, product: Product, *, user: str = USER, to: str = "/inbox/", **changed: str) -> Any:
    """The whole way of a browser inside the product; its last answer."""
    state = begun(client, product.vendor, to)["state"]
    code = changed.pop("code", "") or product.code(user)
    name = "authCode" if product.vendor == "dingtalk" else "code"
    return client.get(f"/chat/{product.vendor}/back/", {name: code, "state": state, **changed})


def nobody_in(client: Client) -> bool:
    return not OidcSession.objects.exists() and "_auth_user_id" not in client.session
