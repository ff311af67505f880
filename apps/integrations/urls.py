"""Hooks and the pages of connections and quarantine."""

from django.urls import path

from apps.integrations import webhooks

urlpatterns = [
    path("hooks/<slug:key>/", webhooks.webhook, name="hook"),
    path("hooks/<slug:key>", webhooks.webhook),  # senders follow no redirects
]
