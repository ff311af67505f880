"""The CRM: BottleCRM with the app portal_ext beside it, behind gunicorn; and the sender of its change feed."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

from stack import probes
from stack.layout import CACHE, HERE, cache_lock, digest_of
from stack.part import PartSpec
from stack.parts import crm_python
from stack.parts.keycloak import REALM_FILE, Keycloak
from stack.parts.postgres import Postgres
from stack.supervisor import Supervisor
from stack.toolbox import Toolbox
from stack.vault import Vault

SOURCE = HERE / "crm"
LOCK = SOURCE / "requirements.lock"
SNAPSHOT = SOURCE / "schema-1.35.0.sql.gz"
HISTORY = (SOURCE / "history.py", HERE / "history_plan.py")
DATABASE = "crm"
COMPANY = "Yunhe Pump Works"
MAIL_DOMAIN = "yunhe.example"
SERVICE_LOGIN = "portal-service"


def seed_key() -> str:
    """Names the seeded database: changes with the seed, the app's migrations and the people of the realm."""
    people = [(user.get("id"), user["username"], user.get("email")) for user in json.loads(REALM_FILE.read_text())["users"]]
    extension = SOURCE / "portal_ext"
    files = [LOCK, HERE / "seed_company.py", *SOURCE.glob("seed*.py"), *extension.glob("migrations/*.py"), *extension.glob("migrations_*.py")]
    return digest_of(files, json.dumps(people), COMPANY)


