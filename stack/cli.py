"""The command line: `python3 stack/run.py demo|stack|up|down|status|stack-reset|erp-dump|ctl`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from stack import control, demo, greeting, real
from stack.console import Console
from stack.layout import HERE, VAR, State, StateBusy
from stack.ports import PortBook, PortTaken
from stack.shell import StepFailed, Stopped
from stack.supervisor import Supervisor

CONTROL_VERBS = ("start", "stop", "restart", "kill", "crash", "pause", "cont")


def main(argv: Sequence[str]) -> int:
    options = _parser().parse_args(argv)
    handler: Callable[[argparse.Namespace], int] = options.handler
    try:
        return handler(options)
    except Stopped:
        return 130
    except (StepFailed, StateBusy, PortTaken) as failure:
        for line in str(failure).splitlines():
            print(f"atrium: {line}", file=sys.stderr)
        return 1


# -- commands that start something and stay


def run_demo(options: argparse.Namespace) -> int:
    state = _state(options, VAR / "demo", "demo.env")
    return _serve(options, state, demo.DEFAULT_PORTS, lambda supervisor, ports: _DemoRun(supervisor, ports, options))


def run_stack(options: argparse.Namespace) -> int:
    return _serve(
        options,
        _stack_state(options),
        real.DEFAULT_PORTS,
        lambda supervisor, ports: _StackRun(supervisor, ports, options),
    )


class _DemoRun:
    def __init__(self, supervisor: Supervisor, ports: dict[str, int], options: argparse.Namespace) -> None:
        self._demo = demo.Demo(supervisor, ports, erp_protocol=options.erp_protocol)

    def start(self) -> None:
        self._demo.start()

    def words(self, seconds: float) -> str:
        return greeting.demo(self._demo.portal_url, seconds)


class _StackRun:
    def __init__(self, supervisor: Supervisor, ports: dict[str, int], options: argparse.Namespace) -> None:
        wishes = real.Wishes(options.portal, _durable(options, otherwise=True), options.servers_only, options.history, options.busy)
        self._servers_only = options.servers_only
        self._stack = real.RealStack(supervisor, ports, wishes)
        self._env_file = supervisor.state.env_file

    def start(self) -> None:
        self._stack.check_prerequisites()
        self._stack.start()

    def words(self, seconds: float) -> str:
        if self._servers_only:
            return f"PostgreSQL and Redis are ready after {seconds:.0f} s; values in {self._env_file}"
        return greeting.real(self._stack.environment(), str(self._env_file), seconds)


def _serve(
    options: argparse.Namespace,
    state: State,
    defaults: dict[str, int],
    make: Callable[[Supervisor, dict[str, int]], _DemoRun | _StackRun],
) -> int:
    console = Console()
    supervisor = Supervisor(state, console, owner=options.owner)
    supervisor.open()
    state.withdraw()
    code = 0
    try:
        ports = _ports(options, state, defaults, console)
        composition = make(supervisor, ports)
        composition.start()
        console.line(composition.words(console.seconds()))
        supervisor.watch()
    except Stopped:
        pass
    except StepFailed as failure:
        code = 1
        for line in str(failure).splitlines():
            console.trouble("start", line)
    finally:
        state.withdraw()
        supervisor.close()
    console.line("Stopped; nothing is left running.")
    return code


def _ports(options: argparse.Namespace, state: State, defaults: dict[str, int], console: Console) -> dict[str, int]:
    fixed = {name: int(number) for name, _, number in (wish.partition("=") for wish in options.port)}
    if unknown := set(fixed) - set(defaults):
        raise StepFailed(f"--port knows {', '.join(defaults)}; not {', '.join(sorted(unknown))}")
    book = PortBook(state.run("ports.json"), defaults, anywhere=options.free_ports, fixed=fixed)
    ports = book.assign()
    for name, (wanted, got) in book.moved.items():
        console.step(name, f"port {wanted} is taken by something else; using {got}")
    return ports


# -- the same in the background


def up(options: argparse.Namespace) -> int:
    """Starts the stack in the background and returns when its env file is written."""
    state = _stack_state(options)
    state.prepare()
    if state.is_taken():
        return _wait_for_running(state)
    argv = [sys.executable, str(HERE / "run.py"), "stack", *_passed_on(options, state)]
    log = state.log("supervisor")
    with log.open("wb") as out:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
    shown = 0
    while True:
        code = process.poll()
        text = log.read_text(errors="replace")
        sys.stdout.write(text[shown:])
        sys.stdout.flush()
        shown = len(text)
        if code is not None:
            return code or 1
        if state.run("ready").exists() and state.env_file.exists():
            return 0
        time.sleep(0.1)


def _passed_on(options: argparse.Namespace, state: State) -> list[str]:
    words = ["--state", str(state.root), "--portal" if options.portal else "--no-portal"]
    words.append("--durable" if _durable(options, otherwise=False) else "--no-durable")
    words += ["--servers-only"] if options.servers_only else []
    words += ["--busy"] if options.busy else []
    words += ["--free-ports"] if options.free_ports else []
    words += [] if options.history is None else ["--history" if options.history else "--no-history"]
    words += [word for wish in options.port for word in ("--port", wish)]
    return words + (["--owner", str(options.owner)] if options.owner else [])


def _durable(options: argparse.Namespace, *, otherwise: bool) -> bool:
    if options.durable is not None:
        return bool(options.durable)
    return os.environ.get("ATRIUM_PG_DURABLE", "1" if otherwise else "0") == "1"


def _wait_for_running(state: State) -> int:
    for _ in range(6000):
        if not state.is_taken():
            raise StepFailed(f"the Atrium in {state.root} ended while starting [log: {state.log('supervisor')}]")
        if state.run("ready").exists() and state.env_file.exists():
            print(f"already running; values in {state.env_file}")
            return 0
        time.sleep(0.1)
    raise StepFailed(f"the Atrium in {state.root} does not get ready [log: {state.log('supervisor')}]")


def down(options: argparse.Namespace) -> int:
    state = _stack_state(options)
    try:
        control.ask(_socket(state), {"do": "shutdown"}, timeout=10)
    except OSError:
        if not state.is_taken():
            print("nothing is running")
            return 0
        raise StepFailed(f"the Atrium in {state.root} does not answer; end its supervisor process by hand") from None
    while state.is_taken():
        time.sleep(0.1)
    return 0


# -- questions and single parts


def status(options: argparse.Namespace) -> int:
    state = _stack_state(options)
    try:
        parts = control.ask(_socket(state), {"do": "status"}, timeout=10)["parts"]
    except OSError:
        print(f"{state.root}: nothing is running")
        return 3
    if options.json:
        print(json.dumps(parts))
        return 0
    for part in parts:
        word = "up" if part["up"] else "down"
        print(f"{part['name']:<12} {word:<5} pid {part['pid'] or '-':<8} restarts {part['restarts']}")
    print(f"values: {state.env_file}")
    return 0


def ctl(options: argparse.Namespace) -> int:
    try:
        control.ask(_socket(_stack_state(options)), {"do": options.verb, "part": options.part, "kill": options.kill})
    except OSError:
        raise StepFailed("nothing is running") from None
    except control.ControlRefused as refused:
        raise StepFailed(str(refused)) from None
    return 0


def stack_reset(options: argparse.Namespace) -> int:
    """Fresh data: through the running supervisor, or with PostgreSQL started for the moment."""
    state = _stack_state(options)
    began = time.monotonic()
    try:
        control.ask(_socket(state), {"do": "reset"}, timeout=300)
    except control.ControlRefused as refused:
        raise StepFailed(str(refused)) from None
    except OSError:
        _with_postgres(options, state, lambda stack: stack.reset_stopped())
    print(f"fresh data after {time.monotonic() - began:.1f} s")
    return 0


def erp_dump(options: argparse.Namespace) -> int:
    """Builds the ERP's company where the seed has changed, and writes the dump that the repository carries."""

    def work(stack: real.RealStack) -> None:
        print(f"written: {stack.make_erp_dump()}")

    _with_postgres(options, _stack_state(options), work)
    return 0


