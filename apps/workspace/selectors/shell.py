"""What every page's frame shows."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

from apps.access.selectors import standing
from apps.core.templatetags.atrium import person_name
from apps.identity.services import digest_of
from apps.workspace.selectors import navigation

BY_RIGHTS = ("nav", "tabs", "may_search", "live")  # follow from a person's rights, the language and the place
THEMES = ("light", "dark", "system")
OTHER_LANGUAGE = {
    "en": {"code": "zh-hans", "tag": "zh-Hans", "name": "中文"},
    "zh-hans": {"code": "en", "tag": "en", "name": "English"},
}


class Shell:
    """Facts of the frame for one request. Works without a person (sign-in, error pages)."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._account: Any = getattr(request, "user", None)
        self._person: Any = getattr(request, "person", None)

    @cached_property
    def theme(self) -> str:
        choice = getattr(self._account, "theme", "") or self._request.COOKIES.get("atrium_theme", "")
        return choice if choice in THEMES else "system"

    @cached_property
    def density(self) -> str:
        return getattr(self._account, "density", "") or "regular"

    @cached_property
    def single_keys(self) -> bool:
        return bool(getattr(self._account, "single_key_shortcuts", True))

    @cached_property
    def language(self) -> str:
        return get_language() or "en"

    @cached_property
    def other_language(self) -> dict[str, str]:
        return OTHER_LANGUAGE["zh-hans" if self.language.startswith("zh") else "en"]

    @cached_property
    def company(self) -> str:
        return settings.COMPANY_NAME_ZH if self.language.startswith("zh") else settings.COMPANY_NAME

    @cached_property
    def who(self) -> Any:
        return self._person or getattr(self._account, "username", "") or "?"

    @cached_property
    def person_name(self) -> str:
        return person_name(self.who)

    @cached_property
    def person_title(self) -> str:
        field = "title_zh" if self.language.startswith("zh") else "title"
        return getattr(self._person, field, "") or getattr(self._person, "title", "")

    @cached_property
    def session(self) -> str:
        """A name of the portal session that opens nothing; another one after each sign-in."""
        key = getattr(getattr(self._request, "session", None), "session_key", None)
        return digest_of(key)[:16] if key and self._person is not None else ""

    @cached_property
    def nav(self) -> list[navigation.Group]:
        return navigation.groups(self._person, self._request.path)

    @cached_property
    def tabs(self) -> list[navigation.Item]:
        return navigation.tabs(self.nav)

    @cached_property
    def may_search(self) -> bool:
        return navigation.exists("/search/") and navigation.may_open(self._person, "workspace.search")

    @cached_property
    def live(self) -> bool:
        """Pushes are for those who may see notices."""
        return navigation.may_open(self._person, "notifications.notification")

    @cached_property
    def todo_count(self) -> int:
        counted = getattr(self._request, "todo_count", None)  # a page that has counted already says so
        if self._person is None or counted is not None:
            return counted or 0
        from apps.notifications import selectors as notifications

        return notifications.todo_count(self._person)

    @cached_property
    def demo(self) -> bool:
        return settings.ATRIUM_MODE == "demo"

    @property
    def facts(self) -> str:
        """All of the above in one text: where it is the same, the frame looks the same (for its person)."""
        names = [name for name, value in vars(Shell).items() if isinstance(value, cached_property) and name not in ("who", *BY_RIGHTS)]
        rights = standing(self._person) if self._person is not None else ""
        return repr([rights, self._request.path, *(getattr(self, name) for name in names)])
