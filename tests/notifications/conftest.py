"""Messages of the tests' own kinds, and a mail server that takes what the portal sends."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest

from apps.core import clock, kinds
from apps.notifications import services
from apps.notifications.services import chats, preferences
from tests.identity.conftest import provider  # noqa: F401 - fixture
from tests.notifications.arriving import USER
from tests.support.chat import VENDORS, Product, running
from tests.support.jwks import FakeProvider
from tests.support.mailbox import Mailbox


class Ask(kinds.NotificationKind):
    """A to-do about a customer whose name not everybody may read."""

    key = "tests.ask"
    todo = True
    label = "To decide"

    def title(self, params: Any, show: Any) -> str:
        return f"Decide {params['what']}"

    def body(self, params: Any, show: Any) -> str:
        phone = show("crm.customer", "phone", params.get("phone", ""), params.get("owner"))
        return f"Call {phone}" if params.get("phone") else ""

    def number(self, params: Any) -> str:
        return str(params.get("number", ""))

    def about(self, params: Any, show: Any) -> str:
        return f"Case of {params['what']}"

    def url(self, params: Any) -> str:
        return f"/things/{params['what']}/"


class News(Ask):
    key = "tests.news"
    todo = False
    system = "erp"
    label = "Shipment"

    def title(self, params: Any, show: Any) -> str:
        return f"News of {params['what']}"


class Alarm(News):
    key = "tests.alarm"
    urgent = True
    label = "Alarm"


@pytest.fixture
def own_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (Ask, News, Alarm):
        monkeypatch.setitem(kinds.KINDS, kind.key, kind())


@pytest.fixture
def tell(own_kinds: None) -> Callable[..., uuid.UUID]:
    """tell(person, "ask", "x", now, number=..., phone=...) -> id of the notice."""

    def one(person: Any, kind: str, what: str, now: dt.datetime, **params: Any) -> uuid.UUID:
        (made,) = services.notify(kind=f"tests.{kind}", person_ids=[person.pk], params={"what": what, **params}, ref=f"t:{what}", now=now)
        return made

    return one


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    with Mailbox() as box:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        yield box


@pytest.fixture(scope="session")
def products() -> Iterator[dict[str, Product]]:
    """The three chat products, each its own process."""
    with ExitStack() as stack:
        yield {vendor: stack.enter_context(running(vendor)) for vendor in VENDORS}


@pytest.fixture(params=VENDORS)
def product(request: pytest.FixtureRequest, products: dict[str, Product], settings: Any) -> Product:
    found = products[request.param]
    found.mend()
    found.hold(USER)
    settings.CHAT = {found.vendor: found.settings}
    return found


@pytest.fixture
def open_way(provider: FakeProvider, product: Product, cast: SimpleNamespace) -> SimpleNamespace:  # noqa: F811
    """The company lets the product sign people in, and ana's account there is connected."""
    now = clock.now()
    preferences.set_company(actor=cast.admin, changes={"sign_in": [product.vendor]}, now=now)
    chats.bind(person=cast.ana, vendor=product.vendor, user_id=USER, actor=cast.admin, now=now)
    return SimpleNamespace(product=product, provider=provider, cast=cast, vendor=product.vendor)
