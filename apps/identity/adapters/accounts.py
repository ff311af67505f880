"""Which account a sign-in belongs to: the one of its issuer and subject, and no other."""

from __future__ import annotations

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """allauth's questions about accounts, answered by apps.identity.services."""
