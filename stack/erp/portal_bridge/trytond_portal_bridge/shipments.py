"""Commands about delivery notes."""
import datetime as dt

from trytond.pool import Pool
from trytond.transaction import without_check_access

from .inbox import CommandError, bad, command, guard, need, number, ref

SHIPMENT_STATES = ['waiting', 'assigned', 'picked', 'packed', 'shipped', 'done']


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
