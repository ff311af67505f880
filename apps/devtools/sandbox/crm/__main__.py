"""`python -m apps.devtools.sandbox.crm --port P --state FILE --service-key K [--webhook-url U --webhook-secret S] [--reset]`"""

from __future__ import annotations

import argparse
import sys

from apps.devtools.sandbox.base.start import main
from apps.devtools.sandbox.base.store import Store
from apps.devtools.sandbox.crm import tables
from apps.devtools.sandbox.crm.core import Crm
from apps.devtools.sandbox.crm.records import event
from apps.devtools.sandbox.crm.system import CrmServer

HEAD = ("X-Crm-Delivery", "X-Crm-Sent", "X-Crm-Sign")


def build(options: argparse.Namespace) -> tuple[CrmServer, Store]:
    store = Store(options.state, tables=tables.TABLES, seed=tables.seed, later=tables.LATER, dedupe=not options.no_dedupe)
    return CrmServer(Crm(store, options.service_key)), store


if __name__ == "__main__":
    sys.exit(main("crm", build, event, HEAD))
