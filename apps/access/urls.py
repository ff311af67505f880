"""Pages of access."""

from django.urls import path

from apps.access.views import matrix

urlpatterns = [
    path("access/", matrix.matrix, name="access"),
    path("access/cells/", matrix.set_cell, name="access-cell"),
    path("access/people/", matrix.people, name="access-people"),
    path("access/people/assign/", matrix.assign, name="access-assign"),
    path("access/people/<uuid:assignment_id>/revoke/", matrix.revoke, name="access-revoke"),
    path("access/mine/", matrix.mine, name="access-mine"),
]
