"""A calendar as text (RFC 5545), by the icalendar library: UTC moments, whole days as dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from icalendar import Calendar, Event


def calendar(*, name: str, events: Iterable[Mapping[str, Any]], stamp: dt.datetime) -> str:
    """`events`: uid, title, place, url, starts_at/ends_at (moments), or first_date/last_date (whole days, both included)."""
    made = Calendar()
    for key, value in (("version", "2.0"), ("prodid", "-//Atrium//Calendar//EN"), ("calscale", "GREGORIAN"), ("method", "PUBLISH")):
        made.add(key, value)
    made.add("x-wr-calname", plain(name))
    for event in events:
        made.add_component(_event(event, stamp))
    return made.to_ical(sorted=False).decode()


def _event(event: Mapping[str, Any], stamp: dt.datetime) -> Event:
    made = Event()
    made.add("uid", event["uid"])
    made.add("dtstamp", stamp.astimezone(dt.UTC))
    if event.get("first_date"):
        made.add("dtstart", event["first_date"])
        made.add("dtend", event["last_date"] + dt.timedelta(days=1))  # the end is exclusive
    else:
        made.add("dtstart", event["starts_at"].astimezone(dt.UTC))
        made.add("dtend", event["ends_at"].astimezone(dt.UTC))
    made.add("summary", plain(event["title"]))
    if event.get("place"):
        made.add("location", plain(event["place"]))
    if event.get("url"):
        made.add("url", event["url"])
    return made


def plain(text: str) -> str:
    """Without the control characters that the format does not know; line breaks of one kind."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(letter for letter in lines if letter in "\n\t" or (ord(letter) >= 32 and ord(letter) != 127))
