"""The commands of the portal. Each runs in one transaction with its idempotency key (inbox.py)."""
import datetime as dt

from trytond.pool import Pool
from trytond.transaction import Transaction, without_check_access

from .inbox import CommandError, bad, command, date, guard, need, new, number, ref

SHIPMENT_STATES = ['waiting', 'assigned', 'picked', 'packed', 'shipped', 'done']


# --- sales ----------------------------------------------------------------------------------------

def show_sale(sale):
    sale = Pool().get('sale.sale')(sale.id)
    with without_check_access():          # the seller sees the numbers of what follows from the order
        shipments = [{'id': s.id, 'number': s.number, 'state': s.state} for s in sale.shipments]
        invoices = [{'id': i.id, 'number': i.number, 'state': i.state} for i in sale.invoices]
    return {
        'model': 'sale.sale', 'id': sale.id, 'number': sale.number, 'state': sale.state,
        'reference': sale.reference, 'party': sale.party.id, 'currency': sale.currency.code,
        'payment_term': sale.payment_term.name if sale.payment_term else None,
        'untaxed_amount': sale.untaxed_amount, 'tax_amount': sale.tax_amount,
        'total_amount': sale.total_amount, 'write_date': sale.write_date,
        'shipment_state': sale.shipment_state, 'invoice_state': sale.invoice_state,
        'shipments': shipments, 'invoices': invoices,
        }


def check_currency(code, sale):
    "The caller's currency must be the one that the ERP uses for this customer"
    found = Pool().get('currency.currency').search([('code', '=', code)], limit=1)
    if not found:
        raise bad('currency', f"The currency {code} is not kept here.")
    if sale.currency != found[0]:
        raise bad('currency', f"The order would be in {sale.currency.code}, not in {code}.")


def payment_term(value, field='payment_term'):
    """By id (number), by name (text), or by days: {"days": 30} = the term whose whole amount is due after so many days"""
    Term = Pool().get('account.invoice.payment_term')
    if not isinstance(value, dict):
        return ref('account.invoice.payment_term', value, field, 'name')
    days = number(need(value, 'days'), field, int)
    terms = Term.search([], order=[('id', 'ASC')])
    for term in terms:
        if term_days(term) == days:
            return term
    known = ', '.join(t.name for t in terms)
    raise bad(field, f"There is no payment term of {days} days; there are: {known}.")


def term_days(term):
    "Days until the whole amount is due, or None for a term in parts or with months"
    if len(term.lines) != 1 or term.lines[0].type != 'remainder':
        return None
    deltas = term.lines[0].relativedeltas
    if any(d.months or d.weeks or d.day or d.month or d.weekday for d in deltas):
        return None
    return sum(d.days for d in deltas)


@command('sale.create')
def sale_create(payload):
    """party, currency, lines [{product, quantity, unit_price?, description?}], payment_term?, reference?, comment?,
    sale_date?, shipping_date?, until = draft | quotation | confirmed | processing (default)"""
    Sale = Pool().get('sale.sale')
    until = payload.get('until', 'processing')
    if until not in {'draft', 'quotation', 'confirmed', 'processing'}:
        raise bad('until', "until must be draft, quotation, confirmed or processing.")
    sale = sale_head(payload)
    sale_lines(sale, payload)
    sale = Sale(sale.id)
    if until != 'draft':
        Sale.quote([sale])
    if until == 'confirmed':
        with Transaction().set_context(queue_batch=False):
            before = len(Transaction().tasks)
            Sale.confirm([sale])
            drop_tasks(before)
    elif until == 'processing':
        Sale.confirm([sale])
    return lambda: show_sale(sale)


def drop_tasks(before):
    "Confirming queues the processing; who asked for a confirmed order wants it to stay confirmed"
    Queue = Pool().get('ir.queue')
    tasks = Transaction().tasks
    queued = tasks[before:]
    del tasks[before:]
    with without_check_access():
        Queue.delete(Queue.browse(queued))


def sale_head(payload):
    sale = new('sale.sale', party=ref('party.party', need(payload, 'party'), 'party'))
    sale.on_change_party()
    check_currency(need(payload, 'currency'), sale)
    if payload.get('payment_term') is not None:
        sale.payment_term = payment_term(payload['payment_term'])
    sale.reference = payload.get('reference')
    sale.comment = payload.get('comment')
    sale.sale_date = date(payload.get('sale_date'), 'sale_date')
    if payload.get('shipping_date'):
        sale.shipping_date = date(payload['shipping_date'], 'shipping_date')
    sale.save()
    return sale


