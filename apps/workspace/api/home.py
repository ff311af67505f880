"""REST API of the home page: its layout, its widgets with their figures, layouts of roles, favourites."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import clock
from apps.core.access import Projected, declare
from apps.core.errors import NotFound
from apps.core.widgets import WIDGETS, Widget
from apps.records.api import as_json, record_json
from apps.workspace import policies, services
from apps.workspace.selectors import layouts, pins


class CellSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    x = serializers.IntegerField(min_value=0, max_value=policies.COLUMNS - 1)
    y = serializers.IntegerField(min_value=0, max_value=policies.LOWEST)
    w = serializers.IntegerField(min_value=1, max_value=policies.COLUMNS)
    h = serializers.IntegerField(min_value=1, max_value=policies.HIGHEST)


class LockedCellSerializer(CellSerializer):
    locked = serializers.BooleanField(required=False, default=False)


class LayoutSerializer(serializers.Serializer[Any]):
    cells = LockedCellSerializer(many=True)
    own = serializers.BooleanField(help_text="you arranged it yourself")
    role = serializers.CharField(allow_blank=True, help_text="the role whose layout it is; empty: the company's standard")
    more = serializers.ListField(child=serializers.CharField(), help_text="widgets you are offered that are not on the page")


class LayoutInput(serializers.Serializer[Any]):
    cells = CellSerializer(many=True)


class StepInput(serializers.Serializer[Any]):
    key = serializers.CharField()
    verb = serializers.ChoiceField(choices=(*policies.VERBS, "hide", "add"))


class RoleLayoutSerializer(serializers.Serializer[Any]):
    role = serializers.CharField()
    standard = serializers.BooleanField(help_text="no layout of its own: the company's standard")
    rank = serializers.IntegerField(help_text="of several roles the lowest counts")
    rev = serializers.IntegerField()
    cells = LockedCellSerializer(many=True)


class RoleLayoutInput(serializers.Serializer[Any]):
    cells = LockedCellSerializer(many=True)
    rank = serializers.IntegerField(required=False, min_value=1, max_value=999)
    rev = serializers.IntegerField(help_text="the revision you worked on; 0: there was none")


class WidgetSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField()
    about = serializers.CharField()
    system = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class WidgetDataSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    state = serializers.ChoiceField(choices=("ready", "waiting", "failed"))
    as_of = serializers.DateTimeField(allow_null=True)
    failed = serializers.BooleanField(help_text="the last refresh did not work: these are the last known figures")
    slow = serializers.BooleanField(help_text="its system has not answered yet")
    data = serializers.DictField()  # type: ignore[assignment]


class PinInput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=tuple(pins.KINDS))
    id = serializers.CharField(max_length=120)


class PinSerializer(PinInput):
    label = serializers.CharField()  # type: ignore[assignment]
    url = serializers.CharField()
    at = serializers.DateTimeField()


def _person(request: Request) -> Any:
    return request._request.person  # type: ignore[attr-defined]


def _given(form: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    checked = form(data=request.data)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def _cells(cells: Iterable[policies.Cell]) -> list[dict[str, Any]]:
    return [{"locked": False, **item} for item in policies.as_items(cells)]


def _layout_json(person: Any) -> dict[str, Any]:
    found = layouts.arrangement(person)
    return {"cells": _cells(found.cells), "own": found.own, "role": found.role, "more": [widget.key for widget in found.more]}


def _role_json(home: layouts.RoleHome) -> dict[str, Any]:
    layout = home.layout
    return {"role": home.role.code, "standard": layout is None, "rank": layout.rank if layout else 100, "rev": layout.rev if layout else 0,
            "cells": _cells(layouts.role_arrangement(layout).cells)}


def _widget_json(widget: Widget) -> dict[str, Any]:
    return {"key": widget.key, "title": str(widget.title), "about": str(widget.about), "system": widget.system, "width": widget.size[0],
            "height": widget.size[1]}


def shown_json(value: Any) -> Any:
    """What a widget shows, as JSON: records through their projection, everything else by its words or its id."""
    if isinstance(value, Projected):
        return record_json(value)
    if isinstance(value, Mapping):
        return {str(name): shown_json(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [shown_json(part) for part in value]
    plain = as_json(value)
    if plain is None or isinstance(plain, str | int | float | bool | dict | list):
        return plain
    return {"id": str(plain.pk)} if hasattr(plain, "pk") else str(plain)


@declare("workspace.home", "view")
class HomeLayoutView(APIView):
    @extend_schema(responses=LayoutSerializer, operation_id="home_layout")
    def get(self, request: Request) -> Response:
        """Where your widgets stand."""
        return Response(_layout_json(_person(request)))

    @extend_schema(request=LayoutInput, responses=LayoutSerializer, operation_id="home_layout_save")
    def put(self, request: Request) -> Response:
        """Arrange it. What your role locked stays where it is."""
        services.save_own(person=_person(request), items=_given(LayoutInput, request)["cells"], now=clock.now())
        return Response(_layout_json(_person(request)))

    @extend_schema(request=StepInput, responses=LayoutSerializer, operation_id="home_layout_step")
    def patch(self, request: Request) -> Response:
        """One widget one step, away, or back."""
        services.change_own(person=_person(request), now=clock.now(), **_given(StepInput, request))
        return Response(_layout_json(_person(request)))

    @extend_schema(responses=LayoutSerializer, operation_id="home_layout_reset")
    def delete(self, request: Request) -> Response:
        """Back to the layout of your role."""
        services.reset_own(person=_person(request), now=clock.now())
        return Response(_layout_json(_person(request)))


@declare("workspace.home", "view")
class WidgetsView(APIView):
    @extend_schema(responses=WidgetSerializer(many=True), operation_id="home_widgets")
    def get(self, request: Request) -> Response:
        """Every widget that you are offered."""
        return Response([_widget_json(widget) for widget in layouts.offered(_person(request)).values()])


@declare("workspace.home", "view")
class WidgetView(APIView):
    @extend_schema(responses=WidgetDataSerializer, operation_id="home_widget", parameters=[OpenApiParameter("again", bool)])
    def get(self, request: Request, key: str) -> Response:
        """What it shows now. A system that does not answer in time is "waiting"; ask again a little later. `again`: also right after a failure."""
        if key not in layouts.offered(_person(request)):
            raise NotFound(_("There is no such widget, or you may not see it."))
        again = request.query_params.get("again", "").lower() in {"1", "true"}
        view = services.fetched(person=_person(request), widget=WIDGETS[key], now=clock.now(), again=again)
        data = {name: shown_json(value) for name, value in view.context.items() if name not in {"as_of", "stale_after"}}
        return Response({"key": key, "state": view.state, "as_of": view.as_of, "failed": view.failed, "slow": view.slow, "data": data})


@declare("workspace.layout", "manage")
class RoleLayoutsView(APIView):
    @extend_schema(responses=RoleLayoutSerializer(many=True), operation_id="role_layouts")
    def get(self, request: Request) -> Response:
        """The home page of every role."""
        return Response([_role_json(home) for home in layouts.role_homes()])


@declare("workspace.layout", "manage")
class RoleLayoutView(APIView):
    def _shown(self, role: str) -> Response:
        home = layouts.role_home(role)
        if home is None:
            raise NotFound(_("There is no such role."))
        return Response(_role_json(home))

    @extend_schema(responses=RoleLayoutSerializer, operation_id="role_layout")
    def get(self, request: Request, role: str) -> Response:
        """Of one role."""
        return self._shown(role)

    @extend_schema(request=RoleLayoutInput, responses=RoleLayoutSerializer, operation_id="role_layout_save")
    def put(self, request: Request, role: str) -> Response:
        """Arrange it and lock parts; audited. An older `rev` is refused."""
        given = _given(RoleLayoutInput, request)
        services.save_role(person=_person(request), role=role, items=[dict(cell) for cell in given["cells"]], rank=given.get("rank"),
                           seen_rev=given["rev"], now=clock.now())
        return self._shown(role)

    @extend_schema(responses=RoleLayoutSerializer, operation_id="role_layout_reset")
    def delete(self, request: Request, role: str) -> Response:
        """Back to the company's standard; audited."""
        services.reset_role(person=_person(request), role=role, now=clock.now())
        return self._shown(role)


