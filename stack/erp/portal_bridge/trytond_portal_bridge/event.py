"""Outbox: portal.event rows written in the transaction of the change.

The rows are buffered during the transaction, collapsed to one per record, and inserted as the last
thing before COMMIT under one advisory lock that PostgreSQL releases only after the commit is visible.
So ids are handed out in commit order and "id > cursor" can never step over a late row.
"""
import datetime as dt
import random
import time

from trytond.config import config
from trytond.model import Index, ModelSQL, fields
from trytond.pool import Pool, PoolMeta
from trytond.transaction import Transaction

LOCK = 0x504F5254          # advisory lock number of the feed ("PORT")


def _self(record):
    return [(record.__name__, record.id)]


def _party(record):
    return [('party.party', record.party.id)] if record.party else []


def _sale(record):
    return [('sale.sale', record.sale.id)] if record.sale else []


def _product(record):
    return [('product.product', record.product.id)] if record.product else []


def _variants(record):
    return [('product.product', product.id) for product in record.products]


def _move(record):
    "A stock level changed, and the delivery note that holds the move"
    found = _product(record)
    if record.shipment and record.shipment.__name__ == 'stock.shipment.out':
        found.append(('stock.shipment.out', record.shipment.id))
    return found


# model -> (module it comes from, function record -> [(model, id), ...] the event is about)
WATCHED = {
    'party.party': ('party', _self),
    'party.address': ('party', _party),
    'party.contact_mechanism': ('party', _party),
    'company.employee': ('company', _self),
    'product.template': ('product', _variants),
    'product.product': ('product', _self),
    'stock.move': ('stock', _move),
    'stock.order_point': ('stock_supply', _product),
    'stock.shipment.out': ('stock', _self),
    'stock.shipment.in': ('stock', _self),
    'sale.sale': ('sale', _self),
    'sale.line': ('sale', _sale),
    'purchase.purchase': ('purchase', _self),
    'purchase.request': ('purchase_request', _self),
    'purchase.requisition': ('purchase_requisition', _self),
    'production': ('production', _self),
    'account.invoice': ('account_invoice', _self),
    'account.invoice-account.move.line': ('account_invoice', _self),      # what was paid of an invoice
    'account.move.line': ('account', _party),       # what the party owes
    }
# what a change of a part is called in the names of the whole
ALIAS = {'stock.move': 'stock', 'stock.order_point': 'stock', 'sale.line': 'lines', 'account.move.line': 'receivable'}


class Event(ModelSQL):
    "Append-only feed of changes"
    __name__ = 'portal.event'
    model = fields.Char("Model", required=True)
    record = fields.Integer("Record ID", required=True)
    mode = fields.Char("Mode", required=True)         # create | write | delete
    names = fields.Char("Field names")                # comma separated; parts by ALIAS
    state = fields.Char("State after the change")
    number = fields.Char("Number or code")
    user = fields.Integer("User")
    command = fields.Char("Command key")              # set when a portal command made the change

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        cls._sql_indexes.add(Index(
                t, (t.model, Index.Equality()), (t.record, Index.Equality())))


class Feed(ModelSQL):
    "One row: identity of the feed and the webhook cursor"
    __name__ = 'portal.feed'
    epoch = fields.Char("Epoch")
    pushed = fields.Integer("Last pushed event")

    @classmethod
    def default_pushed(cls):
        return 0


