"""Whole records for the portal: one call gives a page of what a read model needs, with the caller's rights.

A row: id, code (or number), write_date and what the kind has. Money and quantities as numbers of the ERP (money as text).
"""
import datetime as dt
from decimal import Decimal

from trytond.model.exceptions import AccessError
from trytond.pool import Pool
from trytond.transaction import Transaction, without_check_access

from . import beside
from .inbox import CommandError

READERS = {}


def reader(kind, model, code='code', domain=()):
    def decorator(func):
        READERS[kind] = model, code, list(domain), func
        return func
    return decorator


def rows(kind, after, limit, ids, codes):
    "-> (rows, id to go on after | None)"
    if kind not in READERS:
        raise CommandError(404, 'not_found', f"There is nothing of the kind {kind}; there are: {', '.join(sorted(READERS))}.")
    model, code, domain, function = READERS[kind]
    Model = Pool().get(model)
    domain = [*domain]
    if ids or codes:
        # one leaf a code: a searched name (rec_name) knows '=' and no 'in'
        domain.append(['OR', ('id', 'in', ids), *((code, '=', one) for one in codes)])
    else:
        domain.append(('id', '>', after))
    with Transaction().set_context(active_test=False):
        records = Model.search(domain, order=[('id', 'ASC')], limit=None if ids or codes else limit + 1)
        more = not (ids or codes) and len(records) > limit
        records = records[:limit] if more else records
        return function(records) if records else [], records[-1].id if more else None


def stamp(record):
    "What the source calls the state of the record"
    at = record.write_date or record.create_date
    return at.isoformat() if at else None


def moment(value):
    return value.replace(tzinfo=dt.timezone.utc) if value else None


def check_fields(model, names):
    "The ORM checks fields on read of a client, not of code: the same rule here"
    pool = Pool()
    pool.get('ir.model.access').check(model, 'read')
    pool.get('ir.model.field.access').check(model, names, 'read')


def company():
    User = Pool().get('res.user')
    with without_check_access():
        found = User(Transaction().user).company
    if not found:
        raise AccessError("The user belongs to no company.")
    return found


def party_of(party):
    return {'id': party.id, 'code': party.code, 'name': party.name}


def region_of(party):
    "The category of the party below the one named Region"
    with without_check_access():
        return next((c.name for c in party.categories if c.parent and c.parent.name == 'Region'), None)


def line_of(product):
    "The product line: the first category that is not one of accounting"
    if product is None:
        return None
    with without_check_access():
        return next((c.name for c in product.template.categories if not c.accounting), None)


def made_at(record):
    return record.create_date.isoformat() if record.create_date else None


# --- goods ----------------------------------------------------------------------------------------

@reader('product', 'product.product', domain=[('salable', '=', True)])
def products(records):
    currency = company().currency.code
    return [{
            'id': p.id, 'code': p.code, 'name': p.template.name, 'type': p.type, 'active': p.active,
            'list_price': p.list_price_used, 'currency': currency, 'unit': p.default_uom.symbol, 'product_line': line_of(p),
            'write_date': max(filter(None, (stamp(p), stamp(p.template)))),
            } for p in records]


@reader('stock', 'product.product', domain=[('type', 'in', ['goods', 'assets'])])
def stock(records):
    """quantity: in the warehouse now. promised: on open delivery notes. order_point: reorder below it."""
    pool = Pool()
    Product, Location, Date = pool.get('product.product'), pool.get('stock.location'), pool.get('ir.date')
    OrderPoint = pool.get('stock.order_point')
    ids = [p.id for p in records]
    with without_check_access():
        warehouses = [w.id for w in Location.search([('type', '=', 'warehouse')])]
        with Transaction().set_context(stock_date_end=Date.today()):
            there = Product.products_by_location(warehouses, with_childs=True, grouping_filter=(ids,))
        points = {o.product.id: o for o in OrderPoint.search([('product', 'in', ids), ('company', '=', company().id)])}
    on_hand = {}
    for (_, product), quantity in there.items():
        on_hand[product] = on_hand.get(product, 0) + quantity
    promised = promised_quantities(ids)
    return [{
            'id': p.id, 'code': p.code, 'name': p.template.name, 'unit': p.default_uom.symbol, 'active': p.active,
            'quantity': round(on_hand.get(p.id, 0), 4), 'promised': promised.get(p.id, 0),
            'order_point': points[p.id].min_quantity if p.id in points else None,
            'target': points[p.id].target_quantity if p.id in points else None,
            } for p in records]


