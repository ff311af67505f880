"""Commands about invoices, the company's own and those of suppliers."""
from trytond.pool import Pool

from .inbox import CommandError, bad, command, date, guard, need, new, number, ref


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
