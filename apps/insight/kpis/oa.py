"""OA: completion, efficiency of flows, what is overdue, what is done twice."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext_lazy as _

from apps.core.kpis import Count, Kpi, Level, Median, Missed, Share, register

OWNER = _("Process owner")


class _Flow(Kpi):
    group, owner, resource, sources, promise = "oa.efficiency", OWNER, "insight.flow", ("oa",), dt.timedelta(minutes=5)
    knows, about_people = ("department",), True


@register
class Completion(_Flow, Share):
    key, title, stream, group = "oa.completion", _("Approvals decided"), "task.asked", "oa.completion"
    formula = _("Of the approvals asked for in the period: how many are decided, in percent. Approvals that were called off are left out.")


@register
class CasesFinished(_Flow, Share):
    key, title, stream, group = "oa.cases_finished", _("Cases finished"), "case_flow.started", "oa.completion"
    formula = _("Of the cases begun in the period: how many have come to their end, in percent. Withdrawn and cancelled cases are left out.")


@register
class Decisions(_Flow, Count):
    key, title, stream, about_people = "oa.decisions", _("Decisions"), "task.decided", False
    formula = _("Approvals decided in the period.")


@register
class ApprovalTime(_Flow, Median):
    key, title, stream, unit = "oa.approval_time", _("Time to decision"), "task.decided", "hours"
    formula = _("Hours from the moment an approval was asked for to its decision, for those decided in the period: the middle one, right to 1.6 %.")


@register
class ApprovedOnTime(_Flow, Share):
    key, title, stream = "oa.decided_on_time", _("Decided on time"), "task.punctual"
    formula = _("Of the approvals with a due date that were decided in the period: how many before it, in percent.")


@register
class FlowTime(_Flow, Median):
    key, title, stream, unit = "oa.flow_time", _("Length of a case"), "case_flow.ended", "hours"
    formula = _("Hours from the beginning of a case to its end, for those that came to their end in the period: the middle one, right to 1.6 %.")


@register
class Late(_Flow, Missed):
    key, title, stream, group = "oa.overdue", _("Approvals overdue"), "task.due", "oa.overdue"
    formula = _("Approvals due in the period, until today, that are not decided.")


@register
class OpenTasks(_Flow, Level):
    key, title, stream, group, direction = "oa.open_tasks", _("Approvals waiting"), "task.open", "oa.overdue", "down"
    about_people = False
    formula = _("Approvals that wait for a decision, at the end of the period.")


@register
class Rework(_Flow, Share):
    key, title, stream, group, direction = "oa.rework", _("Sent back"), "task.outcome", "oa.rework", "down"
    formula = _("Of the approvals decided in the period: how many were returned for changes, in percent.")


@register
class SecondRound(_Flow, Share):
    key, title, stream, group = "oa.first_time_right", _("Right the first time"), "case_flow.rounds", "oa.rework"
    formula = _("Of the cases that came to their end in the period: how many needed no step twice, in percent.")


@register
class Withdrawn(_Flow, Share):
    key, title, stream, group, direction = "oa.withdrawn", _("Withdrawal rate"), "case_flow.over", "oa.rework", "down"
    formula = _("Of the cases that ended in the period, in whatever way: how many were withdrawn or cancelled, in percent.")
