"""Where chat products call back. Answered within their patience (DingTalk: 1500 ms): verified, stored, nothing more."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from apps.core import clock
from apps.core.access import public
from apps.core.errors import NotFound
from apps.notifications.channels.chat import Call, CallbackRefused
from apps.notifications.services import chats

LARGEST = 64 * 1024


@public("chat products post here; the signature of each is the proof")
@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def callback(request: HttpRequest, vendor: str) -> HttpResponse:
    """A pressed button or a text. 401: not believed, nothing is stored; 404: this product is not set up."""
    body = request.read(LARGEST + 1)  # its length may not have been said
    if len(body) > LARGEST:
        return HttpResponse(status=413)
    headers = {name.lower(): value for name, value in request.headers.items()}
    call = Call(request.method or "", request.GET.dict(), headers, body)
    try:
        answer, kind = chats.receive(vendor=vendor, call=call, now=clock.now())
    except CallbackRefused:
        return HttpResponse(status=401)
    except NotFound:
        return HttpResponse(status=404)
    return HttpResponse(answer, content_type=kind)
