"""How one is reached: one's own choices, devices and chat accounts; and what the company allows."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST

from apps.core import clock
from apps.core.access import declare
from apps.core.errors import DomainError, InvalidInput, NotFound
from apps.core.htmx import add_toast, page, wants_fragment
from apps.core.requests import PortalRequest, number
from apps.identity.services import digest_of
from apps.notifications import channels, policies, selectors
from apps.notifications.channels import chat
from apps.notifications.channels import webpush_crypto as crypto
from apps.notifications.services import chats, devices, preferences

DAYS = (gettext_noop("Monday"), gettext_noop("Tuesday"), gettext_noop("Wednesday"), gettext_noop("Thursday"), gettext_noop("Friday"),
        gettext_noop("Saturday"), gettext_noop("Sunday"))  # fmt: skip
FAMILIES = {"email": gettext_noop("Mail"), "web_push": gettext_noop("Device"), "chat": gettext_noop("Chat"), "in_app": gettext_noop("Inbox")}
LEVELS = {"instant": gettext_noop("At once"), "digest": gettext_noop("Digest"), "off": gettext_noop("Not")}
DIGESTS = {"off": gettext_noop("No digest"), "1h": gettext_noop("Every hour"), "3h": gettext_noop("Every three hours"),
           "daily": gettext_noop("Every day at 8:00"), "weekly": gettext_noop("Mondays at 8:00")}  # fmt: skip
WAITS = {0: gettext_noop("Never"), 30: gettext_noop("After half an hour"), 60: gettext_noop("After an hour"), 120: gettext_noop("After two hours"),
         240: gettext_noop("After four hours"), 480: gettext_noop("After eight hours"), 1440: gettext_noop("After a day")}  # fmt: skip
HALVES = tuple(f"{half // 2:02}:{half % 2 * 30:02}" for half in range(48))
COPIES = {"workdays": range(5), "all": range(7)}
EVENING, MORNING = "20:00", "07:00"  # offered where nothing was chosen


# --- one's own ----------------------------------------------------------------------------------------------------------------------------


@declare("notifications.notification", "view")
@require_http_methods(["GET", "POST"])
def reach(request: PortalRequest) -> HttpResponse:
    """Show and save. `copy` ("0:workdays"): Monday's quiet hours for the working days, saved with the rest."""
    if request.method != "POST":
        return page(request, "notifications/reach.html", _context(request), fragment="notifications/reach_form.html")
    try:
        changes = changes_of(request.POST)
        preferences.choose(person=request.person, changes=changes, now=clock.now())
    except InvalidInput as error:
        context = {**_context(request), "errors": error.details.get("fields", {}), "message": error.message}
        return page(request, "notifications/reach.html", context, fragment="notifications/reach_form.html", status=422)
    if not wants_fragment(request):
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(request.path)
    return add_toast(render(request, "notifications/reach_form.html", _context(request)), _("Saved."))


def changes_of(form: Mapping[str, Any]) -> dict[str, Any]:
    """The whole form as choices. A fixed cell is not posted, and left out."""
    shown = selectors.families()
    kinds: dict[str, dict[str, str]] = {}
    for name, value in form.items():
        if name.startswith("kind ") and name.count(" ") == 2:
            _word, key, channel = name.split(" ")
            kinds.setdefault(key, {})[channel] = value
    quiet = {str(day): [form.get(f"from-{day}", ""), form.get(f"to-{day}", "")] for day in range(7) if form.get(f"quiet-{day}")}
    source, _colon, whom = str(form.get("copy", "")).partition(":")
    if whom in COPIES:
        for day in COPIES[whom]:
            quiet.pop(str(day), None)
            if form.get(f"quiet-{source}"):
                quiet[str(day)] = [form.get(f"from-{source}", ""), form.get(f"to-{source}", "")]
    return {"kinds": kinds, "quiet": quiet, "off": [one for one in shown if not form.get(f"on-{one}")], "digest": form.get("digest", ""),
            "remind_after": number(str(form.get("remind_after", ""))), "remind_by": form.get("remind_by", "")}


