"""The REST API: the apps' routes under one root, one form of failure, one OpenAPI document."""

from __future__ import annotations

import importlib.util
from typing import Any

from django.http import Http404
from django.urls import include, path
from django.utils.translation import gettext as _
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import exceptions
from rest_framework.response import Response

from apps.core.access import declare
from apps.core.errors import DomainError
from apps.core.http import OutsideError, PermanentError

APPS_WITH_API = ("identity", "directory", "access", "notifications", "workflows", "business", "records", "integrations", "insight", "workspace")


def failure(code: str, message: Any, status: int, details: Any = None) -> Response:
    """The one form of a refusal: {"error": {"code", "message", "details"}}."""
    return Response({"error": {"code": code, "message": str(message), "details": details or {}}}, status=status)


def answer_failure(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: named errors of services, failures of outside systems, and DRF's own, all in one form."""
    if isinstance(error, DomainError):
        return failure(error.code, error.message, error.status, error.details)
    if isinstance(error, PermanentError):
        return failure(error.code or "refused_by_system", error.message, 409, {"system": error.system})
    if isinstance(error, OutsideError):
        return failure("unavailable", error.message, 503, {"system": error.system})
    if isinstance(error, Http404):
        return failure("not_found", _("There is no such thing, or you may not see it."), 404)
    if isinstance(error, exceptions.ValidationError):
        return failure("invalid", _("Some fields need another value."), 422, {"fields": error.detail})
    if isinstance(error, exceptions.APIException):
        return failure(str(getattr(error, "default_code", "refused")), error.detail, error.status_code)
    return None


@declare("core.api", "view")
class SchemaView(SpectacularAPIView):
    """OpenAPI 3 of this API."""


@declare("core.api", "view")
class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI, vendored, under the strict CSP: page and script are two URLs."""

    url_name = "api-schema"
    template_name = "api/docs.html"


def _app_routes() -> list[Any]:
    routes: list[Any] = []
    for app in APPS_WITH_API:
        if importlib.util.find_spec(f"apps.{app}.api"):
            routes.append(path("", include(f"apps.{app}.api")))
    return routes


urlpatterns = [
    *_app_routes(),
    path("schema", SchemaView.as_view(), name="api-schema"),
    path("docs/", DocsView.as_view(), name="api-docs"),
]
