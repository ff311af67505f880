"""Pages of the inbox."""

from django.urls import path

from apps.notifications.views import inbox

urlpatterns = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/read/", inbox.all_read, name="inbox-all-read"),
    path("inbox/<uuid:notification_id>/", inbox.opened, name="inbox-open"),
    path("inbox/<uuid:notification_id>/state/", inbox.state, name="inbox-state"),
    path("inbox/<uuid:notification_id>/<slug:verb>/", inbox.change, name="inbox-change"),
]
