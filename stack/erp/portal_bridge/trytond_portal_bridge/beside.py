"""What belongs to many documents at once: lines, moves, deliveries and invoices, in one statement for a page of documents.

The ORM reads them document by document; two years of orders take minutes that way. Who asks may see the documents themselves; what the model of
the parts says of access is asked by `read.check_fields`.
"""
from trytond.transaction import Transaction


def _grouped(sql, ids):
    "-> {first column: [the others as dict]}"
    cursor = Transaction().connection.cursor()
    cursor.execute(sql, (list(ids),))
    names = [column[0] for column in cursor.description][1:]
    found = {}
    for key, *values in cursor:
        found.setdefault(key, []).append(dict(zip(names, values)))
    return found


def lines_of_sales(ids):
    return _grouped(
        'SELECT sale, id, product, description, quantity, unit_price FROM sale_line'
        " WHERE sale = ANY(%s) AND type = 'line' ORDER BY sale, sequence, id", ids)


def shipments_of_sales(ids):
    return _grouped(
        'SELECT DISTINCT l.sale, s.id, s.number, s.state FROM sale_line l'
        " JOIN stock_move m ON m.origin = 'sale.line,' || l.id JOIN stock_shipment_out s ON m.shipment = 'stock.shipment.out,' || s.id"
        " WHERE l.sale = ANY(%s) AND l.type = 'line' ORDER BY l.sale, s.id", ids)


def invoices_of_sales(ids):
    return _grouped(
        'SELECT DISTINCT l.sale, i.id, i.number, i.state FROM sale_line l'
        " JOIN account_invoice_line il ON il.origin = 'sale.line,' || l.id JOIN account_invoice i ON i.id = il.invoice"
        " WHERE l.sale = ANY(%s) AND l.type = 'line' ORDER BY l.sale, i.id", ids)


def sales_with_nothing_left(ids):
    "Orders of which every move is cancelled"
    return set(_grouped(
        "SELECT l.sale FROM sale_line l JOIN stock_move m ON m.origin = 'sale.line,' || l.id"
        " WHERE l.sale = ANY(%s) AND l.type = 'line' GROUP BY l.sale HAVING bool_and(m.state = 'cancelled')", ids))


def sales_of_invoices(ids):
    return _grouped(
        'SELECT DISTINCT il.invoice, s.id, s.number FROM account_invoice_line il'
        " JOIN sale_line l ON il.origin = 'sale.line,' || l.id JOIN sale_sale s ON s.id = l.sale"
        ' WHERE il.invoice = ANY(%s) ORDER BY il.invoice, s.id', ids)


# To a customer: within the house the goods of a delivery are moved from shelf to door by moves of their own.
_OUT = (
    ' FROM unnest(%s) AS wanted(id) JOIN stock_move m ON m.shipment = \'stock.shipment.out,\' || wanted.id'
    " JOIN stock_location l ON l.id = m.to_location AND l.type = 'customer'")


def sales_of_shipments(ids):
    return _grouped(
        'SELECT DISTINCT wanted.id AS shipment, s.id, s.number' + _OUT
        + " JOIN sale_line sl ON m.origin = 'sale.line,' || sl.id JOIN sale_sale s ON s.id = sl.sale ORDER BY 1, s.id", ids)


def moves_of_shipments(ids):
    return _grouped(
        'SELECT wanted.id AS shipment, m.id, m.product, m.quantity, m.unit, m.state' + _OUT + " WHERE m.state != 'cancelled' ORDER BY 1, m.product, m.id",
        ids)
