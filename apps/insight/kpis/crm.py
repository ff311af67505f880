"""CRM: customer growth, sales performance, follow-up conversion, response of the service."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.core.kpis import Count, Kpi, Level, Mean, Median, PerEach, Share, Total, register

SALES, SERVICE = _("Head of sales"), _("Head of customer service")


class _Customers(Kpi):
    group, owner, resource, sources, kinds = "crm.growth", SALES, "crm.customer", ("crm",), ("customer",)
    knows, breakdown = ("department", "region"), "region"


@register
class NewCustomers(_Customers, Count):
    key, title, stream = "crm.new_customers", _("New customers"), "customer"
    formula = _("Customers whose record in the CRM was made in the period; where the CRM does not say when, the day the portal first read it.")


@register
class Customers(_Customers, Level):
    key, title, stream, level = "crm.customers", _("Customers in all"), "customer", True
    formula = _("Customers in the CRM at the end of the period.")


@register
class BuyingCustomers(_Customers, Count):
    key, title, stream, resource = "crm.first_orders", _("Customers with a first order"), "customer.bought", "erp.order"
    kinds, sources = ("order",), ("erp",)
    formula = _("Customers whose first sales order in the ERP is dated in the period.")


class _Deals(Kpi):
    group, owner, resource, reads, sources, kinds = "crm.sales", SALES, "crm.deal", "amount", ("crm",), ("deal",)


@register
class Won(_Deals, Total):
    key, title, stream, unit = "crm.won", _("Deals won"), "deal.closed_won", "money"
    formula = _("Amounts of deals won in the period.")


@register
class WonCount(_Deals, Count):
    key, title, stream, reads = "crm.won_count", _("Number of deals won"), "deal.closed_won", ""
    formula = _("Deals won in the period.")


@register
class WinRate(_Deals, Share):
    key, title, stream, reads = "crm.win_rate", _("Win rate"), "deal.closed", ""
    formula = _("Of the deals closed in the period, won or lost: how many were won, in percent.")


@register
class DealValue(_Deals, Mean):
    key, title, stream, unit = "crm.deal_value", _("Value of a won deal"), "deal.closed_won", "money"
    formula = _("Amounts of deals won in the period, divided by their number.")


@register
class Pipeline(_Deals, Level):
    key, title, stream, unit = "crm.pipeline", _("Pipeline"), "deal.open", "money"
    formula = _("Amounts of deals that are open, at the end of the period.")


@register
class WeightedPipeline(_Deals, Level):
    key, title, stream, unit = "crm.pipeline_weighted", _("Weighted pipeline"), "deal.weighted", "money"
    formula = _("Amounts of open deals, each times its probability, at the end of the period. Deals without a probability count nothing.")


class _FollowUps(Kpi):
    group, owner, resource, sources, kinds = "crm.follow_up", SALES, "crm.follow_up", ("crm",), ("follow_up", "deal")
    knows = ("department", "region")


@register
class FollowUps(_FollowUps, Count):
    key, title, stream = "crm.follow_ups", _("Follow-ups logged"), "follow_up"
    formula = _("Calls, visits, mails and notes to customers that took place in the period.")


@register
class Conversion(_FollowUps, Share):
    key, title, stream, resource = "crm.follow_up_conversion", _("Follow-up conversion"), "deal.followed", "crm.deal"
    needs = (("crm.follow_up", ""),)
    formula = _("Of the deals closed in the period that had a follow-up: how many were won, in percent.")


@register
class FollowUpsPerWin(_FollowUps, PerEach):
    key, title, stream, over, direction = "crm.follow_ups_per_win", _("Follow-ups to a won deal"), "follow_up", "deal.closed_won", "none"
    resource, needs = "crm.deal", (("crm.follow_up", ""),)
    formula = _("Follow-ups that took place in the period, divided by the deals won in it.")


class _Cases(Kpi):
    group, owner, resource, sources, kinds = "crm.service", SERVICE, "crm.case", ("crm",), ("case",)
    knows, about_people = ("department", "region"), True


@register
class FirstResponse(_Cases, Median):
    key, title, stream, unit = "crm.first_response", _("Time to first response"), "case.answered", "hours"
    formula = _("Hours from the making of a service case to its first response, for those answered in the period: the middle one, right to 1.6 %.")


@register
class AnsweredInTime(_Cases, Share):
    key, title, stream = "crm.answered_in_time", _("Answered within 4 hours"), "case.answered"
    formula = _("Of the service cases first answered in the period: how many within four hours, in percent.")


@register
class OpenCases(_Cases, Level):
    key, title, stream, direction, about_people = "crm.open_cases", _("Open service cases"), "case.open", "down", False
    formula = _("Service cases that are not closed, at the end of the period.")
