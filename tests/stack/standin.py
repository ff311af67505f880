"""A small Atrium of stand-in parts, run by the real supervisor: `python -m tests.stack.standin STATE OWNER [stubborn]`.

Parts: `base` (a web server with a child process of its own) and `top` (the same; with `stubborn` it ignores SIGTERM).
"""

from __future__ import annotations

import sys
from pathlib import Path

from stack import probes
from stack.console import Console
from stack.layout import REPO, State
from stack.part import PartSpec
from stack.ports import PortBook
from stack.shell import StepFailed, Stopped
from stack.supervisor import Step, Supervisor

SERVER = """
import http.server, os, signal, subprocess, sys, time
if os.environ.get("STUBBORN"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"])
open(os.environ["CHILD_FILE"], "w").write(str(child.pid))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *args): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def main(root: str, owner: str, *wishes: str) -> int:
    state = State(Path(root), Path(root) / "standin.env")
    supervisor = Supervisor(state, Console(), owner=int(owner) or None)
    supervisor.open()
    ports = PortBook(state.run("ports.json"), {"base": 0, "top": 0}, anywhere=True).assign()

    def start(name: str, layer: int) -> str:
        port = ports[name]
        env = {"CHILD_FILE": str(state.root / f"{name}.child")}
        if "stubborn" in wishes and name == "top":
            env["STUBBORN"] = "1"
        supervisor.add(
            PartSpec(
                name=name,
                command=lambda: [sys.executable, "-c", SERVER, str(port)],
                env=lambda: env,
                ready=lambda: probes.http_ok(f"http://127.0.0.1:{port}/"),
                log=state.log(name),
                cwd=REPO,
                stop_seconds=60 if "stubborn" in wishes else 5,
                layer=layer,
            )
        )
        supervisor.start(name)
        return f"ready on {port}"

    code = 0
    try:
        steps = [Step("base", (), lambda: start("base", 0)), Step("top", ("base",), lambda: start("top", 1))]
        if "broken" in wishes:
            steps.append(Step("broken", ("base",), _break))
        supervisor.run_steps(steps)
        state.publish({"BASE": str(ports["base"]), "TOP": str(ports["top"])})
        supervisor.watch()
    except Stopped:
        pass
    except StepFailed as failure:
        print(f"failed: {failure}", flush=True)
        code = 1
    finally:
        supervisor.close()
    return code


def _break() -> str:
    raise StepFailed("the prerequisite is missing: apt-get install it")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
