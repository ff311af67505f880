"""System checks with ids and hints: what must be set before a production start."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from apps.core import worktime
from apps.notifications.channels import chat

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


@register()
def faults_are_not_shown(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """portal.E005: a page of a fault with its values is for whoever writes the portal, not for whoever uses it."""
    if settings.ATRIUM_MODE == "stack" and settings.DEBUG:
        return [Error("Faults are shown with all their values.", hint="Unset DJANGO_DEBUG.", id="portal.E005")]
    return []


@register()
def chat_products_are_whole(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """portal.E003: a chat product without its secrets would believe anybody; portal.E004: they do not travel in the clear."""
    found: list[CheckMessage] = []
    for key, given in settings.CHAT.items():
        if missing := chat.missing(key, given):
            names = ", ".join(f"CHAT_{key}_{name}".upper() for name in missing)
            found.append(Error(f"{names} is empty.", hint=f"Set it, or unset CHAT_{key.upper()}_URL.", id="portal.E003"))
        to = urlsplit(given.get("url", ""))
        if settings.ATRIUM_MODE == "stack" and to.scheme != "https" and to.hostname not in ("localhost", "127.0.0.1"):
            found.append(Error(f"CHAT_{key.upper()}_URL is not https.", hint="Give the product's https address.", id="portal.E004"))
    return found


@register()
def working_calendar_can_be_read(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """portal.E006: working hours that say nothing usable would stop the facts of the board."""
    try:
        worktime.company()
    except ValueError as error:
        return [Error(f"The working calendar cannot be read: {error}.", hint="WORKING_HOURS=08:30-12:00,13:30-18:00 WORKING_DAYS=1,2,3,4,5", id="portal.E006")]
    return []
