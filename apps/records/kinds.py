"""Notices about records and the systems they come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.core.access import Masked
from apps.core.kinds import NoticeAction, NotificationKind, Show, register
from apps.core.templatetags.atrium import money, quantity
from apps.integrations.registry import FIELD, Manifest, Message, Words, manifests, problem_words
from apps.records.events import RESOURCES


def kind_word(kind: str) -> str:
    """The kind of record in the reader's language."""
    return {
        "customer": _("customer"), "deal": _("deal"), "follow_up": _("follow-up"), "product": _("product"), "stock": _("stock level"),
        "order": _("order"), "shipment": _("shipment"), "receivable": _("receivable"), "invoice": _("invoice"),
        "purchase_request": _("purchase request"), "case": _("service request"), "payment": _("payment"), "purchase_order": _("purchase order"),
        "production": _("production order"),
    }.get(kind, kind)


def problem_lines(problems: list[Mapping[str, Any]]) -> list[str]:
    """Each reason with its cure, in the reader's language."""
    return [" ".join(problem_words(str(one["code"]), one.get("params") or {})) for one in problems]


@register
class RecordQuarantined(NotificationKind):
    """A record was not taken: what, why, and where to put it right."""

    key = "records.quarantined"
    todo = True
    icon = "shield-x"

    def _name(self, params: Mapping[str, Any], show: Show) -> str:
        kind = str(params["kind"])
        name = params.get("name") or params.get("key") or params["external_id"]
        return str(show(RESOURCES[kind], "name", name, params.get("owner_id") or None))

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        return _("This %(kind)s needs a correction: %(name)s") % {"kind": kind_word(str(params["kind"])), "name": self._name(params, show)}

    def body(self, params: Mapping[str, Any], show: Show) -> str:
        return "\n".join([*problem_lines(params.get("problems") or []), _("After the correction it goes on by itself.")])

    def url(self, params: Mapping[str, Any]) -> str:
        return f"/quarantine/{params['item_id']}/"

    def actions(self, params: Mapping[str, Any]) -> list[NoticeAction]:
        found = [NoticeAction(_("Put it right"), self.url(params), style="primary")]
        if params.get("page"):
            found.append(NoticeAction(_("Open the record"), str(params["page"])))
        return [*found, NoticeAction(_("Read again now"), f"{self.url(params)}read-again/", method="post")]

    def ended(self, params: Mapping[str, Any], outcome: str) -> str:
        return {
            "cured": _("put right"), "gone": _("no longer there"), "dismissed": _("put away"), "replaced": _("replaced by a newer message"),
        }.get(outcome) or super().ended(params, outcome)


@register
class SystemDown(NotificationKind):
    """A system does not answer."""

    key = "records.system_down"
    icon = "plug-connected-x"
    urgent = True

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        return _("%(system)s does not answer") % {"system": str(params["key"]).upper()}

    def body(self, params: Mapping[str, Any], show: Show) -> str:
        return _("Work goes on with the last known data; what must be written waits and is sent when it answers.")

    def url(self, params: Mapping[str, Any]) -> str:
        return "/connections/"

    def ended(self, params: Mapping[str, Any], outcome: str) -> str:
        return _("it answers again") if outcome == "back" else super().ended(params, outcome)


@register
class PaymentDue(NotificationKind):
    """To the seller: collect what is overdue. Ends with a follow-up, or when it is paid."""

    key = "records.payment_due"
    todo = True
    icon = "cash"
    system = "erp"
    label = gettext_lazy("Payment reminder")

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        return _("Payment overdue: %(customer)s") % {"customer": show("crm.customer", "name", params["customer"], params.get("owner_id"))}

    def body(self, params: Mapping[str, Any], show: Show) -> str:
        overdue = show("erp.receivable", "overdue", params["overdue"], params.get("owner_id"))
        name = (params.get("asked_by") or {}).get(get_language() or "en") or (params.get("asked_by") or {}).get("en", "")
        return _("%(amount)s past the due date. %(name)s asks you to call the customer and to note a follow-up.") % {
            "amount": money(overdue, str(params.get("currency") or "")), "name": name}

    def url(self, params: Mapping[str, Any]) -> str:
        return f"/customers/{quote(str(params['customer_id']), safe='')}/" if params.get("customer_id") else "/customers/"

    def ended(self, params: Mapping[str, Any], outcome: str) -> str:
        return {"followed_up": _("followed up"), "paid": _("paid"), "replaced": _("replaced by a newer message")}.get(outcome) or super().ended(params, outcome)


# --- kinds that connectors add by their manifests -----------------------------------------------------------------------------------------

MONEY = {"amount", "amount_due", "amount_paid", "balance", "overdue", "limit", "list_price"}


class RecordMessage(NotificationKind):
    """Base: what a record's change means, in the words of its connector's manifest. Every value passes the access rule of its field."""

    generic = True
    message: Message

    def _filled(self, words: Words, params: Mapping[str, Any], show: Show) -> str:
        return FIELD.sub(lambda found: self._value(found[1], params, show), words.in_language(get_language())).strip()

    def _value(self, path: str, params: Mapping[str, Any], show: Show) -> str:
        field, value = path.partition(".")[0], params["values"].get(path)
        if value in (None, ""):
            return ""
        shown = show(RESOURCES[self.message.record], field, value, params.get("owner_id") or None)
        if isinstance(shown, Masked):
            return str(shown)
        if field in MONEY:
            return money(value, params.get("currency", ""))
        return quantity(value) if NUMBER.fullmatch(str(value)) and field not in ("key", "order_keys", "custom") else str(value)

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        return self._filled(self.message.title, params, show)

    def body(self, params: Mapping[str, Any], show: Show) -> str:
        """Nothing rather than a sentence with a hole."""
        whole = all(params["values"].get(path) not in (None, "") for path in self.message.body.fields)
        return self._filled(self.message.body, params, show) if whole else ""

    def number(self, params: Mapping[str, Any]) -> str:
        return str(params.get("number") or "")

    def url(self, params: Mapping[str, Any]) -> str:
        return str(params.get("url") or "")

    def watches(self, params: Mapping[str, Any]) -> list[str]:
        return [str(params["record"])] if params.get("record") else []

    def actions(self, params: Mapping[str, Any]) -> list[NoticeAction]:
        return [NoticeAction(_("Open"), self.url(params), style="primary")] if self.url(params) else []


NUMBER = re.compile(r"-?\d+(\.\d+)?")


class Label:
    """The label of a message, in the language of whoever reads it."""

    def __init__(self, words: Words) -> None:
        self.words = words

    def __str__(self) -> str:
        return self.words.in_language(get_language())


def kind_of(manifest: Manifest, message: Message) -> type[RecordMessage]:
    """The kind of notice for one message of a manifest."""
    fields = {"key": f"{manifest.id}.{message.key}", "system": manifest.kind, "icon": message.icon, "label": Label(message.label), "message": message}
    return type("ConnectorMessage", (RecordMessage,), fields)


for _manifest in manifests().values():
    for _message in _manifest.messages:
        register(kind_of(_manifest, _message))
