"""The secret link to a person's calendar."""

from django.db import models


class CalendarLink(models.Model):
    """One link a person at most. Of the secret in it only the SHA-256 is kept."""

    person = models.OneToOneField("directory.Person", on_delete=models.CASCADE, related_name="+", primary_key=True)
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.person_id)
