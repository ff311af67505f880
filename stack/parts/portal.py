"""The portal itself: tables, company, web processes, workers. In demo and stack only its environment differs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from stack import probes
from stack.layout import PORTAL_PYTHON, REPO, digest_of
from stack.part import PartSpec
from stack.shell import StepFailed
from stack.supervisor import Supervisor


def code_mark() -> str:
    """Changes with any change of the portal's code, migrations, catalogs or seed (by size and time of the files)."""
    total = hashlib.sha256()
    for path in sorted(
        [
            *REPO.glob("apps/**/*.*"),
            *REPO.glob("portal/*.py"),
            *REPO.glob("templates/**/*.po"),
            REPO / "requirements.txt",
        ]
    ):
        if path.suffix in {".py", ".po", ".bpmn", ".txt", ".json"} and path.is_file():
            facts = path.stat()
            total.update(f"{path.relative_to(REPO)} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return total.hexdigest()[:16]


def tables_mark() -> str:
    """Changes with the migrations, those of the libraries included."""
    return digest_of([*REPO.glob("apps/*/migrations/*.py"), REPO / "requirements.txt"])


def web_command(application: str, port: int, processes: int = 1) -> list[str]:
    """uvicorn as the portal wants it. The benchmarks serve what they compare in the same way."""
    options = [
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-access-log",
        "--ws-per-message-deflate",
        "false",  # a third of the CPU and of the memory of each socket
        "--lifespan",
        "off",
        "--timeout-graceful-shutdown",
        "4",
    ]
    workers = ["--workers", str(processes)] if processes > 1 else []
    return [str(PORTAL_PYTHON), "-m", "uvicorn", application, *options, *workers]


class Portal:
    def __init__(self, supervisor: Supervisor, url: str, port: int, environment: Mapping[str, str]) -> None:
        self.url = url
        self._port = port
        self._supervisor = supervisor
        self._environment = dict(environment)
        self._folder = supervisor.state.data("portal")
        self._environment["ATRIUM_VAR"] = str(self._folder)
        self._environment["PYTHONUNBUFFERED"] = "1"

    def manage(self, *command: str, what: str) -> None:
        if not PORTAL_PYTHON.exists():
            raise StepFailed(
                "the portal's packages are not installed: start it with make, or python3 -m venv .venv && .venv/bin/pip install -r requirements.txt"
            )
        argv = [PORTAL_PYTHON, REPO / "manage.py", *command]
        self._supervisor.runner.run(argv, log=self._supervisor.state.log("portal-setup"), what=what, env=self._environment, cwd=REPO)

    def make_tables(self) -> None:
        """Migrations and Chinese catalogs."""
        self.manage("migrate", "--noinput", "-v", "0", what="making the portal's tables")
        self.manage("compile_po", what="compiling the Chinese catalogs")

    def seed(self, *, afresh: bool = False) -> None:
        """The company and its connections. ERP and CRM must be running: their records are loaded for the first page.

        `afresh`: they are other databases now, positions in their feeds mean nothing there.
        """
        self.manage("seed_demo", *(["--afresh"] if afresh else []), what="seeding the company")
        self._stamp.write_text(self.mark())

    def is_set_up(self) -> bool:
        """True when tables and company were made with today's code and environment."""
        return self._stamp.exists() and self._stamp.read_text() == self.mark()

    def was_seeded(self) -> bool:
        """True when this database has been seeded once, whatever has changed since."""
        return self._stamp.exists()

    def forget_set_up(self) -> None:
        self._stamp.unlink(missing_ok=True)

    def mark(self) -> str:
        """What a set-up portal database depends on: the code and the environment."""
        environment = hashlib.sha256(repr(sorted(self._environment.items())).encode()).hexdigest()
        return f"{code_mark()} {environment}"

    @property
    def _stamp(self) -> Path:
        return self._folder / ".set-up"

    def start_web(self, *, processes: int) -> str:
        self._supervisor.add(
            PartSpec(
                name="web",
                command=lambda: self._web_command(processes),
                env=lambda: self._environment,
                ready=lambda: probes.http_ok(f"{self.url}/sign-in/"),
                log=self._supervisor.state.log("web"),
                cwd=REPO,
                stop_seconds=8,
                layer=3,
            )
        )
        self._supervisor.start("web")
        return f"ready at {self.url}"

    def start_workers(self, count: int) -> str:
        for number in range(1, count + 1):
            name = f"worker-{number}"
            self._supervisor.add(
                PartSpec(
                    name=name,
                    command=lambda: [str(PORTAL_PYTHON), str(REPO / "manage.py"), "worker"],
                    env=lambda: self._environment,
                    ready=lambda: True,
                    log=self._supervisor.state.log(name),
                    cwd=REPO,
                    layer=3,
                )
            )
            self._supervisor.start(name)
        return f"{count} started"

    def _web_command(self, processes: int) -> list[str]:
        return web_command("portal.asgi:application", self._port, processes)