@declare("notifications.notification", "view")
@require_POST
def preview(request: PortalRequest) -> HttpResponse:
    """Last week with the choices that stand in the form, saved or not."""
    try:
        reaching = preferences.tried(person=request.person, changes=changes_of(request.POST))
    except InvalidInput as error:
        return render(request, "notifications/reach_preview.html", {"problem": error.message}, status=422)
    return render(request, "notifications/reach_preview.html", _preview(request, reaching))


def _preview(request: PortalRequest, reaching: policies.Reaching) -> dict[str, Any]:
    found = selectors.preview(request.person, reaching, selectors.families(), clock.now())
    return {"preview": found, "totals": [(_(FAMILIES[one]), counts) for one, counts in found.totals.items()], "names": FAMILIES}


def _context(request: PortalRequest) -> dict[str, Any]:
    person, shown = request.person, selectors.families()
    account = request.user
    own, company = selectors.rows_of(person)
    reaching = selectors.merged(own, company, selectors.zone_of(account))
    return {
        "rows": selectors.grid(reaching, shown), "columns": [(one, _(FAMILIES[one]), one not in reaching.off) for one in shown],
        "days": _days(reaching.quiet), "halves": HALVES, "zone": reaching.zone, "levels": {key: _(text) for key, text in LEVELS.items()},
        "digests": [(key, _(text), reaching.digest == key) for key, text in DIGESTS.items()],
        "waits": [(key, _(text), reaching.remind_after == key) for key, text in WAITS.items()],
        "remind_by": [("", _("On a channel that was not used yet"), not reaching.remind_by),
                      *((one, _(FAMILIES[one]), reaching.remind_by == one) for one in shown)],
        "may_manage": selectors.may_manage(person), "missing": _missing(person, shown, account), **_ways(request), **_preview(request, reaching),
    }


def _days(quiet: Mapping[str, list[str]]) -> list[tuple[int, str, bool, str, str]]:
    return [(day, _(name), str(day) in quiet, *quiet.get(str(day), (EVENING, MORNING))) for day, name in enumerate(DAYS)]  # type: ignore[misc]


def _missing(person: Any, shown: list[str], account: Any) -> list[str]:
    """Channels that are set up and lead nowhere for this person, and what to do about it."""
    found = []
    if "email" in shown and not (person.email and person.email_verified):
        found.append(_("No mail reaches you: the directory has no confirmed address of yours. Ask your administrator."))
    return found


def _ways(request: PortalRequest) -> dict[str, Any]:
    """Devices and chat accounts."""
    outside = channels.outside()
    bound = {one.vendor: one for one in selectors.chat_accounts(request.person)}
    vendors = [key.removeprefix("chat:") for key in outside if key.startswith("chat:")]
    return {
        "devices": selectors.devices_of(request.person) if "web_push" in outside else [], "push": "web_push" in outside,
        "push_key": crypto.application_key(settings.WEB_PUSH_KEY) if "web_push" in outside else "",
        "here": digest_of(request.session.session_key or ""),
        "chats": [(one, chat.NAMES[one], bound.get(one)) for one in vendors], "code": request.session.pop("chat_code", None),
    }


@declare("notifications.notification", "view")
@require_POST
def device_add(request: PortalRequest) -> HttpResponse:
    """This browser may ring: form fields `endpoint`, `p256dh`, `auth`, `label`."""
    given = {name: request.POST.get(name, "") for name in ("endpoint", "p256dh", "auth", "label")}
    try:
        devices.take_on(person=request.person, session=digest_of(request.session.session_key or ""), now=clock.now(), **given)
    except InvalidInput as error:
        words = next((texts[0] for texts in error.details.get("fields", {}).values()), error.message)
        return add_toast(render(request, "notifications/reach_devices.html", _ways(request), status=422), words, tone="danger")
    return add_toast(render(request, "notifications/reach_devices.html", _ways(request)), _("This device rings from now on."))


@declare("notifications.notification", "view")
@require_POST
def device_here(request: PortalRequest) -> HttpResponse:
    """Asked by each browser with a subscription (`endpoint`), once a session. 404: it rings for nobody here and gives it back."""
    rings = devices.here(person=request.person, endpoint=request.POST.get("endpoint", ""), session=digest_of(request.session.session_key or ""),
                         now=clock.now())
    return HttpResponse(status=204 if rings else 404)


