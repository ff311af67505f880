from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from apps.identity.services import idp, standing
from tests.support.jwks import ISSUER, FakeProvider

ANA = "66f6a719-7b41-54c5-a1db-a74845f3296b"  # her subject in the realm file


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[FakeProvider]:
    """Sign-on by a stand-in provider; the demo sign-in is off."""
    fake = FakeProvider()
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = ISSUER, "portal", "secret"
    settings.DEMO_SIGN_IN = False
    monkeypatch.setattr(idp, "_client", lambda read=2.0: fake)
    idp.forget()
    standing.forget()
    yield fake
    idp.forget()
    standing.forget()


@pytest.fixture
def ana(provider: FakeProvider, company: SimpleNamespace) -> FakeProvider:
    """The provider signs on ana, whom the directory knows under this issuer."""
    provider.subject = ANA
    return provider


@pytest.fixture
def signed_on(ana: FakeProvider, client: Client) -> Client:
    answer = ana.sign_on(client)
    assert (answer.status_code, answer["Location"]) == (302, "/profile/")
    ana.calls.clear()
    return client
