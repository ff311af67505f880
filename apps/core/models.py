"""Abstract models."""

import uuid

from django.db import models


class Identified(models.Model):
    """A row named by a random UUID: safe in URLs, made before the insert."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True


class Stamped(Identified):
    """Identified, with the moments of making and of the last change (set by services, which know `now`)."""

    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        abstract = True