def sale_lines(sale, payload):
    lines = need(payload, 'lines')
    if not isinstance(lines, list) or len(lines) > 500:
        raise bad('lines', "lines must be a list of at most 500.")
    records = []
    for i, data in enumerate(lines):
        at = f'lines.{i}.'
        line = new('sale.line', sale=sale)
        line.product = ref(
            'product.product', need(data, 'product'), at + 'product',
            domain=[('salable', '=', True)])
        line.quantity = number(need(data, 'quantity'), at + 'quantity', float)
        if line.quantity <= 0:
            raise bad(at + 'quantity', "The quantity must be more than zero.")
        line.on_change_product()
        if data.get('unit_price') is not None:
            line.unit_price = number(data['unit_price'], at + 'unit_price')
        if line.unit_price is None:
            raise bad(at + 'unit_price', "The product has no price.")
        if line.unit_price < 0:
            raise bad(at + 'unit_price', "The price must not be negative.")
        if data.get('description'):
            line.description = data['description']
        records.append(line)
    Pool().get('sale.line').save(records)


@command('sale.cancel')
def sale_cancel(payload):
    Sale = Pool().get('sale.sale')
    sale = ref('sale.sale', need(payload, 'id'), 'id', 'number')
    guard(sale, payload)
    Sale.cancel([sale])
    return lambda: show_sale(sale)


# --- shipments ------------------------------------------------------------------------------------

@command('shipment.advance')
def shipment_advance(payload):
    """id (or number), to = assigned | picked | packed | shipped | done, quantities? {product code: what leaves now},
    reference? (waybill), force? (assign without stock)

    With quantities the rest goes to another delivery note of the same order, made when this one is done."""
    Shipment = Pool().get('stock.shipment.out')
    shipment = ref('stock.shipment.out', need(payload, 'id'), 'id', 'number')
    guard(shipment, payload)
    to = need(payload, 'to')
    if to not in SHIPMENT_STATES[1:]:
        raise bad('to', f"to must be one of {', '.join(SHIPMENT_STATES[1:])}.")
    if shipment.state in {'done', 'cancelled'} or (
            shipment.state in SHIPMENT_STATES and SHIPMENT_STATES.index(shipment.state) > SHIPMENT_STATES.index(to)):
        raise CommandError(
            409, 'wrong_state', f"Delivery note {shipment.number} is {shipment.state} already.", state=shipment.state)
    if payload.get('quantities'):
        ship_part(shipment, payload['quantities'])
        shipment = Shipment(shipment.id)
    if payload.get('reference'):
        Shipment.write([shipment], {'reference': str(payload['reference'])})
    if shipment.state == 'draft':
        Shipment.wait([shipment])
    for state in SHIPMENT_STATES[1:SHIPMENT_STATES.index(to) + 1]:
        if not (state == 'shipped' and to == 'done'):
            step_shipment(Shipment(shipment.id), state, payload.get('force'))
    return lambda: show_shipment(shipment)


def step_shipment(shipment, state, force):
    Shipment = type(shipment)
    if SHIPMENT_STATES.index(shipment.state) >= SHIPMENT_STATES.index(state):
        return
    if state != 'assigned':
        {'picked': Shipment.pick, 'packed': Shipment.pack, 'shipped': Shipment.ship, 'done': Shipment.do}[state]([shipment])
    elif force:
        Shipment.assign_force([shipment])
    else:
        Shipment.assign_try([shipment])
        if Shipment(shipment.id).state != 'assigned':
            raise CommandError(
                409, 'out_of_stock', f"The goods of {shipment.number} are not all in stock.", shipment=shipment.number)


