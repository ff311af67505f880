"""Typed readers of the environment. Every setting that a deployment may change is read here, once, with its default and meaning."""

from __future__ import annotations

import pathlib
import secrets

import environ

env = environ.Env()
BASE_DIR = pathlib.Path(__file__).resolve().parent.parent
VAR_DIR = pathlib.Path(env.str("ATRIUM_VAR", default=str(BASE_DIR / "var")))

# demo: sandboxes, SQLite, local demo sign-in. stack: Keycloak and the real systems. test: the test suite.
MODE = env.str("ATRIUM_MODE", default="test")
# thread: a worker thread in the web process; process: `manage.py worker` runs beside it.
WORKER = env.str("ATRIUM_WORKER", default="process")


def generated_secret(name: str) -> str:
    """The environment's secret, or (demo and test only) one made once and kept in var/ with mode 600."""
    given = env.str(name, default="")
    if given or MODE == "stack":
        return given
    path = VAR_DIR / "secrets" / name.lower()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x") as file:
                path.chmod(0o600)
                file.write(secrets.token_urlsafe(48))
        except FileExistsError:
            pass
    return path.read_text()
