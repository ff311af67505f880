"""Who may see and do what. Deny by default: what no grant allows is refused."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.models import Identified


class Role(Identified):
    """A bundle of grants with a name that people know."""

    code = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120, blank=True)
    position = models.PositiveSmallIntegerField(default=100)  # order of the columns in the matrix

    class Meta:
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.code

    def display(self, language: str) -> str:
        """The name in the viewer's language."""
        return self.name_zh if language.startswith("zh") and self.name_zh else self.name


class Scope(models.TextChoices):
    """Which rows a grant reaches, by the person a row belongs to."""

    OWN = "own", _("Own")
    DEPARTMENT = "department", _("Department and below")
    ALL = "all", _("All")


class Grant(models.Model):
    """`actions` of `resource` on the rows of `scope`, for holders of `role`."""

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="grants")
    resource = models.CharField(max_length=64)
    actions = models.JSONField(default=list)
    scope = models.CharField(max_length=16, choices=Scope.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["role", "resource", "scope"], name="one_grant_per_scope")]


class ReadLevel(models.TextChoices):
    NONE = "none"
    MASKED = "masked"
    FULL = "full"


class FieldRule(models.Model):
    """What a grant shows of a field. `field`: a field's name, "class:<class>" for all fields of a class, or "*" for
    all that are not private. The most exact rule counts: name, then class, then "*"; without any, nothing is
    shown."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="field_rules")
    field = models.CharField(max_length=64)
    read = models.CharField(max_length=8, choices=ReadLevel.choices, default=ReadLevel.NONE)
    write = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["grant", "field"], name="one_rule_per_field")]


class Assignment(Identified):
    """A role given to one person, or to all people of a department and the departments below it."""

    class Source(models.TextChoices):
        MANUAL = "manual", _("By hand")
        SEED = "seed", _("First set-up")

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="assignments")
    person = models.ForeignKey("directory.Person", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    org_unit = models.ForeignKey("directory.OrgUnit", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    source = models.CharField(max_length=16, choices=Source.choices, default=Source.MANUAL)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(person__isnull=False, org_unit__isnull=True) | models.Q(person__isnull=True, org_unit__isnull=False),
                name="to_a_person_or_a_unit",
            ),
        ]


class PolicyEpoch(models.Model):
    """One row, renamed in the transaction of every change of rights: whoever remembers rights compares the name
    first. A random name, no counter: a change that was rolled back must not share its number with the next one."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    value = models.CharField(max_length=32)
