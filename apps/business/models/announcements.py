"""Announcements to the company, and cases copied to people, each with receipts."""

from django.db import models

from apps.core.models import Identified, Stamped


class Announcement(Stamped):
    """Words to many. `body`: plain text with a few marks (policies.richtext); `title_zh`/`body_zh`: the Chinese version, where there is one.

    The audience is everybody, or whom any of units (with all below them), roles and people names. Shown from `visible_from` to `visible_until`
    (open end). `confirm`: readers say that they have read it, by `confirm_by`. `delivered_at`: the audience was told.
    """

    class State(models.TextChoices):
        DRAFT = "DRAFT"
        PUBLISHED = "PUBLISHED"
        WITHDRAWN = "WITHDRAWN"

    title = models.CharField(max_length=160)
    title_zh = models.CharField(max_length=160, blank=True)
    body = models.TextField(blank=True)
    body_zh = models.TextField(blank=True)
    author = models.ForeignKey("directory.Person", on_delete=models.PROTECT, related_name="+")
    everybody = models.BooleanField(default=False)
    org_units = models.ManyToManyField("directory.OrgUnit", related_name="+", blank=True)
    roles = models.ManyToManyField("access.Role", related_name="+", blank=True)
    people = models.ManyToManyField("directory.Person", related_name="+", blank=True)
    visible_from = models.DateTimeField()
    visible_until = models.DateTimeField(null=True)
    pinned = models.BooleanField(default=False)
    confirm = models.BooleanField(default=False)
    confirm_by = models.DateTimeField(null=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    published_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=("state", "-visible_from"), name="business_announcements_shown")]

    def __str__(self) -> str:
        return self.title


class AnnouncementReceipt(models.Model):
    """What one reader did with an announcement. A row is there once the person was told or has read it."""

    announcement = models.ForeignKey(Announcement, on_delete=models.CASCADE, related_name="receipts")
    person = models.ForeignKey("directory.Person", on_delete=models.CASCADE, related_name="+")
    told_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("announcement", "person"), name="business_one_receipt_a_reader")]
        indexes = [models.Index(fields=("person", "announcement"), name="business_receipts_of_reader")]

    def __str__(self) -> str:
        return f"{self.announcement_id} {self.person_id}"


class Circulation(Identified):
    """A case copied to one person, to know of it, not to decide. `read_at`: when it was opened from there."""

    instance_id = models.UUIDField(db_index=True)
    business_key = models.CharField(max_length=120)
    sender = models.ForeignKey("directory.Person", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey("directory.Person", on_delete=models.CASCADE, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    sent_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=("instance_id", "person"), name="business_copied_once")]
        indexes = [models.Index(fields=("person", "-sent_at"), name="business_copies_of_person")]

    def __str__(self) -> str:
        return f"{self.business_key} {self.person_id}"
