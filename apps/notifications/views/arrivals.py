"""The door for people who open the portal inside a chat product: out to the product with a secret of this browser, back with the product's code."""

from __future__ import annotations

import datetime as dt
import hmac
import secrets
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from apps.core import clock
from apps.core.access import declare, public
from apps.core.errors import NotFound
from apps.core.requests import PortalRequest, own_path
from apps.identity.services import end_sessions, open_session
from apps.notifications import selectors
from apps.notifications.channels import chat
from apps.notifications.services import arrivals, chats

BACKEND = "django.contrib.auth.backends.ModelBackend"
STATES, NEWCOMER = "chat_states", "chat_newcomer"  # in the session: [[state, vendor, after, begun]], [vendor, user id, moment]
LASTS = dt.timedelta(minutes=10)
MOST = 5  # begun at once in one browser


@public("where people of a chat product begin; the product says who they are")
@never_cache
@require_GET
def begin(request: HttpRequest, vendor: str) -> HttpResponse:
    """To the product's page. `to`: a path of the portal to go on to. Who is signed in goes on at once."""
    _known(vendor)
    after = own_path(request, request.GET.get("to")) or settings.LOGIN_REDIRECT_URL
    if request.user.is_authenticated:
        return HttpResponseRedirect(after)
    state = secrets.token_hex(24)
    try:
        url = arrivals.sign_in_url(vendor=vendor, state=state, back=f"{settings.PORTAL_URL}/chat/{vendor}/back/")
    except arrivals.UnableToEnter as error:
        return _not_in(request, vendor, error, after)
    request.session[STATES] = [*_open(request), [state, vendor, after, clock.now().isoformat()]][-MOST:]
    response = HttpResponseRedirect(url)
    response["Referrer-Policy"] = "no-referrer"
    return response


@public("the chat product sends the browser back here; the state is this browser's, the code is traded server to server")
@never_cache
@require_GET
def back(request: HttpRequest, vendor: str) -> HttpResponse:
    """Let in whom the product names. Each state opens once, in the browser that began, for the product it began with."""
    _known(vendor)
    begun = _taken(request, vendor)
    if begun is None:
        error = arrivals.UnableToEnter("state", _("This sign-in was not begun in this browser, or too long ago."), status=400)
        return _not_in(request, vendor, error, settings.LOGIN_REDIRECT_URL)
    now, after = clock.now(), own_path(request, begun[2]) or settings.LOGIN_REDIRECT_URL
    try:
        arrival = arrivals.arrive(vendor=vendor, query=request.GET.dict(), now=now)
    except arrivals.UnableToEnter as error:
        if error.code == "unbound":
            request.session[NEWCOMER] = [vendor, error.user_id, now.isoformat()]
        return _not_in(request, vendor, error, after)
    _enter(request, vendor, arrival, now)
    response = HttpResponseRedirect(after)
    response["Referrer-Policy"] = "no-referrer"
    return response


def _enter(request: HttpRequest, vendor: str, arrival: arrivals.Arrival, now: dt.datetime) -> None:
    """A portal session as after any sign-on: a new key, its own row. What was open in this browser before is ended as a sign-out would."""
    before = request.oidc  # type: ignore[attr-defined]
    login(request, arrival.account, backend=BACKEND)
    if before is not None:
        end_sessions(session_key=before.pk, reason="somebody came in from a chat product", now=now)
    open_session(session_key=str(request.session.session_key), account=arrival.account, now=now, via=vendor)


@declare("notifications.notification", "view")
@never_cache
@require_http_methods(["GET", "POST"])
def connect(request: PortalRequest, vendor: str) -> HttpResponse:
    """After a sign-on in the same browser: the chat account that came without a person is this one's. Asked first, done by a button."""
    _known(vendor)
    user_id = _newcomer(request, vendor)
    if not user_id:
        return HttpResponseRedirect("/profile/notifications/#chats")
    name = chat.NAMES[vendor]
    if request.method == "GET":
        held = next((one.user_id for one in selectors.chat_accounts(request.person) if one.vendor == vendor), "")
        return render(request, "notifications/chat_connect.html", {"vendor": vendor, "name": name, "user_id": user_id, "held": held})
    request.session.pop(NEWCOMER)
    try:
        chats.bind(person=request.person, vendor=vendor, user_id=user_id, actor=request.person, now=clock.now())
    except chats.UnableToBind as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Connected. Next time %(product)s signs you in.") % {"product": name})
    return HttpResponseRedirect("/profile/notifications/#chats")


def _known(vendor: str) -> None:
    """Raises NotFound for what is no chat product."""
    if vendor not in chat.VENDORS:
        raise NotFound(_("There is no such page."))


def _fresh(moment: Any) -> bool:
    return dt.timedelta(0) <= clock.now() - dt.datetime.fromisoformat(str(moment)) <= LASTS


def _open(request: HttpRequest) -> list[list[str]]:
    """The sign-ins begun in this browser that are not over."""
    return [one for one in request.session.get(STATES, ()) if _fresh(one[3])]


def _taken(request: HttpRequest, vendor: str) -> list[str] | None:
    """The sign-in that this answer belongs to; it is used up by that."""
    given, found, rest = request.GET.get("state", ""), None, []
    for one in _open(request):
        if one[1] == vendor and hmac.compare_digest(one[0].encode(), given.encode()):
            found = one
        else:
            rest.append(one)
    if request.session.get(STATES):
        request.session[STATES] = rest
        request.session.save()  # before the product is asked: a second request with this state finds it gone
    return found


def _newcomer(request: HttpRequest, vendor: str) -> str:
    """The chat user that this browser showed to be without a person, or empty."""
    kept = request.session.get(NEWCOMER)
    return str(kept[1]) if kept and kept[0] == vendor and _fresh(kept[2]) else ""


def _not_in(request: HttpRequest, vendor: str, error: arrivals.UnableToEnter, after: str) -> HttpResponse:
    """Why not, and what to do next."""
    onward = f"/chat/{vendor}/connect/" if error.code == "unbound" else after
    again = f"/chat/{vendor}/?{urlencode({'to': after})}"
    # page_path: the address of this page has the code in it, so the switch of language goes to the beginning
    context = {"why": error.code, "message": error.message, "name": chat.NAMES[vendor], "again": again, "page_path": again,
               "company": f"/sign-in/?{urlencode({'next': onward})}"}
    return render(request, "notifications/chat_not_in.html", context, status=error.status)
