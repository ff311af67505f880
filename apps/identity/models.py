"""Accounts, and the portal sessions opened with them."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

DEMO_ISSUER = "demo"  # issuer of accounts made by the demo sign-in; no identity provider has a name without a scheme


def digest_of(session_key: str) -> str:
    """A name for a portal session that opens nothing: what others keep to know when it ended."""
    return hashlib.sha256(session_key.encode()).hexdigest()


class AccountManager(BaseUserManager["Account"]):
    """Accounts have no password of ours: people sign on at the identity provider."""

    def create_user(self, username: str, *, issuer: str = DEMO_ISSUER, subject: str = "", email: str = "", **fields: Any) -> Account:
        account = self.model(username=username, issuer=issuer, subject=subject or username, email=email, **fields)
        account.set_unusable_password()
        account.save(using=self._db)
        return account


class Account(AbstractBaseUser):
    """How a person signs on, and how that person wants the portal to look. `issuer` and `subject` are the key;
    `username` and `email` are what the identity provider last said and may change. Rights hang on the person, never
    on the account."""

    class Theme(models.TextChoices):
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")
        SYSTEM = "system", _("As the system")

    class Density(models.TextChoices):
        COMPACT = "compact", _("Compact")
        REGULAR = "regular", _("Regular")
        ROOMY = "roomy", _("Roomy")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(max_length=150, unique=True)
    email = models.EmailField(blank=True, max_length=254)
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(auto_now_add=True)
    language = models.CharField(max_length=16, blank=True)  # empty: what the browser asks for
    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    time_zone = models.CharField(max_length=64, blank=True)  # empty: the company's
    density = models.CharField(max_length=8, choices=Density.choices, default=Density.REGULAR)
    single_key_shortcuts = models.BooleanField(default=True)
    session_epoch = models.PositiveIntegerField(default=0)  # raised to end every session of the account at once

    objects: ClassVar[AccountManager] = AccountManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="account_of_one_subject")]

    def __str__(self) -> str:
        return self.username


class OidcSession(models.Model):
    """One signed-in portal session. A portal session without such a row is signed out with its next request.

    The demo sign-in makes rows too, with issuer "demo" and without tokens. Tokens are encrypted; `access_expires_at`
    says when a refresh is due; `checked_at` when the identity provider last said that the session lives; `acr` and
    `auth_time` come only from a real sign-in. `via`: the chat product that said who it is; such a session has no
    session at the provider and no tokens: the provider is asked about the person instead."""

    session_key = models.CharField(max_length=40, primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="oidc_sessions")
    epoch = models.PositiveIntegerField(default=0)
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    sid = models.CharField(max_length=255, blank=True, db_index=True)
    id_token = models.TextField(blank=True)
    access_token = models.TextField(blank=True)
    refresh_token = models.TextField(blank=True)
    access_expires_at = models.DateTimeField(null=True, blank=True)
    acr = models.CharField(max_length=16, blank=True)
    auth_time = models.DateTimeField(null=True, blank=True)
    via = models.CharField(max_length=16, blank=True)
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    checked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["issuer", "subject"])]

    @property
    def is_demo(self) -> bool:
        return self.issuer == DEMO_ISSUER

    def lives(self, now: dt.datetime) -> bool:
        """It was not ended, has not run out, and its account may come in; `account` is read with it. The same in a query: selectors._live."""
        return self.epoch == self.account.session_epoch and self.account.is_active and self.expires_at > now

    def is_due(self, now: dt.datetime) -> bool:
        """The access token has run out: the identity provider must be asked again."""
        return self.access_expires_at is not None and self.access_expires_at <= now


class ExchangedToken(models.Model):
    """A token for an API, given for this session; kept until it runs out. Encrypted."""

    session = models.ForeignKey(OidcSession, on_delete=models.CASCADE, related_name="exchanged_tokens")
    audience = models.CharField(max_length=32)
    token = models.TextField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["session", "audience"], name="one_exchanged_token")]


class SeenLogout(models.Model):
    """A logout token that was acted upon: the same one again is refused."""

    issuer = models.CharField(max_length=255)
    jti = models.CharField(max_length=255)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "jti"], name="logout_token_once")]
