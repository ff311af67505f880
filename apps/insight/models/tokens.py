"""Personal keys with which a program reads figures for its owner."""

from __future__ import annotations

from django.db import models

from apps.core.models import Identified


class Token(Identified):
    """A key of one person. The secret is shown once; its SHA-256 alone is kept, and its last letters, so that its owner knows it again. It gives no right
    of its own: each request is judged by what its owner may see at that moment."""

    person = models.ForeignKey("directory.Person", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    scopes = models.JSONField(default=list)
    sha256 = models.CharField(max_length=64, unique=True)
    ending = models.CharField(max_length=4)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=("person", "-created_at"), name="insight_tokens_of_person")]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.name}"
