"""The portal as an installed program: manifest, service worker, and the page that stands in when there is no connection."""

from __future__ import annotations

import functools
import hashlib

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.core.access import public

ICONS = (("icon-192.png", "192x192", "any"), ("icon-512.png", "512x512", "any"), ("maskable-512.png", "512x512", "maskable"))
ACCENT, GROUND = "#0b6177", "#f5f7f8"
SHORTCUTS = (("inbox", "/inbox/"), ("approvals", "/approvals/"), ("requests", "/requests/"))


@public("a browser reads the manifest before anybody signed in; it names the company and nothing else")
@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """In the language of the account, else of the cookie."""
    chinese = (get_language() or "").startswith("zh")
    company = settings.COMPANY_NAME_ZH if chinese else settings.COMPANY_NAME
    names = {"inbox": _("Inbox"), "approvals": _("Approvals"), "requests": _("My requests")}
    return JsonResponse({
        "id": "/", "start_url": "/", "scope": "/", "display": "standalone", "lang": "zh-Hans" if chinese else "en", "dir": "ltr",
        "name": _("Atrium of %(company)s") % {"company": company}, "short_name": "Atrium",
        "description": _("One door to what waits for you in OA, ERP and CRM"), "theme_color": ACCENT, "background_color": GROUND,
        "icons": [{"src": static(f"icons/{name}"), "sizes": size, "type": "image/png", "purpose": purpose} for name, size, purpose in ICONS],
        "shortcuts": [{"name": names[key], "url": url} for key, url in SHORTCUTS],
    }, content_type="application/manifest+json", json_dumps_params={"ensure_ascii": False})  # fmt: skip


@functools.lru_cache(maxsize=1)
def _worker() -> bytes:
    """The script with its own digest as version: another script is another cache."""
    text = (settings.BASE_DIR / "static" / "js" / "sw.js").read_text()
    return text.replace("VERSION_OF_THIS_FILE", hashlib.sha256(text.encode()).hexdigest()[:12]).encode()


@public("the service worker is a script like those in static; it must stand at the root to serve the whole portal")
@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """Served from the root, so that its scope is the portal; asked for anew by every browser within a day."""
    return HttpResponse(_worker(), content_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"})


@public("kept in the browser for the time without a connection; it holds nothing of a person")
@never_cache
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """What the service worker shows when a page was never kept, or a form could not be sent."""
    return render(request, "workspace/offline.html")
