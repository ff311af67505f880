"""What a production start refuses."""

from __future__ import annotations

from typing import Any

import pytest

from portal import checks

pytestmark = pytest.mark.req("S8")
CASES = {
    "portal.E001": (checks.secrets_are_set, {"OIDC_CLIENT_SECRET": ""}),
    "portal.E002": (checks.demo_sign_in_is_off, {"DEMO_SIGN_IN": True}),
    "portal.E005": (checks.faults_are_not_shown, {"DEBUG": True}),
}


@pytest.mark.parametrize("code", CASES)
@pytest.mark.parametrize("mode", ["stack", "demo"])
def test_a_setting_that_opens_a_door_stops_the_start_of_the_real_thing_only(code: str, mode: str, settings: Any) -> None:
    check, wrong = CASES[code]
    settings.ATRIUM_MODE, settings.DEMO_SIGN_IN, settings.DEBUG = mode, False, False
    for name in checks.NEEDED_IN_STACK:
        setattr(settings, name, "x")
    assert check(None) == []
    for name, value in wrong.items():
        setattr(settings, name, value)
    assert [one.id for one in check(None)] == ([code] if mode == "stack" else [])
