"""What the company was like before: samples that are frozen once."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from apps.core.models import Identified


class Baseline(Identified):
    """What a measure of the value meter was between two days, for the company (`department` None) or a unit. `sample`: every single value, in hundredths,
    sorted. Never changed and never replaced: an improvement is measured against what was frozen, not against what looks good."""

    key = models.CharField(max_length=20)
    department = models.ForeignKey("directory.OrgUnit", null=True, on_delete=models.PROTECT, related_name="+")
    first_day = models.DateField()
    last_day = models.DateField()
    sample = models.JSONField()
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
