"""Redis, or a server that speaks its protocol. Holds nothing that may not be lost."""

from __future__ import annotations

from stack import probes
from stack.part import PartSpec
from stack.supervisor import Supervisor
from stack.toolbox import Toolbox


def start(supervisor: Supervisor, toolbox: Toolbox, port: int) -> str:
    folder = supervisor.state.data("redis")

    def command() -> list[str]:
        program = str(toolbox.redis_server)
        return [
            program,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(folder),
            "--save",
            "",
            "--appendonly",
            "no",
        ]

    supervisor.add(
        PartSpec(
            name="redis",
            command=command,
            ready=lambda: probes.redis_ok(port),
            log=supervisor.state.log("redis"),
            cwd=folder,
            layer=0,
        )
    )
    supervisor.start("redis")
    return f"ready on port {port} ({toolbox.redis_server.name})"