def promised_quantities(product_ids):
    "Open moves to customers; a move between two shelves promises nothing"
    cursor = Transaction().connection.cursor()
    cursor.execute(
        'SELECT m.product, sum(m.internal_quantity) FROM stock_move m JOIN stock_location l ON l.id = m.to_location'
        " WHERE m.state IN ('draft', 'assigned') AND l.type = 'customer' AND m.company = %s AND m.product = ANY(%s)"
        ' GROUP BY m.product', (company().id, product_ids))
    return {product: round(float(quantity), 4) for product, quantity in cursor}


# --- orders and what follows ----------------------------------------------------------------------

@reader('order', 'sale.sale', code='number')
def orders(records):
    check_fields('sale.line', ['quantity', 'unit_price', 'amount'])
    ids = [sale.id for sale in records]
    # numbers of what follows from an order that the caller may see
    shipments, invoices, lines = beside.shipments_of_sales(ids), beside.invoices_of_sales(ids), beside.lines_of_sales(ids)
    unwanted, region = beside.sales_with_nothing_left(ids), once(region_of)
    goods = goods_of(line['product'] for rows in lines.values() for line in rows)
    return [{
            'id': sale.id, 'number': sale.number, 'state': sale.state, 'reference': sale.reference,
            'party': party_of(sale.party), 'currency': sale.currency.code, 'total_amount': sale.total_amount,
            'payment_term': sale.payment_term.name if sale.payment_term else None, 'comment': sale.comment,
            'region': region(sale.party), 'created_at': made_at(sale), 'planned_date': sale.shipping_date,
            'sale_date': sale.sale_date, 'shipment_state': sale.shipment_state, 'invoice_state': sale.invoice_state,
            'write_date': stamp(sale), 'shipments': shipments.get(sale.id, []), 'invoices': invoices.get(sale.id, []),
            'given_up': sale.id in unwanted and given_up(sale),
            'lines': [order_line(sale, line, goods) for line in lines.get(sale.id, [])],
            } for sale in records]


def order_line(sale, line, goods):
    product = goods.get(line['product'])
    amount = Decimal(str(line['quantity'] or 0)) * (line['unit_price'] or Decimal(0))
    return {
        'id': line['id'], 'product': product['code'] if product else None, 'name': product['name'] if product else line['description'],
        'quantity': line['quantity'], 'unit_price': line['unit_price'], 'amount': sale.currency.round(amount),
        'product_line': product['product_line'] if product else None}


def goods_of(ids):
    "product id -> code, name and product line, read once for all lines and moves that name it"
    with without_check_access():
        products = Pool().get('product.product').browse(sorted({one for one in ids if one}))
        return {p.id: {'code': p.code, 'name': p.template.name, 'product_line': line_of(p)} for p in products}


def once(function):
    "The same, asked once for each record"
    known = {}

    def asked(record):
        if record.id not in known:
            known[record.id] = function(record)
        return known[record.id]
    return asked


def given_up(sale):
    """Nothing of it left and nothing will: all deliveries were cancelled, and whoever settled that had none made again.
    Tryton offers "cancel" on quotations only; this is how an order in processing ends."""
    if sale.state not in {'processing', 'done'}:
        return False
    with without_check_access():
        lines = [line for line in sale.lines if line.type == 'line']
        return bool(lines) and all(
            line.moves and all(m.state == 'cancelled' for m in line.moves) and not line.moves_exception for line in lines)


