"""Messages of the sales loop. They store ids and values as parameters; every value of an outside record passes through `show`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.kinds import NotificationKind, Show, register


class LoopKind(NotificationKind):
    """Base: a message about one loop. params: deal_name, customer_name, owner_id, business_key, contract_no, order_no ..."""

    system = "oa"

    def number(self, params: Mapping[str, Any]) -> str:
        return str(params.get("contract_no") or "")

    def about(self, params: Mapping[str, Any], show: Show) -> str:
        return self.deal(params, show)

    def url(self, params: Mapping[str, Any]) -> str:
        return f"/loop/{params['business_key']}/"

    def deal(self, params: Mapping[str, Any], show: Show) -> str:
        return str(show("crm.deal", "name", params["deal_name"], params.get("owner_id")))

    def customer(self, params: Mapping[str, Any], show: Show) -> str:
        return str(show("crm.customer", "name", params.get("customer_name", ""), params.get("owner_id")))


@register
class ContractDecided(LoopKind):
    """To the seller. outcome: APPROVED | REJECTED | RETURNED; reason: the approver's words."""

    key = "business.contract_decided"
    label = gettext_lazy("Decision")
    icon = "checkbox"

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        deal = self.deal(params, show)
        return {
            "APPROVED": _("%(deal)s: contract approved"),
            "REJECTED": _("%(deal)s: contract rejected"),
            "RETURNED": _("%(deal)s: contract returned"),
        }[params["outcome"]] % {"deal": deal}

    def body(self, params: Mapping[str, Any], show: Show) -> str:
        if params["outcome"] == "APPROVED":
            return _("Contract %(contract)s for %(customer)s. The order goes to the ERP now.") % {
                "contract": params["contract_no"],
                "customer": self.customer(params, show),
            }
        return _("Reason: %(reason)s. Nothing was written to the ERP. Change the deal and set it to won again to start anew.") % {
            "reason": params["reason"]
        }


@register
class DealWithdrawn(LoopKind):
    """To the approver. transition: reopened | lost | deleted."""

    key = "business.deal_withdrawn"
    label = gettext_lazy("Withdrawn")
    icon = "arrow-back-up"
    system = "crm"

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        return _("%(deal)s needs no decision any more") % {"deal": self.deal(params, show)}

    def body(self, params: Mapping[str, Any], show: Show) -> str:
        return {
            "reopened": _("The deal was reopened in the CRM before your decision took effect. Nothing was written to the ERP."),
            "lost": _("The deal was set to lost in the CRM before your decision took effect. Nothing was written to the ERP."),
            "deleted": _("The deal was deleted in the CRM before your decision took effect. Nothing was written to the ERP."),
        }[params["transition"]]


@register
class ApprovalWaits(LoopKind):
    """To the approver, after a day."""

    key = "business.approval_waits"
    label = gettext_lazy("Waiting for your decision")
    icon = "clock-exclamation"

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        return _("%(deal)s has waited a day for your decision") % {"deal": self.deal(params, show)}


@register
class OrderCancelled(LoopKind):
    """To seller and approver: the order was cancelled in the ERP."""

    key = "business.order_cancelled"
    label = gettext_lazy("Order cancelled")
    icon = "ban"
    system = "erp"
    urgent = True

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        return _("Order %(order)s was cancelled in the ERP") % {"order": params["order_no"]}

    def body(self, params: Mapping[str, Any], show: Show) -> str:
        return _("%(deal)s for %(customer)s. The portal changed nothing by itself: agree with the customer, then set the deal right in the CRM.") % {
            "deal": self.deal(params, show),
            "customer": self.customer(params, show),
        }


@register
class OrderShipped(LoopKind):
    """To seller and approver. progress: SHIPPED | PARTIAL; shipments: numbers; shipped_at: text of the moment."""

    key = "business.order_shipped"
    label = gettext_lazy("Shipment")
    icon = "truck-delivery"
    system = "erp"

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        order = {"order": params["order_no"]}
        if params["progress"] == "PARTIAL":
            return _("Order %(order)s: a part was shipped") % order
        return _("Order %(order)s was shipped") % order

    def body(self, params: Mapping[str, Any], show: Show) -> str:
        return _("Delivery %(numbers)s for %(customer)s, %(deal)s.") % {
            "numbers": ", ".join(params["shipments"]),
            "customer": self.customer(params, show),
            "deal": self.deal(params, show),
        }
