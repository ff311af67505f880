"""The door for pushes of outside systems: verified, stored, answered at once."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.core import clock
from apps.core.access import public
from apps.core.errors import NotFound
from apps.integrations import services

LARGEST = 16 * 1024 * 1024  # bytes; a batch of a hundred whole rows is about one


@public("signed by the sending system with its connection's own secret")
@csrf_exempt
@never_cache
@require_POST
def webhook(request: HttpRequest, key: str) -> HttpResponse:
    """2xx: stored, or known already. 401: forged or older than the replay window; nothing stored. The sender repeats whatever is not 2xx."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST:
        return JsonResponse({"error": {"code": "too_large", "message": "", "details": {}}}, status=413)
    body = request.read(LARGEST + 1)
    try:
        stored = services.receive_webhook(connection_key=key, headers=dict(request.headers), body=body, now=clock.now())
    except services.WebhookRefused:
        return JsonResponse({"error": {"code": "refused", "message": "", "details": {}}}, status=401)
    except NotFound:
        return JsonResponse({"error": {"code": "not_found", "message": "", "details": {}}}, status=404)
    return JsonResponse({"stored": stored}, status=202)
