"""Requests that came with a personal key, for DRF and for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request


class KeyAuthentication(BaseAuthentication):
    """What insight's middleware found: a request that came with a personal key."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        bearer = getattr(request._request, "token", None)
        return (bearer.account, bearer.token) if bearer else None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = KeyAuthentication
    name = "personalKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "A personal key from the profile (/profile/keys/). It reads, with the rights of its owner."}


BY_KEY: list[type[BaseAuthentication]] = [KeyAuthentication, SessionAuthentication]
