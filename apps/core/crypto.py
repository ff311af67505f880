"""Encryption of single values at rest: tokens and connector secrets. AES-GCM; the key is derived from settings.FIELD_KEY."""

from __future__ import annotations

import base64
import functools
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_VERSION = "1"
_NONCE = 12


class UnableToDecrypt(Exception):
    """The text was changed, belongs to another context, or was encrypted under another key. Carries no part of it."""


@functools.lru_cache(maxsize=4)
def _cipher(secret: str) -> AESGCM:
    if not secret:
        raise RuntimeError("FIELD_KEY is empty")
    return AESGCM(HKDF(SHA256(), length=32, salt=None, info=b"atrium field key 1").derive(secret.encode()))


def encrypt(text: str, context: str) -> str:
    """Printable cipher text. `context` says where the value lives ("integrations.connection:erp"): it decrypts nowhere else."""
    nonce = os.urandom(_NONCE)
    sealed = _cipher(settings.FIELD_KEY).encrypt(nonce, text.encode(), context.encode())
    return f"{_VERSION}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def decrypt(sealed: str, context: str) -> str:
    """The text that `encrypt` was given. Raises UnableToDecrypt."""
    version, _, body = sealed.partition(":")
    if version != _VERSION:
        raise UnableToDecrypt("unknown version")
    try:
        raw = base64.urlsafe_b64decode(body.encode())
        return _cipher(settings.FIELD_KEY).decrypt(raw[:_NONCE], raw[_NONCE:], context.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise UnableToDecrypt(type(error).__name__) from None
