"""PostgreSQL: one cluster for all, an own data folder and port, never the machine's own cluster."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from stack.part import PartSpec
from stack.shell import Runner, StepFailed
from stack.supervisor import Supervisor
from stack.toolbox import Toolbox, postgres_major
from stack.vault import Vault

SUPERUSER = "atrium"
BUILD_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
DURABLE_SETTINGS = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    # an open transaction anywhere in the cluster holds the CRM's change feed back
    "idle_in_transaction_session_timeout": "'120s'",
}


class Postgres:
    def __init__(self, supervisor: Supervisor, toolbox: Toolbox, vault: Vault, port: int) -> None:
        self.port = port
        self._supervisor = supervisor
        self._runner: Runner = supervisor.runner
        self._toolbox = toolbox
        self._vault = vault
        self._folder = supervisor.state.data("postgres")
        self._data = self._folder / "data"
        self._log = supervisor.state.log("postgres")
        self.passfile = self._folder / "pgpass"

    # -- the server

    def start(self) -> str:
        self._write_passfile()
        if not (self._data / "PG_VERSION").exists():
            self._init()
        self._check_version()
        self._configure(BUILD_SETTINGS)
        self._supervisor.add(
            PartSpec(
                name="postgres",
                command=self._command,
                ready=self._answers,
                log=self._log,
                before=self._clear_stale_pid,
                stop_signal=signal.SIGINT,  # "fast"; SIGTERM would wait for every client
                stop_seconds=20,
                layer=0,
            )
        )
        self._supervisor.start("postgres")
        return f"ready on port {self.port} ({self._toolbox.postgres_bin})"

    def make_durable(self) -> None:
        """From now on a commit survives a power failure. Called after the databases are built."""
        self._configure(DURABLE_SETTINGS)
        self.sql("select pg_reload_conf()")
        os.sync()

    def _command(self) -> list[str]:
        sockets = self._supervisor.state.socket_dir()
        program = self._toolbox.postgres_bin / "postgres"
        return [
            *self._toolbox.account,
            str(program),
            "-D",
            str(self._data),
            "-p",
            str(self.port),
            "-c",
            f"unix_socket_directories={sockets}",
        ]

    def _configure(self, durability: dict[str, str]) -> None:
        lines = [f"{key} = {value}\n" for key, value in {**SETTINGS, **durability}.items()]
        (self._data / "atrium.conf").write_text("".join(lines))
        main = self._data / "postgresql.conf"
        if "include 'atrium.conf'" not in main.read_text():
            with main.open("a") as file:
                file.write("\ninclude 'atrium.conf'\n")

    def _init(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)
        if self._toolbox.account and self._toolbox.account[0] == "setpriv":
            shutil.chown(self._folder, "postgres", "postgres")
            shutil.chown(self._supervisor.state.socket_dir(), "postgres", "postgres")
        word = self._supervisor.state.socket_dir() / "password"
        word.touch(0o600)
        word.write_text(self._vault.get("postgres"))
        if self._toolbox.account and self._toolbox.account[0] == "setpriv":
            shutil.chown(word, "postgres", "postgres")
        initdb = [
            self._toolbox.postgres_bin / "initdb",
            "-D",
            self._data,
            "-U",
            SUPERUSER,
            "-A",
            "scram-sha-256",
            f"--pwfile={word}",
        ]
        options = ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        try:
            self._runner.run([*self._toolbox.account, *initdb, *options], log=self._log, what="initdb", cwd=Path("/"))
        finally:
            word.unlink(missing_ok=True)

    def _check_version(self) -> None:
        kept = int((self._data / "PG_VERSION").read_text())
        major = postgres_major(self._toolbox.postgres_bin)
        if kept != major:
            raise StepFailed(f"the data in {self._folder} belongs to PostgreSQL {kept}, the programs are {major}: delete that state folder and start again")

    def _answers(self) -> bool:
        # asked without the runner: also while everything is being stopped
        argv = self._psql("postgres", "-c", "select 1")
        return subprocess.run(argv, env=self._env(), capture_output=True, check=False).returncode == 0

    def _clear_stale_pid(self) -> None:
        """After SIGKILL the lock files stay, and where process 1 reaps nobody the zombie looks alive to PostgreSQL."""
        lock = self._data / "postmaster.pid"
        if not lock.exists():
            return
        for _ in range(100):
            if not any(_works_in(proc, self._data) for proc in Path("/proc").glob("[0-9]*")):
                lock.unlink(missing_ok=True)
                for leftover in self._supervisor.state.socket_dir().glob(".s.PGSQL.*"):
                    leftover.unlink(missing_ok=True)
                return
            time.sleep(0.1)
        raise StepFailed(f"older PostgreSQL processes still work in {self._data}: end them first")

    # -- its contents

    def sql(self, statement: str, database: str = "postgres") -> str:
        """The answer of psql, unaligned. Raises StepFailed."""
        argv = self._psql(database, "-v", "ON_ERROR_STOP=1")
        return self._runner.output(argv, what="SQL", env=self._env(), text=statement).strip()

    def run(self, program: str, *args: str | Path, database: str, what: str, stdin: Path | None = None) -> None:
        """psql, pg_dump or pg_restore on one database, as superuser."""
        argv = [
            self._toolbox.postgres_bin / program,
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-U",
            SUPERUSER,
            "-d",
            database,
            *args,
        ]
        self._runner.run(argv, log=self._log, what=what, env=self._env(), stdin=stdin)

    def role(self, name: str, attributes: str = "") -> None:
        """Makes the role with its generated password when it is missing."""
        if not self.sql(f"select 1 from pg_roles where rolname = '{name}'"):
            self.sql(f"create role {name} login nosuperuser {attributes} password '{self.password(name)}'")

    def exists(self, database: str) -> bool:
        return self.sql(f"select 1 from pg_database where datname = '{database}'") == "1"

    def create(self, database: str, owner: str) -> None:
        self.sql(f'create database "{database}" owner {owner}')

    def drop(self, database: str) -> None:
        self.sql(f'drop database if exists "{database}" with (force)')

    def rename(self, database: str, to: str) -> None:
        self.sql(f'alter database "{database}" rename to "{to}"')

    def copy(self, template: str, to: str, owner: str) -> None:
        """`to` becomes a fresh copy of the template; who is connected to it is thrown out."""
        self.drop(to)
        self.sql(f'create database "{to}" owner {owner} template "{template}"')

    def drop_older(self, prefix: str, keep: str) -> None:
        """Drops the templates that an older seed has left."""
        for name in self.sql(f"select datname from pg_database where datname like '{prefix}%' and datname <> '{keep}'").splitlines():
            self.drop(name)

    def password(self, role: str) -> str:
        return self._vault.get("postgres" if role == SUPERUSER else f"postgres_{role}")

    def url(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{self.password(role)}@localhost:{self.port}/{database}"

    def _psql(self, database: str, *args: str) -> list[str]:
        psql = str(self._toolbox.postgres_bin / "psql")
        return [
            psql,
            "-X",
            "-q",
            "-At",
            "-h",
            "127.0.0.1",
            "-p",
            str(self.port),
            "-U",
            SUPERUSER,
            "-d",
            database,
            *args,
        ]

    def _env(self) -> dict[str, str]:
        return {
            **os.environ,
            "PGPASSFILE": str(self.passfile),
            "PGCONNECT_TIMEOUT": "5",
            "PGOPTIONS": "-c client_min_messages=warning",
        }

    def _write_passfile(self) -> None:
        self.passfile.touch(0o600)
        self.passfile.write_text(f"*:*:*:{SUPERUSER}:{self.password(SUPERUSER)}\n")


def _works_in(proc: Path, data: Path) -> bool:
    try:
        name, rest = (proc / "stat").read_text().split("(", 1)[1].rsplit(")", 1)
        return "postgres" in name and rest.split()[0] not in "ZX" and Path(os.readlink(proc / "cwd")) == data.resolve()
    except (OSError, IndexError):
        return False