@declare("notifications.notification", "view")
@require_POST
def device_remove(request: PortalRequest, device_id: uuid.UUID) -> HttpResponse:
    """It rings no more."""
    devices.let_go(person=request.person, device_id=device_id, now=clock.now())
    if not wants_fragment(request):
        messages.success(request, _("This device does not ring any more."))
        return HttpResponseRedirect("/profile/notifications/")
    return add_toast(render(request, "notifications/reach_devices.html", _ways(request)), _("This device does not ring any more."))


@declare("notifications.notification", "view")
@require_POST
def chat_account(request: PortalRequest, vendor: str, verb: str) -> HttpResponse:
    """`code`: a new code, shown once; `remove`: let the account go."""
    if verb == "code":
        code = chats.new_code(person=request.person, vendor=vendor, now=clock.now())
        request.session["chat_code"] = [vendor, code]  # shown once, on the page that follows
    elif verb == "remove":
        chats.unbind(person=request.person, vendor=vendor, actor=request.person, now=clock.now())
        messages.success(request, _("Disconnected."))
    else:
        raise NotFound(_("There is no such page."))
    return HttpResponseRedirect("/profile/notifications/#chats")


# --- the company's ------------------------------------------------------------------------------------------------------------------------


@declare("notifications.channel", "manage")
@require_http_methods(["GET", "POST"])
def company(request: PortalRequest) -> HttpResponse:
    """What everybody starts with, what nobody may change, and how deliveries fare."""
    if request.method != "POST":
        return page(request, "notifications/channels.html", _company_context(request), fragment="notifications/channels_form.html")
    try:
        preferences.set_company(actor=request.person, changes=_company_changes(request.POST), now=clock.now())
    except DomainError as error:
        context = {**_company_context(request), "message": error.message, "errors": error.details.get("fields", {})}
        return page(request, "notifications/channels.html", context, fragment="notifications/channels_form.html", status=error.status)
    if not wants_fragment(request):
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(request.path)
    return add_toast(render(request, "notifications/channels_form.html", _company_context(request)), _("Saved."))


def _company_changes(form: QueryDict) -> dict[str, Any]:
    limits: dict[str, dict[str, str]] = {}
    for name, value in form.dict().items():
        if name.startswith("limit ") and name.count(" ") == 2 and isinstance(value, str) and value:
            _word, key, channel = name.split(" ")
            limits.setdefault(channel, {})[key] = str(value)
    own = changes_of(form)
    chosen = {"sign_in": [*form.getlist("sign_in")]} if "sign_in_shown" in form else {}
    return {**chosen, "limits": limits, "quiet": own["quiet"], "digest": own["digest"], "remind_after": own["remind_after"]}


def _company_context(request: PortalRequest) -> dict[str, Any]:
    row, shown = selectors.company_row(), selectors.families()
    limits = [("*", _("All messages"), "", [(one, row.limits.get(one, {}).get("*", "")) for one in shown])]
    limits += [(kind.key, str(kind.label), kind.system, [(one, row.limits.get(one, {}).get(kind.key, "")) for one in shown])
               for kind in selectors.choosable()]
    now = clock.now()
    return {
        "limits": limits, "columns": [(one, _(FAMILIES[one])) for one in shown], "days": _days(row.quiet or {}), "halves": HALVES,
        "digests": [(key, _(text), row.digest == key) for key, text in DIGESTS.items()],
        "waits": [(key, _(text), row.remind_after == key) for key, text in WAITS.items()],
        "health": selectors.health(now), "failed": selectors.failed(), "zone": settings.COMPANY_TIME_ZONE,
        "products": _products(row.sign_in), "portal": settings.PORTAL_URL,
    }


def _products(chosen: list[str]) -> list[tuple[str, str, bool, str]]:
    """(key, name, may it sign people in, setting that is missing for it) of the chat products that are set up."""
    found = []
    for key, given in settings.CHAT.items():
        if chat.vendor(key) is not None:
            lacking = ", ".join(f"CHAT_{key}_{name}".upper() for name in chat.VENDORS[key].sign_in_needs if not given.get(name))
            found.append((key, chat.NAMES[key], key in chosen and not lacking, lacking))
    return found
