"""Keycloak: fetched by Maven, built once; one home and one database per state; the realm comes from the realm file."""

from __future__ import annotations

import hashlib
import os
import shutil
import urllib.error
import zipfile
from collections.abc import Mapping
from pathlib import Path

from stack import probes
from stack.layout import CACHE, HERE, cache_lock
from stack.part import PartSpec
from stack.parts.postgres import Postgres
from stack.shell import StepFailed
from stack.supervisor import Supervisor
from stack.toolbox import Toolbox
from stack.vault import Vault

VERSION = "26.7.5"
SHA256 = "30ef87fb7101c43d29688d1ae80c0588ff4a151b3330e9f664bf9692d398658a"
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
FETCHER = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"
REALM_FILE = HERE / "keycloak" / "atrium-realm.json"
ADMIN = "admin"
CALLBACK = "/accounts/oidc/keycloak/login/callback/"
BACKCHANNEL = "/oidc/backchannel-logout/"
SIGNED_OUT = "/oidc/signed-out/"
INSTALL = CACHE / "keycloak" / f"{VERSION}-postgres"


def is_fetched() -> bool:
    return (INSTALL / ".built").exists() or _zip().exists()


def _zip() -> Path:
    return CACHE / "keycloak" / f"keycloak-quarkus-dist-{VERSION}.zip"


