"""Hooks and the pages of connections and quarantine."""

from django.urls import path

from apps.integrations import views, webhooks

urlpatterns = [
    path("hooks/<slug:key>/", webhooks.webhook, name="hook"),
    path("hooks/<slug:key>", webhooks.webhook),  # senders follow no redirects
    path("connections/", views.connections, name="connections"),
    path("connections/<slug:key>/check/", views.connection_check, name="connection-check"),
    path("connections/<slug:key>/resync/", views.connection_resync, name="connection-resync"),
    path("connections/<slug:key>/switch/", views.connection_switch, name="connection-switch"),
    path("quarantine/", views.quarantine, name="quarantine"),
    path("quarantine/<uuid:item_id>/", views.quarantine_item, name="quarantine-item"),
    path("quarantine/<uuid:item_id>/read-again/", views.quarantine_read_again, name="quarantine-read-again"),
    path("quarantine/<uuid:item_id>/dismiss/", views.quarantine_dismiss, name="quarantine-dismiss"),
]
