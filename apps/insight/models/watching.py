"""What people are told of: figures that cross a line, and unusual days."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.models import Identified


class Narrowed(Identified):
    """One person and one figure, narrowed by the filters of a board ("" and None: everything)."""

    person = models.ForeignKey("directory.Person", on_delete=models.CASCADE, related_name="+")
    kpi = models.CharField(max_length=60)
    department = models.ForeignKey("directory.OrgUnit", null=True, on_delete=models.CASCADE, related_name="+")
    product_line = models.CharField(max_length=60, blank=True, default="")
    region = models.CharField(max_length=60, blank=True, default="")

    class Meta:
        abstract = True


class Threshold(Narrowed):
    """A line that a figure must not cross; `person` is told once when it does, and again only after it came back. `above`: crossing is upward.
    `crossed_at` None: it is on the good side."""

    above = models.BooleanField()
    value = models.DecimalField(max_digits=18, decimal_places=2)
    created_at = models.DateTimeField()
    crossed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("person", "kpi", "above", "department", "product_line", "region"), name="insight_one_threshold_a_side"),
            models.UniqueConstraint(
                fields=("person", "kpi", "above", "product_line", "region"), condition=Q(department=None), name="insight_one_company_threshold",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kpi} {'>' if self.above else '<'} {self.value}"


class Sensitivity(models.TextChoices):
    LOW = "low", _("only large ones")
    MEDIUM = "medium", _("clear ones")
    HIGH = "high", _("small ones too")


class UnusualWatch(Narrowed):
    """`person` wants to be told of unusual days of a figure. `active` False: not any more; what was found can still be opened. `judged_for`: the last
    day that was judged."""

    sensitivity = models.CharField(max_length=6, choices=Sensitivity.choices, default=Sensitivity.MEDIUM)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    judged_for = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("person", "kpi", "department", "product_line", "region"), name="insight_one_unusual_watch"),
            models.UniqueConstraint(fields=("person", "kpi", "product_line", "region"), condition=Q(department=None), name="insight_one_company_watch"),
        ]
        indexes = [models.Index(fields=("active", "judged_for"), name="insight_watches_to_judge")]

    def __str__(self) -> str:
        return f"{self.kpi} {self.sensitivity}"


class UnusualDay(Identified):
    """A day that was unusual. `times`: how many usual distances it lay from the usual, in tenths. No value is kept: whoever opens it reads the figures anew,
    under the rights of then."""

    watch = models.ForeignKey(UnusualWatch, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    above = models.BooleanField()
    times = models.PositiveIntegerField()
    weeks = models.PositiveSmallIntegerField()
    found_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("watch", "day"), name="insight_one_alarm_a_day")]

    def __str__(self) -> str:
        return f"{self.watch_id} {self.day}"
