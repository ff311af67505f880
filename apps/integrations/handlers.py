"""What the connector framework hears."""

from __future__ import annotations

from apps.integrations import selectors, services
from apps.jobs.registry import JobContext, on


@on("identity.session.ended", name="integrations.end_sessions")
def end_sessions(ctx: JobContext) -> dict[str, int]:
    """A portal session ended: the person's sessions in every system that has its own end too. Twice does no harm.
    One that a chat product began has none there."""
    if ctx.payload.get("via"):
        return {}
    subject, ended = str(ctx.payload.get("subject") or ""), {}
    for connection in selectors.connections().filter(enabled=True) if subject else ():
        if services.offers(connection, "sessions.end"):
            result = services.invoke_action(system=connection.key, action="sessions.end", data={"subject": subject}, key=ctx.key, now=ctx.now)
            ended[connection.key] = int(result.get("ended") or 0)
    return ended
