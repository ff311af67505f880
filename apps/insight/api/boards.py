"""REST API of boards: which there are, making and sharing them, files, mails, lines to watch."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import clock
from apps.core.access import declare
from apps.insight import forms
from apps.insight.models import Rhythm
from apps.insight.policies import boards as policies
from apps.insight.policies import cuts
from apps.insight.selectors import boards as selectors
from apps.insight.selectors.boards import BoardView
from apps.insight.services import boards as services
from apps.insight.services import exporting, sending
from apps.insight.views.prints import download

ASKED = [
    OpenApiParameter("period", str, enum=list(forms.KINDS), description="default: month"),
    OpenApiParameter("start", OpenApiTypes.DATE), OpenApiParameter("end", OpenApiTypes.DATE), OpenApiParameter("department", OpenApiTypes.UUID),
    OpenApiParameter("product_line", str), OpenApiParameter("region", str),
    OpenApiParameter("as_shown", str, description="as it was shown on the evening of this day; a moment with its time is taken exactly"),
]  # fmt: skip


class CutSerializer(serializers.Serializer[Any]):
    by = serializers.ChoiceField(choices=cuts.DIMENSIONS)
    split = serializers.ChoiceField(choices=cuts.PLACES, allow_blank=True, required=False, default="")
    top = serializers.IntegerField(min_value=1, max_value=max(cuts.TOPS), required=False, default=cuts.TOP, help_text="so many parts, the others as one")
    sort = serializers.ChoiceField(choices=cuts.SORTS, required=False, default="value")


class TileSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(max_length=40)
    kpis = serializers.ListField(child=serializers.CharField(), min_length=1, max_length=policies.MOST_MEASURES)
    look = serializers.ChoiceField(choices=policies.LOOKS)
    title = serializers.CharField(allow_blank=True, required=False, default="", max_length=policies.LONGEST_TITLE)
    x = serializers.IntegerField()
    y = serializers.IntegerField()
    w = serializers.IntegerField()
    h = serializers.IntegerField()
    cut = CutSerializer(required=False, allow_null=True, help_text="how its one figure is divided")


class BoardSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(help_text="a UUID, or the code of a board that comes with the portal")
    name = serializers.CharField()
    own = serializers.BooleanField(help_text="yours: you may change it")
    roles = serializers.ListField(child=serializers.CharField(), help_text="codes of roles that see it beside its owner")
    rev = serializers.IntegerField()
    tiles = TileSerializer(many=True)


class BoardInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=services.LONGEST_NAME)
    tiles = TileSerializer(many=True)


class BoardChange(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=services.LONGEST_NAME, required=False)
    tiles = TileSerializer(many=True, required=False)
    rev = serializers.IntegerField(help_text="the revision you worked on")


class SharingInput(serializers.Serializer[Any]):
    roles = serializers.ListField(child=serializers.CharField())
    first = serializers.ListField(child=serializers.CharField(), required=False, default=list, help_text="roles whose first board it is")


class MailSerializer(serializers.Serializer[Any]):
    rhythm = serializers.ChoiceField(choices=Rhythm.values)
    query = serializers.CharField(allow_blank=True, required=False, default="", max_length=sending.LONGEST_QUERY,
                                  help_text="kind of period and filters, as in the address, without start: a mail tells of the period "
                                            "that the day before is in")


class ExportInput(serializers.Serializer[Any]):
    form = serializers.ChoiceField(choices=("csv", "xlsx", "pdf"))


def _person(request: Request) -> Any:
    return request._request.person  # type: ignore[attr-defined]


def _given(form: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    checked = form(data=request.data)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def _items(given: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**tile, "cut": dict(tile["cut"]) if tile.get("cut") else None} for tile in given["tiles"]]


def _json(board: BoardView) -> dict[str, Any]:
    return {"id": board.ident, "name": board.name, "own": board.own, "roles": list(board.roles), "rev": board.rev, "tiles": policies.as_items(board.tiles)}


def _board(request: Request, ident: Any) -> Response:
    return Response(_json(selectors.board(_person(request), str(ident))))


@declare("insight.board", "view")
class BoardsView(APIView):
    @extend_schema(responses=BoardSerializer(many=True), operation_id="boards")
    def get(self, request: Request) -> Response:
        """The boards you can open; the one you see first leads."""
        first = selectors.start_of(_person(request)).ident
        return Response(sorted((_json(one) for one in selectors.boards_of(_person(request))), key=lambda one: one["id"] != first))

    @extend_schema(request=BoardInput, responses={201: BoardSerializer}, operation_id="board_make")
    @declare("insight.board", "arrange")
    def post(self, request: Request) -> Response:
        """An own board."""
        given = _given(BoardInput, request)
        made = services.make_board(person=_person(request), name=given["name"], items=_items(given), now=clock.now())
        return Response(_json(selectors.board(_person(request), str(made.pk))), status=201)


@declare("insight.board", "view")
class OneBoardView(APIView):
    @extend_schema(responses=BoardSerializer, operation_id="board")
    def get(self, request: Request, ident: str) -> Response:
        """One board and its tiles. Its figures: `kpis/readings`."""
        return _board(request, ident)

    @extend_schema(request=BoardChange, responses=BoardSerializer, operation_id="board_change")
    @declare("insight.board", "arrange")
    def put(self, request: Request, ident: str) -> Response:
        """Another name, other tiles, other places. An older `rev` is refused."""
        given, now = _given(BoardChange, request), clock.now()
        services.change(person=_person(request), board_id=ident, name=given.get("name"), seen_rev=given["rev"], now=now,
                        items=_items(given) if "tiles" in given else None)
        return _board(request, ident)

    @extend_schema(responses={204: None}, operation_id="board_delete")
    @declare("insight.board", "arrange")
    def delete(self, request: Request, ident: str) -> Response:
        """Delete an own board."""
        services.delete_board(person=_person(request), board_id=ident, now=clock.now())
        return Response(status=204)


@declare("insight.board", "arrange")
class BoardCopyView(APIView):
    @extend_schema(request=None, responses={201: BoardSerializer}, operation_id="board_copy")
    def post(self, request: Request, ident: str) -> Response:
        """An own copy of a board you see."""
        made = services.copy_board(person=_person(request), ident=ident, now=clock.now())
        return Response(_json(selectors.board(_person(request), str(made.pk))), status=201)


@declare("insight.board", "share")
class BoardSharingView(APIView):
    @extend_schema(request=SharingInput, responses=BoardSerializer, operation_id="board_share")
    def put(self, request: Request, ident: str) -> Response:
        """Which roles see it, and for which it is the first board; audited."""
        given = _given(SharingInput, request)
        services.share(person=_person(request), board_id=ident, roles=given["roles"], first=given["first"], now=clock.now())
        return _board(request, ident)


@declare("insight.board", "view")
class BoardMailView(APIView):
    @extend_schema(request=MailSerializer, responses=MailSerializer, operation_id="board_mail")
    def put(self, request: Request, ident: str) -> Response:
        """This board by mail."""
        order = sending.subscribe(person=_person(request), ident=ident, now=clock.now(), **_given(MailSerializer, request))
        return Response({"rhythm": order.rhythm, "query": order.query})

    @extend_schema(responses={204: None}, operation_id="board_mail_end")
    def delete(self, request: Request, ident: str) -> Response:
        """No more mails of it."""
        sending.unsubscribe(person=_person(request), ident=ident, now=clock.now())
        return Response(status=204)


@declare("insight.board", "view")
class BoardExportView(APIView):
    @extend_schema(request=ExportInput, parameters=ASKED, responses={200: OpenApiResponse(OpenApiTypes.BINARY)}, operation_id="board_export")
    def post(self, request: Request, ident: str) -> HttpResponse:
        """The board as a file, at once; csv and xlsx need the right insight.export data, pdf print; audited. `boards/{ident}/prints` has it made meanwhile."""
        now, form = clock.now(), _given(ExportInput, request)["form"]
        asked = forms.asked(request.query_params, now=now)
        file = exporting.export(person=_person(request), board=selectors.board(_person(request), ident), form=form, period=asked.period,
                                filters=asked.filters, as_shown=asked.as_shown, now=now, query=asked.query)
        return download(file, form)


urlpatterns = [
    path("boards", BoardsView.as_view(), name="api-boards"),
    path("boards/<str:ident>", OneBoardView.as_view(), name="api-board"),
    path("boards/<str:ident>/copy", BoardCopyView.as_view(), name="api-board-copy"),
    path("boards/<str:ident>/sharing", BoardSharingView.as_view(), name="api-board-sharing"),
    path("boards/<str:ident>/mail", BoardMailView.as_view(), name="api-board-mail"),
    path("boards/<str:ident>/export", BoardExportView.as_view(), name="api-board-export"),
]
