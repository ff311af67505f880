"""The rights matrix and who holds which role."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.http import urlencode
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.access import policies, selectors, services
from apps.access.forms import AssignForm, CellForm
from apps.access.models import Scope
from apps.access.registry import ACTION_WORDS, FIELD_WORDS, RESOURCE_WORDS, words_of
from apps.audit import selectors as audit
from apps.core import clock
from apps.core.access import declare, plan
from apps.core.errors import DomainError, InvalidInput
from apps.core.htmx import add_toast, wants_fragment
from apps.directory import selectors as directory

SYSTEMS = ("crm", "erp", "oa")
STYLES = {"none": "no", "masked": "mk", "read": "rd", "edit": "ed", "act": "ap"}


def _person(request: HttpRequest) -> Any:
    return request.person  # type: ignore[attr-defined]


def _level_words(level: str) -> str:
    return {
        "none": pgettext("right", "None"),
        "masked": pgettext("right", "Masked"),
        "read": pgettext("right", "Read"),
        "edit": pgettext("right", "Edit"),
        "act": pgettext("right", "Allowed"),
    }[level]


def _cell_context(resource: str, row: selectors.Row, cell: selectors.Cell, scope: str, may_manage: bool) -> dict[str, Any]:
    table = ACTION_WORDS if row.kind == "action" else FIELD_WORDS
    parts = (cell.role.code, resource, scope, row.kind, row.name)
    return {
        "id": "c-" + "-".join(parts).replace(".", "_").replace("*", "all"),
        "value": "|".join((*parts, cell.next)),
        "level": cell.level,
        "style": STYLES[cell.level],
        "text": _level_words(cell.level),
        "name": f"{words_of(RESOURCE_WORDS, resource)}, {words_of(table, row.name)}, {cell.role.display(get_language() or 'en')}",
        "elsewhere": _level_words(cell.elsewhere) if cell.elsewhere else "",
        "own": cell.own,
        "may_manage": may_manage,
    }


def _sections(names: list[str], scope: str, may_manage: bool) -> list[dict[str, Any]]:
    return [
        {
            "resource": section.resource,
            "title": words_of(RESOURCE_WORDS, section.resource),
            "system": selectors.system_of(section.resource),
            "rows": [
                {
                    "label": words_of(ACTION_WORDS if row.kind == "action" else FIELD_WORDS, row.name),
                    "kind": row.kind,
                    "cells": [_cell_context(section.resource, row, cell, scope, may_manage) for cell in row.cells],
                }
                for row in section.rows
            ],
        }
        for section in selectors.matrix(scope=scope, names=names)
    ]


@declare("access.role", "view")
@never_cache
@require_GET
def matrix(request: HttpRequest) -> HttpResponse:
    """Roles x actions and fields, for one scope and one system at a time."""
    scope = request.GET.get("scope", "all")
    scope = scope if scope in Scope.values else "all"
    system = request.GET.get("system", "crm")
    system = system if system in SYSTEMS else "crm"
    may_manage = _may_manage(request)
    context = {
        "roles": selectors.roles(),
        "sections": _sections(selectors.resources(system), scope, may_manage),
        "scopes": [(value, label, value == scope, f"?{urlencode({'scope': value, 'system': system})}") for value, label in Scope.choices],
        "systems": [(name, name == system, f"?{urlencode({'scope': scope, 'system': name})}") for name in SYSTEMS],
        "scope": scope,
        "system": system,
        "levels": [(STYLES[level], _level_words(level)) for level in ("none", "masked", "read", "edit", "act")],
        "tabs": _tabs("matrix"),
        "may_manage": may_manage,
        "changes": _changes(request),
    }
    return render(request, "access/role_matrix.html", context)


def _may_manage(request: HttpRequest) -> bool:
    return plan(_person(request), "manage", "access.role").allowed


def _tabs(current: str) -> list[tuple[str, str, int | None, bool]]:
    return [
        ("/access/", _("Roles and fields"), None, current == "matrix"),
        ("/access/people/", _("Who holds what"), len(selectors.assignments()), current == "people"),
    ]


def _changes(request: HttpRequest) -> list[Any]:
    """The last changes of rights, for those who may read the audit log."""
    if not plan(_person(request), "view", "audit.entry").allowed:
        return []
    return [{"at": e.at, "who": e.actor_login or _("set-up"), "what": _change_words(e)} for e in audit.entries(action="access.")[:8]]


def _change_words(entry: Any) -> str:
    data, role = entry.data, entry.object.partition(":")[2]
    names = {found.code: found.display(get_language() or "en") for found in selectors.roles()}
    shown = names.get(role, role)
    if entry.action == "access.level.set":
        field = words_of(FIELD_WORDS, data["field"])
        return f"{shown}: {words_of(RESOURCE_WORDS, data['resource'])}, {field}: {data['from']} → {data['to']}"
    if entry.action == "access.actions.set":
        return f"{shown}: {words_of(RESOURCE_WORDS, data['resource'])}: {', '.join(data['from']) or '–'} → {', '.join(data['to']) or '–'}"
    if entry.action == "access.role.assigned":
        return _("%(role)s given to %(whom)s") % {"role": shown, "whom": data["to"].partition(":")[2]}
    if entry.action == "access.role.revoked":
        return _("%(role)s taken from %(whom)s") % {"role": shown, "whom": data["from"].partition(":")[2]}
    return _("Roles set up")


@declare("access.role", "manage")
@require_POST
def set_cell(request: HttpRequest) -> HttpResponse:
    """One press: set the level that the button named. Answers the cell (htmx) or goes back to the matrix."""
    form = CellForm(request.POST)
    if not form.is_valid():
        raise InvalidInput(form.errors["cell"][0])
    wanted = form.cleaned_data["cell"]
    try:
        _set(request, wanted)
    except DomainError as error:
        if not wants_fragment(request):
            messages.error(request, str(error.message))
            return _back(wanted)
        if error.status == 404:
            raise
        return add_toast(_cell(request, wanted, status=error.status), error.message, tone="danger")
    if not wants_fragment(request):
        return _back(wanted)
    return _cell(request, wanted)


def _set(request: HttpRequest, wanted: dict[str, str]) -> None:
    common = {
        "actor": _person(request),
        "role": wanted["role"],
        "resource": wanted["resource"],
        "scope": wanted["scope"],
        "now": clock.now(),
    }
    if wanted["kind"] == "field":
        services.set_level(**common, field=wanted["name"], level=wanted["level"])
    else:
        services.set_action(**common, action=wanted["name"], allowed=wanted["level"] == "act")


def _back(wanted: dict[str, str]) -> HttpResponse:
    query = urlencode({"scope": wanted["scope"], "system": selectors.system_of(wanted["resource"])})
    return HttpResponseRedirect(f"/access/?{query}")


def _cell(request: HttpRequest, wanted: dict[str, str], status: int = 200) -> HttpResponse:
    for section in selectors.matrix(scope=wanted["scope"], names=[wanted["resource"]]):
        for row in section.rows:
            for cell in row.cells:
                if (row.kind, row.name, cell.role.code) == (wanted["kind"], wanted["name"], wanted["role"]):
                    context = _cell_context(section.resource, row, cell, wanted["scope"], True)
                    return HttpResponse(render_to_string("access/role_cell.html", {"cell": context}, request), status=status)
    raise InvalidInput(_("This cell is not known. Reload the page."))


@declare("access.role", "view")
@never_cache
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """Assignments, and the form for a new one."""
    return _people_page(request)


def _people_page(request: HttpRequest, errors: Any = None, message: str = "", status: int = 200) -> HttpResponse:
    context = {
        "assignments": selectors.assignments(),
        "roles": selectors.roles(),
        "people": directory.active_people(),
        "units": directory.units(),
        "holders": [(person, selectors.roles_of(person)) for person in directory.active_people()],
        "tabs": _tabs("people"),
        "may_manage": _may_manage(request),
        "errors": errors or {},
        "message": message,
        "posted": request.POST,
    }
    template = "access/assignment_list.html" if wants_fragment(request) else "access/assignment_page.html"
    return render(request, template, context, status=status)


@declare("access.role", "manage")
@require_POST
def assign(request: HttpRequest) -> HttpResponse:
    """Give a role."""
    form = AssignForm(request.POST)
    if not form.is_valid():
        return _people_page(request, form.errors, status=422)
    try:
        services.assign_role(actor=_person(request), role=form.cleaned_data["role"], now=clock.now(), **form.receiver())
    except DomainError as error:
        return _people_page(request, message=str(error.message), status=error.status)
    return _people_done(request, _("Role given. It acts from the next page on."))


@declare("access.role", "manage")
@require_POST
def revoke(request: HttpRequest, assignment_id: uuid.UUID) -> HttpResponse:
    """Take a role away."""
    try:
        services.revoke_role(actor=_person(request), assignment_id=assignment_id, now=clock.now())
    except DomainError as error:
        return _people_page(request, message=str(error.message), status=error.status)
    return _people_done(request, _("Role taken away. It ends with the next page."))


def _people_done(request: HttpRequest, text: str) -> HttpResponse:
    if wants_fragment(request):
        return add_toast(_people_page(request), text)
    messages.success(request, text)
    return HttpResponseRedirect("/access/people/")


@declare("identity.profile", "view")
@never_cache
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """What I may see and do, and why."""
    person = _person(request)
    grants: dict[str, list[str]] = {}
    for grant in selectors.held_grants(person):
        if grant.actions:
            said = policies.listed(words_of(ACTION_WORDS, action) for action in sorted(grant.actions))
            line = _("%(actions)s (%(scope)s)") % {"actions": said, "scope": Scope(grant.scope).label}
            lines = grants.setdefault(words_of(RESOURCE_WORDS, grant.resource), [])
            if line not in lines:
                lines.append(line)
    context = {
        "roles": selectors.roles_of(person),
        "grants": sorted(grants.items()),
        "owner": selectors.owners_words(),
        "layout": "base.html" if person else "base_bare.html",
    }
    return render(request, "access/mine_part.html" if wants_fragment(request) else "access/mine.html", context)
