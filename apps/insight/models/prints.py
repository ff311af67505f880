"""What was handed out: files and mails of boards, with the figures that stood in them."""

from __future__ import annotations

from django.db import models

from apps.core.models import Identified


class PrintState(models.TextChoices):
    DUE = "DUE"
    READY = "READY"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"


class Print(Identified):
    """A board as somebody took it. `form`: csv | xlsx | pdf | mail; `language`, `query` (period and filters as in the address); `moment`: what was known
    then is in it. `figures`: what stood in it, as policies.prints writes it, and `digest`, its SHA-256: a board shown as of `moment` adds up to the same.
    `content`: the file, until `expires_at`; None of a mail and of a file that was handed over at once."""

    person = models.ForeignKey("directory.Person", on_delete=models.CASCADE, related_name="+")
    board = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    form = models.CharField(max_length=10)
    language = models.CharField(max_length=10)
    query = models.CharField(max_length=2000, blank=True)
    moment = models.DateTimeField()
    state = models.CharField(max_length=10, choices=PrintState.choices)
    figures = models.JSONField(default=list)
    digest = models.CharField(max_length=64, blank=True)
    content = models.BinaryField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=("person", "created_at"), name="insight_prints_of_person"),
            models.Index(fields=("expires_at",), condition=models.Q(content__isnull=False), name="insight_prints_with_file"),
        ]

    def __str__(self) -> str:
        return f"{self.name}.{self.form}"
