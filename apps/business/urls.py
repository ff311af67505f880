"""Pages of OA's own documents. Card and timeline of their processes are those of workflows."""

from django.urls import path

from apps.business.views import visits

urlpatterns = [
    path("visits/", visits.visit_list, name="visits"),
    path("visits/new/", visits.visit_new),
    path("visits/customers/", visits.customer_hits),
    path("visits/people/", visits.people_hits),
    path("visits/<uuid:visit_id>/", visits.visit_record),
    path("visits/<uuid:visit_id>/change/", visits.visit_change),
    path("visits/<uuid:visit_id>/cancel/", visits.visit_cancel),
    path("visits/<uuid:visit_id>/report/", visits.visit_report),
]
