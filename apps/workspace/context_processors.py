"""What every page's frame needs. Lazy: a fragment that shows none of it costs nothing."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from apps.workspace.selectors.shell import Shell


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"shell": Shell(request)}
