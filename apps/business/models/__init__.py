"""OA's own documents: contracts of the sales loop, customer visits, announcements and copies."""

from apps.business.models.announcements import Announcement, AnnouncementReceipt, Circulation
from apps.business.models.calendar import CalendarLink
from apps.business.models.loops import ContractTemplate, SalesLoop
from apps.business.models.visits import CustomerVisit

__all__ = ["Announcement", "AnnouncementReceipt", "CalendarLink", "Circulation", "ContractTemplate", "CustomerVisit", "SalesLoop"]
