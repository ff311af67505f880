"""What every record page does about favourites and records opened lately."""

from __future__ import annotations

from typing import Any

from apps.core import clock
from apps.core.htmx import wants_fragment
from apps.core.requests import PortalRequest
from apps.workspace import services
from apps.workspace.selectors import pins as selectors


def pinned(request: PortalRequest, kind: str, external_id: Any) -> dict[str, bool]:
    """{"starred"} for the head of the page. Remembers that it was opened; a part that fetches itself again was not."""
    if wants_fragment(request):
        return {}
    if request.method == "GET":
        services.opened(person=request.person, kind=kind, external_id=str(external_id), now=clock.now())
    return {"starred": selectors.is_starred(request.person, kind, str(external_id))}
