"""A mail that is no message of the inbox: a report somebody asked for. Called by jobs of apps above, never inside a transaction."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from apps.notifications import selectors
from apps.notifications.channels import email


def address_of(person: Any) -> str:
    """Where the person's mail goes; "" when there is no confirmed address or no mail server is set up."""
    return str(selectors.addresses_of(person).get("email", ""))


def send_letter(*, to: str, subject: str, text: str, html: str, name: str, unsubscribe_url: str = "") -> None:
    """`name` makes the same Message-ID on every try. Raises TransientError, PermanentError."""
    headers = {"Message-ID": email.message_id(name), "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    if unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{unsubscribe_url}>"
    mail = EmailMultiAlternatives(" ".join(subject.split()), text.strip() + "\n", settings.DEFAULT_FROM_EMAIL, [to], headers=headers)
    mail.attach_alternative(html, "text/html")
    email.hand_over(mail)
