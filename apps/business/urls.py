"""Pages of OA's own documents. Card and timeline of their processes are those of workflows."""

from django.urls import path

from apps.business.views import announcements, calendar, visits

urlpatterns = [
    path("announcements/", announcements.announcement_list, name="announcements"),
    path("announcements/written/", announcements.announcement_written),
    path("announcements/copies/", announcements.copy_list),
    path("announcements/new/", announcements.announcement_form),
    path("announcements/people/", announcements.announcement_people),
    path("announcements/<uuid:announcement_id>/", announcements.announcement_record),
    path("announcements/<uuid:announcement_id>/edit/", announcements.announcement_form),
    path("announcements/<uuid:announcement_id>/correct/", announcements.announcement_correct),
    path("announcements/<uuid:announcement_id>/publish/", announcements.announcement_publish),
    path("announcements/<uuid:announcement_id>/withdraw/", announcements.announcement_withdraw),
    path("announcements/<uuid:announcement_id>/pin/", announcements.announcement_pin),
    path("announcements/<uuid:announcement_id>/remind/", announcements.announcement_remind),
    path("announcements/<uuid:announcement_id>/confirm/", announcements.announcement_confirm),
    path("calendar/", calendar.calendar, name="calendar"),
    path("calendar/absences/", calendar.absence_add),
    path("calendar/absences/<uuid:absence_id>/cancel/", calendar.absence_cancel),
    path("calendar/link/", calendar.link),
    path("calendar/link/make/", calendar.link_make),
    path("calendar/link/revoke/", calendar.link_revoke),
    path("calendar/feed/<str:token>.ics", calendar.feed),
    path("copies/people/", announcements.case_people),
    path("copies/<str:business_key>/", announcements.case_copies),
    path("copies/<str:business_key>/send/", announcements.case_copy),
    path("visits/", visits.visit_list, name="visits"),
    path("visits/new/", visits.visit_new),
    path("visits/customers/", visits.customer_hits),
    path("visits/people/", visits.people_hits),
    path("visits/<uuid:visit_id>/", visits.visit_record),
    path("visits/<uuid:visit_id>/change/", visits.visit_change),
    path("visits/<uuid:visit_id>/cancel/", visits.visit_cancel),
    path("visits/<uuid:visit_id>/report/", visits.visit_report),
]
