"""Which language and time zone a request is answered in."""

from __future__ import annotations

import zoneinfo

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone, translation


def settle(request: HttpRequest, account: object | None) -> None:
    """Activate the account's language and time zone; without a wish of its own the cookie or the browser's, and the
    company's zone."""
    language = getattr(account, "language", "") or translation.get_language_from_request(request)
    translation.activate(language)
    request.LANGUAGE_CODE = translation.get_language()  # type: ignore[attr-defined]
    timezone.activate(zoneinfo.ZoneInfo(getattr(account, "time_zone", "") or settings.COMPANY_TIME_ZONE))
