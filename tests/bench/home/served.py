"""The portal with the twelve widgets, as a web server loads it."""

from __future__ import annotations

from django.conf import settings

settings.ROOT_URLCONF = "tests.bench.home.addresses"

from portal.asgi import application  # noqa: E402 - after the address is said

__all__ = ["application"]
