"""E-mail: text and HTML in the reader's language, one thread a case."""

from __future__ import annotations

import hashlib
import smtplib
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import ngettext

from apps.core.http import PermanentError, TransientError
from apps.notifications.channels.contract import Digest, Envelope, Message, Sent

REFUSED = range(500, 600)  # SMTP: for good; 4xx asks to come again


def message_id(name: str) -> str:
    """An id that is the same on every try."""
    return f"<{name}@{urlsplit(settings.PORTAL_URL).hostname or 'localhost'}>"


def thread_id(thread: str) -> str:
    """The invented first mail of a case, which all its mails answer to."""
    return message_id(f"case-{hashlib.sha256(thread.encode()).hexdigest()[:32]}")


class Email:
    key = "email"
    decides = True

    def send(self, envelope: Envelope) -> Sent:
        hand_over(compose(envelope.to, envelope.message))
        return Sent(external_id=message_id(envelope.message.id))

    def send_digest(self, envelope: Envelope) -> Sent:
        hand_over(compose_digest(envelope.to, envelope.message))
        return Sent(external_id=message_id(envelope.message.id))

    def close(self, envelope: Envelope) -> None:
        """A mail cannot be changed, and a second one about what is done would be noise: its link says how it ended."""


def hand_over(mail: EmailMultiAlternatives) -> None:
    """To the mail server. Raises TransientError, PermanentError."""
    try:
        mail.connection = get_connection()
        mail.send()
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as error:
        raise _sorted(error) from error
    except (smtplib.SMTPException, OSError) as error:
        raise TransientError(f"The mail server did not answer ({type(error).__name__})", system="email") from error


def _sorted(error: smtplib.SMTPException) -> TransientError | PermanentError:
    """Refused for good, or only now."""
    codes = [code for code, _words in error.recipients.values()] if isinstance(error, smtplib.SMTPRecipientsRefused) else [
        getattr(error, "smtp_code", 0)]
    kind = PermanentError if codes and all(code in REFUSED for code in codes) else TransientError
    return kind(f"The mail server refused it ({', '.join(map(str, codes))})", system="email")


def _company(language: str) -> str:
    return settings.COMPANY_NAME_ZH if language.startswith("zh") else settings.COMPANY_NAME


def _mail(to: str, subject: str, template: str, context: dict[str, Any], headers: dict[str, str]) -> EmailMultiAlternatives:
    """Text and HTML from the two templates of one name."""
    text = render_to_string(f"notifications/email/{template}.txt", context)
    mail = EmailMultiAlternatives(
        subject=" ".join(subject.split()), body=text.strip() + "\n", from_email=settings.DEFAULT_FROM_EMAIL, to=[to],
        headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", **headers})
    mail.attach_alternative(render_to_string(f"notifications/email/{template}.html", context), "text/html")
    return mail


def compose(to: str, message: Message) -> EmailMultiAlternatives:
    """The mail, in the language of the message."""
    headers = {"Message-ID": message_id(message.id)}
    if message.thread:
        headers |= {"In-Reply-To": thread_id(message.thread), "References": thread_id(message.thread)}
    if message.preferences_url and not message.critical:
        headers["List-Unsubscribe"] = f"<{message.preferences_url}>"
    subject = f"{message.number} · {message.title}" if message.number else message.title
    with translation.override(message.language):
        return _mail(to, subject, "message", {"message": message, "company": _company(message.language)}, headers)


def compose_digest(to: str, digest: Digest) -> EmailMultiAlternatives:
    """The mail of a digest."""
    headers = {"Message-ID": message_id(digest.id), "List-Unsubscribe": f"<{digest.preferences_url}>"}
    with translation.override(digest.language), timezone.override(ZoneInfo(digest.zone)):
        subject = ngettext("%(n)d message that could wait", "%(n)d messages that could wait", digest.count) % {"n": digest.count}
        return _mail(to, subject, "digest", {"digest": digest, "company": _company(digest.language), "title": subject}, headers)
