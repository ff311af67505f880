"""The embedded default: what `make demo` starts. SQLite, a worker thread, two sandbox systems beside it."""

from __future__ import annotations

from collections.abc import Mapping

from stack import probes
from stack.layout import PORTAL_PYTHON, REPO
from stack.part import PartSpec
from stack.parts.portal import Portal
from stack.supervisor import Step, Supervisor
from stack.vault import Vault

DEFAULT_PORTS = {"portal": 8000, "erp": 8011, "crm": 8021}
SYSTEMS = ("erp", "crm")


class Demo:
    def __init__(self, supervisor: Supervisor, ports: Mapping[str, int], *, erp_protocol: str) -> None:
        self._supervisor = supervisor
        self._ports = ports
        self._erp_protocol = erp_protocol
        self._vault = Vault(supervisor.state.root / "secrets")
        self.portal_url = f"http://localhost:{ports['portal']}"
        self._portal = Portal(supervisor, self.portal_url, ports["portal"], self.environment())
        supervisor.actions["reset"] = self.reset

    def start(self) -> None:
        self._supervisor.run_steps(
            [
                *(Step(name, (), lambda name=name: self._start_sandbox(name)) for name in SYSTEMS),
                Step("company", SYSTEMS, self._set_up),
                Step("portal", ("company",), lambda: self._portal.start_web(processes=1)),
            ]
        )
        self._supervisor.state.publish(self.environment())

    def _set_up(self) -> str | None:
        if self._portal.is_set_up():
            return None
        self._portal.make_tables()
        self._portal.seed()
        return "company seeded, both systems loaded"

    def reset(self) -> None:
        """The company as on the first day."""
        for name in ("web", *SYSTEMS):
            self._supervisor.stop(name)
        for pattern in ("*.sqlite", "*.sqlite-*"):
            for file in self._supervisor.state.root.glob(pattern):
                file.unlink()
        self._portal.forget_set_up()
        for name in SYSTEMS:
            self._supervisor.start(name)
        self._set_up()
        self._supervisor.start("web")

    def environment(self) -> dict[str, str]:
        """What the portal's process is started with; also the lines of demo.env."""
        return {
            "ATRIUM_MODE": "demo",
            "ATRIUM_WORKER": "thread",
            "INSIGHT_SMALLEST_GROUP": "2",  # six people work here, two of them sell: three would show nothing
            "PORTAL_URL": self.portal_url,
            "DATABASE_URL": f"sqlite:///{self._supervisor.state.root / 'portal.sqlite'}",
            "REDIS_URL": "",
            "ERP_SANDBOX_URL": self._url("erp"),
            "ERP_SANDBOX_PROTOCOL": self._erp_protocol,
            "ERP_SERVICE_KEY": self._vault.get("erp_service_key"),
            "CRM_SANDBOX_URL": self._url("crm"),
            "CRM_SERVICE_TOKEN": self._vault.get("crm_service_token"),
            "WEBHOOK_SECRET_ERP": self._vault.get("webhook_erp"),
            "WEBHOOK_SECRET_CRM": self._vault.get("webhook_crm"),
            "DJANGO_SECRET_KEY": self._vault.get("django_secret_key"),
            "FIELD_KEY": self._vault.get("field_key"),
        }

    def _url(self, system: str) -> str:
        return f"http://localhost:{self._ports[system]}"

    def _start_sandbox(self, system: str) -> str:
        state = self._supervisor.state
        key = self._vault.get("erp_service_key" if system == "erp" else "crm_service_token")
        argv = [str(PORTAL_PYTHON), "-m", f"apps.devtools.sandbox.{system}", "--port", str(self._ports[system])]
        argv += ["--state", str(state.root / f"{system}.sqlite"), "--service-key", key]
        argv += [
            "--webhook-url",
            f"{self.portal_url}/hooks/{system}/",
            "--webhook-secret",
            self._vault.get(f"webhook_{system}"),
        ]
        self._supervisor.add(
            PartSpec(
                name=system,
                command=lambda: argv,
                ready=lambda: probes.tcp_ok(self._ports[system]),
                log=state.log(system),
                cwd=REPO,
                ready_seconds=30,
            )
        )
        self._supervisor.start(system)
        return f"sandbox ready at {self._url(system)}"
