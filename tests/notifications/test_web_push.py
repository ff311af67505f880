"""Web push: encrypted for one browser, signed by us, only to services on the list, only what its reader may see, gone with the session."""

from __future__ import annotations

import base64
import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from joserfc import jwt
from joserfc.jwk import ECKey

from apps.audit.models import Entry
from apps.core import clock as core
from apps.core.errors import InvalidInput, NotFound
from apps.identity.models import OidcSession
from apps.identity.services import digest_of, open_session
from apps.notifications import services
from apps.notifications.channels import webpush_crypto as crypto
from apps.notifications.channels.web_push import is_allowed
from apps.notifications.models import Delivery, Device
from apps.notifications.services import devices

pytestmark = pytest.mark.req("X2")
HOUR = dt.timedelta(hours=1)


# RFC 8291, appendix A
def test_the_vector_of_the_standard() -> None:
    server = ec.derive_private_key(int.from_bytes(crypto.unb64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"), crypto.CURVE)
    browser = ec.derive_private_key(int.from_bytes(crypto.unb64("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), "big"), crypto.CURVE)
    public = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    assert crypto.b64(crypto.public_of(browser)) == public
    body = crypto.encrypt(b"When I grow up, I want to be a watermelon", p256dh=public, auth="BTBZMqHH6r4Tts7J_aSIgg",
                          salt=crypto.unb64("DGv6ra1nlYgDCS1FRnbzlw"), key=server)  # fmt: skip
    assert crypto.b64(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLV"
        "BSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    assert crypto.decrypt(body, key=browser, auth=crypto.unb64("BTBZMqHH6r4Tts7J_aSIgg")) == b"When I grow up, I want to be a watermelon"


def test_nobody_else_reads_it_and_no_two_are_alike() -> None:
    mine, other, auth = ec.generate_private_key(crypto.CURVE), ec.generate_private_key(crypto.CURVE), b"0123456789abcdef"
    one, two = (crypto.encrypt(b"hello", p256dh=crypto.b64(crypto.public_of(mine)), auth=crypto.b64(auth)) for _time in range(2))
    assert one != two
    assert crypto.decrypt(one, key=mine, auth=auth) == crypto.decrypt(two, key=mine, auth=auth) == b"hello"
    for key, secret in ((other, auth), (mine, b"fedcba9876543210")):
        with pytest.raises(ValueError, match="not for this key"):
            crypto.decrypt(one, key=key, auth=secret)


def test_our_key_is_the_same_after_every_start_and_another_for_another_secret() -> None:
    assert crypto.application_key("a") == crypto.application_key("a") != crypto.application_key("b")
    assert len(crypto.unb64(crypto.application_key("a"))) == 65


@pytest.mark.parametrize(("endpoint", "allowed"), [
    ("https://push.example/send/1", True),
    ("https://eu.push.example.org/1", True),
    ("https://push.example:443/1", True),
    ("http://push.example/1", False),
    ("https://push.example:8443/1", False),
    ("https://push.example.evil.example/1", False),
    ("https://push.example@evil.example/1", False),
    ("https://evilpush.example.org.evil/1", False),
    ("https://169.254.169.254/latest", False),
    ("https://localhost/1", False),
    ("file:///etc/passwd", False),
    ("https://[::1/", False),
    ("", False),
])  # fmt: skip
def test_only_services_on_the_list_are_spoken_with(endpoint: str, allowed: bool, settings: Any) -> None:
    settings.WEB_PUSH_HOSTS = ["push.example", "*.push.example.org"]
    assert is_allowed(endpoint) is allowed


class PushService(ThreadingHTTPServer):
    """A push service of the test's own. `took`: (path, headers, body); `answers`: path -> status of the next one."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.took: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: dict[str, list[int]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Taking(BaseHTTPRequestHandler):
    server: PushService

    def log_message(self, format: str, *args: Any) -> None: ...

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        waiting = self.server.answers.get(self.path) or []
        status = waiting.pop(0) if waiting else 201
        if status == 201:
            self.server.took.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def service(settings: Any) -> Iterator[PushService]:
    settings.WEB_PUSH_HOSTS, settings.WEB_PUSH_CONTACT = ["127.0.0.1"], "mailto:admin@yunhe.example"
    with PushService() as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


class Browser:
    """What a browser keeps of its subscription."""

    def __init__(self, service: PushService, name: str) -> None:
        self.key, self.auth, self.endpoint = ec.generate_private_key(crypto.CURVE), name.encode().ljust(16, b"-"), f"{service.url}/{name}"
        self.given = {"endpoint": self.endpoint, "p256dh": crypto.b64(crypto.public_of(self.key)), "auth": crypto.b64(self.auth), "label": name}

    def read(self, service: PushService) -> list[dict[str, Any]]:
        return [json.loads(crypto.decrypt(body, key=self.key, auth=self.auth)) for path, _headers, body in service.took if self.endpoint.endswith(path)]


@pytest.fixture
def ring(db: None, service: PushService, clock: dt.datetime) -> Callable[..., Browser]:
    """ring(person, "phone") -> a browser that rings for this person, who is signed in there."""

    def make(person: Any, name: str, session: str = "") -> Browser:
        browser = Browser(service, name)
        if not session:
            open_session(session_key=f"ring-{name}", account=person.account, now=core.now())
        devices.take_on(person=person, session=session or digest_of(f"ring-{name}"), now=clock, **browser.given)
        return browser

    return make


def test_a_todo_rings_on_each_device_with_our_proof(
    ring: Any, service: PushService, tell: Any, cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any, settings: Any
) -> None:
    phone, desk = ring(cast.boss, "phone"), ring(cast.boss, "desk")
    notice = tell(cast.boss, "ask", "x", clock, number="HT-1")
    run_jobs(now=clock)
    shown = {"title": "Decide x", "body": "", "url": "/things/x/", "tag": notice.hex, "lang": "en"}
    assert (phone.read(service), desk.read(service)) == ([shown], [shown])
    _path, headers, _body = service.took[0]
    assert (headers["ttl"], headers["urgency"], headers["topic"], headers["content-encoding"]) == ("86400", "normal", notice.hex, "aes128gcm")
    token, public = (part.partition("=")[2] for part in headers["authorization"].removeprefix("vapid ").split(", "))
    assert public == crypto.application_key(settings.WEB_PUSH_KEY)
    raw = crypto.unb64(public)
    x, y = (base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (raw[1:33], raw[33:]))
    claims = jwt.decode(token, ECKey.import_key({"kty": "EC", "crv": "P-256", "x": x, "y": y}), algorithms=["ES256"]).claims
    assert claims == {"aud": service.url, "sub": "mailto:admin@yunhe.example", "exp": int((clock + 12 * HOUR).timestamp())}
    services.resolve(ref="t:x", now=clock, outcome="approved")
    run_jobs(now=clock)
    assert (phone.read(service)[1:], desk.read(service)[1:]) == ([{"close": notice.hex}], [{"close": notice.hex}])
    assert Delivery.objects.get(channel="web_push").state == "CLOSED"


@pytest.mark.req("A9")
def test_a_push_holds_only_what_its_reader_may_see(
    ring: Any, service: PushService, tell: Any, cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any
) -> None:
    readers = {person.login: ring(person, person.login) for person in (cast.boss, cast.fin)}
    for person in (cast.boss, cast.fin):
        tell(person, "ask", "x", clock, phone="0571 8888 1234", owner=str(cast.ana.pk))
    run_jobs(now=clock)
    assert {login: one.read(service)[0]["body"] for login, one in readers.items()} == {"boss": "Call 0571 8888 1234", "fin": "Call ••••"}


@pytest.mark.req("A9", "S8")
def test_a_device_whose_session_ran_out_rings_without_saying_what(
    ring: Any, service: PushService, tell: Any, cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any
) -> None:
    phone, desk = ring(cast.boss, "phone"), ring(cast.boss, "desk")
    OidcSession.objects.filter(pk="ring-phone").update(expires_at=core.now() - dt.timedelta(seconds=1))
    cast.boss.account.language = "zh-hans"
    cast.boss.account.save(update_fields=["language"])
    notice = tell(cast.boss, "ask", "x", clock, number="HT-1", phone="0571 8888 1234", owner=str(cast.ana.pk))
    run_jobs(now=clock)
    assert desk.read(service)[0]["title"] == "Decide x"
    bare = {"title": "门户中有新消息", "body": "登录后即可阅读。", "url": "/things/x/", "tag": notice.hex, "lang": "zh-hans"}
    assert phone.read(service) == [bare]
    assert OidcSession.objects.filter(pk="ring-phone").exists()  # nothing is ended by it: the next sign-in there tells whole again
    services.resolve(ref="t:x", now=clock, outcome="approved")
    run_jobs(now=clock)
    assert phone.read(service)[1:] == [{"close": notice.hex}]


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_is_no_more_is_forgotten(
    status: int, ring: Any, service: PushService, tell: Any, cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any
) -> None:
    ring(cast.boss, "gone")
    service.answers = {"/gone": [status]}
    tell(cast.boss, "ask", "x", clock)
    run_jobs(now=clock)
    row = Delivery.objects.get(channel="web_push")
    assert (Device.objects.count(), row.state, row.reason) == (0, "SUPPRESSED", "no_address")


def test_a_service_that_is_busy_is_asked_again_and_no_device_rings_twice(
    ring: Any, service: PushService, tell: Any, cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any
) -> None:
    one, two = ring(cast.boss, "one"), ring(cast.boss, "two")
    service.answers = {"/two": [503, 429]}
    tell(cast.boss, "ask", "x", clock)
    for minutes in (0, 10, 20):
        run_jobs(now=clock + dt.timedelta(minutes=minutes))
    assert (len(one.read(service)), len(two.read(service)), Delivery.objects.get(channel="web_push").state) == (1, 1, "SENT")


def test_a_service_that_refuses_our_proof_is_a_failure_and_keeps_the_device(
    ring: Any, service: PushService, tell: Any, cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any
) -> None:
    ring(cast.boss, "one")
    service.answers = {"/one": [403]}
    tell(cast.boss, "ask", "x", clock)
    run_jobs(now=clock)
    assert (Device.objects.count(), Delivery.objects.get(channel="web_push").state) == (1, "FAILED")


@pytest.fixture
def as_(sign_in: Any, travel: Any, clock: dt.datetime) -> Callable[..., Client]:
    travel(clock)
    return lambda person: sign_in(Client(headers={"accept-language": "en"}), person)


def test_a_device_is_listed_removed_and_goes_with_its_session(
    as_: Any, service: PushService, cast: SimpleNamespace, tell: Any, clock: dt.datetime, run_jobs: Any
) -> None:
    phone, desk, ana = as_(cast.boss), as_(cast.boss), as_(cast.ana)
    for client, name in ((phone, "phone"), (desk, "desk")):
        assert client.post("/profile/notifications/devices/", Browser(service, name).given).status_code == 200
    listed = sorted(desk.get("/api/v1/me/devices").json(), key=lambda one: str(one["label"]))
    assert [one["label"] for one in listed] == ["desk", "phone"] and set(listed[0]) == {"id", "label", "created_at", "reached_at"}
    assert ana.delete(f"/api/v1/me/devices/{listed[0]['id']}").status_code == 404
    assert Device.objects.count() == 2
    phone.post("/sign-out/")
    run_jobs(now=clock)
    assert [one.label for one in Device.objects.all()] == ["desk"]
    assert desk.delete(f"/api/v1/me/devices/{listed[0]['id']}").status_code == 204
    assert not Device.objects.exists()
    actions = list(Entry.objects.filter(action__startswith="notifications.device").order_by("seq").values_list("action", flat=True))
    assert actions == [f"notifications.device.{what}" for what in ("taken_on", "taken_on", "session_ended", "let_go")]


def test_the_keys_lie_encrypted_and_a_browser_rings_for_one_person(ring: Any, service: PushService, cast: SimpleNamespace, clock: dt.datetime) -> None:
    browser = ring(cast.boss, "shared")
    assert browser.given["auth"] not in Device.objects.get().keys
    devices.take_on(person=cast.ana, session="", now=clock, **browser.given)
    assert [one.person_id for one in Device.objects.all()] == [cast.ana.pk]
    with pytest.raises(NotFound):
        devices.let_go(person=cast.boss, device_id=Device.objects.get().pk, now=clock)
    for place in range(12):
        ring(cast.ana, f"more-{place}")
    assert Device.objects.count() == devices.MOST


@pytest.mark.req("S8", "A9")
@pytest.mark.parametrize("path", ["/profile/notifications/devices/here/", "/api/v1/me/devices/here"])
def test_a_browser_rings_for_whoever_is_signed_in_and_goes_with_that_session(
    as_: Any, service: PushService, cast: SimpleNamespace, tell: Any, clock: dt.datetime, run_jobs: Any, path: str
) -> None:
    def here(client: Client, endpoint: str) -> int:
        given = {"endpoint": endpoint}
        return client.post(path, json.dumps(given), content_type="application/json").status_code if "api" in path else client.post(path, given).status_code

    desk = Browser(service, "desk")
    as_(cast.boss).post("/profile/notifications/devices/", desk.given)  # that session ran out: nobody signed out
    again, ana = as_(cast.boss), as_(cast.ana)
    for _page in range(2):
        assert here(again, desk.endpoint) == 204
    assert here(again, "https://elsewhere.example/1") == 404
    run_jobs(now=clock)
    assert Device.objects.get().session == digest_of(again.session.session_key)
    again.post("/sign-out/")
    run_jobs(now=clock)
    assert not Device.objects.exists()

    as_(cast.boss).post("/profile/notifications/devices/", desk.given)  # ran out again, and then somebody else sits there
    assert here(ana, desk.endpoint) == 404  # the browser gives its subscription back
    tell(cast.boss, "ask", "x", clock)
    run_jobs(now=clock)
    assert (Device.objects.count(), desk.read(service)) == (0, [])
    assert Entry.objects.filter(action="notifications.device.used_by_another", object="directory.person:boss").count() == 1


@pytest.mark.parametrize(("field", "value"), [("endpoint", "https://10.0.0.1/x"), ("p256dh", "BAAA"), ("p256dh", "***"), ("auth", "c2hvcnQ")])
def test_what_is_no_subscription_is_not_stored(field: str, value: str, service: PushService, cast: SimpleNamespace, clock: dt.datetime) -> None:
    with pytest.raises(InvalidInput):
        devices.take_on(person=cast.boss, session="", now=clock, **{**Browser(service, "x").given, field: value})
    assert not Device.objects.exists()
