"""The read model: one row for each record of an outside system that the portal shows or works with."""

from __future__ import annotations

from django.db import models

from apps.core.models import Identified


class Record(Identified):
    """A canonical record as read at `as_of`. `data` is the whole canonical record (JSON: money as text, moments as ISO).

    The columns beside it are what lists filter and sort by. `owner`: the person it belongs to (scopes compare it): the seller of a customer or
    deal, and for orders, shipments and receivables the seller of their customer. `state`: a deal's stage kind, else the record's own state.
    `rank`: what comes first in its list (stock below the order point; shipments still in the house). `version`: the source's own stamp,
    compared for equality. `deleted_at`: gone in the source; kept for references.
    """

    system = models.CharField(max_length=8)
    connection = models.CharField(max_length=40)
    kind = models.CharField(max_length=40)
    external_id = models.CharField(max_length=120)
    key = models.CharField(max_length=120, default="", blank=True)
    name = models.CharField(max_length=200, default="", blank=True)
    owner = models.ForeignKey("directory.Person", on_delete=models.SET_NULL, null=True, related_name="+")
    owner_email = models.CharField(max_length=254, default="", blank=True)
    customer_key = models.CharField(max_length=120, default="", blank=True)
    customer_id = models.CharField(max_length=120, default="", blank=True)
    reference = models.CharField(max_length=200, default="", blank=True)
    state = models.CharField(max_length=40, default="", blank=True)
    amount = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    currency = models.CharField(max_length=3, default="", blank=True)
    occurred_at = models.DateTimeField(null=True)
    rank = models.PositiveSmallIntegerField(default=0)
    search = models.TextField(default="", blank=True)
    data = models.JSONField(default=dict)
    version = models.CharField(max_length=120, default="", blank=True)
    as_of = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("connection", "kind", "external_id"), name="records_one_row_a_record")]
        indexes = [
            models.Index(fields=("kind", "key"), name="records_by_key"),
            models.Index(fields=("kind", "customer_key"), name="records_by_customer"),
            models.Index(fields=("kind", "owner", "state"), name="records_by_owner"),
            models.Index(fields=("kind", "reference"), name="records_by_reference"),
            models.Index(fields=("kind", "-occurred_at"), name="records_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key or self.external_id}"


class RecordLink(models.Model):
    """A record names another one of the same system: a shipment or invoice its orders, a follow-up its deal. `target`: external id there."""

    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="links")
    kind = models.CharField(max_length=40)
    target = models.CharField(max_length=120)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("record", "kind", "target"), name="records_one_link")]
        indexes = [models.Index(fields=("kind", "target"), name="records_links_to")]

    def __str__(self) -> str:
        return f"{self.record_id} -> {self.kind} {self.target}"


class RecordGram(models.Model):
    """One gram of a record's search text (apps.core.matching), for kinds that a search looks through."""

    gram = models.CharField(max_length=3)
    record = models.ForeignKey(Record, on_delete=models.CASCADE, related_name="grams", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("record", "gram"), name="records_one_gram")]
        indexes = [models.Index(fields=("gram", "record"), name="records_by_gram")]

    def __str__(self) -> str:
        return f"{self.gram!r} of {self.record_id}"
