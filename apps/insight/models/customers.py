"""Customers who agreed that their data are joined, and files made of it."""

from __future__ import annotations

from django.db import models

from apps.core.models import Identified


class Consent(Identified):
    """Whether a customer (by the code that CRM and ERP share) agreed that what the systems know of it is joined and analysed.
    `basis`: how it was given."""

    customer_key = models.CharField(max_length=60, unique=True)
    given = models.BooleanField()
    basis = models.CharField(max_length=200)
    recorded_by = models.ForeignKey("directory.Person", on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=("given", "customer_key"), name="insight_consents")]

    def __str__(self) -> str:
        return f"{self.customer_key}: {self.given}"


class CustomerFile(Identified):
    """An export of joined customers. Made by a job under the rights its owner has by then; the content is taken away when it runs out."""

    class State(models.TextChoices):
        ORDERED = "ORDERED"
        READY = "READY"
        REFUSED = "REFUSED"
        GONE = "GONE"

    person = models.ForeignKey("directory.Person", on_delete=models.CASCADE, related_name="+")
    form = models.CharField(max_length=8)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ORDERED)
    rows = models.PositiveIntegerField(default=0)
    content = models.BinaryField(default=b"")
    ordered_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=("person", "-ordered_at"), name="insight_files_of_person")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.form} {self.state}"
