"""The ERP's own screen: orders, deliveries, purchase requests, with buttons for the warehouse."""

from __future__ import annotations

from decimal import Decimal
from html import escape
from urllib.parse import urlencode

from apps.devtools.sandbox import company
from apps.devtools.sandbox.base import pages
from apps.devtools.sandbox.base.store import Reader, Refused, Row
from apps.devtools.sandbox.base.web import Answer, Request, moved
from apps.devtools.sandbox.erp import records
from apps.devtools.sandbox.erp.core import Erp
from apps.devtools.sandbox.erp.tables import OPEN_DELIVERY

SHOWN = 40
TITLE = "Sandbox ERP 沙盒 ERP"


def answer(system: Erp, request: Request) -> Answer:
    if request.path == "/style.css":
        return pages.style()
    if request.path == "/" and request.method == "GET":
        return _show(system, request)
    if request.path.startswith("/ui/") and request.method == "POST":
        return _press(system, request)
    raise Refused(404, "NO_SUCH_PATH", "There is nothing here.")


def refusal(refused: Refused) -> Answer:
    return pages.document(TITLE, company.MAIL, "", note=refused.message, bad=True, status=refused.status)


def _press(system: Erp, request: Request) -> Answer:
    """A button. Without a ticket the page works as the demo's operator, who may do everything."""
    if request.from_elsewhere():
        raise Refused(403, "FROM_ELSEWHERE", "Buttons of this page are pressed on this page.")
    form, person = request.form(), system.person(request)
    try:
        note, bad = _pressed(system, request.path, form, person), ""
    except Refused as refused:
        note, bad = refused.message, "1"
    return moved("/?" + urlencode({"note": note, "bad": bad}))


def _pressed(system: Erp, path: str, form: dict[str, str], person: str) -> str:
    user, trusted = person or "operator", not person
    if path == "/ui/ship":
        given: Row = {"deliveryId": form.get("delivery", ""), "to": "done"}
        if form.get("what") == "here":
            given["lines"] = _here(system, given["deliveryId"])
        done = system.do("deliveries.advance", given, user, trusted=trusted)
        rest = done["backorder"]
        return f"{done['delivery']['deliveryNo']} has left" + (f"; the rest is {rest['deliveryNo']}." if rest else ".")
    if path == "/ui/receive":
        done = system.do("requests.receive", {"requestId": form.get("request", "")}, user, trusted=trusted)["request"]
        return f"{done['quantity']} x {done['itemNo']} came in."
    if path == "/ui/cancel":
        return f"{system.do('orders.cancel', {'orderId': form.get('order', '')}, user, trusted=trusted)['order']['orderNo']} is cancelled."
    raise Refused(404, "NO_SUCH_PATH", "There is nothing here.")


def _here(system: Erp, delivery_id: str) -> list[Row]:
    """Of each line what is on hand."""
    with system.store.reading() as db:
        lines = records.one(db, "deliveries", delivery_id)["lines"]
        on_hand = {line["itemNo"]: Decimal(db.value("SELECT on_hand FROM items WHERE no = ?", line["itemNo"])) for line in lines}
    return [{"itemNo": line["itemNo"], "quantity": str(min(Decimal(line["quantity"]), on_hand[line["itemNo"]]))} for line in lines]


def _show(system: Erp, request: Request) -> Answer:
    with system.store.reading() as db:
        parts = [_deliveries(db), _orders(db), _requests(db), _stock(db)]
        person = system.person(request)
        name = db.value("SELECT name || ' ' || name_zh FROM users WHERE login = ?", person) if person else "operator of the demo"
    return pages.document(
        TITLE, f"Yunhe Pump Works 云禾泵业 · {name}", "".join(parts), note=request.query.get("note", ""), bad=bool(request.query.get("bad"))
    )


def _goods(lines: list[Row]) -> str:
    return "<br>".join(
        f"{escape(line['quantity'])} × {escape(company.name_of(line['itemNo']))} <span class=soft>{escape(line['itemNo'])}</span>" for line in lines
    )


