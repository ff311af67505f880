"""The company of the first day: people, roles, contract templates, the published process, the two connections and their first load; in the demo also what
was measured before the portal, and boards to look at."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.business import services as business
from apps.core import clock
from apps.core.http import OutsideError, TransientError
from apps.devtools import company, past
from apps.integrations import registry
from apps.integrations import selectors as integrations_selectors
from apps.integrations import services as integrations
from apps.jobs import services as jobs

WAIT_SECONDS = 60
TEMPLATES: dict[str, dict[str, Any]] = {
    "utility": {
        "name": "Water utilities, large",
        "name_zh": "水务大客户",
        "rank": 10,
        "currency": "CNY",
        "min_amount": Decimal(200000),
        "industry": "Water supply",
        "payment_term_days": 90,
        "valid_days": 180,
        "credit_limit": Decimal(1500000),
        "clauses": "10 % retention until acceptance. Commissioning on site is included. Warranty 24 months from acceptance.",
    },
    "large": {
        "name": "Large orders",
        "name_zh": "大额订单",
        "rank": 20,
        "currency": "CNY",
        "min_amount": Decimal(100000),
        "payment_term_days": 60,
        "valid_days": 120,
        "credit_limit": Decimal(800000),
        "clauses": "Delivery in up to two parts. Warranty 18 months from delivery.",
    },
    "standard": {
        "name": "Standard",
        "name_zh": "标准合同",
        "rank": 30,
        "currency": "CNY",
        "payment_term_days": 30,
        "valid_days": 60,
        "credit_limit": Decimal(300000),
        "clauses": "Warranty 12 months from delivery.",
    },
}


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--afresh", action="store_true", help="both systems are other databases now: read everything again, follow from now")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        people = company.seed(now=now)
        for code, fields in TEMPLATES.items():
            business.upsert_template(code=code, fields=fields, now=now)
        business.publish_processes(now=now)
        integrations.connect_from_env(now=now)
        for connection in integrations_selectors.connections():
            self._wait_for(connection)
            begin = integrations.resync if options.get("afresh") else integrations.first_load
            begin(connection_key=connection.key, now=clock.now())
        self._load()
        if settings.ATRIUM_MODE == "demo":
            past.seed(people=people, now=clock.now())
        self.stdout.write("The company is seeded and both systems are loaded.")

    def _wait_for(self, connection: Any) -> None:
        """Until the system answers its check, or a line that says which does not."""
        deadline = time.monotonic() + WAIT_SECONDS
        check, config = registry.connector(connection.connector_id).check, integrations.config_of(connection)
        while True:
            try:
                answer = check(config)
            except TransientError as error:
                if time.monotonic() > deadline:
                    raise CommandError(f"{connection.key} does not answer: {error}. Start it, then run this again.") from error
                time.sleep(0.3)
                continue
            except OutsideError as error:
                raise CommandError(f"{connection.key}: {error}") from error
            if not answer.ok:
                raise CommandError(f"{connection.key}: {answer.message}")
            return

    def _load(self) -> None:
        """Run the loading jobs here, so that the first page shows a company and not an empty portal. A worker beside us may take some of them. Years of
        history take a while: it is given up when nothing has come for some time."""
        deadline = time.monotonic() + WAIT_SECONDS * 2
        while any(run.finished_at is None for one in integrations_selectors.connections() for run in integrations_selectors.runs(one, limit=1)):
            if jobs.run_due():
                deadline = time.monotonic() + WAIT_SECONDS * 2
            else:
                time.sleep(0.1)
            if time.monotonic() > deadline:
                raise CommandError("The first load did not end in time; a worker goes on with it.")
        jobs.run_due()
