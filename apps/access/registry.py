"""What routes need. Our own views carry `declare(...)`; the table below speaks for views of libraries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apps.core.access import Declared

# "<module>.<name>" of views that we cannot decorate -> what they need
THIRD_PARTY: dict[str, Declared] = {
    "django.views.static.serve": Declared("", "", public="static files hold nothing of anybody"),
    "django.contrib.staticfiles.views.serve": Declared("", "", public="static files hold nothing of anybody"),
}


def declared_of(view: Callable[..., Any], method: str = "") -> Declared | None:
    """What a view needs: the handler of this HTTP method, else the class, else the function, else the table. None: nobody said."""
    cls = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if cls is not None:
        names = getattr(view, "actions", None) or {}
        handler = getattr(cls, names.get(method.lower(), method.lower()) or "-", None)
        found = getattr(handler, "access", None) or getattr(cls, "access", None)
        if found is not None:
            return found
    found = getattr(view, "access", None)
    if found is not None:
        return found
    return THIRD_PARTY.get(f"{view.__module__}.{getattr(view, '__qualname__', type(view).__name__)}")
