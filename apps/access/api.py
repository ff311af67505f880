"""REST API of people and rights: me, people, roles with their grants, assignments."""

from __future__ import annotations

import uuid
from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.access import selectors, services
from apps.core import clock
from apps.core.access import declare
from apps.directory import selectors as directory

GRANT_SCOPES = ("own", "department", "all")


class UnitSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    name_zh = serializers.CharField()


class PersonSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    login = serializers.CharField()
    name = serializers.CharField()
    name_zh = serializers.CharField()
    title = serializers.CharField()
    title_zh = serializers.CharField()
    org_unit = UnitSerializer(allow_null=True)


class AccountSerializer(serializers.Serializer[Any]):
    username = serializers.CharField()
    language = serializers.CharField()
    theme = serializers.CharField()
    time_zone = serializers.CharField()
    density = serializers.CharField()
    single_key_shortcuts = serializers.BooleanField()


class MeSerializer(serializers.Serializer[Any]):
    account = AccountSerializer()
    person = PersonSerializer(allow_null=True)
    roles = serializers.ListField(child=serializers.CharField())
    may = serializers.DictField(child=serializers.ListField(child=serializers.CharField()), help_text="resource: actions")


class FieldLevelSerializer(serializers.Serializer[Any]):
    field = serializers.CharField()
    level = serializers.CharField()


class GrantSerializer(serializers.Serializer[Any]):
    resource = serializers.CharField()
    scope = serializers.ChoiceField(choices=GRANT_SCOPES)
    actions = serializers.ListField(child=serializers.CharField())
    levels = FieldLevelSerializer(many=True)


class RoleSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    name_zh = serializers.CharField()
    grants = GrantSerializer(many=True)


class LevelInput(serializers.Serializer[Any]):
    resource = serializers.CharField()
    scope = serializers.ChoiceField(choices=GRANT_SCOPES)
    field = serializers.CharField()
    level = serializers.ChoiceField(choices=("none", "masked", "read", "edit"))


class ActionsInput(serializers.Serializer[Any]):
    resource = serializers.CharField()
    scope = serializers.ChoiceField(choices=GRANT_SCOPES)
    actions = serializers.ListField(child=serializers.CharField())


class AssignmentInput(serializers.Serializer[Any]):
    role = serializers.CharField()
    person = serializers.UUIDField(required=False, allow_null=True)
    org_unit = serializers.UUIDField(required=False, allow_null=True)
    valid_to = serializers.DateTimeField(required=False, allow_null=True)


class AssignmentSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    role = serializers.CharField(source="role.code")
    person = serializers.CharField(source="person.login", default=None)
    org_unit = serializers.CharField(source="org_unit.code", default=None)
    valid_from = serializers.DateTimeField()
    valid_to = serializers.DateTimeField(allow_null=True)


def _given(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    checked = serializer(data=request.data)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def _actor(request: Request) -> Any:
    return request._request.person  # type: ignore[attr-defined]


@declare("identity.profile", "view")
class MeView(APIView):
    """Who is signed in."""

    @extend_schema(responses=MeSerializer, operation_id="me")
    def get(self, request: Request) -> Response:
        """The account, the person behind it, roles held, and what they allow."""
        person = _actor(request)
        may: dict[str, set[str]] = {}
        for grant in selectors.held_grants(person):
            may.setdefault(grant.resource, set()).update(grant.actions)
        data = {
            "account": request.user,
            "person": person,
            "roles": [role.code for role in selectors.roles_of(person)],
            "may": {resource: sorted(actions) for resource, actions in sorted(may.items())},
        }
        return Response(MeSerializer(data).data)


@declare("access.role", "view")
class PeopleView(APIView):
    """The directory, for those who give roles."""

    @extend_schema(responses=PersonSerializer(many=True), operation_id="people_list")
    def get(self, request: Request) -> Response:
        """Active people by login."""
        return Response(PersonSerializer(directory.active_people(), many=True).data)


@declare("access.role", "view")
class RolesView(APIView):
    """Roles with their grants."""

    @extend_schema(responses=RoleSerializer(many=True), operation_id="roles_list")
    def get(self, request: Request) -> Response:
        """All roles in column order."""
        return Response(RoleSerializer([_role(role) for role in selectors.roles()], many=True).data)


def _role(role: Any) -> dict[str, Any]:
    grants = [
        {
            "resource": grant.resource,
            "scope": grant.scope,
            "actions": sorted(grant.actions),
            "levels": [
                {"field": rule.field, "level": services.level_of(rule.read, rule.write)}
                for rule in sorted(grant.field_rules.all(), key=lambda rule: rule.field)
            ],
        }
        for grant in selectors.policy().grants.get(role.pk, [])
    ]
    return {"code": role.code, "name": role.name, "name_zh": role.name_zh, "grants": grants}


@declare("access.role", "manage")
class LevelView(APIView):
    """One cell of the matrix."""

    @extend_schema(request=LevelInput, responses=RoleSerializer, operation_id="roles_set_level")
    def post(self, request: Request, code: str) -> Response:
        """Set what a role's grant of one scope shows of a field."""
        services.set_level(actor=_actor(request), role=code, now=clock.now(), **_given(LevelInput, request))
        return Response(RoleSerializer(_role(_found(code))).data)


@declare("access.role", "manage")
class ActionsView(APIView):
    """The actions of a grant."""

    @extend_schema(request=ActionsInput, responses=RoleSerializer, operation_id="roles_set_actions")
    def post(self, request: Request, code: str) -> Response:
        """Replace what a role may do with the rows of one scope."""
        services.set_actions(actor=_actor(request), role=code, now=clock.now(), **_given(ActionsInput, request))
        return Response(RoleSerializer(_role(_found(code))).data)


def _found(code: str) -> Any:
    return next(role for role in selectors.roles() if role.code == code)


@declare("access.role", "view")
class AssignmentsView(APIView):
    """Who holds what."""

    @extend_schema(responses=AssignmentSerializer(many=True), operation_id="assignments_list")
    def get(self, request: Request) -> Response:
        """Running assignments."""
        return Response(AssignmentSerializer(selectors.assignments(), many=True).data)

    @declare("access.role", "manage")
    @extend_schema(request=AssignmentInput, responses={201: AssignmentSerializer}, operation_id="assignments_create")
    def post(self, request: Request) -> Response:
        """Give a role to a person or a department."""
        given = _given(AssignmentInput, request)
        made = services.assign_role(
            actor=_actor(request),
            role=given["role"],
            person_id=given.get("person"),
            org_unit_id=given.get("org_unit"),
            valid_to=given.get("valid_to"),
            now=clock.now(),
        )
        return Response(AssignmentSerializer(made).data, status=201)


@declare("access.role", "manage")
class AssignmentView(APIView):
    """One assignment."""

    @extend_schema(responses={204: None}, operation_id="assignments_delete")
    def delete(self, request: Request, assignment_id: uuid.UUID) -> Response:
        """Take the role away."""
        services.revoke_role(actor=_actor(request), assignment_id=assignment_id, now=clock.now())
        return Response(status=204)


urlpatterns = [
    path("me", MeView.as_view(), name="api-me"),
    path("people", PeopleView.as_view(), name="api-people"),
    path("roles", RolesView.as_view(), name="api-roles"),
    path("roles/<str:code>/levels", LevelView.as_view(), name="api-role-levels"),
    path("roles/<str:code>/actions", ActionsView.as_view(), name="api-role-actions"),
    path("assignments", AssignmentsView.as_view(), name="api-assignments"),
    path("assignments/<uuid:assignment_id>", AssignmentView.as_view(), name="api-assignment"),
]
