"""The company: people, org units, reporting lines."""

from __future__ import annotations

from django.db import models

from apps.core.models import Identified


class OrgUnit(Identified):
    """A department. `path` is "/<root id>/.../<own id>/", so that a unit with all below it is one indexed prefix."""

    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120, blank=True)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    path = models.CharField(max_length=600, db_index=True)

    def __str__(self) -> str:
        return self.code

    def display(self, language: str) -> str:
        """The name in the viewer's language."""
        return self.name_zh if language.startswith("zh") and self.name_zh else self.name


class Person(Identified):
    """Somebody of the company. `issuer` and `subject` join a person to an account; `login` is the company's short
    name for that person; `email` joins to outside systems, and only when verified."""

    login = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120, blank=True)
    email = models.EmailField(blank=True, db_index=True)
    email_verified = models.BooleanField(default=False)
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    active = models.BooleanField(default=True)
    title = models.CharField(max_length=120, blank=True)
    title_zh = models.CharField(max_length=120, blank=True)
    employee_number = models.CharField(max_length=32, blank=True)
    phone = models.CharField(max_length=32, blank=True)
    org_unit = models.ForeignKey(OrgUnit, null=True, blank=True, on_delete=models.PROTECT, related_name="people")
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="person_of_one_subject")]

    def __str__(self) -> str:
        return self.login

    def display(self, language: str) -> str:
        """The name in the viewer's language."""
        return self.name_zh if language.startswith("zh") and self.name_zh else self.name

    def display_title(self, language: str) -> str:
        """The job title in the viewer's language."""
        return self.title_zh if language.startswith("zh") and self.title_zh else self.title


class ReportingLine(models.Model):
    """`person` reports to `manager`. Several lines may exist: who decides then is the process's rule, not ours."""

    class Kind(models.TextChoices):
        LINE = "line"

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="reports_to")
    manager = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="reports")
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.LINE)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "manager", "kind"], name="one_line_each"),
            models.CheckConstraint(condition=~models.Q(person=models.F("manager")), name="nobody_reports_to_oneself"),
        ]


class Absence(Identified):
    """Days on which somebody is away, both ends included. `deputy`: who stands in. `reason` is private: nobody but the person reads it."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="absences")
    first_date = models.DateField()
    last_date = models.DateField()
    deputy = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(last_date__gte=models.F("first_date")), name="directory_absence_in_order")]
        indexes = [models.Index(fields=("person", "first_date"), name="directory_absences")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.first_date} - {self.last_date}"
