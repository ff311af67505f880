"""The CRM's own screen: deals, with buttons to move them. A button acts as the deal's owner."""

from __future__ import annotations

from decimal import Decimal
from html import escape
from urllib.parse import urlencode

from apps.devtools.sandbox.base import pages
from apps.devtools.sandbox.base.store import Reader, Refused, Row
from apps.devtools.sandbox.base.web import Answer, Request, moved
from apps.devtools.sandbox.crm import records
from apps.devtools.sandbox.crm.core import Crm

TITLE = "Sandbox CRM 沙盒 CRM"
TO = {"won": "won", "lost": "lost", "open": "negotiation"}


def answer(crm: Crm, request: Request) -> Answer:
    if request.path == "/style.css":
        return pages.style()
    if request.path == "/" and request.method == "GET":
        return _show(crm, request)
    if request.path in ("/ui/move", "/ui/delete") and request.method == "POST":
        return _press(crm, request)
    raise Refused(404, "no_such_path", "There is nothing here.")


def refusal(refused: Refused) -> Answer:
    return pages.document(TITLE, "", "", note=refused.message, bad=True, status=refused.status)


def _press(crm: Crm, request: Request) -> Answer:
    if request.from_elsewhere():
        raise Refused(403, "from_elsewhere", "Buttons of this page are pressed on this page.")
    form = request.form()
    ident, bad = form.get("deal", ""), ""
    try:
        with crm.store.reading() as db:
            owner = records.row_of(db, "deals", ident)["owner"]
        if request.path == "/ui/delete":
            crm.write("deals.delete", ident, {}, owner)
            note = f"{ident} is deleted."
        else:
            deal = crm.write("deals.move", ident, {"stage": TO.get(form.get("to", ""), "")}, owner)[0]
            note = f"{deal['title']}: {deal['stage']['label']}."
    except Refused as refused:
        note, bad = refused.message, "1"
    return moved("/?" + urlencode({"note": note, "bad": bad}) + f"#deal-{ident}")


def _show(crm: Crm, request: Request) -> Answer:
    with crm.store.reading() as db:
        parts = [_deals(db, kind, title) for kind, title in (("open", "Open deals 进行中的商机"), ("won", "Won 赢单"), ("lost", "Lost 输单"))]
    return pages.document(TITLE, "Yunhe Pump Works 云禾泵业 · buttons act as the deal's owner", "".join(parts),
                          note=request.query.get("note", ""), bad=bool(request.query.get("bad")))  # fmt: skip


def _deals(db: Reader, kind: str, title: str) -> str:
    rows = []
    for row in db.rows("SELECT d.* FROM deals d JOIN stages s ON s.code = d.stage WHERE s.kind = ? "
                       "ORDER BY s.position DESC, d.stage_since DESC", kind):  # fmt: skip
        one = records.deal(db, row)
        rows.append((f"deal-{one['id']}", _cells(one)))
    head = {
        "Deal 商机": "",
        "Client 客户": "",
        "Positions 明细": "",
        "Value 金额": "n",
        "Owner 负责人": "",
        "Contract and order 合同与订单": "",
        "Do": "",
    }
    return pages.table(title, head, rows, "None.")


def _cells(one: Row) -> list[str]:
    lines = "<br>".join(f"{escape(line['quantity'])} × {escape(line['title'])} <span class=soft>{escape(line['sku'] or 'no product')}</span>"
                        for line in one["positions"])  # fmt: skip
    amount = one["value"]["amount"]
    custom = "<br>".join(f"<span class=soft>{escape(name)}</span> {escape(value[:80])}" for name, value in one["custom"].items())
    kind, ident = one["stage"]["kind"], one["id"]
    lost, delete = pages.button("/ui/move", "Lost 输单", deal=ident, to="lost"), pages.button("/ui/delete", "Delete 删除", deal=ident)
    again = pages.button("/ui/move", "Reopen 重新打开", deal=ident, to="open")
    buttons = {
        "open": [pages.button("/ui/move", "Set won 赢单", main=True, deal=ident, to="won"), lost, delete],
        "won": [again, lost, delete],
        "lost": [again],
    }
    return [
        f"{escape(one['title'])}<br><span class=soft>{escape(ident)} · {escape(one['stage']['label'])} · {escape(one['organisation'])}</span>",
        escape((one["client"] or {}).get("name", "none")),
        lines or "<span class=soft>none</span>",
        f"{Decimal(amount):,.2f} {escape(one['value']['currency'])}" if amount else "",
        escape(one["owner"]["name"]),
        custom,
        " ".join(buttons[kind]),
    ]
