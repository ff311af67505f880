"""What others may ask of identity."""

from apps.identity.services.accounts import account_for, update_preferences
from apps.identity.services.sessions import digest_of, end_sessions, open_session
from apps.identity.services.tokens import UnableToActAsPerson, exchanged_token

__all__ = [
    "UnableToActAsPerson",
    "account_for",
    "digest_of",
    "end_sessions",
    "exchanged_token",
    "open_session",
    "update_preferences",
]
