"""Identity's background work."""

from __future__ import annotations

import datetime as dt

from apps.identity.services import logout
from apps.jobs import registry

RECONCILE = "identity.reconcile"


@registry.task(RECONCILE, max_attempts=1, lease=dt.timedelta(minutes=5))
def reconcile(ctx: registry.JobContext) -> dict[str, int]:
    """Compare open sessions with those at the identity provider."""
    return {"ended": logout.reconcile_sessions(now=ctx.now)}


registry.every(RECONCILE, dt.timedelta(seconds=60))
