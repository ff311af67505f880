"""REST API of OA's own documents, one module for each subject."""

from apps.business.api import announcements, starting, visits

urlpatterns = [*visits.urlpatterns, *announcements.urlpatterns, *starting.urlpatterns]
