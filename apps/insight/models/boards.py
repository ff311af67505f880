"""Boards people arranged, whose first board is which, and who gets one by mail."""

from __future__ import annotations

from django.db import models

from apps.core.models import Identified, Stamped


class Board(Stamped):
    """A board. `tiles`: [{"key", "x", "y", "w", "h", "kpis", "look", "title"}]; `roles`: codes of roles that see it beside its owner; `rev` rises with
    each change. What a reader may not see is missing from the figures, not from the board."""

    name = models.CharField(max_length=80)
    owner = models.ForeignKey("directory.Person", on_delete=models.CASCADE, related_name="+")
    roles = models.JSONField(default=list)
    tiles = models.JSONField(default=list)
    rev = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=("owner", "name"), name="insight_boards_of_owner")]

    def __str__(self) -> str:
        return self.name


class RoleBoard(Identified):
    """The board that people with a role see first."""

    role = models.OneToOneField("access.Role", on_delete=models.CASCADE, related_name="+")
    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="first_for")

    def __str__(self) -> str:
        return f"{self.role_id}: {self.board_id}"


class Rhythm(models.TextChoices):
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class Subscription(Identified):
    """A board that comes by mail, each time under the rights its reader has by then. `board`: id or code; `query`: period and filters as in the
    address; `sent_for`: the day of the last mail."""

    person = models.ForeignKey("directory.Person", on_delete=models.CASCADE, related_name="+")
    board = models.CharField(max_length=40)
    rhythm = models.CharField(max_length=10, choices=Rhythm.choices)
    query = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField()
    sent_for = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("person", "board"), name="insight_one_subscription_a_board")]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.board} {self.rhythm}"
