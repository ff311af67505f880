"""Commands about sale orders and the customers of them. Each runs in one transaction with its idempotency key (inbox.py)."""
from trytond.pool import Pool
from trytond.transaction import Transaction, without_check_access

from .inbox import CommandError, bad, command, date, guard, need, new, number, ref


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
