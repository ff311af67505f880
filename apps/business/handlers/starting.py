"""What a person may begin in this app."""

from django.utils.translation import gettext_lazy as _

from apps.workflows.registry import Startable, startable

startable(
    Startable(
        "business.visit", _("Customer visit"), _("Your manager approves it; the report reaches the CRM."), "/visits/new/", "map-pin", "business.visit",
        words="trip travel 拜访 出差 客户",
    )
)  # fmt: skip
startable(
    Startable(
        "business.announcement", _("Announcement"), _("To everybody, departments, roles or people, with receipts."), "/announcements/new/", "speakerphone",
        "business.announcement", action="manage", words="news notice 公告 通知",
    )
)  # fmt: skip
startable(
    Startable(
        "business.contract", _("Contract approval"), _("Set a deal of yours to won: its contract goes to approval by itself."), "/deals/", "file-certificate",
        "crm.deal", action="win", words="deal order won 合同 商机 赢单",
    )
)  # fmt: skip
