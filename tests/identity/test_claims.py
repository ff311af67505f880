"""Which tokens are believed: one good one of each kind, and many that are not."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest
from joserfc.jwk import KeySet, OctKey

from apps.identity.claims import (
    TokenRefused,
    UnknownKey,
    signing_keys,
    verify_id_token,
    verify_logout_token,
    verify_refreshed,
)
from tests.support.jwks import ISSUER, KEY, LOGOUT_EVENT, NEXT_KEY, OTHER_KEY, id_claims, logout_claims, signed, text

KEYS = signing_keys({"keys": [KEY.as_dict(private=False)]})
JWKS_TEXT = OctKey.import_key(text({"keys": [KEY.as_dict(private=False)]}).encode())


def check_id(token: str, **expected: Any) -> dict[str, Any]:
    common: dict[str, Any] = {"issuer": ISSUER, "client_id": "portal", "nonce": "n-1", "now": dt.datetime.now(dt.UTC)}
    return verify_id_token(token, KEYS, **{**common, **expected})


def check_logout(token: str) -> dict[str, Any]:
    return verify_logout_token(token, KEYS, issuer=ISSUER, client_id="portal", now=dt.datetime.now(dt.UTC))


def ago(seconds: int) -> int:
    return int(time.time()) - seconds


def unsigned(claims: dict[str, Any], typ: str) -> str:
    import base64

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(text(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'typ': typ, 'kid': 'k1'})}.{part(claims)}."


def tampered(token: str) -> str:
    head, body, signature = token.split(".")
    return f"{head}.{body[:-4]}{'AAAA' if body[-4:] != 'AAAA' else 'BBBB'}.{signature}"


def test_a_good_id_token_is_believed() -> None:
    assert check_id(signed(id_claims()))["sub"] == "s-1"
    assert check_id(signed(id_claims(aud=["portal"])), max_age=300, acr=["1", "2"], subject="s-1")["acr"] == "1"


BAD_ID: dict[str, Any] = {
    "wrong nonce": lambda: (signed(id_claims(nonce="n-2")), {}),
    "no nonce in the token": lambda: (signed(id_claims(nonce=...)), {}),
    "no nonce kept": lambda: (signed(id_claims()), {"nonce": None}),
    "empty nonce kept and sent": lambda: (signed(id_claims(nonce="")), {"nonce": ""}),
    "access token": lambda: (signed(id_claims(typ="Bearer")), {}),
    "refresh token": lambda: (signed(id_claims(typ="Refresh")), {}),
    "logout token": lambda: (signed(logout_claims(), typ="logout+jwt"), {}),
    "token for another audience": lambda: (signed(id_claims(aud="crm")), {}),
    "several audiences": lambda: (signed(id_claims(aud=["portal", "crm"])), {}),
    "no audience": lambda: (signed(id_claims(aud=...)), {}),
    "azp of another client": lambda: (signed(id_claims(azp="crm")), {}),
    "another issuer": lambda: (signed(id_claims(iss="https://evil.example/realms/atrium")), {}),
    "issuer with a slash": lambda: (signed(id_claims(iss=ISSUER + "/")), {}),
    "run out": lambda: (signed(id_claims(exp=ago(61))), {}),
    "no exp": lambda: (signed(id_claims(exp=...)), {}),
    "exp as text": lambda: (signed(id_claims(exp="9999999999")), {}),
    "exp true": lambda: (signed(id_claims(exp=True)), {}),
    "iat in the future": lambda: (signed(id_claims(iat=ago(-120))), {}),
    "no iat": lambda: (signed(id_claims(iat=...)), {}),
    "no subject": lambda: (signed(id_claims(sub=...)), {}),
    "old sign-on": lambda: (signed(id_claims(auth_time=ago(400))), {"max_age": 300}),
    "no auth_time where it matters": lambda: (signed(id_claims(auth_time=...)), {"max_age": 300}),
    "too weak": lambda: (signed(id_claims(acr="1")), {"acr": ["2"]}),
    "another person": lambda: (signed(id_claims("s-2")), {"subject": "s-1"}),
    "forged with a known key id": lambda: (signed(id_claims(), key=OTHER_KEY), {}),
    "unknown key id": lambda: (signed(id_claims(), key=NEXT_KEY, kid="k2"), {}),
    "no key id": lambda: (signed(id_claims(), kid=None), {}),
    "alg none": lambda: (unsigned(id_claims(), "JWT"), {}),
    "HS256 with the published keys as secret": lambda: (signed(id_claims(), key=JWKS_TEXT, alg="HS256"), {}),
    "another RSA algorithm": lambda: (signed(id_claims(), alg="RS512"), {}),
    "changed payload": lambda: (tampered(signed(id_claims())), {}),
    "garbage": lambda: ("a.b.c", {}),
    "two parts": lambda: ("a.b", {}),
    "empty": lambda: ("", {}),
    "20 kB": lambda: (signed(id_claims(note="x" * 20000)), {}),
    "no typ": lambda: (signed(id_claims(), typ=None), {}),
}


@pytest.mark.req("A3")
@pytest.mark.parametrize("case", BAD_ID)
def test_other_id_tokens_are_refused(case: str) -> None:
    token, expected = BAD_ID[case]()
    with pytest.raises(TokenRefused):
        check_id(token, **expected)


def test_a_good_logout_token_is_believed() -> None:
    assert check_logout(signed(logout_claims(), typ="logout+jwt"))["sid"] == "sid-1"
    assert check_logout(signed(logout_claims(sid=...), typ="logout+jwt"))["sub"] == "s-1"


BAD_LOGOUT: dict[str, Any] = {
    "typ JWT": lambda: signed(logout_claims(), typ="JWT"),
    "no typ": lambda: signed(logout_claims(), typ=None),
    "with a nonce": lambda: signed(logout_claims(nonce="n"), typ="logout+jwt"),
    "with an empty nonce": lambda: signed(logout_claims(nonce=None), typ="logout+jwt"),
    "no events": lambda: signed(logout_claims(events=...), typ="logout+jwt"),
    "another event": lambda: signed(logout_claims(events={"x": {}}), typ="logout+jwt"),
    "events as a list": lambda: signed(logout_claims(events=[LOGOUT_EVENT]), typ="logout+jwt"),
    "event without an object": lambda: signed(logout_claims(events={LOGOUT_EVENT: True}), typ="logout+jwt"),
    "another issuer": lambda: signed(logout_claims(iss="https://evil.example"), typ="logout+jwt"),
    "another audience": lambda: signed(logout_claims(aud="crm"), typ="logout+jwt"),
    "run out": lambda: signed(logout_claims(exp=ago(61)), typ="logout+jwt"),
    "no exp": lambda: signed(logout_claims(exp=...), typ="logout+jwt"),
    "no jti": lambda: signed(logout_claims(jti=...), typ="logout+jwt"),
    "jti no text": lambda: signed(logout_claims(jti=7), typ="logout+jwt"),
    "endless jti": lambda: signed(logout_claims(jti="j" * 300), typ="logout+jwt"),
    "no iat": lambda: signed(logout_claims(iat=...), typ="logout+jwt"),
    "iat in the future": lambda: signed(logout_claims(iat=ago(-120)), typ="logout+jwt"),
    "neither sid nor sub": lambda: signed(logout_claims(sid=..., sub=...), typ="logout+jwt"),
    "sid and sub no text": lambda: signed(logout_claims(sid=1, sub=[]), typ="logout+jwt"),
    "an ID token": lambda: signed(id_claims()),
    "forged": lambda: signed(logout_claims(), typ="logout+jwt", key=OTHER_KEY),
    "unknown key": lambda: signed(logout_claims(), typ="logout+jwt", key=NEXT_KEY, kid="k2"),
    "no key id": lambda: signed(logout_claims(), typ="logout+jwt", kid=None),
    "alg none": lambda: unsigned(logout_claims(), "logout+jwt"),
    "HS256": lambda: signed(logout_claims(), typ="logout+jwt", key=JWKS_TEXT, alg="HS256"),
    "changed payload": lambda: tampered(signed(logout_claims(), typ="logout+jwt")),
    "garbage": lambda: "not.a.token",
    "empty": lambda: "",
    "huge": lambda: signed(logout_claims(note="x" * 20000), typ="logout+jwt"),
}


@pytest.mark.req("A3")
@pytest.mark.parametrize("case", BAD_LOGOUT)
def test_other_logout_tokens_are_refused(case: str) -> None:
    with pytest.raises(TokenRefused):
        check_logout(BAD_LOGOUT[case]())


def test_an_unknown_key_is_told_apart_and_encryption_keys_are_left_out() -> None:
    with pytest.raises(UnknownKey):
        check_id(signed(id_claims(), key=NEXT_KEY, kid="k2"))
    with pytest.raises(TokenRefused) as forged:
        check_id(signed(id_claims(), key=OTHER_KEY))
    assert not isinstance(forged.value, UnknownKey)
    enc = {**NEXT_KEY.as_dict(private=False), "use": "enc"}
    kept = signing_keys({"keys": [KEY.as_dict(private=False), enc]})
    assert isinstance(kept, KeySet)
    assert [key.kid for key in kept.keys] == ["k1"]


def test_a_refreshed_id_token_must_be_of_the_same_person_and_session() -> None:
    def check(**changes: Any) -> dict[str, Any]:
        return verify_refreshed(
            signed(id_claims(nonce=..., **changes)), KEYS, issuer=ISSUER, client_id="portal", subject="s-1", sid="sid-1",
            now=dt.datetime.now(dt.UTC),
        )  # fmt: skip

    assert check()["sub"] == "s-1"
    for changes in ({"sub": "s-2"}, {"sid": "sid-2"}, {"typ": "Bearer"}, {"azp": "crm"}, {"aud": "crm"}):
        with pytest.raises(TokenRefused):
            check(**changes)
