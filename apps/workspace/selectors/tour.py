"""The tour of the demo: where one deal stands on its way round, told from the systems' own records, never from a script's memory."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.access import selectors as access
from apps.business import selectors as business
from apps.core.templatetags.atrium import payment_term, person_name, quantity
from apps.directory import selectors as directory
from apps.records import selectors as records
from apps.workflows import selectors as workflows
from apps.workspace.selectors import parts
from apps.workspace.selectors.deals import problems

SELLER = "ana"  # the demo's sales person
GONE = ("shipped", "done")
OFFERED = 6


@dataclass(frozen=True)
class Step:
    """One step of the tour. `act`: win | approve | ship when the tour does it for a person; "" when the systems do it by themselves."""

    key: str
    system: str
    title: str
    text: str
    act: str = ""
    who: Any = None
    done: bool = False
    at: dt.datetime | None = None
    facts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """Where the deal stands. `broken`: the case needs a person; the tour stops and links to it."""

    deal: Any
    loop: Any
    steps: list[Step]
    broken: bool = False

    @property
    def current(self) -> Step | None:
        return next((step for step in self.steps if not step.done), None)

    @property
    def finished(self) -> bool:
        return self.current is None

    @property
    def reached(self) -> int:
        """How many steps are done, counted from the first."""
        return next((index for index, step in enumerate(self.steps) if not step.done), len(self.steps))

    def revealed(self, upto: int) -> Place:
        """The same with at most `upto` steps told: the systems are faster than a person reads."""
        steps = [step if index < upto else replace(step, done=False, facts=[], at=None) for index, step in enumerate(self.steps)]
        return replace(self, steps=steps)


def is_on() -> bool:
    """The tour acts for others, so it exists in the demo only."""
    return bool(settings.ATRIUM_MODE == "demo")


def offered() -> list[Any]:
    """Open deals of the demo's seller that can go all the way round."""
    seller = directory.find_person_by_login(SELLER)
    if seller is None:
        return []
    rows = records.deals(seller, state="open", mine=True, size=100).rows
    return [deal for deal in rows if not problems(deal)][:OFFERED]


def place(deal_id: str) -> Place | None:
    """Where this deal stands now; None: there is no such deal."""
    deal = records.raw("deal", external_id=deal_id)
    if deal is None:
        return None
    loop = business.latest_loop(deal_id)
    task = task_of(loop)
    custom = deal.data.get("custom") or {}
    won = deal.data.get("stage_kind") == "won"
    steps = [
        _won(deal, loop, won),
        _told(loop, task),
        _approved(loop, task),
        _undo(loop, task),
        _ordered(loop),
        _written(custom, loop),
        _shipped(loop),
        _closed(loop),
    ]
    return Place(deal.data, loop, steps, broken=bool(loop and workflows.open_incidents(loop.instance_id).exists()))


def approver(loop: Any, task: Any) -> Any:
    """Who decided, or decides: whoever has the task."""
    if task is None:
        return loop.approver if loop else None
    return task.decided_by or task.assignee or task.candidates.select_related("org_unit").first()


def warehouse() -> Any:
    """Somebody who may ship."""
    return next(iter(access.who_may("advance", "erp.shipment")), None)


def open_shipments(loop: Any) -> list[Any]:
    """Delivery notes of the order that have not left the house."""
    found = records.raw_shipments_of(order_id=loop.order_id, order_no=loop.order_no) if loop and loop.order_id else []
    return [note for note in found if note.data.get("state") not in (*GONE, "cancelled")]


def task_of(loop: Any) -> Any:
    """The approval of this loop: open, or decided; None before it was offered to anybody."""
    people = directory.people_by_id(workflows.people_asked(loop.instance_id)).values() if loop else ()
    for person in people:
        for rows in (workflows.tasks_for(person), workflows.done_by(person)):
            task = rows.filter(instance=loop.instance_id).first()
            if task is not None:
                return task
    return None


def _won(deal: Any, loop: Any, won: bool) -> Step:
    seller = directory.find_person_by_login(SELLER)
    return Step(
        "won", "crm", _("%(name)s sets the deal to won") % {"name": person_name(seller)},
        _("In the CRM, in the seller’s own name: on the portal’s deal page or in the CRM itself, it makes no difference."),
        act="win", who=seller, done=won, at=loop.won_at if loop else None,
    )  # fmt: skip