@reader('shipment', 'stock.shipment.out', code='number')
def shipments(records):
    check_fields('stock.move', ['product', 'quantity', 'state'])
    ids = [s.id for s in records]
    sales, moves, region = beside.sales_of_shipments(ids), beside.moves_of_shipments(ids), once(region_of)
    goods = goods_of(move['product'] for rows in moves.values() for move in rows)
    with without_check_access():
        units = {u.id: u.symbol for u in Pool().get('product.uom').browse(sorted({move['unit'] for rows in moves.values() for move in rows}))}
    return [{
            'id': s.id, 'number': s.number, 'state': s.state, 'reference': s.reference, 'party': party_of(s.customer),
            'planned_date': s.planned_date, 'effective_date': s.effective_date, 'left_at': moment(s.portal_left_at),
            'region': region(s.customer), 'created_at': made_at(s), 'write_date': stamp(s), 'orders': sales.get(s.id, []),
            'moves': [
                {'id': move['id'], 'product': goods[move['product']]['code'], 'name': goods[move['product']]['name'],
                 'product_line': goods[move['product']]['product_line'], 'quantity': move['quantity'], 'unit': units[move['unit']],
                 'state': move['state']} for move in moves.get(s.id, [])],
            } for s in records]


@reader('purchase_request', 'purchase.request', code='rec_name')
def purchase_requests(records):
    return [{
            'id': r.id, 'state': r.state, 'product': r.product.code if r.product else None,
            'name': r.product.template.name if r.product else r.summary, 'quantity': r.quantity,
            'description': r.description, 'supply_date': r.supply_date, 'purchase_date': r.purchase_date,
            'supplier': party_of(r.party) if r.party else None, 'write_date': stamp(r),
            'origin': r.origin.rec_name if r.origin else None, 'origin_model': r.origin.__name__ if r.origin else None,
            'purchase': r.purchase.number if r.purchase else None,
            } for r in records]


# --- money ----------------------------------------------------------------------------------------

@reader('invoice', 'account.invoice', code='number', domain=[('type', '=', 'out')])
def invoices(records):
    check_fields('account.invoice', ['amount_to_pay', 'total_amount'])
    sales, region = beside.sales_of_invoices([i.id for i in records]), once(region_of)
    return [{
            'id': i.id, 'number': i.number, 'state': i.state, 'party': party_of(i.party), 'currency': i.currency.code,
            'total_amount': i.total_amount, 'amount_to_pay': i.amount_to_pay, 'invoice_date': i.invoice_date,
            'due_date': max((line.maturity_date for line in i.lines_to_pay if line.maturity_date), default=None),
            'region': region(i.party), 'created_at': made_at(i), 'paid_amount': i.total_amount - i.amount_to_pay if i.state in POSTED else 0,
            'paid_date': max((line.date for line in i.payment_lines), default=None) if i.state == 'paid' else None,
            'orders': sales.get(i.id, []), 'write_date': stamp(i),
            } for i in records]


POSTED = {'posted', 'paid'}


@reader('payment', 'account.invoice-account.move.line', code='id', domain=[('invoice.type', '=', 'out')])
def payments(records):
    "What customers paid, by invoice: one row for each booking"
    check_fields('account.invoice', ['amount_to_pay', 'total_amount'])
    return [{
            'id': r.id, 'number': r.line.move.number, 'date': r.line.date, 'amount': r.line.credit - r.line.debit,
            'party': party_of(r.invoice.party), 'currency': r.invoice.currency.code, 'region': region_of(r.invoice.party),
            'invoice': {'id': r.invoice.id, 'number': r.invoice.number}, 'write_date': stamp(r),
            } for r in records]


# --- making and buying ----------------------------------------------------------------------------

@reader('production', 'production', code='number')
def productions(records):
    return [{
            'id': p.id, 'number': p.number, 'state': p.state, 'product': p.product.code if p.product else None,
            'name': p.product.template.name if p.product else None, 'product_line': line_of(p.product), 'quantity': p.quantity,
            'planned_start_date': p.planned_start_date, 'planned_date': p.planned_date, 'effective_start_date': p.effective_start_date,
            'effective_date': p.effective_date, 'created_at': made_at(p), 'write_date': stamp(p),
            } for p in records]


@reader('purchase_order', 'purchase.purchase', code='number')
def purchases(records):
    return [purchase(p) for p in records]


