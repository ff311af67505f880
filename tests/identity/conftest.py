from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from apps.identity.services import idp, standing
from tests.support.jwks import ISSUER, FakeProvider


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
