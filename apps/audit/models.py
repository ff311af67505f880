"""Who did what: an append-only chain. The database itself refuses a change or a removal."""

from __future__ import annotations

import json
from typing import Any

from django.db import models


class Entry(models.Model):
    """One link. `actor_id`/`actor_login`: who acted (empty: the portal itself); `decider`: login of who decided what the portal carried out.

    `object` names the thing ("workflows.task:<id>"). `data_json`: canonical JSON. `hash` covers `seq`, `prev_hash` and `content_hash`;
    `content_hash` covers every other column. On PostgreSQL `seq` and the hashes are set by a trigger when the transaction commits, so that
    transactions wait for each other only for that moment and cannot deadlock on the end of the chain.
    """

    seq = models.BigIntegerField(null=True, unique=True)
    at = models.DateTimeField()
    actor_id = models.UUIDField(null=True)
    actor_login = models.CharField(max_length=64, blank=True)
    decider = models.CharField(max_length=64, blank=True)
    action = models.CharField(max_length=120)
    object = models.CharField(max_length=200)
    data_json = models.TextField(default="{}")
    content_hash = models.CharField(max_length=64)
    prev_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["object", "id"], name="audit_of_object"),
            models.Index(fields=["actor_id", "id"], name="audit_of_actor"),
            models.Index(fields=["action", "id"], name="audit_of_action"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.action} {self.object}"

    @property
    def data(self) -> dict[str, Any]:
        """What was recorded beside who, when and what."""
        found: dict[str, Any] = json.loads(self.data_json)
        return found