def ship_part(shipment, quantities):
    """Cut the outgoing moves down to what leaves now. The order makes the rest again once this one is done."""
    pool = Pool()
    Shipment, Move = pool.get('stock.shipment.out'), pool.get('stock.move')
    if not isinstance(quantities, dict):
        raise bad('quantities', "quantities must be an object {product code: quantity}.")
    wanted = {code: number(value, f'quantities.{code}', float) for code, value in quantities.items()}
    there = {}
    for move in shipment.outgoing_moves:
        if move.state != 'cancelled':
            there[move.product.code] = there.get(move.product.code, 0) + move.quantity
    for code, quantity in wanted.items():
        if code not in there:
            raise bad(f'quantities.{code}', f"Delivery note {shipment.number} has no {code}.")
        if not 0 <= quantity <= there[code]:
            raise bad(f'quantities.{code}', f"{code}: between 0 and {there[code]:g} can leave now.")
    if not any(wanted.get(code, 0) for code in there):
        raise bad('quantities', "Nothing would leave the house.")
    if all(wanted.get(code, 0) == quantity for code, quantity in there.items()):
        return
    if shipment.state not in {'draft', 'waiting', 'assigned'}:
        raise CommandError(
            409, 'wrong_state', f"Delivery note {shipment.number} is {shipment.state}: its quantities were fixed when it was picked.",
            state=shipment.state)
    if shipment.state == 'assigned':
        Shipment.wait([shipment])
    if Shipment(shipment.id).state == 'waiting':
        Shipment.draft([Shipment(shipment.id)])
    left = dict(wanted)
    for move in Shipment(shipment.id).outgoing_moves:
        code = move.product.code
        now = min(move.quantity, left.get(code, 0))
        left[code] = left.get(code, 0) - now
        if now <= 0:
            Move.delete([move])
        elif now != move.quantity:
            Move.write([move], {'quantity': now})
    Shipment.wait([Shipment(shipment.id)])


def show_shipment(shipment):
    shipment = Pool().get('stock.shipment.out')(shipment.id)
    with without_check_access():
        sales = sorted({m.sale.id for m in shipment.outgoing_moves if m.sale})
        following = sorted({
            s.number for m in shipment.outgoing_moves if m.sale for s in m.sale.shipments
            if s.id != shipment.id and s.state not in {'done', 'shipped', 'cancelled'}})
    return {
        'model': 'stock.shipment.out', 'id': shipment.id, 'number': shipment.number,
        'state': shipment.state, 'write_date': shipment.write_date, 'sales': sales, 'open': following,
        'left_at': shipment.portal_left_at.replace(tzinfo=dt.timezone.utc) if shipment.portal_left_at else None,
        'moves': [{'product': m.product.code, 'quantity': m.quantity, 'state': m.state}
            for m in shipment.outgoing_moves],
        }


# --- purchase requests ----------------------------------------------------------------------------

@command('purchase_request.create')
def purchase_request_create(payload):
    """sale? = id (or number) of the order that needs the goods, lines [{product, quantity, supplier?}], needed_on?

    One request per line, with the order as its origin; without an order for the stock of the user's company. Without a supplier the product's
    own is taken."""
    Request = Pool().get('purchase.request')
    sale = ref('sale.sale', payload['sale'], 'sale', 'number') if payload.get('sale') else None
    lines = need(payload, 'lines')
    if not isinstance(lines, list) or len(lines) > 500:
        raise bad('lines', "lines must be a list of at most 500.")
    needed_on = date(payload.get('needed_on'), 'needed_on')
    Pool().get('ir.model.access').check('purchase.request', 'create')
    with without_check_access():         # Tryton lets nobody create a request by hand
        requests = [request_line(sale, data, f'lines.{i}.', needed_on) for i, data in enumerate(lines)]
        Request.save(requests)
    return {
        'sale': sale.id if sale else None, 'reference': sale.number if sale else '',
        'requests': [{
                'model': 'purchase.request', 'id': r.id, 'state': r.state, 'product': r.product.code,
                'quantity': r.quantity, 'party': r.party.code if r.party else None} for r in requests],
        }


def request_line(sale, data, at, needed_on):
    Request = Pool().get('purchase.request')
    product = ref(
        'product.product', need(data, 'product'), at + 'product', domain=[('purchasable', '=', True)])
    quantity = number(need(data, 'quantity'), at + 'quantity', float)
    if quantity <= 0:
        raise bad(at + 'quantity', "The quantity must be more than zero.")
    company, warehouse, words = for_sale(sale) if sale else for_stock()
    with Transaction().set_context(_check_access=False):  # who asks need not see what suppliers charge
        supplier, purchase_date = Request.find_best_supplier(product, needed_on, company=company)
    if data.get('supplier'):
        supplier = ref('party.party', data['supplier'], at + 'supplier')
    return new(
        'purchase.request', product=product, quantity=quantity, computed_quantity=quantity,
        unit=product.default_uom, computed_unit=product.default_uom, party=supplier,
        description=words, warehouse=warehouse if product.type in {'goods', 'assets'} else None,
        company=company, supply_date=needed_on, purchase_date=purchase_date, origin=sale)


