"""`python -m apps.devtools.sandbox.erp --port P --state FILE --service-key K [--webhook-url U --webhook-secret S] [--reset]`"""

from __future__ import annotations

import argparse
import sys

from apps.devtools.sandbox.base.start import main
from apps.devtools.sandbox.base.store import Store
from apps.devtools.sandbox.erp import tables
from apps.devtools.sandbox.erp.core import Erp, event
from apps.devtools.sandbox.erp.system import ErpServer

HEAD = ("X-Erp-Event", "X-Erp-Timestamp", "X-Erp-Signature")


def build(options: argparse.Namespace) -> tuple[ErpServer, Store]:
    store = Store(options.state, tables=tables.TABLES, seed=tables.seed, later=tables.LATER, dedupe=not options.no_dedupe)
    return ErpServer(Erp(store, options.service_key)), store


if __name__ == "__main__":
    sys.exit(main("erp", build, event, HEAD))