def purchase(p):
    """planned_date: when all of it was to be there; a line's own date becomes the day of the arrival, so once there are moves the day they were first
    planned for counts. effective_date: when the last of it came, once everything has come."""
    with without_check_access():
        lines = [line for line in p.lines if line.type == 'line']
        moves = [m for line in lines for m in line.moves if m.state != 'cancelled']
        came = bool(moves) and all(m.state == 'done' for m in moves)
        planned = [day for line in lines for day in promised_days(line) if day]
    return {
        'id': p.id, 'number': p.number, 'state': p.state, 'party': party_of(p.party), 'currency': p.currency.code, 'total_amount': p.total_amount,
        'purchase_date': p.purchase_date, 'planned_date': max(planned, default=p.delivery_date), 'created_at': made_at(p),
        'effective_date': max((m.effective_date for m in moves if m.effective_date), default=None) if came else None, 'write_date': stamp(p),
        'lines': [{
                'id': line.id, 'product': line.product.code if line.product else None,
                'name': line.product.template.name if line.product else line.description, 'product_line': line_of(line.product),
                'quantity': line.quantity, 'unit_price': line.unit_price, 'amount': line.amount,
                } for line in lines],
        }


def promised_days(line):
    return [m.origin_planned_date or m.planned_date for m in line.moves if m.state != 'cancelled'] or [line.delivery_date]


@reader('receivable', 'party.party', domain=[('code', 'like', 'C-%')])
def receivables(records):
    """What customers owe, by age of the due date. Access to the field "receivable" of the party decides."""
    check_fields('party.party', ['receivable'])
    of = company()
    owed, open_ = owed_by([p.id for p in records], of), open_invoices([p.id for p in records], of)
    result = []
    for p in records:
        balance, buckets = owed.get(p.id, (Decimal(0), {}))
        result.append({
                'id': p.id, 'code': p.code, 'name': p.name, 'active': p.active, 'currency': of.currency.code,
                'balance': balance, 'overdue': sum(buckets.values(), Decimal(0)), 'ageing': buckets,
                'region': region_of(p), 'limit': limit_of(p, of), 'open_invoices': open_.get(p.id, 0), 'write_date': stamp(p)})
    return result


def limit_of(party, of):
    """What the party may owe this company; None: nobody set a limit. Tryton keeps one for each company, and without one named it finds none."""
    return party.get_multivalue('credit_limit_amount', company=of.id) if 'credit_limit_amount' in party._fields else None


AGES = ((30, '1-30'), (60, '31-60'), (90, '61-90'), (None, '90+'))


def owed_by(party_ids, of):
    "party -> (balance, {age: amount past due})"
    today = Pool().get('ir.date').today()
    cursor = Transaction().connection.cursor()
    cursor.execute(
        'SELECT l.party, coalesce(l.maturity_date, m.date), sum(l.debit - l.credit)'
        ' FROM account_move_line l JOIN account_move m ON m.id = l.move'
        ' JOIN account_account a ON a.id = l.account JOIN account_account_type t ON t.id = a.type'
        ' WHERE t.receivable AND l.reconciliation IS NULL AND a.company = %s AND l.party = ANY(%s) GROUP BY 1, 2',
        (of.id, party_ids))
    found = {}
    for party, due, amount in cursor:
        balance, buckets = found.get(party, (Decimal(0), {}))
        late = (today - due).days
        if late > 0:
            age = next(name for most, name in AGES if most is None or late <= most)
            buckets[age] = buckets.get(age, Decimal(0)) + amount
        found[party] = balance + amount, buckets
    return found


def open_invoices(party_ids, of):
    cursor = Transaction().connection.cursor()
    cursor.execute(
        "SELECT party, count(*) FROM account_invoice WHERE type = 'out' AND state = 'posted' AND company = %s"
        ' AND party = ANY(%s) GROUP BY party', (of.id, party_ids))
    return dict(cursor.fetchall())


@reader('currency', 'currency.currency')
def currencies(records):
    return [{'id': c.id, 'code': c.code, 'name': c.name, 'digits': c.digits} for c in records if c.active]


@reader('payment_term', 'account.invoice.payment_term', code='name')
def payment_terms(records):
    from .sales import term_days
    return [{'id': t.id, 'name': t.name, 'days': term_days(t)} for t in records if t.active]