def _pins_json(person: Any, star: bool) -> list[dict[str, Any]]:
    rows = pins.kept(person, star=star, most=services.STARS)
    return [{name: row[name] for name in ("kind", "id", "label", "url", "at")} for row in rows]


@declare("workspace.home", "view")
class FavouritesView(APIView):
    @extend_schema(responses=PinSerializer(many=True), operation_id="favourites")
    def get(self, request: Request) -> Response:
        """What you starred, as far as you may see it now."""
        return Response(_pins_json(_person(request), star=True))

    @extend_schema(request=PinInput, responses={201: PinSerializer(many=True)}, operation_id="favourites_add")
    def post(self, request: Request) -> Response:
        """Star a record."""
        given = _given(PinInput, request)
        services.star(person=_person(request), kind=given["kind"], external_id=given["id"], now=clock.now())
        return Response(_pins_json(_person(request), star=True), status=201)


@declare("workspace.home", "view")
class FavouriteView(APIView):
    @extend_schema(responses={204: None}, operation_id="favourites_remove")
    def delete(self, request: Request, kind: str, ident: str) -> Response:
        """Put it away."""
        services.unstar(person=_person(request), kind=kind, external_id=ident)
        return Response(status=204)


@declare("workspace.home", "view")
class RecentView(APIView):
    @extend_schema(responses=PinSerializer(many=True), operation_id="recent")
    def get(self, request: Request) -> Response:
        """Records whose pages you opened last."""
        return Response(_pins_json(_person(request), star=False))


urlpatterns = [
    path("home/layout", HomeLayoutView.as_view(), name="api-home-layout"),
    path("home/widgets", WidgetsView.as_view(), name="api-home-widgets"),
    path("home/widgets/<str:key>", WidgetView.as_view(), name="api-home-widget"),
    path("home/role-layouts", RoleLayoutsView.as_view(), name="api-role-layouts"),
    path("home/role-layouts/<str:role>", RoleLayoutView.as_view(), name="api-role-layout"),
    path("home/favourites", FavouritesView.as_view(), name="api-favourites"),
    path("home/favourites/<str:kind>/<str:ident>", FavouriteView.as_view(), name="api-favourite"),
    path("home/recent", RecentView.as_view(), name="api-recent"),
]