class Crm:
    def __init__(
        self,
        supervisor: Supervisor,
        toolbox: Toolbox,
        vault: Vault,
        postgres: Postgres,
        keycloak: Keycloak,
        port: int,
        portal_url: str,
        *,
        history: bool | None = False,
    ) -> None:
        """`history`: two years of deals, cases and talks before the company of today; None: as this state had it last."""
        self.port = port
        self.url = f"http://localhost:{port}"
        self._supervisor = supervisor
        self._toolbox = toolbox
        self._vault = vault
        self._postgres = postgres
        self._keycloak = keycloak
        self._portal_url = portal_url
        self.was_refreshed = False  # its database is another one than the portal has read from
        self._folder = supervisor.state.data("crm")
        self._history = self._kept_template().startswith("crm_history_") if history is None else history
        self._venv = CACHE / "crm" / f"venv-{digest_of([LOCK])}"
        self._python = self._venv / "bin" / "python"

    # -- install (shared by all states)

    def install(self) -> str | None:
        with cache_lock("crm"):
            if (self._venv / ".done").exists():
                return None
            interpreter = crm_python.ensure(self._supervisor.runner)
            log = CACHE / "crm" / "install.log"
            self._toolbox.environment(self._venv, interpreter, "-r", str(LOCK), log=log, what="the CRM")
            (self._venv / ".done").touch()
        return "BottleCRM 1.35.0 installed"

    # -- database

    @property
    def template(self) -> str:
        return f"crm_template_{seed_key()}"

    @property
    def source(self) -> str:
        """The database of which a fresh one is a copy."""
        return f"crm_history_{digest_of(HISTORY, seed_key())}" if self._history else self.template

    @property
    def facts_file(self) -> Path:
        """Ids and tokens of the seeded organisations (mode 600)."""
        return self._folder / "crm.json"

    def prepare(self) -> str:
        self._postgres.role("crm_app", "nobypassrls")
        for name in ("mail", "static", "media"):
            (self._folder / name).mkdir(exist_ok=True)
        how = "from its template"
        if not self._postgres.exists(self.template):
            self._make_template()
            how = "seeded"
        if self._history and not self._postgres.exists(self.source):
            self._make_history()
            how += ", with two years of history"
        if not self._postgres.exists(DATABASE) or self._kept_template() != self.source:
            self.refresh()
            self._postgres.drop_older("crm_template_", self.template)
            if self._history:
                self._postgres.drop_older("crm_history_", self.source)
        return f"database ready {how}"

    def refresh(self) -> None:
        """A fresh copy of the seeded database; who is connected to the old one is thrown out and comes again."""
        self._postgres.copy(self.source, DATABASE, "crm_app")
        shutil.copyfile(self._folder / f"{self.template}.json", self.facts_file)
        self.facts_file.chmod(0o600)
        (self._folder / "template").write_text(self.source)
        self.was_refreshed = True

    def _kept_template(self) -> str:
        kept = self._folder / "template"
        return kept.read_text() if kept.exists() else ""

    def organisation(self) -> str:
        return str(self._facts()["orgs"][COMPANY])

    def service_token(self) -> str:
        return str(self._facts()["tokens"][COMPANY][SERVICE_LOGIN])

    def _facts(self) -> dict:
        return json.loads(self.facts_file.read_text())

    def _make_template(self) -> None:
        draft, facts = f"crm_build_{seed_key()}", self._folder / f"{self.template}.json"
        self._postgres.drop(draft)
        self._postgres.create(draft, "crm_app")
        schema = self._folder / "schema.sql"
        schema.write_bytes(b"set session authorization crm_app;\n" + gzip.decompress(SNAPSHOT.read_bytes()))
        self._postgres.run(
            "psql",
            "-X",
            "-q",
            "-1",
            "-v",
            "ON_ERROR_STOP=1",
            "-o",
            "/dev/null",
            "-f",
            schema,
            database=draft,
            what="reading the CRM's schema",
        )
        schema.unlink()
        log, run = self._supervisor.state.log("crm-build"), self._supervisor.runner.run
        env = {**self._env(), "DBNAME": draft}
        run([self._python, SOURCE / "migrate.py"], log=log, what="migrating the CRM", env=env, cwd=self._folder)
        run([self._python, SOURCE / "seed.py", facts], log=log, what="seeding the CRM", env=env, cwd=self._folder)
        facts.chmod(0o600)
        self._postgres.rename(draft, self.template)

    def _make_history(self) -> None:
        draft, facts = f"crm_build_history_{seed_key()}", self._folder / f"{self.template}.json"
        self._postgres.copy(self.template, draft, "crm_app")
        env = {**self._env(), "DBNAME": draft}
        log = self._supervisor.state.log("crm-history")
        self._supervisor.runner.run([self._python, HISTORY[0], facts], log=log, what="writing the CRM's history", env=env, cwd=self._folder)
        self._postgres.rename(draft, self.source)

    # -- run

    def start(self) -> str:
        self._supervisor.add(
            PartSpec(
                name="crm",
                command=self._command,
                env=self._env,
                ready=lambda: probes.http_ok(f"{self.url}/healthz/"),
                log=self._supervisor.state.log("crm"),
                cwd=self._folder,
            )
        )
        self._supervisor.start("crm")
        return f"ready at {self.url}"

    def start_sender(self, secret: str) -> None:
        """Pushes the change feed to the portal, from now on: not the events of the seed."""
        env = {
            "PORTAL_WEBHOOK_URL": f"{self._portal_url}/hooks/crm/",
            "PORTAL_WEBHOOK_SECRET": secret,
            "PORTAL_WEBHOOK_FROM": "now",
        }
        self._supervisor.add(
            PartSpec(
                name="crm-sender",
                command=lambda: [str(self._python), "-m", "django", "portal_webhooks"],
                env=lambda: {**self._env(), **env},
                ready=lambda: True,
                log=self._supervisor.state.log("crm-sender"),
                cwd=self._folder,
                layer=2,
            )
        )
        self._supervisor.start("crm-sender")

    def _command(self) -> list[str]:
        bind = [
            "-b",
            f"127.0.0.1:{self.port}",
            "-k",
            "gthread",
            "-w",
            "2",
            "--threads",
            "4",
            "--preload",
            "--keep-alive",
            "30",
        ]
        return [
            str(self._python),
            "-m",
            "gunicorn",
            "--no-control-socket",
            *bind,
            "--graceful-timeout",
            "5",
            "portal_wsgi:application",
        ]

    def _env(self) -> dict[str, str]:
        return {
            "SECRET_KEY": self._vault.get("crm_secret_key"),
            "DBPASSWORD": self._postgres.password("crm_app"),
            "DBNAME": DATABASE,
            "DBUSER": "crm_app",
            "DBHOST": "127.0.0.1",
            "DBPORT": str(self._postgres.port),
            "ENV_TYPE": "dev",  # "prod" demands cloud storage; DEBUG stays off
            "DEBUG": "False",
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "FRONTEND_URL": self._portal_url,
            "DOMAIN_NAME": self.url,
            "CRM_DATA": str(self._folder),
            "CRM_ORG_NAME": COMPANY,
            "CRM_MAIL_DOMAIN": MAIL_DOMAIN,
            "CRM_TASKS": "thread",
            "CRM_OIDC_ISSUER": self._keycloak.issuer,
            "CRM_OIDC_JWKS": self._keycloak.jwks,
            "CRM_OIDC_AUDIENCE": "crm",
            "CRM_REALM_FILE": str(REALM_FILE),
            "PYTHONPATH": str(SOURCE),
            "PYTHONPYCACHEPREFIX": str(CACHE / "crm" / "pycache"),
            "DJANGO_SETTINGS_MODULE": "portal_settings",
        }
