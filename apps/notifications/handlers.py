"""What notifications hears of others."""

from __future__ import annotations

from apps.access.events import RIGHTS_CHANGED
from apps.directory.events import PEOPLE_MOVED
from apps.jobs.registry import JobContext, on
from apps.notifications import services
from apps.notifications.services import devices


@on("identity.session.ended", name="notifications.forget_devices")
def forget_devices(ctx: JobContext) -> None:
    """Signed out: the browser of that session does not ring any more."""
    with ctx.commit():
        devices.forget_session(session=str(ctx.payload.get("session", "")), now=ctx.now)


@on(RIGHTS_CHANGED, name="notifications.follow_rights")
@on(PEOPLE_MOVED, name="notifications.follow_people")
def follow_rights(ctx: JobContext) -> None:
    """What one may not act on any more leaves the lists at once, not with the next look of the reconciler."""
    with ctx.commit():
        services.follow_rights(now=ctx.now)
