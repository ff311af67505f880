"""What the company was like before: samples that are frozen once."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.core.models import Identified


class Baseline(Identified):
    """What a measure of the value meter was between two days, for the company (`department` None) or a unit. `sample`: every single value, in hundredths,
    sorted; `by_department`: the same values, department ("" for none) -> its own (None: frozen before departments were kept). Never changed and never
    replaced: an improvement is measured against what was frozen, not against what looks good."""

    key = models.CharField(max_length=20)
    department = models.ForeignKey("directory.OrgUnit", null=True, on_delete=models.PROTECT, related_name="+")
    first_day = models.DateField()
    last_day = models.DateField()
    sample = models.JSONField()
    by_department = models.JSONField(null=True)
    frozen_by = models.ForeignKey("directory.Person", on_delete=models.PROTECT, related_name="+")
    frozen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("key", "department"), name="insight_one_baseline"),
            models.UniqueConstraint(fields=("key",), condition=Q(department=None), name="insight_one_company_baseline"),
            models.CheckConstraint(condition=Q(last_day__gte=models.F("first_day")), name="insight_baseline_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.first_day} - {self.last_day}"


class LiveDepartment(Identified):
    """Since when a department works with the portal; it holds for the units below it that have no day of their own. A department without a day, its own or
    inherited, is a control: what goes better there, too, does not come from the portal. In force from `set_at` until `replaced_at`."""

    department = models.ForeignKey("directory.OrgUnit", on_delete=models.CASCADE, related_name="+")
    live_from = models.DateField()
    set_by = models.ForeignKey("directory.Person", on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("department",), condition=Q(replaced_at=None), name="insight_one_live_day")]

    def __str__(self) -> str:
        return f"{self.department_id} {self.live_from}"


class Sight(models.Model):
    """A person looked at a figure whose sources had last answered `seconds` before. Who it was is not kept, only the department."""

    kpi = models.CharField(max_length=60)
    day = models.DateField()
    seconds = models.PositiveBigIntegerField()
    department = models.UUIDField(null=True)

    class Meta:
        indexes = [models.Index(fields=("day",), name="insight_sights_of_day")]

    def __str__(self) -> str:
        return f"{self.kpi} {self.day} {self.seconds} s"
