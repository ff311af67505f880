"""Employees at the realm and in the directory, run with the environment of a portal process: python -m tests.bench.signon.people COUNT

Their passwords are kept at the realm as it keeps everybody's (argon2id with its own defaults), only made here: two thousand calls less.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import uuid
from typing import Any
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

BATCH = 250
SALT = b"atrium benchmark"
ITERATIONS, MEMORY_KB, LENGTH = 5, 7168, 32


def login(number: int) -> str:
    return f"morning{number}"


def subject(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, login(number)))


def credential(password: str) -> dict[str, str]:
    """As the realm stores it."""
    value = Argon2id(salt=SALT, length=LENGTH, iterations=ITERATIONS, lanes=1, memory_cost=MEMORY_KB).derive(password.encode())
    secret = {"value": base64.b64encode(value).decode(), "salt": base64.b64encode(SALT).decode(), "additionalParameters": {}}
    more = {"hashLength": [str(LENGTH)], "memory": [str(MEMORY_KB)], "type": ["id"], "version": ["1.3"], "parallelism": ["1"]}
    data = {"hashIterations": ITERATIONS, "algorithm": "argon2", "additionalParameters": more}
    return {"type": "password", "secretData": json.dumps(secret), "credentialData": json.dumps(data)}


def enrol(count: int, env: dict[str, str]) -> None:
    """Into the realm; who is there stays."""
    parts = urlsplit(env["OIDC_ISSUER"])
    base, realm = f"{parts.scheme}://{parts.netloc}", parts.path.rsplit("/", 1)[1]
    with requests.Session() as session:
        session.trust_env = False
        form = {"grant_type": "password", "client_id": "admin-cli", "username": env["KEYCLOAK_ADMIN_USER"], "password": env["KEYCLOAK_ADMIN_PASSWORD"]}
        made = credential(env["DEMO_PASSWORD"])
        for start in range(0, count, BATCH):
            token = session.post(f"{base}/realms/master/protocol/openid-connect/token", data=form, timeout=30).json()["access_token"]
            users = [_user(number, made) for number in range(start, min(start + BATCH, count))]
            answer = session.post(
                f"{base}/admin/realms/{realm}/partialImport", json={"ifResourceExists": "SKIP", "users": users}, timeout=300,
                headers={"Authorization": f"Bearer {token}"})  # fmt: skip
            answer.raise_for_status()


def _user(number: int, made: dict[str, str]) -> dict[str, Any]:
    return {
        "id": subject(number), "username": login(number), "email": f"{login(number)}@yunhe.example", "emailVerified": True, "enabled": True,
        "firstName": "Morning", "lastName": str(number), "credentials": [made],
    }  # fmt: skip


def hire(count: int) -> None:
    """Into the directory, with the rights of an employee."""
    from django.db import transaction

    from apps.core import clock
    from apps.devtools import company
    from apps.directory import selectors
    from apps.directory import services as directory

    now = clock.now()
    unit = next(person for person in selectors.active_people() if person.login == "ana").org_unit
    with transaction.atomic():
        for number in range(count):
            directory.upsert_person(
                login=login(number), issuer=company.issuer(), subject=subject(number), name=f"Morning {number}", employee_number=f"M{number}",
                email=f"{login(number)}@yunhe.example", email_verified=True, org_unit=unit, now=now)  # fmt: skip


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    enrol(int(sys.argv[1]), dict(os.environ))
    hire(int(sys.argv[1]))