def _told(loop: Any, task: Any) -> Step:
    facts = []
    if task is not None and loop is not None:
        seconds = max(0, int((task.created_at - loop.won_at).total_seconds()))
        late = _("In the inbox %(n)s s after the deal was won.") % {"n": seconds}
        facts.append(late if seconds else _("In the inbox within a second."))
    return Step(
        "told", "oa", _("The CRM tells the portal; an approval lands in the right inbox"),
        _("The CRM sends a signed message. The portal reads the deal again, proves its lines, starts the process "
          "and asks the directory who the seller’s manager is. The inbox shows it without a reload."),
        done=task is not None, at=task.created_at if task else None, facts=facts,
    )  # fmt: skip


def _approved(loop: Any, task: Any) -> Step:
    who = approver(loop, task)
    return Step(
        "approved", "oa", _("%(name)s approves") % {"name": person_name(who) if who else _("The manager")},
        _("The decision card shows customer, lines, terms, stock and receivable of this moment, each with its system "
          "and age. What was seen is frozen with the decision and sealed by a checksum."),
        act="approve", who=who, done=bool(task and task.decided_at), at=task.decided_at if task else None,
    )  # fmt: skip


def _undo(loop: Any, task: Any) -> Step:
    seconds = int(settings.UNDO_WINDOW.total_seconds())
    return Step(
        "undo", "oa", _("%(n)s seconds to take it back") % {"n": seconds},
        _("Until the time is up nothing has left the portal: Undo (key Z) leaves no trace in any other system."),
        done=bool(loop and (loop.approved_at or loop.outcome)), at=task.effective_at if task else None,
    )  # fmt: skip


def _ordered(loop: Any) -> Step:
    facts = []
    if loop and loop.order_no:
        facts.append(_("Order %(number)s") % {"number": loop.order_no})
    if loop and loop.shipments:
        facts += [_("Delivery note %(number)s") % {"number": note.get("number", ident)} for ident, note in loop.shipments.items()]
    if loop and loop.invoice_no:
        facts.append(_("Receivable by invoice %(number)s") % {"number": loop.invoice_no})
    facts += [_("Purchase request %(number)s, since stock is short") % {"number": n} for n in (loop.purchase_request_ids if loop else [])]
    return Step(
        "ordered", "erp", _("The ERP gets the order, once"),
        _("Order, delivery note and receivable are written from the frozen card, each with a key of its own that the ERP "
          "checks in its own transaction: however often it is repeated, there is one of each. No field is typed twice."),
        done=bool(loop and loop.order_no and loop.invoice_no), at=loop.ordered_at if loop else None, facts=facts,
    )  # fmt: skip


def _written(custom: dict[str, Any], loop: Any) -> Step:
    facts = [f"{label}: {payment_term(custom[name]) if name == 'payment_term' else custom[name]}" for name, label in (
        ("contract_no", _("Contract")), ("payment_term", _("Payment term")), ("erp_order_no", _("Order")),
    ) if custom.get(name)]  # fmt: skip
    return Step(
        "written", "crm", _("The CRM learns contract and order"),
        _("Amount, terms, clauses, order number and status go back to the deal and are read again to be sure."),
        done=bool(custom.get("erp_order_no")), facts=facts,
    )  # fmt: skip


def _shipped(loop: Any) -> Step:
    who = warehouse()
    facts = []
    if loop and loop.ordered_quantity:
        numbers = {"gone": quantity(loop.shipped_quantity), "all": quantity(loop.ordered_quantity)}
        facts.append(_("%(gone)s of %(all)s pieces have left the house.") % numbers)
    return Step(
        "shipped", "erp", _("%(name)s ships the goods") % {"name": person_name(who)},
        _("On the portal’s shipment page or in the ERP. In parts is fine: the loop closes when all is out."),
        act="ship", who=who, done=bool(loop and loop.shipped_at), at=loop.shipped_at if loop else None, facts=facts,
    )  # fmt: skip


def _closed(loop: Any) -> Step:
    return Step(
        "closed", "crm", _("“Shipped” comes back, the loop is closed"),
        _("Deal, order, timeline and the seller’s message say the same, with time and reference."),
        done=bool(loop and loop.outcome == "CLOSED"), at=loop.closed_at if loop else None,
    )  # fmt: skip


def agreement(loop: Any) -> Any:
    """What the three systems say about the same fields."""
    return business.agreement(loop) if loop else None


def loop_url(loop: Any) -> str:
    return f"/loop/{parts.quoted(loop.business_key)}/" if loop else ""
