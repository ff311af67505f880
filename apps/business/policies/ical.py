"""A calendar as text (RFC 5545): UTC moments, whole days as dates, texts escaped, lines folded at 75 octets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

OCTETS = 75


def calendar(*, name: str, events: Iterable[Mapping[str, Any]], stamp: dt.datetime) -> str:
    """`events`: uid, title, place, url, starts_at/ends_at (moments), or first_date/last_date (whole days, both included)."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Atrium//Calendar//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH", f"X-WR-CALNAME:{escaped(name)}"]
    for event in events:
        lines += _event(event, stamp)
    return "".join(f"{folded(line)}\r\n" for line in [*lines, "END:VCALENDAR"])


def _event(event: Mapping[str, Any], stamp: dt.datetime) -> list[str]:
    lines = ["BEGIN:VEVENT", f"UID:{event['uid']}", f"DTSTAMP:{_utc(stamp)}"]
    if event.get("first_date"):
        after = event["last_date"] + dt.timedelta(days=1)  # the end is exclusive
        lines += [f"DTSTART;VALUE=DATE:{event['first_date']:%Y%m%d}", f"DTEND;VALUE=DATE:{after:%Y%m%d}"]
    else:
        lines += [f"DTSTART:{_utc(event['starts_at'])}", f"DTEND:{_utc(event['ends_at'])}"]
    lines.append(f"SUMMARY:{escaped(event['title'])}")
    if event.get("place"):
        lines.append(f"LOCATION:{escaped(event['place'])}")
    if event.get("url"):
        lines.append(f"URL:{event['url']}")
    return [*lines, "END:VEVENT"]


def _utc(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"


def escaped(text: str) -> str:
    """Backslash, semicolon, comma and line breaks escaped; other control characters dropped."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    plain = "".join(letter for letter in plain if letter == "\n" or letter == "\t" or (ord(letter) >= 32 and ord(letter) != 127))
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def folded(line: str) -> str:
    """Pieces of at most 75 octets; a character is never cut in two."""
    pieces, piece, room = [], "", OCTETS
    for letter in line:
        size = len(letter.encode("utf-8", "replace"))
        if size > room:
            pieces.append(piece)
            piece, room = "", OCTETS - 1  # the space that begins a continued line
        piece += letter
        room -= size
    return "\r\n ".join([*pieces, piece])