def for_sale(sale):
    "Company, warehouse and words of a request that an order needs"
    return sale.company.id, sale.warehouse, f"For sale order {sale.number}" + (f" ({sale.reference})" if sale.reference else '')


def for_stock():
    "Of a request that fills up the stock"
    company = Transaction().context.get('company')
    if company is None:
        raise bad('sale', "The user belongs to no company.")
    return company, Pool().get('stock.location').get_default_warehouse(), "To fill up the stock"


# --- requisitions ---------------------------------------------------------------------------------

def show_requisition(requisition):
    r = Pool().get('purchase.requisition')(requisition.id)
    return {
        'model': 'purchase.requisition', 'id': r.id, 'number': r.number, 'state': r.state,
        'total_amount': r.total_amount, 'write_date': r.write_date,
        'approved_by': r.approved_by.rec_name if r.approved_by else None,
        'requests': [
            {'id': q.id, 'state': q.state, 'product': q.product.code if q.product else None,
                'quantity': q.quantity,
                'purchase': q.purchase.number if q.purchase else None}
            for line in r.lines for q in line.purchase_requests],
        }


@command('requisition.create')
def requisition_create(payload):
    """supply_date, lines [{product? | description, quantity, unit_price?, supplier?}],
    employee? (default: of the user), description?, submit (default true)"""
    pool = Pool()
    Requisition, Line = pool.get('purchase.requisition'), pool.get('purchase.requisition.line')
    requisition = new('purchase.requisition',
        supply_date=date(need(payload, 'supply_date'), 'supply_date'),
        description=payload.get('description'))
    if payload.get('employee'):
        requisition.employee = ref('company.employee', payload['employee'], 'employee')
    if not requisition.employee:
        raise bad('employee', "The user has no employee.")
    requisition.save()
    records = []
    for i, data in enumerate(need(payload, 'lines')):
        at = f'lines.{i}.'
        line = new('purchase.requisition.line', requisition=requisition)
        if data.get('product'):
            line.product = ref('product.product', data['product'], at + 'product')
            line.on_change_product()
        line.description = data.get('description') or None
        line.quantity = number(need(data, 'quantity'), at + 'quantity', float)
        if data.get('unit_price') is not None:
            line.unit_price = number(data['unit_price'], at + 'unit_price')
        if data.get('supplier'):
            line.supplier = ref('party.party', data['supplier'], at + 'supplier')
        records.append(line)
    Line.save(records)
    requisition = Requisition(requisition.id)
    if payload.get('submit', True):
        Requisition.wait([requisition])
    return show_requisition(requisition)


@command('requisition.approve')
def requisition_approve(payload):
    Requisition = Pool().get('purchase.requisition')
    requisition = ref('purchase.requisition', need(payload, 'id'), 'id', 'number')
    guard(requisition, payload)
    Requisition.approve([requisition])
    return lambda: show_requisition(requisition)


@command('requisition.reject')
def requisition_reject(payload):
    Requisition = Pool().get('purchase.requisition')
    requisition = ref('purchase.requisition', need(payload, 'id'), 'id', 'number')
    guard(requisition, payload)
    Requisition.reject([requisition])
    return show_requisition(requisition)


@command('requisition.order')
def requisition_order(payload):
    "id: turn the purchase requests of the requisition into purchase orders (needs a supplier each)"
    pool = Pool()
    Wizard = pool.get('purchase.request.create_purchase', type='wizard')
    Request = pool.get('purchase.request')
    requisition = ref('purchase.requisition', need(payload, 'id'), 'id', 'number')
    requests = [q for line in requisition.lines for q in line.purchase_requests if not q.purchase]
    if not requests:
        raise CommandError(409, 'conflict', "There is nothing to order.")
    if [q for q in requests if not q.party]:
        raise bad('supplier', "A line has no supplier.")
    session_id, _, _ = Wizard.create()
    with Transaction().set_context(
            active_model='purchase.request', active_ids=[q.id for q in requests],
            active_id=requests[0].id):
        Wizard.execute(session_id, {}, 'start')
        Wizard.delete(session_id)
    purchases = {q.purchase for q in Request.browse(requests) if q.purchase}
    result = show_requisition(requisition)
    result['purchases'] = [
        {'id': p.id, 'number': p.number, 'state': p.state, 'party': p.party.rec_name,
            'total_amount': p.total_amount} for p in sorted(purchases, key=int)]
    return result


