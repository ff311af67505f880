"""What others may ask of identity."""

from apps.identity.models import digest_of
from apps.identity.services.accounts import account_for, update_preferences
from apps.identity.services.arriving import UnableToLetIn, account_to_let_in
from apps.identity.services.sessions import end_by_chat, end_own, end_sessions, open_session
from apps.identity.services.tokens import UnableToActAsPerson, exchanged_token

__all__ = [
    "UnableToActAsPerson",
    "UnableToLetIn",
    "account_for",
    "account_to_let_in",
    "digest_of",
    "end_by_chat",
    "end_own",
    "end_sessions",
    "exchanged_token",
    "open_session",
    "update_preferences",
]
