"""The hints that the hub replays from. The truth is elsewhere: a hint only says what to look at again."""

from __future__ import annotations

from django.db import models


class Hint(models.Model):
    """`seq` is dense per person and rises in the order of commits (on PostgreSQL a trigger sets it at commit). `body`: small JSON text."""

    person_id = models.UUIDField()
    seq = models.BigIntegerField(null=True)
    body = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person_id", "seq"], name="hint_seq_of_person")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.seq}"
