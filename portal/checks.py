"""System checks with ids and hints: what must be set before a production start."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

NEEDED_IN_STACK = ("SECRET_KEY", "FIELD_KEY", "OIDC_ISSUER", "OIDC_CLIENT_SECRET")


@register()
def secrets_are_set(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """portal.E001: a missing secret stops the start of a real stack."""
    if settings.ATRIUM_MODE != "stack":
        return []
    return [
        Error(f"{name} is empty.", hint="Set it in the environment; `make stack` writes it into var/stack.env.", id="portal.E001")
        for name in NEEDED_IN_STACK
        if not getattr(settings, name, "")
    ]


@register()
def demo_sign_in_is_off(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """portal.E002: the demo sign-in needs no password; it may never run beside a real identity provider."""
    if settings.ATRIUM_MODE == "stack" and settings.DEMO_SIGN_IN:
        return [Error("The demo sign-in is on.", hint="Unset DEMO_SIGN_IN.", id="portal.E002")]
    return []
