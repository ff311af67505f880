"""The one place that reads the clock. Interfaces call it and pass `now` down."""

import datetime as dt
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone


def now() -> dt.datetime:
    """The present moment, aware, UTC."""
    return timezone.now()


def company_zone() -> ZoneInfo:
    """The company's time zone: 'today' is the company's day, not the server's."""
    return ZoneInfo(settings.COMPANY_TIME_ZONE)


def company_today(at: dt.datetime) -> dt.date:
    """The company's calendar day at a moment."""
    return at.astimezone(company_zone()).date()