class Keycloak:
    def __init__(
        self,
        supervisor: Supervisor,
        toolbox: Toolbox,
        vault: Vault,
        postgres: Postgres,
        ports: Mapping[str, int],
        portal_url: str,
        *,
        busy: bool = False,
    ) -> None:
        self._supervisor = supervisor
        self._toolbox = toolbox
        self._vault = vault
        self._postgres = postgres
        self._ports = ports
        self._portal_url = portal_url
        self._busy = busy
        self._home = supervisor.state.root / "keycloak"
        self.url = f"http://localhost:{ports['keycloak']}"
        self.issuer = f"{self.url}/realms/atrium"
        self.jwks = f"{self.issuer}/protocol/openid-connect/certs"

    # -- install (shared by all states)

    def install(self) -> str | None:
        with cache_lock("keycloak"):
            if (INSTALL / ".built").exists():
                return None
            self._fetch()
            self._unpack()
            log = CACHE / "keycloak" / "build.log"
            build = [INSTALL / "bin" / "kc.sh", "build", "--db=postgres", "--health-enabled=true"]
            self._supervisor.runner.run(build, log=log, what="building Keycloak", env={"JAVA_HOME": str(self._toolbox.java_home)})
            (INSTALL / ".built").touch()
        return f"{VERSION} fetched and built"

    def _fetch(self) -> None:
        archive = _zip()
        archive.parent.mkdir(parents=True, exist_ok=True)
        if not archive.exists():
            argv = ["mvn", "-q", "-B", FETCHER, f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={archive.parent}"]
            self._supervisor.runner.run(argv, log=archive.parent / "fetch.log", what="fetching Keycloak with Maven", cwd=archive.parent)
        with archive.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != SHA256:
                archive.unlink()
                raise StepFailed("the fetched Keycloak has another checksum than the pinned one; it was deleted, start again")

    def _unpack(self) -> None:
        draft = INSTALL.with_suffix(".part")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(INSTALL, ignore_errors=True)
        with zipfile.ZipFile(_zip()) as archive:
            archive.extractall(draft)
        unpacked = next(draft.iterdir())
        for script in (unpacked / "bin").glob("*.sh"):
            script.chmod(0o755)
        unpacked.rename(INSTALL)
        draft.rmdir()

    def _prepare_home(self) -> None:
        """The state's own home: hard links to the install, and a data folder that two servers must not share."""
        stamp = self._home / ".from"
        if not stamp.exists() or stamp.read_text() != VERSION:
            shutil.rmtree(self._home, ignore_errors=True)
            shutil.copytree(INSTALL, self._home, copy_function=_link_or_copy, ignore=shutil.ignore_patterns("data", ".built"))
            stamp.write_text(VERSION)
        target = self._home / "data" / "import" / REALM_FILE.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REALM_FILE, target)

    # -- run

    def start(self) -> str:
        self._prepare_home()
        self._postgres.role("keycloak")
        if not self._postgres.exists("keycloak"):
            self._postgres.create("keycloak", "keycloak")
        self._supervisor.add(
            PartSpec(
                name="keycloak",
                command=self._command,
                env=self._env,
                ready=self._ready,
                log=self._supervisor.state.log("keycloak"),
                cwd=self._home,
                ready_seconds=300,
                stop_seconds=15,
            )
        )
        self._supervisor.start("keycloak")
        self._fit_portal_client()
        return f"ready at {self.url} (realm atrium)"

    def _ready(self) -> bool:
        return probes.http_ok(f"http://localhost:{self._ports['keycloak_management']}/health/ready") and probes.http_ok(self.issuer)

    def _command(self) -> list[str]:
        http_client = "--spi-connections-http-client--default--"
        return [
            str(self._home / "bin" / "kc.sh"),
            "start",
            "--optimized",
            "--import-realm",
            "--http-enabled=true",
            "--http-host=127.0.0.1",
            f"--http-port={self._ports['keycloak']}",
            "--http-management-host=127.0.0.1",
            f"--http-management-port={self._ports['keycloak_management']}",
            f"--hostname={self.url}",
            "--cache=local",
            "--log-level=INFO,io.smallrye.health:ERROR",  # a probe while starting would log a line each time
            # a hung portal must not hold a sign-out for ever
            f"{http_client}connection-request-timeout-millis=2000",
            f"{http_client}socket-timeout-millis=5000",
            f"{http_client}establish-connection-timeout-millis=2000",
        ]

    def _env(self) -> dict[str, str]:
        """The settings, and every placeholder of the realm file: an unknown one would stay as text, silently."""
        return {
            "JAVA_HOME": str(self._toolbox.java_home),
            # a connection that a restarted PostgreSQL has closed is not used; and less processor time while starting, unless many people come
            "JAVA_OPTS_APPEND": " ".join(["-Dquarkus.datasource.jdbc.validate-on-borrow=true", *([] if self._busy else ["-XX:TieredStopAtLevel=1"])]),
            "KC_DB_URL": f"jdbc:postgresql://127.0.0.1:{self._postgres.port}/keycloak",
            "KC_DB_USERNAME": "keycloak",
            "KC_DB_PASSWORD": self._postgres.password("keycloak"),
            "KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN,
            "KC_BOOTSTRAP_ADMIN_PASSWORD": self._vault.get("keycloak_admin"),
            "ATRIUM_PORTAL_URL": self._portal_url,
            "ATRIUM_PORTAL_CLIENT_SECRET": self._vault.get("oidc_client"),
            "ATRIUM_PORTAL_ADMIN_CLIENT_SECRET": self._vault.get("oidc_admin_client"),
            "ATRIUM_CRM_CLIENT_SECRET": self._vault.get("oidc_crm_client"),
            "ATRIUM_TRYTON_CLIENT_SECRET": self._vault.get("oidc_tryton_client"),
            "ATRIUM_DEMO_PASSWORD": self._vault.get("demo_password", 16),
            "ATRIUM_DEMO_OTP_SECRET": self._vault.get("demo_otp", 20),
        }

    def _fit_portal_client(self) -> None:
        """The realm is imported once, with the portal's URL of then; a portal that has moved is told to the client."""
        wanted = {
            "rootUrl": self._portal_url,
            "redirectUris": [self._portal_url + CALLBACK],
            "attributes": {
                "backchannel.logout.url": self._portal_url + BACKCHANNEL,
                "post.logout.redirect.uris": self._portal_url + SIGNED_OUT,
            },
        }
        try:
            form = {
                "grant_type": "password",
                "client_id": "admin-cli",
                "username": ADMIN,
                "password": self._vault.get("keycloak_admin"),
            }
            token = probes.call_json("POST", f"{self.url}/realms/master/protocol/openid-connect/token", form=form)["access_token"]
            clients = f"{self.url}/admin/realms/atrium/clients"
            client = probes.call_json("GET", f"{clients}?clientId=portal", token=token)[0]
            attributes = {**client["attributes"], **wanted["attributes"]}
            changed = {**client, **wanted, "attributes": attributes}
            if changed != client:
                probes.call_json("PUT", f"{clients}/{client['id']}", token=token, body=changed)
        except (urllib.error.URLError, KeyError, IndexError) as error:
            raise StepFailed(f"Keycloak's client of the portal could not be checked: {error}") from error


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
