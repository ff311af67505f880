"""Pages of the inbox."""

from django.urls import path, re_path

from apps.notifications import views

urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/read/", views.all_read, name="inbox-all-read"),
    path("inbox/<uuid:notification_id>/", views.opened, name="inbox-open"),
    path("inbox/<uuid:notification_id>/state/", views.state, name="inbox-state"),
    re_path(r"^inbox/(?P<notification_id>[0-9a-f-]{36})/(?P<verb>read|unread|done|restore|snooze)/$", views.change, name="inbox-change"),
]
