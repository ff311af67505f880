"""The ERP: Tryton with the module portal_bridge and its web client; and the sender of its change feed."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from stack import probes
from stack.layout import CACHE, HERE, cache_lock, digest_of
from stack.part import PartSpec
from stack.parts.keycloak import REALM_FILE, Keycloak
from stack.parts.postgres import SUPERUSER, Postgres
from stack.supervisor import Supervisor
from stack.toolbox import Toolbox
from stack.vault import Vault

SOURCE = HERE / "erp"
BRIDGE = SOURCE / "portal_bridge"
DUMPS = SOURCE / "cache"
HISTORY = (SOURCE / "history.py", HERE / "history_plan.py")
WEB_CLIENT = "8.0.11"
DATABASE = "erp"
SERVICE_LOGIN = "portal-service"
HASH_PASSWORD = "import sys; from trytond.res.user import PASSWORD_HASH; print(PASSWORD_HASH.hash(sys.stdin.read()))"


def modules() -> list[str]:
    return (SOURCE / "modules.txt").read_text().split()


def schema_key() -> str:
    """Names the seeded database: changes with the seed, the modules, our module's schema, the realm's people."""
    package = BRIDGE / "trytond_portal_bridge"
    schema_lines = [
        line for path in sorted(package.glob("*.py")) for line in path.read_text().splitlines() if "fields." in line or "__name__ =" in line or "Unique" in line
    ]
    people = [(user.get("id"), user["username"], user.get("email")) for user in json.loads(REALM_FILE.read_text())["users"]]
    files = [
        SOURCE / "requirements.txt",
        SOURCE / "modules.txt",
        HERE / "seed_company.py",
        *SOURCE.glob("seed*.py"),
        *package.glob("*.xml"),
        *package.glob("*.cfg"),
    ]
    return digest_of(files, "\n".join(schema_lines), json.dumps(people))


class Erp:
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
        """`history`: two years of documents before the company of today; None: as this state had it last."""
        self.port = port
        self.web_url = f"http://localhost:{port}"
        self.url = f"{self.web_url}/{DATABASE}"
        self._supervisor = supervisor
        self._toolbox = toolbox
        self._vault = vault
        self._postgres = postgres
        self._keycloak = keycloak
        self._portal_url = portal_url
        self.was_refreshed = False  # its database is another one than the portal has read from
        self._folder = supervisor.state.data("erp")
        self._history = self._kept_template().startswith("erp_history_") if history is None else history
        self._conf = self._folder / "trytond.conf"
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        self._venv = CACHE / "erp" / f"venv-{digest_of([SOURCE / 'requirements.txt'], python)}"
        sources = [path for path in BRIDGE.rglob("*") if path.suffix in {".py", ".xml", ".cfg", ".toml", ".po"} and "build" not in path.parts]
        self._bridge = CACHE / "erp" / f"bridge-{digest_of(sources, python)}"
        self._sao = CACHE / "erp" / f"sao-{WEB_CLIENT}"

    # -- install (shared by all states)

    def install(self) -> str | None:
        fresh = []
        with cache_lock("erp"):
            log = CACHE / "erp" / "install.log"
            if not (self._venv / ".done").exists():
                packages = ["-r", str(SOURCE / "requirements.txt")]
                self._toolbox.environment(self._venv, sys.executable, *packages, log=log, what="the ERP")
                (self._venv / ".done").touch()
                fresh.append("Tryton 8.0")
            if not (self._bridge / ".done").exists():
                self._install_bridge(log)
                fresh.append("portal_bridge")
            if not (self._sao / ".done").exists():
                self._install_web_client(log)
                fresh.append(f"web client {WEB_CLIENT}")
        return f"{', '.join(fresh)} installed" if fresh else None

    def _install_bridge(self, log: Path) -> None:
        """Into a folder of its own, named by its contents: a running ERP never sees its module change under it."""
        shutil.rmtree(self._bridge, ignore_errors=True)
        copy = self._bridge / ".source"
        shutil.copytree(BRIDGE, copy, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
        install = [
            self._toolbox.uv,
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--python",
            self._venv / "bin" / "python",
            "--target",
            self._bridge,
            copy,
        ]
        self._supervisor.runner.run(install, log=log, what="the ERP: portal_bridge")
        (self._bridge / ".done").touch()

    def _install_web_client(self, log: Path) -> None:
        shutil.rmtree(self._sao, ignore_errors=True)
        self._sao.mkdir(parents=True)
        npm, run = self._toolbox.npm, self._supervisor.runner.run
        run(
            [npm, "pack", "--silent", f"tryton-sao@{WEB_CLIENT}"],
            log=log,
            what="fetching the ERP's web client with npm",
            cwd=self._sao,
        )
        run(
            ["tar", "xzf", f"tryton-sao-{WEB_CLIENT}.tgz"],
            log=log,
            what="unpacking the ERP's web client",
            cwd=self._sao,
        )
        options = ["--silent", "--omit=dev", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund"]
        run(
            [npm, "install", *options],
            log=log,
            what="fetching the web client's parts with npm",
            cwd=self._sao / "package",
        )
        (self._sao / ".done").touch()

    # -- database

    @property
    def template(self) -> str:
        return f"erp_template_{schema_key()}"

    @property
    def source(self) -> str:
        """The database of which a fresh one is a copy."""
        return f"erp_history_{digest_of(HISTORY, schema_key())}" if self._history else self.template

    @property
    def facts_file(self) -> Path:
        """Ids, logins and keys of the seeded company (mode 600)."""
        return self._folder / "seed.json"

    def prepare(self) -> str:
        """The configuration and a seeded database, from the template, the committed dump, or built anew."""
        self._postgres.role("tryton", "createdb")
        self._write_conf()
        how = "from its template"
        if not self._postgres.exists(self.template):
            how = self._make_template()
        if self._history and not self._postgres.exists(self.source):
            self._make_history()
            how += ", with two years of history"
        if not self._postgres.exists(DATABASE) or self._kept_template() != self.source:
            self.refresh()
            self._postgres.drop_older("erp_template_", self.template)
            if self._history:
                self._postgres.drop_older("erp_history_", self.source)
        return f"database ready {how}"

    def refresh(self) -> None:
        """A fresh copy of the seeded database; nobody may be connected that minds. The sender starts at its end."""
        self._postgres.copy(self.source, DATABASE, "tryton")
        self._postgres.sql(
            "update portal_feed set epoch = gen_random_uuid()::text, pushed = coalesce((select max(id) from portal_event), 0)",
            DATABASE,
        )
        facts = self._folder / f"{self.template}.json"
        shutil.copyfile(facts, self.facts_file)
        self.facts_file.chmod(0o600)
        (self._folder / "template").write_text(self.source)
        self.was_refreshed = True

    def _kept_template(self) -> str:
        kept = self._folder / "template"
        return kept.read_text() if kept.exists() else ""

    def service_key(self) -> str:
        return str(json.loads(self.facts_file.read_text())["users"][SERVICE_LOGIN]["rest_key"])

    def _make_template(self) -> str:
        draft, facts = f"erp_build_{schema_key()}", self._folder / f"{self.template}.json"
        self._postgres.drop(draft)
        self._postgres.create(draft, "tryton")
        dump = DUMPS / f"{schema_key()}.dump"
        if dump.exists():
            options = ["--no-owner", "--no-privileges", "--role=tryton", "-j", "2", dump]
            self._postgres.run("pg_restore", *options, database=draft, what=f"reading {dump.name} (delete it to build anew)")
            facts.touch(0o600)
            shutil.copyfile(dump.with_suffix(".json"), facts)
            how = "from the dump"
        else:
            self._supervisor.console.step("erp", "no dump fits this seed: building the company anew, about three minutes")
            self._build(draft, facts)
            how = "built anew"
        self._new_secrets(draft, facts)
        self._postgres.rename(draft, self.template)
        return how

    def _make_history(self) -> None:
        """Its days end today: the day this state got it."""
        draft = f"erp_build_history_{schema_key()}"
        self._postgres.copy(self.template, draft, "tryton")
        python = [self._venv / "bin" / "python", HISTORY[0], self._postgres.url(SUPERUSER, draft)]
        self._supervisor.runner.run(python, log=self._supervisor.state.log("erp-history"), what="writing the ERP's history")
        self._postgres.rename(draft, self.source)

    def _build(self, database: str, facts: Path) -> None:
        word = self._folder / "admin.word"
        word.touch(0o600)
        word.write_text(self._vault.get("erp_admin"))
        log, run = self._supervisor.state.log("erp-build"), self._supervisor.runner.run
        env = {**self._env(), "TRYTONPASSFILE": str(word)}
        admin = [self._venv / "bin" / "trytond-admin", "-c", self._conf, "-d", database]
        run(
            [*admin, "-u", *modules(), "--activate-dependencies", "--email", "admin@yunhe.example"],
            log=log,
            what="initialising the ERP",
            env=env,
        )
        seed = [self._venv / "bin" / "python", SOURCE / "seed.py", self._conf, database, facts]
        run(seed, log=log, what="seeding the ERP", env=env)
        word.unlink()
        self._postgres.sql("vacuum analyze", database)

    def _new_secrets(self, database: str, facts: Path) -> None:
        """A dump carries no usable key or password: the keys and the administrator's password are made here."""
        data = json.loads(facts.read_text())
        rows = self._postgres.sql("select u.login || ' ' || a.id from res_user_application a join res_user u on u.id = a.\"user\"", database)
        for line in rows.splitlines():
            login, number = line.split()
            key = self._vault.get(f"erp_key_{login}", 64)
            self._postgres.sql(f"update res_user_application set key = '{key}' where id = {number}", database)
            data["users"][login]["rest_key"] = key
        data.pop("password", None)
        facts.touch(0o600)
        facts.chmod(0o600)
        facts.write_text(json.dumps(data, indent=1))
        self._set_passwords(database)

    def _set_passwords(self, database: str) -> None:
        """People come in by the portal's ticket, without a password. The administrator's is in the state folder."""
        python = [self._venv / "bin" / "python", "-c", HASH_PASSWORD]
        hashed = self._supervisor.runner.output(python, what="the ERP administrator's password", env=self._env(), text=self._vault.get("erp_admin")).strip()
        self._postgres.sql(
            f"update res_user set password_hash = case login when 'admin' then '{hashed}' end",
            database,
        )

    def write_dump(self) -> Path:
        """Writes the seeded company, without secrets, for the repository. Returns the file."""
        DUMPS.mkdir(exist_ok=True)
        for old in DUMPS.glob("*"):
            old.unlink()
        key, copy = schema_key(), "erp_dump"
        self._postgres.copy(self.template, copy, "tryton")
        self._postgres.sql(
            "update res_user_application set key = 'none-' || id; delete from ir_session; update res_user set password_hash = null",
            copy,
        )
        target = DUMPS / f"{key}.dump"
        self._postgres.run(
            "pg_dump",
            "-Fc",
            "-Z",
            "9",
            "--no-owner",
            "--no-privileges",
            "-f",
            target,
            database=copy,
            what="writing the dump",
        )
        self._postgres.drop(copy)
        facts = json.loads((self._folder / f"{self.template}.json").read_text())
        for user in facts["users"].values():
            user["rest_key"] = ""
        target.with_suffix(".json").write_text(json.dumps(facts, indent=1) + "\n")
        return target

    # -- run

    def start(self) -> str:
        self._supervisor.add(
            PartSpec(
                name="erp",
                command=self._command,
                env=self._env,
                ready=lambda: probes.http_ok(f"{self.url}/portal/health"),
                log=self._supervisor.state.log("erp"),
                cwd=self._folder,
            )
        )
        self._supervisor.start("erp")
        return f"ready at {self.web_url} (web client {self.web_url}/#{DATABASE})"

    def start_sender(self, secret: str) -> None:
        """Pushes the change feed to the portal."""
        env = {
            "PORTAL_PUSH_DSN": self._postgres.url("tryton", DATABASE),
            "PORTAL_PUSH_URL": f"{self._portal_url}/hooks/erp/",
            "PORTAL_PUSH_SECRET": secret,
        }
        self._supervisor.add(
            PartSpec(
                name="erp-sender",
                command=lambda: [str(self._venv / "bin" / "python"), "-m", "trytond_portal_bridge.push"],
                env=lambda: {**self._env(), **env},
                ready=lambda: True,
                log=self._supervisor.state.log("erp-sender"),
                cwd=self._folder,
                layer=2,
            )
        )
        self._supervisor.start("erp-sender")

    def _command(self) -> list[str]:
        # gunicorn without an access log: Tryton's own server would log every URL, one-time tickets included
        gunicorn = str(self._venv / "bin" / "gunicorn")
        bind = [
            "-b",
            f"127.0.0.1:{self.port}",
            "--workers",
            "1",
            "--threads",
            "8",
            "--timeout",
            "120",
            "--graceful-timeout",
            "5",
        ]
        return [gunicorn, *bind, "trytond.application:app"]

    def _env(self) -> dict[str, str]:
        return {
            "PYTHONPATH": str(self._bridge),
            "TRYTOND_CONFIG": str(self._conf),
            "TRYTOND_DATABASE_NAMES": DATABASE,
            "TRYTOND_LOGGING_LEVEL": "30",
        }

    def _write_conf(self) -> None:
        sections: dict[str, Mapping[str, str]] = {
            "database": {"uri": f"postgresql://tryton:{self._postgres.password('tryton')}@127.0.0.1:{self._postgres.port}/"},
            "web": {"listen": f"127.0.0.1:{self.port}", "root": str(self._sao / "package"), "cors": self._portal_url},
            "session": {"authentications": "portal,password", "max_age": "36000", "timeout": "3600"},
            "portal_bridge": {
                "issuer": self._keycloak.issuer,
                "audience": "tryton",
                "jwks": self._keycloak.jwks,
                "frame_ancestors": self._portal_url,
            },
        }
        lines = [line for name, values in sections.items() for line in (f"[{name}]", *(f"{key} = {value}" for key, value in values.items()))]
        self._conf.touch(0o600)
        self._conf.write_text("\n".join(lines) + "\n")
