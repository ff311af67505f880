"""Where things lie: the repository, the shared cache of installs, and one state folder per running stack."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
HERE = REPO / "stack"
VAR = REPO / "var"
# What several states can share: unpacked servers, virtual environments, web clients. Safe to delete while nothing runs.
CACHE = Path(os.environ.get("ATRIUM_CACHE") or VAR / "cache").absolute()
PORTAL_PYTHON = REPO / ".venv" / "bin" / "python"


class StateBusy(RuntimeError):
    """Another supervisor works in this state folder."""


class State:
    """One state folder: data, logs, secrets, ports of one running demo or stack."""

    def __init__(self, root: Path, env_file: Path | None = None) -> None:
        self.root = root.absolute()
        self.env_file = env_file or self.root / "stack.env"
        self._lock: int | None = None

    def prepare(self) -> None:
        for name in ("", "log", "run"):
            (self.root / name).mkdir(parents=True, exist_ok=True)

    def data(self, name: str) -> Path:
        """The data folder of one part; made on demand."""
        path = self.root / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def log(self, name: str) -> Path:
        return self.root / "log" / f"{name}.log"

    def run(self, name: str) -> Path:
        return self.root / "run" / name

    def take(self) -> None:
        """Claims the folder until this process ends. Raises StateBusy."""
        self.prepare()
        handle = os.open(self.run("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise StateBusy(f"{self.root} is in use by a running Atrium; stop it, or name another folder with --state") from None
        self._lock = handle

    def is_taken(self) -> bool:
        try:
            handle = os.open(self.run("lock"), os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def socket_dir(self) -> Path:
        """A short private folder for unix sockets: their path may hold 107 bytes, a deep state folder has more."""
        mark = hashlib.sha256(str(self.root).encode()).hexdigest()[:10]
        path = Path(tempfile.gettempdir()) / f"atrium-{os.geteuid()}-{mark}"
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def publish(self, values: Mapping[str, str]) -> None:
        """Writes the KEY=VALUE file that tells others how to reach this stack (mode 600, replaced in one move)."""
        self.env_file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.env_file.with_suffix(".draft")
        draft.touch(0o600)
        draft.chmod(0o600)
        draft.write_text("".join(f"{key}={value}\n" for key, value in values.items()))
        draft.replace(self.env_file)

    def withdraw(self) -> None:
        self.env_file.unlink(missing_ok=True)


def read_env(path: Path) -> dict[str, str]:
    """The values of a KEY=VALUE file."""
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line and not line.startswith("#"))


def digest_of(paths: Iterable[Path], *more: str) -> str:
    """Twelve characters that change when one of the files (by content) or texts changes."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    for text in more:
        total.update(text.encode() + b"\0")
    return total.hexdigest()[:12]


@contextlib.contextmanager
def cache_lock(name: str) -> Iterator[None]:
    """One at a time over all running Atriums: installs into the shared cache."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f".{name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
