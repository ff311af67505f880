"""The real systems under the supervisor: the values it publishes work, the people can sign on, data can be made fresh."""

from __future__ import annotations

import stat
import time

import psycopg
import pytest
import redis
import requests

from stack.part import born
from stack.ports import is_free
from tests.support.signon import Realm, claims
from tests.support.stack import RealStack, running_stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

NAMED_BY_THE_ISSUE = (
    "PORTAL_URL OIDC_ISSUER ERP_URL ERP_DATABASE_URL ERP_SERVICE_KEY CRM_URL CRM_DATABASE_URL CRM_SERVICE_TOKEN WEBHOOK_SECRET_CRM "
    "WEBHOOK_SECRET_ERP DATABASE_URL REDIS_URL KEYCLOAK_ADMIN_USER KEYCLOAK_ADMIN_PASSWORD DEMO_PASSWORD"
)
PEOPLE = {
    "ana": ("An Chen", ["employee"], ["/sales"]),
    "boss": ("Wei Lin", ["employee", "manager"], ["/sales"]),
    "fin": ("Jing He", ["employee", "finance"], ["/finance"]),
    "eve": ("Jun Wang", ["employee"], ["/warehouse"]),
    "admin": ("Peng Guo", ["employee", "portal-admin"], ["/it"]),
    "guest": ("Lan Xu", None, None),
}


def _get(url: str, token: str, **headers: str) -> requests.Response:
    return requests.get(url, headers={"Authorization": f"Bearer {token}", **headers}, timeout=30)


def test_the_published_values_are_complete_private_and_on_localhost(real_stack: RealStack) -> None:
    for name in NAMED_BY_THE_ISSUE.split():
        assert real_stack.env[name], name
    assert stat.S_IMODE(real_stack.state.env_file.stat().st_mode) == 0o600
    urls = [value for value in real_stack.env.values() if "://" in value]
    assert len(urls) >= 8
    assert all("localhost" in url for url in urls)


def test_every_system_answers_to_its_published_key(real_stack: RealStack) -> None:
    env = real_stack.env
    assert _get(f"{env['ERP_URL']}/portal/me", env["ERP_SERVICE_KEY"]).json()["login"] == "portal-service"
    who = _get(f"{env['CRM_URL']}/portal/me", env["CRM_SERVICE_TOKEN"]).json()
    assert (who["role"], who["org"]) == ("ADMIN", "Yunhe Pump Works")
    with redis.Redis.from_url(env["REDIS_URL"]) as client:
        assert client.ping()
    for name in ("ERP_DATABASE_URL", "CRM_DATABASE_URL"):
        with psycopg.connect(env[name]) as connection:
            tables = connection.execute("select count(*) from information_schema.tables").fetchone()
        assert tables
        assert tables[0] > 50


def test_the_erp_web_client_is_served(real_stack: RealStack) -> None:
    page = requests.get(f"{real_stack.env['ERP_WEB_URL']}/", timeout=30)
    assert page.status_code == 200
    assert "tryton" in page.text.lower()


@pytest.mark.parametrize("login", PEOPLE)
@pytest.mark.req("G4")
def test_each_person_signs_on_with_a_password_alone(real_stack: RealStack, login: str) -> None:
    realm = Realm(real_stack.env)
    tokens = realm.sign_on(login)
    identity, access = claims(tokens["id_token"]), claims(tokens["access_token"])
    name, roles, groups = PEOPLE[login]
    assert identity["name"] == name
    assert (identity["email"], identity["email_verified"]) == (f"{login}@yunhe.example", True)
    assert (sorted(identity["roles"]) if "roles" in identity else None) == roles
    assert identity.get("groups") == groups
    assert identity["acr"] == "1"
    assert access["exp"] - access["iat"] == 60


def test_guest_and_admin_are_nobody_in_the_outside_systems(real_stack: RealStack) -> None:
    realm = Realm(real_stack.env)
    for login in ("guest", "admin"):
        tokens = realm.sign_on(login)
        assert _get(f"{real_stack.env['CRM_URL']}/portal/me", realm.token_for(tokens, "crm")).status_code == 403
        assert _get(f"{real_stack.env['ERP_URL']}/portal/me", realm.token_for(tokens, "tryton")).status_code == 401


def test_a_wrong_password_is_refused(real_stack: RealStack) -> None:
    with pytest.raises(PermissionError):
        Realm(real_stack.env).sign_on("guest", "not-the-password")


def test_reset_gives_fresh_data_in_seconds(real_stack: RealStack) -> None:
    env = real_stack.env
    sign = {"Authorization": f"Bearer {env['CRM_SERVICE_TOKEN']}"}

    def customers() -> list[str]:
        rows = requests.get(f"{env['CRM_URL']}/portal/rows/account?limit=1000", headers=sign, timeout=30)
        rows.raise_for_status()
        return [row["name"] for row in rows.json()["rows"]]

    requests.post(f"{env['CRM_URL']}/api/accounts/", json={"name": "Made by a test"}, headers=sign, timeout=30).raise_for_status()
    assert "Made by a test" in customers()
    erp_epoch = _get(f"{env['ERP_URL']}/portal/events?limit=1", env["ERP_SERVICE_KEY"]).json()["epoch"]
    began = time.monotonic()
    real_stack.reset()
    took = time.monotonic() - began
    assert "Made by a test" not in customers()
    assert _get(f"{env['ERP_URL']}/portal/events?limit=1", env["ERP_SERVICE_KEY"]).json()["epoch"] != erp_epoch
    assert took < 30, f"reset took {took:.1f} s"


def test_postgres_killed_and_restarted_is_there_again_for_all(real_stack: RealStack) -> None:
    env = real_stack.env
    real_stack.restart("postgres", kill=True)
    with psycopg.connect(env["POSTGRES_URL"]) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    Realm(env).sign_on("ana")  # Keycloak notices that its connections are dead
    for part in ("erp", "crm", "keycloak"):
        assert real_stack.status()[part]["up"], part


def test_nothing_is_left_when_it_stops() -> None:
    with running_stack("--durable") as stack:
        parts = stack.status()
        ports = [int(stack.env[name].rsplit(":", 1)[1].split("/")[0]) for name in ("ERP_URL", "CRM_URL", "REDIS_URL", "POSTGRES_URL")]
        with psycopg.connect(stack.env["POSTGRES_URL"]) as connection:
            assert connection.execute("show fsync").fetchone() == ("on",)
    assert all(born(part["pid"]) is None for part in parts.values())
    assert all(is_free(port) for port in ports)
    assert not stack.state.env_file.exists()
