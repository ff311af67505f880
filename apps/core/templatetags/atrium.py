"""Built-in tags of every template: icons, marks, times and amounts, masks.

One place, so that all pages say the same thing the same way.

Filters and tags take masked values (`core.access.Masked`) everywhere a value may stand.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import secrets
from decimal import Decimal, InvalidOperation
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext

from apps.core import clock
from apps.core.access import Masked, owners

register = template.Library()
# What a view says of a message stands before its level.
TONES = (("danger", "danger"), ("warn", "warn"), ("ok", "ok"), ("error", "danger"), ("warning", "warn"), ("success", "ok"))

NOW_SECONDS = 60  # younger data reads "now"
STALE_SECONDS = 15 * 60  # older data of another system is marked
DASH = "–"
CURRENCY_SIGNS = {"CNY": "¥", "USD": "US$", "EUR": "€", "GBP": "£", "HKD": "HK$", "JPY": "JP¥"}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SYSTEMS = {"oa": "OA", "erp": "ERP", "crm": "CRM"}
DUE_ICONS = {"over": "alert-circle", "today": "clock", "next": "calendar", "none": "minus"}


def _chinese() -> bool:
    return (get_language() or "").startswith("zh")


# --- icons and marks --------------------------------------------------------------------------------------------------


@register.simple_tag
@functools.lru_cache(maxsize=1024)
def icon(name: str, size: str = "") -> SafeString:
    """`{% icon "check" %}`; size "s" or "l". Decorative: the text beside it says the same.

    Names: static/vendor/icons.txt.
    """
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        size,
        static("vendor/icons.svg"),
        name,
    )


@register.simple_tag
def src(system: str) -> SafeString:
    """Badge of the system a value comes from: oa, erp or crm."""
    key = str(system or "oa").lower()
    return format_html('<span class="at-src {}">{}</span>', key, SYSTEMS.get(key, key.upper()))


@register.simple_tag
def pill(text: Any, tone: str = "", icon_name: str = "") -> SafeString:
    """Status word. tone: ok | warn | danger | info | acc | line or empty."""
    return format_html('<span class="pill {}">{}{}</span>', tone, icon(icon_name) if icon_name else "", text)


@register.simple_tag
def asof(at: dt.datetime | None, stale_after: Any = STALE_SECONDS, confirmed_at: Any = None) -> SafeString:
    """How old a figure of another system is; turns to a warning with words when older than `stale_after` seconds.

    `confirmed_at`: when the system's feed last said that nothing else has changed: an unchanged record is as fresh as that.
    """
    at, stale_after = parsed(at), stale_after or STALE_SECONDS  # type: ignore[assignment]
    if isinstance(confirmed_at, dt.datetime) and (at is None or confirmed_at > at):
        at = confirmed_at
    if not isinstance(at, dt.datetime):
        return mark_safe("")
    old = (clock.now() - at).total_seconds() > stale_after
    words = gettext("as of %(moment)s, %(age)s") % {"moment": moment(at), "age": age(at)} if old else age(at)
    return format_html(
        '<span class="asof {}" title="{}" data-stale="{}">{}<time datetime="{}">{}</time></span>',
        "stale" if old else "",
        moment(at),
        stale_after,
        icon("clock-exclamation" if old else "clock"),
        at.isoformat(),
        words,
    )


@register.simple_tag
def due(at: dt.datetime | dt.date | None) -> SafeString:
    """Due mark: late, today, or next; always icon and word."""
    kind, words = due_words(at)
    return format_html('<span class="due {}">{}{}</span>', kind, icon(DUE_ICONS[kind]), words)


@register.filter
def due_kind(at: dt.datetime | dt.date | None) -> str:
    """over | today | next | none."""
    return due_words(at)[0]


def due_words(at: dt.datetime | dt.date | None) -> tuple[str, str]:
    """(kind, words) of a due moment in the reader's time zone."""
    if at is None:
        return "none", gettext("no due date")
    now = clock.now()
    if not isinstance(at, dt.datetime):
        at = dt.datetime.combine(at, dt.time(23, 59, 59), timezone.get_current_timezone())
    days = (timezone.localtime(at).date() - timezone.localtime(now).date()).days
    if at < now:
        hours = int((now - at).total_seconds() // 3600)
        if hours >= 24:
            return "over", ngettext("%(n)d day late", "%(n)d days late", hours // 24) % {"n": hours // 24}
        if hours:
            return "over", ngettext("%(n)d h late", "%(n)d h late", hours) % {"n": hours}
        return "over", gettext("late")
    if days == 0:
        return "today", moment(at)
    if days == 1:
        return "next", moment(at)
    return "next", ngettext("in %(n)d day", "in %(n)d days", days) % {"n": days}


# --- people -----------------------------------------------------------------------------------------------------------


@register.filter
def person_name(person: Any) -> str:
    """A person's name in the reader's language; a dash for nobody."""
    if person is None or person == "":
        return DASH
    if hasattr(person, "display"):
        return str(person.display(get_language() or "en"))
    return str(person)


@register.simple_tag
def avatar(person: Any, size: str = "") -> SafeString:
    """Round initials (Latin) or the last two characters (Chinese). size: s | l. Decorative."""
    shown = person_name(person)
    latin = str(getattr(person, "name", shown) or shown)
    tone = "abcde"[sum(map(ord, latin)) % 5]
    if shown.isascii():
        letters = "".join(part[0] for part in shown.replace("-", " ").split()[:2]).upper()
    else:
        letters = shown[-2:]
    return format_html('<span class="av {} {}" aria-hidden="true">{}</span>', tone, size, letters)


# --- times ------------------------------------------------------------------------------------------------------------


@register.filter
def moment(at: Any) -> str:
    """'today 12:00', '16 Nov 10:04', with the year when it is another one. Reader's time zone; Masked passes."""
    if isinstance(at, Masked):
        return str(at)
    at = parsed(at)
    if at is None:
        return DASH
    if not isinstance(at, dt.datetime):
        return day(at)
    local, today = timezone.localtime(at), timezone.localtime(clock.now()).date()
    return f"{day(local.date(), today)} {local:%H:%M}"


@register.filter
def day(value: Any, today: dt.date | None = None) -> str:
    """'today', '16 Nov', '16 Nov 2025'; in Chinese '今天', '11月16日', '2025年11月16日'."""
    if isinstance(value, Masked):
        return str(value)
    value = parsed(value)
    if value is None:
        return DASH
    if isinstance(value, dt.datetime):
        value = timezone.localtime(value).date()
    today = today or timezone.localtime(clock.now()).date()
    near = {-1: gettext("yesterday"), 0: gettext("today"), 1: gettext("tomorrow")}.get((value - today).days)
    if near:
        return near
    other_year = value.year != today.year
    if _chinese():
        return (f"{value.year}年" if other_year else "") + f"{value.month}月{value.day}日"
    return f"{value.day} {MONTHS[value.month - 1]}" + (f" {value.year}" if other_year else "")


@register.filter
def clock_time(at: Any) -> str:
    """'04:44:21' in the reader's time zone, for what is watched as it happens."""
    at = parsed(at)
    return f"{timezone.localtime(at):%H:%M:%S}" if isinstance(at, dt.datetime) else DASH


@register.filter
def age(at: Any) -> str:
    """'now' under a minute, '2 min ago', '3 h ago', '4 days ago'."""
    at = parsed(at)
    if not isinstance(at, dt.datetime):
        return DASH
    seconds = max(0, int((clock.now() - at).total_seconds()))
    if seconds < NOW_SECONDS:
        return gettext("now")
    if seconds < 3600:
        return ngettext("%(n)d min ago", "%(n)d min ago", seconds // 60) % {"n": seconds // 60}
    if seconds < 48 * 3600:
        return ngettext("%(n)d h ago", "%(n)d h ago", seconds // 3600) % {"n": seconds // 3600}
    return ngettext("%(n)d day ago", "%(n)d days ago", seconds // 86400) % {"n": seconds // 86400}


@register.filter
def duration(value: Any) -> str:
    """A span in words: '42 s', '5 min', '3.2 h', '6.9 days'. Takes a timedelta or seconds."""
    if value is None:
        return DASH
    seconds = value.total_seconds() if isinstance(value, dt.timedelta) else float(value)
    if seconds < 60:
        return gettext("%(n)s s") % {"n": f"{seconds:.0f}"}
    if seconds < 3600:
        return gettext("%(n)s min") % {"n": f"{seconds / 60:.0f}"}
    if seconds < 48 * 3600:
        return gettext("%(n)s h") % {"n": f"{seconds / 3600:.1f}"}
    return gettext("%(n)s days") % {"n": f"{seconds / 86400:.1f}"}


def parsed(value: Any) -> dt.datetime | dt.date | None:
    """Moments out of stored JSON are ISO text."""
    if value in (None, ""):
        return None
    if isinstance(value, (dt.datetime, dt.date)):
        return value
    text = str(value)
    try:
        if len(text) == 10:
            return dt.date.fromisoformat(text)
        return dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None


# --- amounts ----------------------------------------------------------------------------------------------------------


def _decimal(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


@register.filter
def tone_of(message: Any) -> str:
    """ok | danger | warn | info: of a message to the person who acted, by what its view says, else by its level."""
    said = set(str(message.tags).split())
    return next((tone for word, tone in TONES if word in said), "info")


@register.filter
def quantity(value: Any) -> str:
    """A number without needless zeros and with thousands separators: 1,200 or 2.5. Masked passes."""
    if isinstance(value, Masked):
        return str(value)
    number = _decimal(value)
    if number is None:
        return DASH
    text = f"{number:,.4f}".rstrip("0").rstrip(".")
    return text.replace("-", "−")


@register.filter
def unlocalized(value: Any) -> str:
    """A number as form fields and SVG want it: 1200.5."""
    number = _decimal(value)
    if number is None:
        return ""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _sign(currency: str) -> str:
    return CURRENCY_SIGNS.get(str(currency or ""), f"{currency} " if currency else "")


@register.filter
def money(value: Any, currency: str = "") -> str:
    """¥486,000 or ¥486,000.50. Masked passes as dots; nothing is a dash."""
    if isinstance(value, Masked):
        return str(value)
    number = _decimal(value)
    if number is None:
        return DASH
    text = f"{abs(number):,.0f}" if number == number.to_integral_value() else f"{abs(number):,.2f}"
    return f"{'−' if number < 0 else ''}{_sign(currency)}{text}"


@register.filter
def money_short(value: Any, currency: str = "") -> str:
    """¥4.82 M, ¥612 k; in Chinese ¥482万."""
    if isinstance(value, Masked):
        return str(value)
    number = _decimal(value)
    if number is None:
        return DASH
    chinese, latin = ((Decimal(10**8), "亿"), (Decimal(10**4), "万")), ((Decimal(10**6), " M"), (Decimal(10**4), " k"))
    steps = chinese if _chinese() else latin
    for size, unit in steps:
        if abs(number) >= size:
            scaled = number / (Decimal(1000) if unit == " k" else size)
            digits = 0 if abs(scaled) >= 100 else 1 if abs(scaled) >= 10 else 2
            text = f"{abs(scaled):.{digits}f}"
            text = text.rstrip("0").rstrip(".") if "." in text else text
            return f"{'−' if number < 0 else ''}{_sign(currency)}{text}{unit}"
    return money(number, currency)


# --- masks ------------------------------------------------------------------------------------------------------------


@register.filter
def payment_term(value: Any) -> Any:
    """The one wording of a payment term, whoever wrote it: 60, "60 days" and "Net 60 days" read the same. Other words and masks stay."""
    found = None if isinstance(value, Masked) else re.fullmatch(r"(?:net\s+)?(\d+)(?:\s+days?)?", str(value).strip(), re.IGNORECASE)
    if found is None:
        return value
    days = int(found[1])
    return gettext("Net %(value)s days") % {"value": days} if days else gettext("Due at once")


@register.filter
def is_masked(value: Any) -> bool:
    return isinstance(value, Masked)


@register.simple_tag
def masked(value: Any, label: Any = "", currency: Any = None) -> Any:
    """The value; when masked: dots and a "why?" that names the rule, never the value. `currency` shows an amount."""
    if not isinstance(value, Masked):
        if currency is not None:
            return money(value, currency)
        return DASH if value in (None, "") else value
    return format_html('<span class="mask">{}</span>{}', "••••", why(label or value.field, value.chain))


@register.simple_tag
def why(label: Any, chain: tuple[str, ...] = (), owner: str = "") -> SafeString:
    """A "?" that opens the chain that decided (native popover: no script needed)."""
    ident = f"why{secrets.token_hex(4)}"
    question = gettext("Why can’t I see this?")
    steps = [*chain] or [gettext("No role of yours may read this field.")]
    marked = (("stop" if i == len(steps) - 1 else "", step) for i, step in enumerate(steps))
    items = format_html_join("", '<li class="{}"><span>{}</span></li>', marked)
    ask = owner or owners() or gettext("your administrator")
    return format_html(
        '<button class="whybtn" type="button" popovertarget="{0}" aria-label="{1}">{2}</button>'
        '<div class="pop" id="{0}" popover role="dialog" aria-label="{3}"><b>{3}</b><ol class="chain">{4}</ol>'
        '<span class="xs muted">{5}</span></div>',
        ident,
        gettext("Why can’t I see %(what)s?") % {"what": label},
        icon("help-circle", "s"),
        question,
        items,
        gettext("To see it, ask %(owner)s.") % {"owner": ask},
    )


# --- small helpers ----------------------------------------------------------------------------------------------------


@register.simple_tag
def bar(percent: Any, tone: str = "", label: str = "") -> SafeString:
    """A meter 0..100; its width is an SVG attribute, so no style is needed."""
    width = max(0, min(100, float(percent or 0)))
    described: Any = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="bar {}" preserveAspectRatio="none" viewBox="0 0 100 6" {}><rect width="{}" height="6"></rect></svg>',
        tone,
        described,
        f"{width:.1f}",
    )


@register.filter
def lookup(mapping: Any, key: Any) -> Any:
    """`mapping|lookup:key`, None when absent."""
    try:
        return mapping[key]
    except (KeyError, IndexError, TypeError):
        return None


@register.simple_tag(takes_context=True)
def query_with(context: dict[str, Any], **changes: Any) -> str:
    """The page's query string with some parameters changed (None or empty removes), for filters and paging."""
    params = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            params.pop(name, None)
        else:
            params[name] = str(value)
    return f"?{params.urlencode()}" if params else "?"
