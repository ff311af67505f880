"""Commands about purchase requests and requisitions."""
from trytond.pool import Pool
from trytond.transaction import Transaction, without_check_access

from .inbox import CommandError, bad, command, date, guard, need, new, number, ref


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
