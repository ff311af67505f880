"""Lines of the timeline."""

from __future__ import annotations

import datetime as dt
from typing import Any

from apps.workflows.models import InstanceEvent, ProcessInstance


def log(instance: ProcessInstance, kind: str, now: dt.datetime, **parts: Any) -> InstanceEvent:
    """Append one line: `node`, `token`, `ms`, `actor`, `system`, `text`, `params`, `refs`, `data` as the model says."""
    return InstanceEvent.objects.create(instance=instance, kind=kind, at=now, **parts)
