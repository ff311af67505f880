"""Facts, which only ever grow; what they add up to; targets, notes, formulas and prints.

A fact is true for a `day` and known from `recorded_at` until `replaced_at`. Nothing of a written fact changes but that end: a correction is a new
row. So what a figure said at some moment is what the rows of that moment add up to.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.models import Identified


class Fact(models.Model):
    """One thing that counts. `stream`: which sums it is in; `subject` "<connection>:<kind>:<external id>": the record that says it; `part`: which of
    several facts of that record in this stream. `value` in hundredths of the unit; `n`: what it counts as; `hit`: it met the stream's condition;
    `bucket`: of the histogram, 0 where there is none. `owner`, `department`, `product_line`, `region`: as they were when it was recorded.
    `excluded`: why it is not in any sum ("" is in)."""

    stream = models.CharField(max_length=40)
    subject = models.CharField(max_length=180)
    part = models.CharField(max_length=60, default="", blank=True)
    day = models.DateField()
    value = models.BigIntegerField(default=0)
    n = models.SmallIntegerField(default=1)
    hit = models.BooleanField(default=False)
    bucket = models.PositiveSmallIntegerField(default=0)
    owner = models.UUIDField(null=True)
    department = models.UUIDField(null=True)
    product_line = models.CharField(max_length=60, default="", blank=True)
    region = models.CharField(max_length=60, default="", blank=True)
    excluded = models.CharField(max_length=20, default="", blank=True)
    recorded_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("subject", "stream", "part"), condition=Q(replaced_at=None), name="insight_one_fact_in_force"),
            models.CheckConstraint(condition=Q(replaced_at=None) | Q(replaced_at__gte=models.F("recorded_at")), name="insight_fact_in_order"),
        ]
        indexes = [
            models.Index(fields=("stream", "day"), condition=Q(replaced_at=None), name="insight_facts_in_force"),
            models.Index(fields=("stream", "owner", "day"), condition=Q(replaced_at=None), name="insight_facts_of_owner"),
            models.Index(fields=("stream", "excluded"), condition=Q(replaced_at=None) & ~Q(excluded=""), name="insight_facts_left_out"),
            models.Index(fields=("stream", "recorded_at"), name="insight_facts_then"),
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.day} {self.subject}"


class Grain(models.TextChoices):
    """How finely a sum is kept: over everything, by person, by dimension; each for days and for months."""

    DAY = "D", _("Day")
    MONTH = "M", _("Month")
    DAY_PERSON = "DP", _("Day and person")
    MONTH_PERSON = "MP", _("Month and person")
    DAY_DIMENSION = "DD", _("Day, product line and region")
    MONTH_DIMENSION = "MD", _("Month, product line and region")


class Rollup(models.Model):
    """What the facts in force of one stream add up to, per day or month (`start`) and the dimensions of its grain. Only sums that add up further.
    `histogram`: of durations, [[bucket, rows, total], ...], else None; beside the sums, since a month of durations is hundreds of buckets."""

    grain = models.CharField(max_length=2, choices=Grain.choices)
    stream = models.CharField(max_length=40)
    start = models.DateField()
    owner = models.UUIDField(null=True)
    department = models.UUIDField(null=True)
    product_line = models.CharField(max_length=60, default="", blank=True)
    region = models.CharField(max_length=60, default="", blank=True)
    histogram = models.JSONField(null=True)
    rows = models.BigIntegerField()
    n = models.BigIntegerField()
    hits = models.BigIntegerField()
    total = models.BigIntegerField()
    hit_total = models.BigIntegerField()
    squares = models.FloatField()

    class Meta:
        indexes = [models.Index(fields=("grain", "stream", "start"), name="insight_rollup_read")]

    def __str__(self) -> str:
        return f"{self.grain} {self.stream} {self.start}"


class DirtyDay(models.Model):
    """The sums of this day do not hold any more. Written with the fact, in its transaction; taken away by the job that adds up again."""

    stream = models.CharField(max_length=40)
    day = models.DateField()
    since = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=("stream", "day"), name="insight_dirty_days")]

    def __str__(self) -> str:
        return f"{self.stream} {self.day}"


class KpiVersion(models.Model):
    """A formula of an indicator and since when it is in force. `formula`: its words, as a msgid. `known_from`: since when boards are computed by it (None:
    since ever); what a board said at some moment is computed by the formula of that moment."""

    key = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    formula = models.TextField()
    since = models.DateField()
    known_from = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("key", "version"), name="insight_one_formula_a_version")]

    def __str__(self) -> str:
        return f"{self.key} v{self.version}"


class Target(Identified):
    """What an indicator should be in one period, for the company (`department` None) or for one unit of it. Another target ends this one, it never writes
    over it: `replaced_at` None is the one in force."""

    key = models.CharField(max_length=60)
    period_kind = models.CharField(max_length=10)
    period_start = models.DateField()
    department = models.ForeignKey("directory.OrgUnit", null=True, on_delete=models.CASCADE, related_name="+")
    value = models.DecimalField(max_digits=18, decimal_places=2)
    set_by = models.ForeignKey("directory.Person", on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("key", "period_kind", "period_start", "department"), condition=Q(replaced_at=None), name="insight_one_target"),
            models.UniqueConstraint(fields=("key", "period_kind", "period_start"), condition=Q(department=None, replaced_at=None),
                                    name="insight_one_company_target"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.period_kind} {self.period_start}"


class Note(Identified):
    """What somebody wrote on a figure of one period."""

    key = models.CharField(max_length=60)
    period_start = models.DateField()
    text = models.CharField(max_length=1000)
    author = models.ForeignKey("directory.Person", on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=("key", "period_start"), name="insight_notes_of_figure")]

    def __str__(self) -> str:
        return f"{self.key} {self.written_at:%Y-%m-%d}"


class UnitThen(models.Model):
    """A department as it was: its place in the company and its names, from `recorded_at` until `replaced_at`. Kept so that a filter by department, and its
    name, say on a former board what they said then."""

    unit = models.UUIDField()
    path = models.CharField(max_length=600)
    name = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120, blank=True)
    recorded_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("unit",), condition=Q(replaced_at=None), name="insight_one_unit_in_force")]

    def __str__(self) -> str:
        return f"{self.unit} {self.recorded_at:%Y-%m-%d}"
