"""Saved views: filters of the inbox that a person keeps under a name, in an order of one's own."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Protocol

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.core.errors import DomainError, InvalidInput, NotFound
from apps.notifications.models import SavedView

MOST_VIEWS, LONGEST_NAME, LONGEST_QUERY = 20, 40, 400


class Viewer(Protocol):
    @property
    def pk(self) -> Any: ...


class UnableToSaveView(DomainError):
    """The name is taken, or there are as many views as one can keep."""

    code = "view_not_saved"


def save_view(*, person: Viewer, name: str, query: str, now: dt.datetime) -> SavedView:
    """Keep these filters at the end of the list. Raises InvalidInput for a name that is empty or too long, UnableToSaveView."""
    name = _checked_name(name)
    with transaction.atomic():
        places = list(_mine(person).values_list("place", flat=True))
        if len(places) >= MOST_VIEWS:
            raise UnableToSaveView(_("You have %(n)d views. Delete one first.") % {"n": MOST_VIEWS})
        return _written(SavedView(person_id=person.pk, name=name, query=query, place=max(places, default=0) + 1, created_at=now))


def change_view(*, person: Viewer, view_id: uuid.UUID, name: str | None = None, query: str | None = None,
                place: int | None = None) -> SavedView:
    """Another name, other filters, another place (counted from 0). Raises NotFound, InvalidInput, UnableToSaveView."""
    with transaction.atomic():
        view = _own_view(person, view_id)
        view.name = view.name if name is None else _checked_name(name)
        view.query = view.query if query is None else query
        _written(view)
        if place is not None:
            move_view(person=person, view_id=view_id, to=place)
    return view


def move_view(*, person: Viewer, view_id: uuid.UUID, to: int | None = None, by: int = 0) -> list[SavedView]:
    """To the place `to`, counted from 0, or `by` places down; the others make room. Returns all in their new order. Raises NotFound."""
    with transaction.atomic():
        views = list(_mine(person).select_for_update().order_by("place", "name"))
        moved = next((view for view in views if view.pk == view_id), None)
        if moved is None:
            raise NotFound(_("There is no such view."))
        wanted = views.index(moved) + by if to is None else to
        views.remove(moved)
        views.insert(max(0, wanted), moved)
        for place, view in enumerate(views, start=1):
            view.place = place
        SavedView.objects.bulk_update(views, ["place"])
    return views


def delete_view(*, person: Viewer, view_id: uuid.UUID) -> None:
    """Raises NotFound."""
    with transaction.atomic():
        _own_view(person, view_id).delete()


def _mine(person: Viewer) -> Any:
    return SavedView.objects.filter(person_id=person.pk)


def _own_view(person: Viewer, view_id: uuid.UUID) -> SavedView:
    view: SavedView | None = _mine(person).select_for_update().filter(pk=view_id).first()
    if view is None:
        raise NotFound(_("There is no such view."))
    return view


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        words = _("Give the view a name of at most %(n)d characters.") % {"n": LONGEST_NAME}
        raise InvalidInput(words, details={"fields": {"name": [words]}})
    return name


def _written(view: SavedView) -> SavedView:
    if len(view.query) > LONGEST_QUERY:
        words = _("These filters are too long to be kept. Search for fewer words.")
        raise InvalidInput(words, details={"fields": {"query": [words]}})
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise UnableToSaveView(_("You have a view of this name already.")) from error
    return view
