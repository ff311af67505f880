"""OA's own documents around the sales loop."""

from django.db import models

from apps.core.models import Stamped


class ContractTemplate(Stamped):
    """Terms that a won deal gets by rule. The first active template in order of `rank` whose conditions all hold is chosen.

    `min_amount`/`max_amount`: inclusive/exclusive, in `currency`; null = no bound. `industry`: the customer's, "" = any.
    `credit_limit`: used where the ERP keeps none for the customer.
    """

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120, blank=True)
    rank = models.IntegerField(default=100)
    active = models.BooleanField(default=True)
    currency = models.CharField(max_length=3, blank=True)
    min_amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    max_amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    industry = models.CharField(max_length=60, blank=True)
    payment_term_days = models.PositiveIntegerField()
    valid_days = models.PositiveIntegerField()
    clauses = models.TextField(blank=True)
    credit_limit = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)

    class Meta:
        ordering = ["rank", "code"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(max_amount__isnull=True) | models.Q(min_amount__isnull=True) | models.Q(max_amount__gt=models.F("min_amount")),
                name="business_template_bounds_in_order",
            )
        ]

    def __str__(self) -> str:
        return self.code


class SalesLoop(Stamped):
    """One deal's way through the systems: what joins the ids. The process instance holds the state of the steps; this row answers
    "which loop is this order, shipment or deal of?" by index, and keeps the facts that reports and the timeline compare.

    `order_state`, `shipped_quantity` and `ordered_quantity` follow the ERP; `shipped_at` is set once everything is out.
    """

    business_key = models.CharField(max_length=120, unique=True)
    deal_id = models.CharField(max_length=80, db_index=True)
    round = models.PositiveIntegerField(default=1)  # a deal that was refused or withdrawn and is won again later begins the next round
    deal_name = models.CharField(max_length=255)
    instance_id = models.UUIDField(unique=True)
    customer_key = models.CharField(max_length=60)
    customer_name = models.CharField(max_length=255)
    seller = models.ForeignKey("directory.Person", null=True, on_delete=models.PROTECT, related_name="+")
    approver = models.ForeignKey("directory.Person", null=True, on_delete=models.PROTECT, related_name="+")
    contract_no = models.CharField(max_length=40, unique=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    currency = models.CharField(max_length=3)
    won_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True)
    order_id = models.CharField(max_length=80, blank=True, db_index=True)
    order_no = models.CharField(max_length=80, blank=True)
    order_state = models.CharField(max_length=20, blank=True)
    ordered_at = models.DateTimeField(null=True)
    invoice_no = models.CharField(max_length=80, blank=True)
    purchase_request_ids = models.JSONField(default=list, blank=True)
    shipments = models.JSONField(default=dict, blank=True)  # shipment id -> {"number", "state", "shipped_at", "lines": {sku: quantity as text}}
    ordered_quantity = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    shipped_quantity = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    shipped_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True)  # "" while open; CLOSED | REJECTED | RETURNED | WITHDRAWN | CANCELLED

    class Meta:
        ordering = ["-won_at"]
        constraints = [models.UniqueConstraint(fields=["deal_id", "round"], name="business_one_loop_a_round")]

    def __str__(self) -> str:
        return self.contract_no
