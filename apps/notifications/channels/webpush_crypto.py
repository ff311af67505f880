"""Web push without a library: encryption of a message for one browser (RFC 8291 over RFC 8188, aes128gcm) and our proof of who sends it (RFC 8292)."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import hashlib
import json
import os
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
RECORD = 4096
LASTS = dt.timedelta(hours=12)  # of a proof; push services take at most a day


def b64(raw: bytes) -> str:
    """URL-safe base64 without padding, as all of these standards want it."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


@functools.lru_cache(maxsize=4)
def signing_key(secret: str) -> ec.EllipticCurvePrivateKey:
    """Our key pair, made out of the secret: whoever has the secret has the key, and it is the same after every start."""
    wide = int.from_bytes(hashlib.sha512(b"atrium web push 1" + secret.encode()).digest(), "big")
    return ec.derive_private_key(wide % (ORDER - 1) + 1, CURVE)


def public_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The uncompressed point."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def application_key(secret: str) -> str:
    """What a browser is given when it subscribes (applicationServerKey)."""
    return b64(public_of(signing_key(secret)))


def point(text: str) -> ec.EllipticCurvePublicKey:
    """A browser's public key. Raises ValueError for what is no point of the curve."""
    return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, unb64(text))


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


def _content_keys(shared: bytes, auth: bytes, browser: bytes, server: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """(key, nonce) of RFC 8291, section 3.4."""
    secret = _hkdf(auth, shared, b"WebPush: info\x00" + browser + server, 32)
    return _hkdf(salt, secret, b"Content-Encoding: aes128gcm\x00", 16), _hkdf(salt, secret, b"Content-Encoding: nonce\x00", 12)


def encrypt(text: bytes, *, p256dh: str, auth: str, salt: bytes | None = None, key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    """The body of the push. `salt` and `key` are made anew for each message; given ones are for the vectors of the standard."""
    salt, key = salt or os.urandom(16), key or ec.generate_private_key(CURVE)
    browser, server = unb64(p256dh), public_of(key)
    cek, nonce = _content_keys(key.exchange(ec.ECDH(), point(p256dh)), unb64(auth), browser, server, salt)
    sealed = AESGCM(cek).encrypt(nonce, text + b"\x02", None)
    return salt + RECORD.to_bytes(4, "big") + bytes([len(server)]) + server + sealed


def decrypt(body: bytes, *, key: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """What a browser does with it. Raises ValueError for what was not made for this key."""
    salt, size = body[:16], body[20]
    server, sealed = body[21 : 21 + size], body[21 + size :]
    shared = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, server))
    cek, nonce = _content_keys(shared, auth, public_of(key), server, salt)
    try:
        return AESGCM(cek).decrypt(nonce, sealed, None).rstrip(b"\x00").removesuffix(b"\x02")
    except InvalidTag:
        raise ValueError("not for this key") from None


def authorization(endpoint: str, *, secret: str, subject: str, now: dt.datetime) -> str:
    """The header that says who sends this: a token for the push service of this endpoint, signed with our key."""
    to = urlsplit(endpoint)
    claims = {"aud": f"{to.scheme}://{to.netloc}", "exp": int((now + LASTS).timestamp()), "sub": subject}
    head = b64(json.dumps({"typ": "JWT", "alg": "ES256"}, separators=(",", ":")).encode())
    signed = f"{head}.{b64(json.dumps(claims, separators=(',', ':')).encode())}"
    r, s = decode_dss_signature(signing_key(secret).sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"vapid t={signed}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}, k={application_key(secret)}"
