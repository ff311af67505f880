"""REST API of tasks, cases and incidents."""

from __future__ import annotations

import uuid
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import clock
from apps.core.access import declare
from apps.core.errors import InvalidInput
from apps.directory import selectors as directory
from apps.workflows import policies, selectors, services
from apps.workflows.models import Incident, ProcessInstance, Task


class TaskSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=Task.State.choices)
    outcome = serializers.CharField()
    comment = serializers.CharField()
    instance_id = serializers.UUIDField()
    business_key = serializers.CharField()
    label = serializers.CharField(help_text="the number people call the case by")  # type: ignore[assignment]
    assignee = serializers.CharField(help_text="login or empty")
    decided_by = serializers.CharField(help_text="login or empty")
    created_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    effective_at = serializers.DateTimeField(allow_null=True, help_text="until then the decision can be undone")
    may_decide = serializers.BooleanField()


class FactSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    system = serializers.CharField()
    value = serializers.CharField(help_text="in words; dots when your role may not read it")
    as_of = serializers.DateTimeField(allow_null=True)
    ok = serializers.BooleanField(help_text="false: the system does not answer, acknowledge the fact to decide")
    watched = serializers.BooleanField()


class DiffSerializer(serializers.Serializer[Any]):
    fact = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    old = serializers.CharField()
    new = serializers.CharField()
    system = serializers.CharField()
    as_of = serializers.CharField()


class ObstacleSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    text = serializers.CharField(help_text="what is wrong")
    cure = serializers.CharField(help_text="what to do")
    url = serializers.CharField(help_text="where, or empty")


class CardSerializer(serializers.Serializer[Any]):
    version = serializers.CharField(help_text="send it as seen_version")
    facts = FactSerializer(many=True)
    terms = serializers.DictField(help_text="key: proposed value; send changed ones as form")
    changed = DiffSerializer(many=True, help_text="what moved since the version you work on")
    obstacles = ObstacleSerializer(many=True, help_text="while there are any, approving is refused with 409 obstructed")


class TaskDetailSerializer(TaskSerializer):
    card = CardSerializer(allow_null=True)


class CompleteInput(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=Task.Outcome.choices)
    seen_version = serializers.CharField()
    comment = serializers.CharField(allow_blank=True, default="")
    acknowledged = serializers.ListField(child=serializers.CharField(), default=list)
    form = serializers.DictField(default=dict)


class ReassignInput(serializers.Serializer[Any]):
    to = serializers.CharField(help_text="login")
    reason = serializers.CharField()


class InstanceSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    process = serializers.CharField()
    version = serializers.IntegerField()
    business_key = serializers.CharField()
    label = serializers.CharField(help_text="the number people call the case by")  # type: ignore[assignment]
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=ProcessInstance.State.choices)
    starter = serializers.CharField()
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class RefSerializer(serializers.Serializer[Any]):
    system = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    id = serializers.CharField()


class HopSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=["ok", "bad", "wait", "info"])
    at = serializers.DateTimeField(allow_null=True)
    systems = serializers.ListField(child=serializers.CharField())
    title = serializers.CharField()
    text = serializers.CharField()
    person = serializers.CharField()
    milliseconds = serializers.IntegerField(allow_null=True)
    refs = RefSerializer(many=True)
    incident_id = serializers.UUIDField(allow_null=True)


class PhaseSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    system = serializers.CharField()
    state = serializers.ChoiceField(choices=["done", "now", "fail", "todo", "skipped"])
    at = serializers.DateTimeField(allow_null=True)


