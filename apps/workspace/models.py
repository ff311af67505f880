"""How the home page is arranged, and what a person keeps at hand."""

from __future__ import annotations

from django.db import models

from apps.core.models import Identified, Stamped


class RoleLayout(Stamped):
    """The home page of a role as an administrator arranged it. `cells`: [{"key", "x", "y", "w", "h", "locked"}]; a locked one can neither be moved
    nor removed by its reader. `rank`: whose layout a person with several roles gets (the lowest). `rev` rises with each change."""

    role = models.OneToOneField("access.Role", on_delete=models.CASCADE, related_name="+")
    rank = models.PositiveSmallIntegerField(default=100)
    cells = models.JSONField(default=list)
    rev = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"home of {self.role_id}"


class PersonLayout(Stamped):
    """A person's own arrangement over that of the role. `cells` as above, never locked; `hidden`: keys of the role's layout that were removed."""

    person = models.OneToOneField("directory.Person", on_delete=models.CASCADE, related_name="+")
    cells = models.JSONField(default=list)
    hidden = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"home of {self.person_id}"


class Pinned(Identified):
    """A record of an outside system that a person keeps at hand: starred, or opened lately (`star` False). Only its id is kept: what it says is read
    through the person's rights each time."""

    person = models.ForeignKey("directory.Person", on_delete=models.CASCADE, related_name="+")
    star = models.BooleanField()
    kind = models.CharField(max_length=40)
    external_id = models.CharField(max_length=120)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("person", "star", "kind", "external_id"), name="workspace_pinned_once")]
        indexes = [models.Index(fields=("person", "star", "-at"), name="workspace_pinned_latest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}"
