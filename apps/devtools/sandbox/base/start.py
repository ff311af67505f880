"""The command line of both systems."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from apps.devtools.sandbox.base.push import Sender, Target
from apps.devtools.sandbox.base.store import Row, Store
from apps.devtools.sandbox.base.web import SandboxServer, System, serve_until


def arguments(name: str, given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m apps.devtools.sandbox.{name}", description=f"A small {name.upper()} for demo and tests.")
    parser.add_argument("--port", type=int, required=True, help="0 picks a free one and prints it")
    parser.add_argument("--state", type=Path, required=True, help="SQLite file; made and filled when missing")
    parser.add_argument("--service-key", required=True, help="what a calling system signs on with")
    parser.add_argument("--webhook-url", default="", help="where changes are pushed to; empty: nowhere")
    parser.add_argument("--webhook-secret", default="", help="signs what is pushed")
    parser.add_argument("--reset", action="store_true", help="begin with fresh data")
    parser.add_argument("--no-dedupe", action="store_true", help="ignore request keys: only to show that a test would see a double")
    found = parser.parse_args(given)
    if found.webhook_url and not found.webhook_secret:
        parser.error("--webhook-url needs --webhook-secret")
    return found


def forget(state: Path) -> None:
    """Remove a database with its side files."""
    for ending in ("", "-wal", "-shm", "-journal"):
        state.with_name(state.name + ending).unlink(missing_ok=True)


def main(
    name: str,
    build: Callable[[argparse.Namespace], tuple[System, Store]],
    event: Callable[[Row, str], dict[str, Any]],
    head: tuple[str, str, str],
    given: Sequence[str] | None = None,
) -> int:
    """Run one system until SIGTERM or Ctrl-C."""
    options = arguments(name, given)
    if options.reset:
        forget(options.state)
    options.state.parent.mkdir(parents=True, exist_ok=True)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    system, store = build(options)
    try:
        server = SandboxServer(options.port, system)
    except OSError as error:
        print(f"{name}: port {options.port} cannot be used: {error.strerror}", file=sys.stderr)
        return 1
    if options.webhook_url:
        Sender(store, Target(options.webhook_url, options.webhook_secret, head), system.faults, event, stop).start()
    print(f"{name}: ready at http://localhost:{server.server_address[1]}", flush=True)
    serve_until(server, stop)
    return 0