class Outbox:
    "Data manager of one transaction (Transaction.join)"

    def __init__(self):
        self.rows = {}
        self.command = None

    def __eq__(self, other):
        return isinstance(other, Outbox)

    __hash__ = None

    def add(self, key, mode, names, state=None, number=None):
        row = self.rows.get(key)
        if row is None:
            row = self.rows[key] = {
                'mode': mode, 'names': set(), 'user': Transaction().user}
        elif mode == 'delete':
            if row['mode'] == 'create':       # created and deleted here: nobody saw it
                del self.rows[key]
                return
            row['mode'] = mode
        elif mode == 'create':                # its children may have come first
            row['mode'] = mode
        row['names'].update(names)
        if mode == 'delete':
            row.update(state=state, number=number)

    def tpc_begin(self, transaction):
        pass

    def commit(self, transaction):
        if not self.rows:
            return
        pool = Pool()
        cursor = transaction.connection.cursor()
        found = {}
        for model in {m for m, _ in self.rows}:
            Model = pool.get(model)
            columns = []
            for wanted in (('state',), ('number', 'code')):
                for name in wanted:
                    f = Model._fields.get(name)
                    if f is not None and hasattr(f, 'sql_column') and f.sql_type():
                        columns.append(f'"{name}"')
                        break
                else:
                    columns.append('NULL')
            ids = [i for (m, i), r in self.rows.items() if m == model and r['mode'] != 'delete']
            if ids and columns != ['NULL', 'NULL']:
                cursor.execute(
                    f'SELECT id, {columns[0]}, {columns[1]} FROM "{Model._table}" WHERE id = ANY(%s)',
                    (ids,))
                for id_, state, number in cursor:
                    found[model, id_] = state, number
        values = []
        for (model, id_), row in self.rows.items():
            state, number = found.get((model, id_), (row.get('state'), row.get('number')))
            values.append((
                    row['user'] or 0, model, id_, row['mode'],
                    ','.join(sorted(row['names']))[:2000] or None,
                    state, number, row['user'], self.command))
        self.rows.clear()
        if not config.getboolean('portal_bridge', 'test_no_feed_lock', default=False):
            cursor.execute('SELECT pg_advisory_xact_lock(%s)', (LOCK,))
        cursor.executemany(
            'INSERT INTO portal_event (create_uid, create_date, model, record, mode,'
            ' names, state, number, "user", command)'
            " VALUES (%s, clock_timestamp() AT TIME ZONE 'UTC', %s, %s, %s, %s, %s, %s, %s, %s)", values)
        cursor.execute("SELECT pg_notify('portal_event', '')")
        if delay := config.getint('portal_bridge', 'test_commit_delay_ms', default=0):
            time.sleep(random.random() * delay / 1000)

    def tpc_vote(self, transaction):
        pass

    def tpc_finish(self, transaction):
        self.rows.clear()
        self.command = None

    def tpc_abort(self, transaction):
        self.rows.clear()
        self.command = None


def outbox():
    return Transaction().join(Outbox())


MOVE_FIELDS = {'state', 'quantity', 'product', 'from_location', 'to_location', 'effective_date', 'shipment'}


def watch(model, target):
    class Watched(metaclass=PoolMeta):
        __name__ = model

        @classmethod
        def on_modification(cls, mode, records, field_names=None):
            super().on_modification(mode, records, field_names=field_names)
            if model == 'stock.move' and mode == 'write' and not MOVE_FIELDS & set(field_names or ()):
                return                            # no stock level changed
            box = outbox()
            for record in records:
                for key in target(record):
                    if key[0] != model:
                        box.add(key, 'write', {ALIAS.get(model, model.split('.')[-1])})
                        continue
                    state = number = None
                    if mode == 'delete':
                        state = getattr(record, 'state', None)
                        number = (getattr(record, 'number', None) or getattr(record, 'code', None))
                    box.add(key, mode, field_names or (), state, number)
    return Watched


def read(since, limit, models=None):
    "Plain rows after the cursor; committed rows only, in commit order"
    cursor = Transaction().connection.cursor()
    cursor.execute('SELECT epoch FROM portal_feed ORDER BY id LIMIT 1')
    epoch, = cursor.fetchone()
    cursor.execute('SELECT COALESCE(max(id), 0) FROM portal_event')
    last, = cursor.fetchone()
    sql = ('SELECT id, create_date, model, record, mode, names, state, number, "user", command'
        ' FROM portal_event WHERE id > %s')
    args = [since]
    if models:
        sql += ' AND model = ANY(%s)'
        args.append(list(models))
    cursor.execute(sql + ' ORDER BY id LIMIT %s', args + [limit])
    events = [{
            'id': i, 'at': at.replace(tzinfo=dt.timezone.utc).isoformat(), 'model': m, 'record': r,
            'mode': mode, 'names': (n or '').split(',') if n else [], 'state': s, 'number': num,
            'user': u, 'command': c,
            } for i, at, m, r, mode, n, s, num, u, c in cursor]
    return epoch, last, events
