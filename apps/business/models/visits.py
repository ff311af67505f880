"""Customer visits: asked for, approved, made, reported."""

from django.db import models

from apps.core.models import Stamped


class CustomerVisit(Stamped):
    """One visit of a customer that the CRM knows. `customer_*`: as the CRM had it when the visit was asked for; `customer_owner` is whose customer
    it is, for the masks. `round` counts the approvals: a visit that moves to another day is asked for again, as the next round, by a case of its
    own (`business_key`, `instance_id`). `follow_up_id`: the follow-up in the CRM that the report became; "" until it is there.
    """

    class State(models.TextChoices):
        REQUESTED = "REQUESTED"
        APPROVED = "APPROVED"
        RETURNED = "RETURNED"
        REJECTED = "REJECTED"
        CANCELLED = "CANCELLED"
        REPORTED = "REPORTED"

    number = models.CharField(max_length=40, unique=True)
    visitor = models.ForeignKey("directory.Person", on_delete=models.PROTECT, related_name="+")
    companions = models.ManyToManyField("directory.Person", related_name="+", blank=True)
    customer_id = models.CharField(max_length=120)
    customer_key = models.CharField(max_length=120, blank=True)
    customer_name = models.CharField(max_length=255)
    customer_owner = models.ForeignKey("directory.Person", null=True, on_delete=models.SET_NULL, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    place = models.CharField(max_length=200)
    purpose = models.CharField(max_length=500)
    state = models.CharField(max_length=12, choices=State.choices, default=State.REQUESTED)
    round = models.PositiveIntegerField(default=1)
    business_key = models.CharField(max_length=120, unique=True)
    instance_id = models.UUIDField(null=True, unique=True)
    approver = models.ForeignKey("directory.Person", null=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)
    report = models.TextField(blank=True)
    reported_at = models.DateTimeField(null=True)
    follow_up_id = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="business_visit_ends_after_it_starts")]
        indexes = [
            models.Index(fields=("customer_id", "-starts_at"), name="business_visits_of_customer"),
            models.Index(fields=("visitor", "starts_at"), name="business_visits_of_visitor"),
            models.Index(fields=("state", "starts_at"), name="business_visits_by_state"),
        ]

    def __str__(self) -> str:
        return self.number
