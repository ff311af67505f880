"""Every page, one include per app. Paths are those of docs/guide/internals.md."""

from django.urls import include, path

from portal import api

urlpatterns = [
    path("", include("apps.workspace.urls")),
    path("", include("apps.identity.urls")),
    path("", include("apps.access.urls")),
    path("", include("apps.notifications.urls")),
    path("", include("apps.workflows.urls")),
    path("", include("apps.business.urls")),
    path("", include("apps.insight.urls")),
    path("", include("apps.integrations.urls")),
    path("", include("apps.realtime.urls")),
    path("api/v1/", include(api.urlpatterns)),
]

handler403 = "apps.access.views.forbidden"
handler404 = "apps.access.views.not_found"
handler500 = "apps.access.views.server_error"
