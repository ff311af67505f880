"""Walks everything that a person can reach by following what the pages themselves offer."""

from __future__ import annotations

import collections
import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.test import Client
from django.urls import Resolver404, resolve

LINK = re.compile(r"""\b(href|hx-get)="(/[^"#]*)""")
NOT_FOLLOWED = re.compile(r"^/(static|media|oidc|sign-out|sign-in|accounts|tour|open|api/docs)\b")
PER_ROUTE = 8  # pages of one route with the same query names: the rest is more of the same


class Crawler:
    """`visited`: path -> (status, text) of each page."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.visited: dict[str, tuple[int, str]] = {}
        self._of_route: collections.Counter[str] = collections.Counter()

    def walk(self, begin: Iterable[str]) -> dict[str, tuple[int, str]]:
        """From these paths on, until nothing new is offered."""
        waiting = collections.deque((path, False) for path in begin)
        while waiting:
            path, fragment = waiting.popleft()
            if path in self.visited or NOT_FOLLOWED.match(path) or not self._wanted(path):
                continue
            headers = {"HX-Request": "true"} if fragment else {}
            answer = self.client.get(path, headers=headers)
            text = _text(answer)
            self.visited[path] = (answer.status_code, text)
            waiting.extend(_offers(text))
        return self.visited

    def _wanted(self, path: str) -> bool:
        bare, _mark, query = path.partition("?")
        try:
            route = resolve(bare).route
        except Resolver404:
            return False
        key = f"{route}?{'&'.join(sorted(part.partition('=')[0] for part in query.split('&')))}"
        self._of_route[key] += 1
        return self._of_route[key] <= PER_ROUTE


def _text(answer: Any) -> str:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(body.decode(errors="replace"))


def _offers(text: str) -> Iterator[tuple[str, bool]]:
    for attribute, path in LINK.findall(text):
        yield path.replace("&amp;", "&"), attribute == "hx-get"
