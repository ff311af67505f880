"""The company on the real systems with every channel that reaches a person: pages, REST, mail, chat."""

from __future__ import annotations

import re
from typing import Any

import requests

from tests.journeys.setbacks.office import LONG, Office
from tests.support.chat import Product
from tests.support.mailbox import Mailbox, text_of
from tests.support.stack import PortalProcesses, RealStack
from tests.support.until import until

Moved = list[tuple[str, str]]


class Desk(Office):
    """An office whose people read mail and chat, too."""

    def __init__(self, stack: RealStack, portal: PortalProcesses, mailbox: Mailbox, product: Product) -> None:
        super().__init__(stack, portal)
        self.mailbox, self.product = mailbox, product
        self._in_chat: set[str] = set()

    # -- mail

    def mail_about(self, login: str, name: str) -> Any:
        """The newest mail to that person that names it, waited for."""

        def found() -> Any:
            return next((mail for mail in reversed(self.mailbox.mails) if f"{login}@" in str(mail["To"]) and name in text_of(mail)), None)

        return until(found, seconds=LONG, every=0.1, what=f"a mail to {login} about {name}")

    def mailed_link(self, login: str, name: str) -> str:
        """The path of the link to decide in that mail."""
        found = re.search(re.escape(self.portal.url) + r"(/mail/decide/\S+)", text_of(self.mail_about(login, name)))
        assert found
        return found.group(1)

    # -- chat

    def in_chat(self, login: str) -> str:
        """That person's user in the chat product; connected by a code on the first call, as people do it."""
        if login not in self._in_chat:
            code = self.at(login).post(f"/api/v1/me/chat-accounts/{self.product.vendor}/code").json()["code"]
            self._deliver(self.product.say(login, code))
            until(lambda: any(text.startswith("Connected to") for text in self.product.texts(login)), seconds=LONG, what=f"{login} is connected")
            self._in_chat.add(login)
        return login

    def card_about(self, login: str, name: str) -> dict[str, Any]:
        """The newest card that names it, as its reader sees it now; waited for."""

        def found() -> Any:
            return next((one["shown"] for one in reversed(self.product.cards(login)) if name in one["shown"]["title"]), None)

        return dict(until(found, seconds=LONG, every=0.1, what=f"a card for {login} about {name}"))

    def press(self, login: str, button: str) -> None:
        """A button of the newest card."""
        self._deliver(self.product.press(login, button))

    def _deliver(self, signed: dict[str, Any]) -> None:
        """The product's callback to the portal."""
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(f"{self.portal.url}/hooks/{self.product.vendor}/chat/", data=signed["body"].encode(), params=signed["query"],
                                  headers={**signed["headers"], "Content-Type": signed["type"]}, timeout=10)  # fmt: skip
        assert answer.status_code == 200, answer.text[:300]

    def forget(self, login: str) -> None:
        """The realm has ended every session of this person, that of the tests' own requests, too: signs on again the next time."""
        self._people.pop(login, None)

    # -- lists

    def todo(self, login: str) -> dict[str, Any]:
        """That person's to-do list by REST: rows, and the badge."""
        answer = self.at(login).get("/api/v1/notifications?tab=todo&shown=100")
        assert answer.status_code == 200, answer.text[:300]
        return dict(answer.json())

    def inbox(self, login: str, tab: str = "notices") -> list[dict[str, Any]]:
        return list(self.at(login).get(f"/api/v1/notifications?tab={tab}&shown=100").json()["items"])

    def quiet(self) -> bool:
        """No job is to be done now. With a mail server there are those of tomorrow's digest, too."""
        sql = """select 1 from jobs_job where state in ('DUE', 'LEASED', 'UNKNOWN') and run_at <= now() and repeat_seconds is null limit 1"""
        return not self.rows(sql)
