"""A Python 3.12, 3.13 or 3.14 for the CRM, whose Django asks for it: the machine's, or one that a Go module carries."""

from __future__ import annotations

import functools
import gzip
import json
import os
import platform
import shutil
import subprocess
from pathlib import Path

from stack.layout import CACHE
from stack.shell import Runner, StepFailed

MODULE = "github.com/kluctl/go-embed-python"
MODULE_VERSION = "v0.0.0-3.14.6-20260610-1"
MODULE_SUM = "h1:oGUS7++Wm3LgxUfD6AmJgKbKQD2wdQFO9PzyJv6T+E4="
OWN = CACHE / "python"
CHECK = "import sys, venv, ssl, ctypes; sys.exit(not (3, 12) <= sys.version_info < (3, 15))"
GO_DIRECTORY_BIT = 0x80000000


def _is_good(python: str | Path) -> bool:
    """Runs it: a pyenv shim answers to the name python3.12 and then fails."""
    if not Path(python).exists():
        return False
    try:
        return subprocess.run([python, "-I", "-c", CHECK], capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@functools.cache
def find() -> str | None:
    """The path of a good interpreter, or None. Raises StepFailed when CRM_PYTHON names a bad one."""
    if given := os.environ.get("CRM_PYTHON"):
        if _is_good(given):
            return given
        raise StepFailed("CRM_PYTHON is not a Python 3.12, 3.13 or 3.14 with venv and ssl")
    names = [shutil.which(name) for name in ("python3.12", "python3.13", "python3.14", "python3")]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    uv = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "uv" / "python"
    folders = [*sorted(pyenv.glob("versions/3.1[234]*/bin/python3")), *sorted(uv.glob("cpython-3.1[234]*/bin/python3"))]
    for candidate in [*filter(None, names), *folders, OWN / "bin" / "python3"]:
        if _is_good(candidate):
            return str(candidate)
    return None


def ensure(runner: Runner) -> str:
    """`find`, else the CPython of the Go module, fetched by `go mod download` and checked against the pinned sum."""
    if found := find():
        return found
    if not shutil.which("go"):
        raise StepFailed("the CRM needs Python 3.12 or newer; Go, which could fetch it, is missing: sudo apt-get install golang-go")
    downloads = CACHE / "gomod"
    downloads.mkdir(parents=True, exist_ok=True)
    env = {"GOPATH": str(downloads), "GOFLAGS": "-modcacherw", "GO111MODULE": "on"}
    answer = runner.output(
        ["go", "mod", "download", "-json", f"{MODULE}@{MODULE_VERSION}"],
        what="fetching CPython 3.14 for the CRM through Go's module proxy",
        env=env,
        cwd=downloads,
    )
    facts = json.loads(answer)
    if facts.get("Sum") != MODULE_SUM:
        raise StepFailed(f"{MODULE} has another checksum than the pinned one: set CRM_PYTHON to a Python 3.12 or newer")
    _unpack(Path(facts["Dir"]))
    shutil.rmtree(downloads, ignore_errors=True)
    find.cache_clear()
    if not _is_good(OWN / "bin" / "python3"):
        raise StepFailed("the fetched CPython does not run on this machine: set CRM_PYTHON to a Python 3.12 or newer")
    return str(OWN / "bin" / "python3")


def _unpack(module: Path) -> None:
    """The module holds one folder a platform: large files gzipped, links and modes listed in files.json."""
    machine = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine().lower(), "")
    source = module / "python" / "internal" / "data" / f"{platform.system().lower()}-{machine}"
    if not (source / "files.json").is_file():
        raise StepFailed(f"there is no ready-made CPython for {source.name}: set CRM_PYTHON to a Python 3.12 or newer")
    draft = OWN.with_suffix(".part")
    shutil.rmtree(draft, ignore_errors=True)
    for entry in json.loads((source / "files.json").read_text())["files"]:
        _unpack_entry(entry, source, draft)
    shutil.rmtree(OWN, ignore_errors=True)
    draft.rename(OWN)


def _unpack_entry(entry: dict, source: Path, draft: Path) -> None:
    target = draft / entry["name"]
    if entry["perm"] & GO_DIRECTORY_BIT:
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if entry.get("symlink"):
        target.symlink_to(entry["symlink"])
        return
    if entry.get("compressed"):
        with gzip.open(source / f"{entry['name']}.gz") as packed, target.open("wb") as out:
            shutil.copyfileobj(packed, out, 1 << 20)
    else:
        shutil.copyfile(source / entry["name"], target)
    if target.stat().st_size != entry["size"]:
        raise StepFailed(f"the fetched CPython is damaged ({entry['name']}): delete var/cache/gomod and start again")
    target.chmod(entry["perm"] & 0o777)
