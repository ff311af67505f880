"""What may happen to an announcement in which state, and what it must say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

# (state, what happens) -> the state after it; what is not named here cannot happen
ANNOUNCEMENT_MOVES: Mapping[tuple[str, str], str] = {
    ("DRAFT", "save"): "DRAFT",
    ("DRAFT", "publish"): "PUBLISHED",
    ("DRAFT", "withdraw"): "WITHDRAWN",
    ("PUBLISHED", "pin"): "PUBLISHED",
    ("PUBLISHED", "remind"): "PUBLISHED",
    ("PUBLISHED", "correct"): "PUBLISHED",
    ("PUBLISHED", "withdraw"): "WITHDRAWN",
}
TITLE, BODY = 160, 20_000
REMIND_EVERY = dt.timedelta(hours=20)


def announcement_state(state: str, happens: str) -> str | None:
    """The state after it; None: it cannot happen in this state."""
    return ANNOUNCEMENT_MOVES.get((state, happens))


def problems_of_announcement(fields: Mapping[str, Any], *, has_audience: bool) -> dict[str, str]:
    """Field -> code of what is wrong: empty | long | order | audience | deadline."""
    found: dict[str, str] = {}
    if not fields["title"]:
        found["title"] = "empty"
    for name, most in (("title", TITLE), ("title_zh", TITLE), ("body", BODY), ("body_zh", BODY)):
        if len(fields[name]) > most:
            found[name] = "long"
    if not has_audience:
        found["audience"] = "audience"
    begins = fields["visible_from"]
    if fields["visible_until"] and begins and fields["visible_until"] <= begins:
        found["visible_until"] = "order"
    if fields["confirm"] and fields["confirm_by"] and begins and fields["confirm_by"] <= begins:
        found["confirm_by"] = "deadline"
    return found