class AgreementSerializer(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    values = serializers.DictField(child=serializers.CharField())
    agree = serializers.BooleanField()


class TimelineSerializer(serializers.Serializer[Any]):
    instance = InstanceSerializer()
    phases = PhaseSerializer(many=True)
    hops = HopSerializer(many=True)
    agreement = AgreementSerializer(many=True, allow_null=True)


class IncidentSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    message = serializers.CharField()
    state = serializers.ChoiceField(choices=Incident.State.choices)


class SkipInput(serializers.Serializer[Any]):
    reason = serializers.CharField()
    flow = serializers.CharField(default="", allow_blank=True)


def _login(person: Any) -> str:
    return person.login if person else ""


def task_data(task: Task, person: Any) -> dict[str, Any]:
    """One task, for this person."""
    return {
        "id": task.pk, "name": task.name, "title": str(policies.title_of(task.instance, person)), "state": task.state, "outcome": task.outcome,
        "comment": task.comment, "instance_id": task.instance_id, "business_key": task.instance.business_key, "label": task.instance.label,
        "assignee": _login(task.assignee), "decided_by": _login(task.decided_by), "created_at": task.created_at, "due_at": task.due_at,
        "decided_at": task.decided_at, "effective_at": task.effective_at, "may_decide": policies.may_decide(task, person)}


def _card_data(task: Task, person: Any) -> dict[str, Any] | None:
    decision = selectors.decision_in_force(task)
    if decision is not None:
        return {**_shown(selectors.shown_decision(decision, person).card), "changed": []}
    if not task.is_open:
        return None
    looked = services.look_at(task_id=task.pk, person=person, now=clock.now())
    changed = [] if looked.basis.version == looked.seen.version else services.changes_since(task, looked.basis, looked.card, person)
    return {**_shown(selectors.shown_card(looked.card, person)), "changed": changed}


def _shown(card: selectors.ShownCard) -> dict[str, Any]:
    facts = [{"key": one.key, "label": one.label, "system": one.system, "value": str(one.value), "as_of": one.as_of, "ok": one.ok,
              "watched": one.watched} for one in card.facts]
    terms = {term.field.key: term.value for term in card.terms}
    return {"version": card.version, "facts": facts, "terms": terms, "obstacles": card.obstacles}


def instance_data(instance: ProcessInstance, person: Any) -> dict[str, Any]:
    """One case, for this person."""
    return {"id": instance.pk, "process": instance.process_key, "version": instance.definition.version,
            "business_key": instance.business_key, "label": instance.label, "title": str(policies.title_of(instance, person)), "state": instance.state,
            "starter": _login(instance.starter), "created_at": instance.created_at, "ended_at": instance.ended_at}


def _hop_data(hop: selectors.Hop) -> dict[str, Any]:
    return {"state": hop.state, "at": hop.at, "systems": list(hop.systems), "title": str(hop.title), "text": str(hop.text),
            "person": _login(hop.person), "milliseconds": hop.ms, "incident_id": hop.incident.pk if hop.incident else None,
            "refs": [{"system": ref["system"], "label": ref["label"], "id": str(ref["id"])} for ref in hop.refs]}


def timeline_data(timeline: selectors.Timeline, person: Any) -> dict[str, Any]:
    """The timeline, for this person."""
    rows = None if timeline.agreement is None else [
        {"label": label, "values": {system: str(value) for system, value in cells}, "agree": agree} for label, cells, agree in timeline.agreement]
    phases = [{"name": one.name, "system": one.system, "state": one.state, "at": one.at} for one in timeline.phases]
    return {"instance": instance_data(timeline.instance, person), "phases": phases, "hops": [_hop_data(hop) for hop in timeline.hops],
            "agreement": rows}


@declare("workflows.task", "view")
class TaskList(APIView):
    """Tasks."""

    @extend_schema(responses=TaskSerializer(many=True), parameters=[
        OpenApiParameter("done", bool, description="what I decided instead"),
        OpenApiParameter("delegated", bool, description="what I handed over instead")])
    def get(self, request: Request) -> Response:
        """What I can decide now; with ?done=1 what I decided, with ?delegated=1 what I handed over."""
        person = request._request.person  # type: ignore[attr-defined]
        asked = [name for name in ("done", "delegated") if request.query_params.get(name) in ("1", "true")]
        rows = {"done": selectors.done_by, "delegated": selectors.delegated_by}.get(asked[0] if asked else "", selectors.tasks_for)(person)
        return Response(TaskSerializer([task_data(task, person) for task in rows[:200]], many=True).data)


@declare("workflows.task", "view")
class TaskDetail(APIView):
    """One task with its card."""

    @extend_schema(responses=TaskDetailSerializer)
    def get(self, request: Request, task_id: uuid.UUID) -> Response:
        """The card is read live; `version` is what complete wants back."""
        person = request._request.person  # type: ignore[attr-defined]
        task = selectors.task_for(person, task_id)
        return Response(TaskDetailSerializer({**task_data(task, person), "card": _card_data(task, person)}).data)


@declare("workflows.task", "act")
class TaskComplete(APIView):
    """Decide."""

    @extend_schema(request=CompleteInput, responses=TaskSerializer)
    def post(self, request: Request, task_id: uuid.UUID) -> Response:
        """409 stale_card with the difference when a watched fact moved since seen_version, 409 obstructed with the reasons when it cannot be approved
        as it stands; nothing is decided then."""
        person = request._request.person  # type: ignore[attr-defined]
        given = CompleteInput(data=request.data)
        given.is_valid(raise_exception=True)
        task = services.complete_task(task_id=task_id, person=person, now=clock.now(), **given.validated_data)
        return Response(TaskSerializer(task_data(task, person)).data)


@declare("workflows.task", "act")
class TaskUndo(APIView):
    """Take a decision back."""

    @extend_schema(request=None, responses=TaskSerializer)
    def post(self, request: Request, task_id: uuid.UUID) -> Response:
        """Only before effective_at, only by the one who decided."""
        person = request._request.person  # type: ignore[attr-defined]
        task = services.undo_completion(task_id=task_id, person=person, now=clock.now())
        return Response(TaskSerializer(task_data(task, person)).data)


@declare("workflows.instance", "reassign")
class TaskReassign(APIView):
    """Hand a task over."""

    @extend_schema(request=ReassignInput, responses=TaskSerializer)
    def post(self, request: Request, task_id: uuid.UUID) -> Response:
        """Never to the requester."""
        person = request._request.person  # type: ignore[attr-defined]
        given = ReassignInput(data=request.data)
        given.is_valid(raise_exception=True)
        to = directory.find_person_by_login(given.validated_data["to"])
        if to is None:
            raise InvalidInput(_("There is no such person."), details={"fields": {"to": [_("There is no such person.")]}})
        task = services.reassign(task_id=task_id, person=person, to=to, reason=given.validated_data["reason"], now=clock.now())
        return Response(TaskSerializer(task_data(task, person)).data)


@declare("workflows.instance", "view")
class InstanceList(APIView):
    """Cases."""

    @extend_schema(responses=InstanceSerializer(many=True), parameters=[OpenApiParameter("business_key", str)])
    def get(self, request: Request) -> Response:
        """By business key; without one, what I asked for."""
        person = request._request.person  # type: ignore[attr-defined]
        rows = selectors.instances(person, business_key=request.query_params.get("business_key", ""))
        return Response(InstanceSerializer([instance_data(row, person) for row in rows], many=True).data)


@declare("workflows.instance", "view")
class InstanceTimeline(APIView):
    """The case across systems."""

    @extend_schema(responses=TimelineSerializer)
    def get(self, request: Request, instance_id: uuid.UUID) -> Response:
        """Who, when, how long, ids, what waits, what broke."""
        person = request._request.person  # type: ignore[attr-defined]
        instance = selectors.instance_for(person, instance_id=instance_id)
        return Response(TimelineSerializer(timeline_data(selectors.timeline(instance, person, clock.now()), person)).data)


@declare("workflows.instance", "view")
class InstanceUrge(APIView):
    """Remind those who have the task of one's own case."""

    @extend_schema(request=None, responses=TaskSerializer)
    def post(self, request: Request, instance_id: uuid.UUID) -> Response:
        """Again after four hours."""
        person = request._request.person  # type: ignore[attr-defined]
        return Response(TaskSerializer(task_data(services.urge(instance_id=instance_id, person=person, now=clock.now()), person)).data)


@declare("workflows.instance", "view")
class InstanceWithdraw(APIView):
    """Take one's own request back."""

    @extend_schema(request=None, responses=InstanceSerializer)
    def post(self, request: Request, instance_id: uuid.UUID) -> Response:
        """While somebody is asked; whoever was asked is told."""
        person = request._request.person  # type: ignore[attr-defined]
        instance = selectors.instance_for(person, instance_id=instance_id)
        services.withdraw(instance_id=instance.pk, reason=services.WITHDRAWN_BY_STARTER, person=person, now=clock.now())
        instance.refresh_from_db()
        return Response(InstanceSerializer(instance_data(instance, person)).data)


@declare("workflows.instance", "repair")
class IncidentRetry(APIView):
    """Try a broken step again."""

    @extend_schema(request=None, responses=IncidentSerializer)
    def post(self, request: Request, incident_id: uuid.UUID) -> Response:
        """With the same idempotency key; nothing before it is repeated."""
        person = request._request.person  # type: ignore[attr-defined]
        return Response(IncidentSerializer(services.retry_incident(incident_id=incident_id, person=person, now=clock.now())).data)


@declare("workflows.instance", "repair")
class IncidentSkip(APIView):
    """Go on without a broken step."""

    @extend_schema(request=SkipInput, responses=IncidentSerializer)
    def post(self, request: Request, incident_id: uuid.UUID) -> Response:
        """The reason stands in the timeline and the audit."""
        person = request._request.person  # type: ignore[attr-defined]
        given = SkipInput(data=request.data)
        given.is_valid(raise_exception=True)
        incident = services.skip_incident(incident_id=incident_id, person=person, now=clock.now(), **given.validated_data)
        return Response(IncidentSerializer(incident).data)


urlpatterns = [
    path("tasks", TaskList.as_view()),
    path("tasks/<uuid:task_id>", TaskDetail.as_view()),
    path("tasks/<uuid:task_id>/complete", TaskComplete.as_view()),
    path("tasks/<uuid:task_id>/undo", TaskUndo.as_view()),
    path("tasks/<uuid:task_id>/reassign", TaskReassign.as_view()),
    path("process-instances", InstanceList.as_view()),
    path("process-instances/<uuid:instance_id>/timeline", InstanceTimeline.as_view()),
    path("process-instances/<uuid:instance_id>/urge", InstanceUrge.as_view()),
    path("process-instances/<uuid:instance_id>/withdraw", InstanceWithdraw.as_view()),
    path("incidents/<uuid:incident_id>/retry", IncidentRetry.as_view()),
    path("incidents/<uuid:incident_id>/skip", IncidentSkip.as_view()),
]
