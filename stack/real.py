"""The real stack: what `make stack` starts, in which order, and how its data is made fresh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stack.parts import crm_python, keycloak, redis
from stack.parts.crm import Crm
from stack.parts.erp import Erp
from stack.parts.keycloak import Keycloak
from stack.parts.portal import Portal, tables_mark
from stack.parts.postgres import SUPERUSER, Postgres
from stack.shell import StepFailed
from stack.supervisor import Step, Supervisor
from stack.toolbox import Toolbox
from stack.vault import Vault

DEFAULT_PORTS = {
    "portal": 8000,
    "keycloak": 8080,
    "keycloak_management": 9000,
    "erp": 8010,
    "crm": 8020,
    "postgres": 26432,
    "redis": 26379,
}
PORTAL_DATABASE = "portal"
READER = "reader"
WEB_PROCESSES = 2
WORKERS = 2
SENDERS = ("erp-sender", "crm-sender")


@dataclass(frozen=True)
class Wishes:
    """What the command line asked for."""

    portal: bool = True
    durable: bool = False
    servers_only: bool = False  # PostgreSQL and Redis, nothing else
    history: bool | None = None  # two years of documents before today; None: as this state had it last
    busy: bool = False  # many people for long: Keycloak's code is compiled all the way, as in a company


class RealStack:
    def __init__(self, supervisor: Supervisor, ports: Mapping[str, int], wishes: Wishes) -> None:
        self.ports = ports
        self._supervisor = supervisor
        self._wishes = wishes
        self._vault = Vault(supervisor.state.root / "secrets")
        self._toolbox = Toolbox(supervisor.runner)
        self.portal_url = f"http://localhost:{ports['portal']}"
        common = (supervisor, self._toolbox, self._vault)
        self.postgres = Postgres(*common, ports["postgres"])
        self.keycloak = Keycloak(*common, self.postgres, ports, self.portal_url, busy=wishes.busy)
        self.erp = Erp(*common, self.postgres, self.keycloak, ports["erp"], self.portal_url, history=wishes.history)
        self.crm = Crm(*common, self.postgres, self.keycloak, ports["crm"], self.portal_url, history=wishes.history)
        self._portal: Portal | None = None
        supervisor.actions["reset"] = self.reset
        supervisor.actions["senders"] = self._restart_senders
        supervisor.actions["portal-data"] = self._prepare_portal

    # -- start

    def check_prerequisites(self) -> None:
        """Raises StepFailed naming each missing one in a line with its cure."""
        if self._wishes.servers_only:
            return
        lines = self._toolbox.missing(keycloak_cached=keycloak.is_fetched(), crm_python=crm_python.find())
        if lines:
            raise StepFailed("\n".join(lines))

    def start(self) -> None:
        """Everything, as parallel as it goes. Raises StepFailed."""
        servers = [
            Step("postgres", (), self._start_postgres),
            Step("redis", (), lambda: redis.start(self._supervisor, self._toolbox, self.ports["redis"])),
        ]
        steps = [
            *servers,
            Step("keycloak-get", (), self.keycloak.install),
            Step("keycloak", ("keycloak-get", "postgres"), self.keycloak.start),
            Step("erp-get", (), self.erp.install),
            Step("erp-data", ("erp-get", "postgres"), self.erp.prepare),
            Step("erp", ("erp-data",), self.erp.start),
            Step("crm-get", (), self.crm.install),
            Step("crm-data", ("crm-get", "postgres"), self.crm.prepare),
            Step("crm", ("crm-data",), self.crm.start),
            Step("settle", ("keycloak", "erp", "crm", "redis"), self._settle),
        ]
        if self._wishes.portal:
            steps += [
                Step("tables", ("erp-data", "crm-data"), self._make_tables),
                Step("company", ("tables", "erp", "crm", "redis"), self._seed_portal),  # the seed reads both systems
                Step("web", ("company", "settle"), lambda: self.portal.start_web(processes=WEB_PROCESSES)),
                Step("workers", ("company", "settle"), lambda: self.portal.start_workers(WORKERS)),
                Step("senders", ("web",), self._start_senders),
            ]
        if self._wishes.servers_only:
            steps = [*servers, Step("settle", ("postgres", "redis"), self._settle)]
        self._supervisor.run_steps(steps)
        self._supervisor.state.publish(self.servers_environment() if self._wishes.servers_only else self.environment())

    def _start_postgres(self) -> str:
        words = self.postgres.start()
        self.postgres.role("portal", "createdb")
        self.postgres.role(READER, "bypassrls")
        self.postgres.sql(f"grant pg_read_all_data to {READER}")
        return words

    def _settle(self) -> None:
        if self._wishes.durable:
            self.postgres.make_durable()

    def _start_senders(self) -> str:
        self.erp.start_sender(self._vault.get("webhook_erp"))
        self.crm.start_sender(self._vault.get("webhook_crm"))
        return "the ERP and the CRM report their changes to the portal"

    def _restart_senders(self) -> None:
        """From the start again: a sender that waited for a portal that was away may have a minute's pause before it."""
        for name in SENDERS:
            if name in self._supervisor.parts:
                self._supervisor.stop(name)
        self._start_senders()

    # -- the portal's data

    @property
    def portal(self) -> Portal:
        if self._portal is None:
            environment = {**self.environment(), "ATRIUM_MODE": "stack", "ATRIUM_WORKER": "process"}
            self._portal = Portal(self._supervisor, self.portal_url, self.ports["portal"], environment)
        return self._portal

    def _make_tables(self) -> str | None:
        """A new database gets its tables from the template of the same migrations; one with people's work in it is migrated."""
        if self.postgres.exists(PORTAL_DATABASE):
            if not self.portal.is_set_up():
                self.portal.make_tables()
            return None
        self.portal.forget_set_up()
        template = f"portal_template_{tables_mark()}"
        if self.postgres.exists(template):
            self.postgres.copy(template, PORTAL_DATABASE, "portal")
            return "tables from their template"
        self.postgres.create(PORTAL_DATABASE, "portal")
        self.portal.make_tables()
        self.postgres.copy(PORTAL_DATABASE, template, "portal")
        self.postgres.drop_older("portal_template_", template)
        return "tables made"

    def _seed_portal(self) -> str | None:
        afresh = self.portal.was_seeded() and (self.erp.was_refreshed or self.crm.was_refreshed)
        if self.portal.is_set_up() and not afresh:
            return None
        self.portal.seed(afresh=afresh)
        self.erp.was_refreshed = self.crm.was_refreshed = False
        return "company seeded, ERP and CRM loaded"

    def _prepare_portal(self) -> None:
        """Both, for a portal that a test starts itself."""
        self._make_tables()
        self._seed_portal()

    # -- reset

    def reset(self) -> None:
        """Fresh data in ERP, CRM and portal, from their templates. The people of Keycloak stay as they are."""
        parts = self._supervisor.parts
        order = (*SENDERS, *(f"worker-{number}" for number in range(1, WORKERS + 1)), "web", "erp")
        running = [name for name in order if name in parts and parts[name].wanted]
        for name in running:
            self._supervisor.stop(name)
        had_portal = self.postgres.exists(PORTAL_DATABASE)
        try:
            self.erp.refresh()
            self.crm.refresh()
            if had_portal:
                self.postgres.drop(PORTAL_DATABASE)
                self._make_tables()
            if "erp" in running:
                self._supervisor.start("erp")
                if had_portal:
                    self._seed_portal()
        finally:
            for name in reversed(running):
                self._supervisor.start(name)

    def reset_stopped(self) -> None:
        """The same while nothing runs: PostgreSQL is started for the moment."""
        self._supervisor.run_steps([Step("postgres", (), self._start_postgres)])
        for part in (self.erp, self.crm):
            if not self.postgres.exists(part.source):
                raise StepFailed("there is no seeded company yet: run make stack first")
        self.reset()

    def make_erp_dump(self) -> str:
        """Writes the dump of the seeded ERP for the repository; builds the company first when the seed has changed."""
        self._supervisor.run_steps(
            [
                Step("postgres", (), self._start_postgres),
                Step("erp-get", (), self.erp.install),
                Step("erp-data", ("postgres", "erp-get"), self.erp.prepare),
            ]
        )
        return str(self.erp.write_dump())

    # -- what others need to know

    def servers_environment(self) -> dict[str, str]:
        """The lines of stack.env about PostgreSQL and Redis."""
        return {
            "DATABASE_URL": self.postgres.url("portal", PORTAL_DATABASE),
            "POSTGRES_URL": self.postgres.url(SUPERUSER, "postgres"),
            "REDIS_URL": f"redis://localhost:{self.ports['redis']}/0",
        }

    def environment(self) -> dict[str, str]:
        """The lines of stack.env."""
        url, password = self.postgres.url, self._vault.get
        return {
            "PORTAL_URL": self.portal_url,
            "OIDC_ISSUER": self.keycloak.issuer,
            "OIDC_CLIENT_ID": "portal",
            "OIDC_CLIENT_SECRET": password("oidc_client"),
            "OIDC_ADMIN_CLIENT_ID": "portal-admin",
            "OIDC_ADMIN_CLIENT_SECRET": password("oidc_admin_client"),
            "ERP_URL": self.erp.url,
            "ERP_WEB_URL": self.erp.web_url,
            "ERP_DATABASE_URL": url(READER, "erp"),
            "ERP_SERVICE_KEY": self.erp.service_key(),
            "CRM_URL": self.crm.url,
            "CRM_ORG_ID": self.crm.organisation(),
            "CRM_DATABASE_URL": url(READER, "crm"),
            "CRM_SERVICE_TOKEN": self.crm.service_token(),
            "WEBHOOK_SECRET_CRM": password("webhook_crm"),
            "WEBHOOK_SECRET_ERP": password("webhook_erp"),
            **self.servers_environment(),
            "KEYCLOAK_ADMIN_USER": keycloak.ADMIN,
            "KEYCLOAK_ADMIN_PASSWORD": password("keycloak_admin"),
            "DEMO_PASSWORD": password("demo_password"),
            "DJANGO_SECRET_KEY": password("django_secret_key"),
            "FIELD_KEY": password("field_key"),
        }
