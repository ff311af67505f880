"""What apps above plug into the sign-in page: other services of the company that can say who somebody is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.http import HttpRequest


@dataclass(frozen=True)
class WayIn:
    """`url`: where it begins, and comes back from. `here`: this browser is inside that service, so it is what the person means."""

    key: str
    name: str
    url: str
    here: bool = False


Ways = Callable[[HttpRequest, str], Iterable[WayIn]]
_ways: list[Ways] = []
_names: dict[str, str] = {}


def way_in(ways: Ways) -> Ways:
    """Decorator: `ways(request, after)` gives the ways that are open now; `after` is a path of the portal."""
    _ways.append(ways)
    return ways


def name_ways(names: Mapping[str, str]) -> None:
    """What people call the services, also those that are closed now: sessions name the one that began them."""
    _names.update(names)


def name_of(key: str) -> str:
    """Of a service; its key when nobody named it."""
    return _names.get(key, key)


def ways_in(request: HttpRequest, after: str) -> list[WayIn]:
    """All that are open now, that of this browser first."""
    return sorted((one for ways in _ways for one in ways(request, after)), key=lambda one: not one.here)