def _deliveries(db: Reader) -> str:
    rows = []
    for row in db.rows("SELECT * FROM deliveries ORDER BY id DESC LIMIT ?", SHOWN):
        one = records.delivery(db, row)
        buttons = ""
        if one["status"] in OPEN_DELIVERY:
            buttons = (
                pages.button("/ui/ship", "Ship", main=True, delivery=one["deliveryId"])
                + " "
                + pages.button("/ui/ship", "Ship what is here", delivery=one["deliveryId"], what="here")
            )
        left = (one["shippedAt"] or "")[:16].replace("T", " ")
        rows.append(
            (
                f"delivery-{one['deliveryId']}",
                [
                    escape(one["deliveryNo"]),
                    escape(one["orderNo"]),
                    escape(one["partnerName"]),
                    _goods(one["lines"]),
                    f"{escape(one['status'])}<br><span class=soft>{left} {escape(one['tracking'])}</span>",
                    buttons,
                ],
            )
        )
    head = {"Delivery 发货单": "", "Order": "", "Customer 客户": "", "Goods 货物": "", "State 状态": "", "Do": ""}
    return pages.table("Deliveries 发货单", head, rows, "No deliveries yet.")


def _orders(db: Reader) -> str:
    rows = []
    for row in db.rows("SELECT * FROM orders ORDER BY id DESC LIMIT ?", SHOWN):
        one = records.order(db, row)
        cancel = pages.button("/ui/cancel", "Cancel", order=one["orderId"]) if one["status"] == "IN_PROGRESS" else ""
        rows.append(
            (
                f"order-{one['orderId']}",
                [
                    escape(one["orderNo"]),
                    escape(one["partnerName"]),
                    _goods(one["lines"]),
                    f"{Decimal(one['amount']):,.2f} {one['currency']}",
                    escape(one["status"]),
                    escape(one["externalRef"]),
                    cancel,
                ],
            )
        )
    head = {"Order 订单": "", "Customer 客户": "", "Lines 明细": "", "Amount 金额": "n", "State 状态": "", "Reference": "", "Do": ""}
    return pages.table("Sales orders 销售订单", head, rows, "No orders yet.")


def _requests(db: Reader) -> str:
    rows = []
    for one in db.rows("SELECT * FROM requests ORDER BY id DESC LIMIT ?", SHOWN):
        receive = pages.button("/ui/receive", "Receive 收货", request=str(one["id"])) if one["status"] == "OPEN" else ""
        rows.append(
            (
                f"request-{one['id']}",
                [
                    str(one["id"]),
                    escape(company.name_of(one["item_no"])),
                    escape(one["quantity"]),
                    escape(one["reference"]),
                    escape(one["status"]),
                    receive,
                ],
            )
        )
    head = {"No.": "", "Item 物料": "", "Quantity 数量": "n", "For order": "", "State 状态": "", "Do": ""}
    return pages.table("Purchase requests 采购申请", head, rows, "Nothing needs to be bought.")


def _stock(db: Reader) -> str:
    rows = []
    for row in db.rows("SELECT * FROM items WHERE stocked = 1 ORDER BY no"):
        one = records.stock(db, row)
        low = one["orderPoint"] is not None and Decimal(one["onHand"]) < Decimal(one["orderPoint"])
        point = escape(one["orderPoint"] or "")
        rows.append(
            (
                f"item-{one['itemNo']}",
                [
                    escape(one["itemNo"]),
                    f"{escape(row['name'])} {escape(row['name_zh'])}",
                    escape(one["onHand"]),
                    escape(one["available"]),
                    f"<span class=bad>{point} low</span>" if low else point,
                ],
            )
        )
    head = {"Item": "", "Name 名称": "", "On hand 现有": "n", "Available 可用": "n", "Order point 再订货点": "n"}
    return pages.table("Stock 库存", head, rows, "Nothing in stock.")
