"""No view runs before its declared resource and action were allowed to the person of the session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.translation import gettext as _

from apps.access import selectors
from apps.access.policies import OWN_ACCOUNT
from apps.access.registry import declared_of
from apps.access.views import errors
from apps.core.access import Decision, Declared
from apps.core.errors import DomainError, InvalidInput, NotPermitted
from apps.core.requests import page_of

SAFE = {"GET", "HEAD", "OPTIONS"}
Handler = Callable[[HttpRequest], HttpResponse]


class AccessMiddleware:
    """Sets `request.person`; enforces declarations; turns named errors into pages or JSON. The person comes from the
    session alone."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.person, epoch = selectors.person_at_the_door(request.user)  # type: ignore[attr-defined]
        with selectors.one_request(epoch):
            response = self.get_response(request)
        declared = getattr(request, "declared", None)
        if declared is None or not declared.public:  # nothing of a person stays in a shared browser or a proxy
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> HttpResponse | None:
        """Refuse before the view runs."""
        needed = declared_of(view, request.method or "")
        if needed is None:
            raise ImproperlyConfigured(f"{view.__module__}.{getattr(view, '__qualname__', view)} declares no resource and action")
        request.declared = needed  # type: ignore[attr-defined]
        if _holds_nul(request, form=not needed.public):
            return errors.failed(request, InvalidInput(_("There is a character in it that no text has. Type it again.")))
        if needed.public:
            return None
        if not request.user.is_authenticated:
            return sign_in_first(request)
        if needed.resource in OWN_ACCOUNT:
            return None
        if getattr(request, "stale_identity", False) and request.method not in SAFE:
            return errors.away(request)
        return self._refusal(request, needed)

    def _refusal(self, request: HttpRequest, needed: Declared) -> HttpResponse | None:
        person = request.person  # type: ignore[attr-defined]
        if person is None:
            decision = Decision(
                False,
                (
                    _("you signed on as %(name)s") % {"name": request.user.get_username()},
                    _("rule: nobody in the directory has this account"),
                ),
                selectors.owners_words(),
            )
            return errors.refused(request, decision)
        plan = selectors.plan(person, needed.action, needed.resource)
        if plan.allowed:
            return None
        none_yet = "" if selectors.roles_of(person) else _("Your account holds no role yet, so there is nothing to show you.")
        return errors.refused(request, Decision(False, plan.decision.chain, selectors.owners_words()), message=none_yet)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Named refusals that a view lets through become the designed page; everything else stays an error."""
        if isinstance(error, NotPermitted):
            chain, owner = error.details.get("chain", []), error.details.get("owner", "")
            return errors.refused(request, Decision(False, tuple(chain), owner or selectors.owners_words()), message=str(error))
        if isinstance(error, DomainError):
            return errors.failed(request, error)
        return None


def _holds_nul(request: HttpRequest, *, form: bool) -> bool:
    """A zero byte in path, query or form: no person types one, and a database refuses it."""
    if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
        return True
    return form and request.method == "POST" and any("\0" in value for _name, values in request.POST.lists() for value in values)


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and back here; programs get 401, htmx a redirect of the whole page."""
    if errors.wants_json(request):
        body = {"error": {"code": "not_signed_in", "message": _("Sign in first."), "details": {}}}
        return JsonResponse(body, status=401)
    htmx = getattr(request, "htmx", None)
    back = (htmx.current_url_abs_path or "/") if htmx else page_of(request)
    url = f"{settings.LOGIN_URL}?{urlencode({'next': back})}" if back != "/" else settings.LOGIN_URL
    if htmx:
        response = HttpResponse(status=401)
        response["HX-Redirect"] = url
        return response
    return HttpResponseRedirect(url)