def _with_postgres(options: argparse.Namespace, state: State, work: Callable[[real.RealStack], None]) -> None:
    console = Console(quiet=True)
    supervisor = Supervisor(state, console)
    supervisor.open()
    try:
        work(real.RealStack(supervisor, _ports(options, state, real.DEFAULT_PORTS, console), real.Wishes(portal=False)))
    finally:
        supervisor.close()


# -- options


def _state(options: argparse.Namespace, default: Path, env_name: str) -> State:
    root = (options.state or default).absolute()
    return State(root, root / env_name)


def _stack_state(options: argparse.Namespace) -> State:
    default = VAR / "stack"
    root = (options.state or default).absolute()
    return State(root, VAR / "stack.env" if root == default else root / "stack.env")


def _socket(state: State) -> Path:
    return state.socket_dir() / "control.sock"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stack/run.py", description="Starts, watches and stops what Atrium runs on.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str,
        handler: Callable[[argparse.Namespace], int],
        words: str,
        *groups: Callable[[argparse.ArgumentParser], None],
    ) -> None:
        one = commands.add_parser(name, help=words, description=words)
        one.add_argument("--state", type=Path, help="folder for data, logs and secrets (default: var/demo, var/stack)")
        for group in groups:
            group(one)
        one.set_defaults(handler=handler)

    command("demo", run_demo, "the embedded default, until Ctrl-C", _serving, _demo_options)
    command("stack", run_stack, "the real stack, until Ctrl-C", _serving, _stack_options)
    command("up", up, "the real stack in the background; returns when it is ready", _serving, _stack_options)
    command("down", down, "stop what `up` started")
    command("status", status, "the parts and their state", lambda one: one.add_argument("--json", action="store_true"))
    command("stack-reset", stack_reset, "fresh data in ERP, CRM and portal", _serving)
    command("erp-dump", erp_dump, "rebuild the cached database of the ERP after a change of its seed or schema", _serving)
    command("ctl", ctl, "stop, start or hurt one part (for tests)", _control_options)
    return parser


def _serving(one: argparse.ArgumentParser) -> None:
    one.add_argument("--free-ports", action="store_true", help="choose any free ports, and keep them for this state")
    one.add_argument("--port", action="append", default=[], metavar="NAME=NUMBER", help="this port and no other")
    one.add_argument("--owner", type=int, metavar="PID", help="stop when this process has ended")


def _demo_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--erp-protocol", choices=("rest", "soap"), default="rest", help="how the portal speaks to the sandbox ERP")


def _stack_options(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--portal",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="start the portal's processes and the senders too",
    )
    one.add_argument("--servers-only", action="store_true", help="PostgreSQL and Redis, nothing else")
    one.add_argument(
        "--history",
        action=argparse.BooleanOptionalAction,
        help="ERP and CRM with two years of documents before today (default: as this state had it last, at first without)",
    )
    one.add_argument("--busy", action="store_true", help="for many people: Keycloak starts slower and serves more (its JVM compiles all the way)")
    one.add_argument(
        "--durable",
        action=argparse.BooleanOptionalAction,
        help="a commit survives a power failure (`stack`: yes, `up`: no; also ATRIUM_PG_DURABLE=1)",
    )


def _control_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("verb", choices=CONTROL_VERBS)
    one.add_argument("part")
    one.add_argument("--kill", action="store_true", help="stop and restart by SIGKILL")
