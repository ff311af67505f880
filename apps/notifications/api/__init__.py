"""REST API of notices, and of how one is reached."""

from apps.notifications.api import notices, reach

urlpatterns = [*notices.urlpatterns, *reach.urlpatterns]