def show_invoice(invoice):
    i = Pool().get('account.invoice')(invoice.id)
    return {
        'model': 'account.invoice', 'id': i.id, 'type': i.type, 'number': i.number,
        'state': i.state, 'reference': i.reference, 'party': i.party.id,
        'total_amount': i.total_amount, 'amount_to_pay': i.amount_to_pay,
        'currency': i.currency.code, 'write_date': i.write_date,
        'sales': [s.id for s in i.sales],
        }


@command('bill.create')
def bill_create(payload):
    """Supplier invoice, e.g. of an approved expense claim: party, reference, date,
    lines [{description, account (code or id), quantity?, unit_price}],
    until = draft | validated | posted (default)"""
    pool = Pool()
    Invoice, Line = pool.get('account.invoice'), pool.get('account.invoice.line')
    until = payload.get('until', 'posted')
    if until not in {'draft', 'validated', 'posted'}:
        raise bad('until', "until must be draft, validated or posted.")
    invoice = new('account.invoice', type='in',
        party=ref('party.party', need(payload, 'party'), 'party'))
    invoice.on_change_type()
    invoice.on_change_party()
    invoice.reference = need(payload, 'reference')
    invoice.invoice_date = date(need(payload, 'date'), 'date')
    if not invoice.account:
        raise bad('party', "The party has no payable account.")
    invoice.save()
    records = []
    for n, data in enumerate(need(payload, 'lines')):
        at = f'lines.{n}.'
        line = new('account.invoice.line', invoice=invoice, invoice_type='in')
        line.on_change_invoice()
        line.account = ref('account.account', need(data, 'account'), at + 'account')
        line.description = need(data, 'description')
        line.quantity = number(data.get('quantity', 1), at + 'quantity', float)
        line.unit_price = number(need(data, 'unit_price'), at + 'unit_price')
        records.append(line)
    Line.save(records)
    invoice = Invoice(invoice.id)
    Invoice.update_taxes([invoice])
    if until == 'validated':
        Invoice.validate_invoice([invoice])
    elif until == 'posted':
        Invoice.post([invoice])
    return show_invoice(invoice)


@command('invoice.post')
def invoice_post(payload):
    """id (or number) of an invoice, or sale = id (or number) of the order whose one invoice is meant; date?

    For an order: an invoice that somebody posted already is the result, so there is never a second receivable."""
    Invoice = Pool().get('account.invoice')
    if 'sale' in payload:
        invoice = the_invoice_of(ref('sale.sale', need(payload, 'sale'), 'id', 'number'))
        if invoice.state in {'posted', 'paid'}:
            return show_invoice(invoice)
    else:
        invoice = ref('account.invoice', need(payload, 'id'), 'id', 'number')
    guard(invoice, payload)
    if payload.get('date'):
        Invoice.write([invoice], {'invoice_date': date(payload['date'], 'date')})
    Invoice.post([invoice])
    return lambda: show_invoice(invoice)


def the_invoice_of(sale):
    "The order's one invoice; anything else is for a person to look at"
    invoices = [i for i in sale.invoices if i.state != 'cancelled']
    if len(invoices) != 1:
        raise CommandError(
            409, 'wrong_state',
            f"Order {sale.number} is {sale.state} and has {len(invoices)} invoices; exactly one is needed.",
            sale=sale.id, invoices=[i.id for i in invoices])
    return invoices[0]


@command('party.create')
def party_create(payload):
    "name, code?, street?, city?, postal_code?, email?, phone?"
    pool = Pool()
    Party = pool.get('party.party')
    Address, Contact = pool.get('party.address'), pool.get('party.contact_mechanism')
    values = {'name': need(payload, 'name')}
    if payload.get('code'):
        if Party.search([('code', '=', payload['code'])], limit=1):
            raise CommandError(409, 'conflict', "The code is taken.", field='code')
        values['code'] = payload['code']
    party, = Party.create([{**values, 'addresses': []}])
    Address.create([{'party': party.id, **{
                    k: payload[k] for k in ('street', 'city', 'postal_code') if payload.get(k)}}])
    contacts = [{'party': party.id, 'type': k, 'value': payload[k]}
        for k in ('email', 'phone') if payload.get(k)]
    if contacts:
        Contact.create(contacts)
    party = Party(party.id)
    return {'model': 'party.party', 'id': party.id, 'code': party.code, 'name': party.name}
