"""What notifications hears of others."""

from __future__ import annotations

from apps.jobs.registry import JobContext, on
from apps.notifications.services import devices


@on("identity.session.ended", name="notifications.forget_devices")
def forget_devices(ctx: JobContext) -> None:
    """Signed out: the browser of that session does not ring any more."""
    with ctx.commit():
        devices.forget_session(session=str(ctx.payload.get("session", "")), now=ctx.now)
