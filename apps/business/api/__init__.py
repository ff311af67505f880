"""REST API of OA's own documents, one module for each subject."""

from apps.business.api import announcements, calendar, starting, visits

urlpatterns = [*visits.urlpatterns, *announcements.urlpatterns, *calendar.urlpatterns, *starting.urlpatterns]
