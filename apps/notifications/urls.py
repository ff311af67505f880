"""Pages of the inbox."""

from django.urls import path

from apps.notifications import views

urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/read/", views.all_read, name="inbox-all-read"),
    path("inbox/<uuid:notification_id>/", views.opened, name="inbox-open"),
    path("inbox/<uuid:notification_id>/state/", views.state, name="inbox-state"),
    path("inbox/<uuid:notification_id>/<slug:verb>/", views.change, name="inbox-change"),
]
