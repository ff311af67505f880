"""Two years of history, written by SQL into a copy of the seeded ERP. usage: history.py DSN

Orders through Tryton's own workflow cost more than a second each; these are 2,500. So each document is a copy of a seeded one that went through the
workflow (its row is the pattern: company, accounts, journals, addresses of the house), with its own numbers, dates, parties and amounts, in the states the
workflow would have left: sale, lines, delivery note with both moves, invoice with its account move, payment with its reconciliation.
Events are written by the ORM alone, so nothing of this is in the change feed.
"""
import datetime as dt
import pathlib
import runpy
import sys
import time
from decimal import Decimal as D
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import dict_row

PLAN = runpy.run_path(str(pathlib.Path(__file__).resolve().parents[1] / 'history_plan.py'))
COMPANY = PLAN['BASE']
CENT = D('0.01')


class Table:
    "Rows of one table: the pattern with what differs, written at once by COPY"

    def __init__(self, db, name, pattern=''):
        self.db, self.name = db, name
        columns = db.execute(
            'SELECT column_name FROM information_schema.columns WHERE table_name = %s AND table_schema = %s', (name, 'public'))
        self.columns = [row['column_name'] for row in columns]
        self.pattern = dict.fromkeys(self.columns)
        if pattern:
            found = db.execute(f'SELECT * FROM "{name}" WHERE {pattern} ORDER BY id LIMIT 1').fetchone()
            if found is None:
                raise SystemExit(f'history: the seed has no {name} with {pattern}')
            self.pattern.update(found)
        self.last = db.execute(f'SELECT coalesce(max(id), 0) AS id FROM "{name}"').fetchone()['id']
        self.rows = []

    def add(self, at, by=1, like=None, **values):
        "-> id. `at`: the day (or moment) it was made, `by`: by whom, `like`: another pattern than the table's"
        self.last += 1
        moment = at if isinstance(at, dt.datetime) else dt.datetime.combine(at, dt.time(2, 30))
        stamps = {'create_date': moment, 'write_date': moment, 'create_uid': by, 'write_uid': by}
        unknown = set(values) - set(self.columns)
        if unknown:
            raise SystemExit(f'history: {self.name} has no {sorted(unknown)}')
        self.rows.append({**(like or self.pattern), **stamps, **values, 'id': self.last})
        return self.last

    def write(self):
        names = ', '.join(f'"{name}"' for name in self.columns)
        with self.db.cursor() as cursor:
            with cursor.copy(f'COPY "{self.name}" ({names}) FROM STDIN') as copy:
                for row in self.rows:
                    copy.write_row([row[name] for name in self.columns])
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", (f'"{self.name}"', max(self.last, 1)))


class History:
    def __init__(self, db, today):
        self.db, self.today = db, today
        sold = "state = 'done' AND number IS NOT NULL"
        self.sale = Table(db, 'sale_sale', sold)
        self.sale_line = Table(db, 'sale_line', "type = 'line'")
        self.shipment = Table(db, 'stock_shipment_out', "state = 'done'")
        self.move = Table(db, 'stock_move', "origin LIKE 'sale.line,%%' AND state = 'done'")
        self.invoice = Table(db, 'account_invoice', "type = 'out' AND state = 'paid'")
        self.invoice.pattern.update(invoice_report_cache=None, invoice_report_cache_id=None, invoice_report_format=None)
        self.invoice_line = Table(db, 'account_invoice_line', "type = 'line' AND origin LIKE 'sale.line,%%'")
        self.of_move = Table(db, 'account_invoice_line-stock_move')
        self.booking = Table(db, 'account_move', "origin LIKE 'account.invoice,%%' AND journal = (SELECT journal FROM account_invoice WHERE type = 'out' LIMIT 1)")
        self.entry = Table(db, 'account_move_line', "party IS NULL AND state = 'valid'")
        self.reconciliation = Table(db, 'account_move_reconciliation', 'true')
        self.paid_by = Table(db, 'account_invoice-account_move_line', 'true')
        self.purchase, self.purchase_line = Table(db, 'purchase_purchase', 'true'), Table(db, 'purchase_line', 'true')
        self.receipt, self.production = Table(db, 'stock_shipment_in'), Table(db, 'production', 'true')
        self.back = Table(db, 'stock_shipment_out_return')
        self.limit = Table(db, 'party_party_credit_limit_amount', 'true')
        self.dunning, self.procedure, self.level = (Table(db, f'account_dunning{kind}') for kind in ('', '_procedure', '_level'))
        self.dunned_by = Table(db, 'party_party_dunning_procedure')
        self.tables = [value for value in vars(self).values() if isinstance(value, Table)]
        self.read_house()

    def read_house(self):
        "What the seed made and the documents name"
        one = lambda sql, *args: self.db.execute(sql, args).fetchone()  # noqa: E731
        all_ = lambda sql, *args: self.db.execute(sql, args).fetchall()  # noqa: E731
        self.place = {row['code']: row['id'] for row in all_('SELECT id, code FROM stock_location WHERE code IS NOT NULL')}
        self.making = one("SELECT id FROM stock_location WHERE type = 'production'")['id']
        self.goods = {row['code']: row['id'] for row in all_('SELECT id, code FROM product_product')}
        self.unit = self.sale_line.pattern['unit']
        self.users = {row['login']: row['id'] for row in all_('SELECT id, login FROM res_user')}
        self.terms = {row['name']: row['id'] for row in all_('SELECT id, name FROM account_invoice_payment_term')}
        self.periods = {row['start_date']: row['id'] for row in all_("SELECT id, start_date FROM account_period WHERE type = 'standard'")}
        self.suppliers = {row['code']: row['id'] for row in all_("SELECT id, code FROM party_party WHERE code LIKE 'S-%%'")}
        self.address = {row['party']: row['id'] for row in all_('SELECT id, party FROM party_address')}
        self.receivable = self.invoice.pattern['account']
        self.bill_pattern = one("SELECT * FROM account_invoice WHERE type = 'in' ORDER BY id LIMIT 1")
        self.bill_line_pattern = one('SELECT * FROM account_invoice_line WHERE invoice = %s ORDER BY id LIMIT 1', self.bill_pattern['id'])
        payment = one("SELECT journal, cash.account FROM account_move m JOIN account_move_line cash ON cash.move = m.id AND cash.debit > 0"
                      " JOIN account_move_line paid ON paid.move = m.id AND paid.credit > 0"
                      ' JOIN "account_invoice-account_move_line" r ON r.line = paid.id ORDER BY m.id LIMIT 1')
        self.cash_journal, self.cash = payment['journal'], payment['account']
        self.prices = {item['sku']: D(item['price']) for item in COMPANY['ITEMS']}

    # -- parties

    def people(self):
        "Customers with address and region; -> code: party"
        party, address = Table(self.db, 'party_party', "code = 'C-001'"), Table(self.db, 'party_address', "party = (SELECT id FROM party_party WHERE code = 'C-001')")
        region = Table(self.db, 'party_party-party_category', 'true')
        regions = {row['name']: row['id'] for row in self.db.execute('SELECT id, name FROM party_category WHERE parent IS NOT NULL')}
        found = {}
        for customer in PLAN['customers'](self.today):
            number = customer['code'][2:]
            ident = party.add(customer['since'], code=customer['code'], code_alnum=f'C{number}', code_digit=int(number), name=customer['name'])
            place = address.add(customer['since'], party=ident, city=customer['city'], street_unstructured=f'{number} Harbour Road')
            region.add(customer['since'], party=ident, category=regions[customer['region']])
            found[customer['code']], self.address[ident] = ident, place
            self.trust(customer, ident)
        for table in (party, address, region):
            table.write()
        return found

    def remind(self):
        "How late payers are written to: a reminder after two weeks, a last one after seven; -> (days, level)"
        first = self.today - dt.timedelta(days=PLAN['DAYS'])
        procedure = self.procedure.add(first, name='Reminders 催款')
        self.dunning_levels = [
            (days, self.level.add(first, procedure=procedure, sequence=number, overdue=dt.timedelta(days=days), credit_limit=False))
            for number, days in enumerate((14, 49), 1)]
        self.dunning_procedure = procedure

    def trust(self, customer, party):
        "The customer's credit limit, and by which procedure it is reminded"
        company = self.sale.pattern['company']
        self.limit.add(customer['since'], party=party, company=company, credit_limit_amount=D(customer['limit']))
        self.dunned_by.add(customer['since'], party=party, dunning_procedure=self.dunning_procedure)

    def dun(self, entry, due):
        "The letter of an invoice that is still not paid"
        late = (self.today - due).days
        reached = [(days, level) for days, level in self.dunning_levels if late >= days]
        if reached:
            days, level = reached[-1]
            self.dunning.add(due + dt.timedelta(days=days), company=self.sale.pattern['company'], line=entry, procedure=self.dunning_procedure, level=level,
                             date=due + dt.timedelta(days=days), state='final' if level == self.dunning_levels[-1][1] else 'waiting', blocked=False)

    # -- what was sold

    def order(self, order, party):
        "A sale and all that followed from it"
        goods = any(not sku.startswith('S-') for sku, _, _ in order['lines'])
        by, day = self.users[order['customer']['owner']], order['ordered']
        lines = [(sku, D(quantity), (self.prices[sku] * (100 - off) / 100).quantize(D('0.0001'))) for sku, quantity, off in order['lines']]
        total = sum((quantity * price).quantize(CENT) for _, quantity, price in lines)
        state = 'done' if order['paid'] else 'processing'
        term, place = self.terms[f"{order['customer']['term']} days"], self.address[party]
        sale = self.sale.add(
            day, by, number=order['number'], party=party, reference=order['deal'] or None, sale_date=day, quotation_date=day, payment_term=term,
            shipping_date=order['planned'], invoice_address=place, shipment_address=place, state=state, confirmed_by=None,
            shipment_state=('sent' if order['left'] else 'waiting') if goods else 'none',
            write_date=dt.datetime.combine(order['paid'] or order['left'] or order['confirmed'], dt.time(9)),     # when it came into this state
            invoice_state='paid' if order['paid'] else 'awaiting payment' if order['left'] else 'pending',
            total_amount_cache=total, untaxed_amount_cache=total, tax_amount_cache=D(0), to_ship=not order['left'] and goods, to_invoice=not order['left'])
        rows = []
        for number, (sku, quantity, price) in enumerate(lines, 1):
            rows.append((self.sale_line.add(
                day, by, sale=sale, sequence=number, product=self.goods[sku], quantity=float(quantity), unit_price=price,
                actual_quantity=float(quantity) if order['left'] else None, quantity_to_ship=0, quantity_to_invoice=0), sku, quantity, price))
        moves = self.delivery(order, party, rows, by) if goods else {}
        if order['left']:
            self.bill(order, party, rows, moves, total, term, by)
        if order['returned']:
            self.returned(order, party, rows, by)

    def delivery(self, order, party, rows, by):
        "The delivery note with its two moves a line; -> sale line: outgoing move"
        left, planned = order['left'], order['planned']
        note = self.shipment.add(
            order['confirmed'], by, number=f"{len(self.shipment.rows) + 10001}", customer=party, delivery_address=self.address[party], planned_date=planned,
            origin_planned_date=planned, effective_date=left, state='done' if left else 'waiting', reference=None,
            portal_left_at=dt.datetime.combine(left, dt.time(8)) if left else None)
        found = {}
        for line, sku, quantity, price in rows:
            if sku.startswith('S-'):
                continue
            common = {'product': self.goods[sku], 'quantity': float(quantity), 'internal_quantity': float(quantity), 'planned_date': planned,
                      'effective_date': left, 'state': 'done' if left else 'draft', 'shipment': f'stock.shipment.out,{note}'}
            found[line] = self.move.add(
                order['confirmed'], by, **common, origin=f'sale.line,{line}', origin_planned_date=planned, unit_price=price,
                from_location=self.place['OUT'], to_location=self.place['CUS'])
            self.move.add(order['confirmed'], by, **common, origin=f'stock.move,{found[line]}', origin_planned_date=None, unit_price=None, currency=None,
                          cost_price=None, from_location=self.place['STO'], to_location=self.place['OUT'])
        return found

    def bill(self, order, party, rows, moves, total, term, by):
        "The posted invoice of what left the house, and its payment"
        day, due, paid = order['left'], order['due'], order['paid']
        number = PLAN['FIRST_INVOICE'] + len(self.invoice.rows)
        invoice = self.invoice.last + 1
        booking = self.book(day, f'account.invoice,{invoice}', self.booking.pattern['journal'], by)
        self.invoice.add(
            day, by, number=f'INV{day.year}-{number:05d}', number_alnum=f'INV{day.year}{number:05d}', number_digit=int(f'{day.year}{number:05d}'), party=party,
            invoice_address=self.address[party], invoice_date=day, payment_term=term, move=booking, state='paid' if paid else 'posted', reference=None,
            total_amount_cache=total, untaxed_amount_cache=total, tax_amount_cache=D(0), sequence=number)
        for line, sku, quantity, price in rows:
            amount = (quantity * price).quantize(CENT)
            billed = self.invoice_line.add(day, by, invoice=invoice, product=self.goods[sku], quantity=float(quantity), unit_price=price,
                                           origin=f'sale.line,{line}')
            self.entry.add(day, by, move=booking, account=self.invoice_line.pattern['account'], debit=D(0), credit=amount,
                           origin=f'account.invoice.line,{billed}', party=None, reconciliation=None, maturity_date=None)
            if line in moves:
                self.of_move.add(day, by, invoice_line=billed, stock_move=moves[line])
        owed = self.settle(invoice, booking, party, self.receivable, total, day, due, paid, by)
        if not paid:
            self.dun(owed, due)

    def book(self, day, origin, journal, by):
        return self.booking.add(day, by, number=f'H{len(self.booking.rows) + 1}', date=day, post_date=day, period=self.periods[day.replace(day=1)], origin=origin,
                                journal=journal, state='posted', description=None)

    def reconcile(self, day):
        return self.reconciliation.add(day, number=f'H{len(self.reconciliation.rows) + 1}', date=day, delegate_to=None)

    def returned(self, order, party, rows, by):
        "One piece of the first goods comes back, and goes on to whom it came from: no stock comes of it. Its price is credited and paid back"
        line, sku, _, price = next((row for row in rows if not row[1].startswith('S-')), (None,) * 4)
        if sku is None:
            return
        day = min(order['left'] + dt.timedelta(days=9), self.today - dt.timedelta(days=1))
        note = self.back.add(day, by, company=self.sale.pattern['company'], number=f'R{len(self.back.rows) + 1}', customer=party,
                             contact_address=self.address[party], planned_date=day, effective_date=day, state='done', reference=order['number'],
                             warehouse=self.place['WH'], warehouse_input=self.place['IN'], warehouse_storage=self.place['STO'])
        common = {'product': self.goods[sku], 'quantity': 1.0, 'internal_quantity': 1.0, 'planned_date': day, 'effective_date': day, 'state': 'done'}
        self.move.add(day, by, **common, shipment=f'stock.shipment.out.return,{note}', origin=None, origin_planned_date=None, unit_price=D(0),
                      from_location=self.place['CUS'], to_location=self.place['IN'])
        self.move.add(day, by, **common, shipment=None, origin=None, origin_planned_date=None, unit_price=None, currency=None, from_location=self.place['IN'],
                      to_location=self.place['SUP'])
        self.credit(order, party, line, sku, price.quantize(CENT), day, by)

    def credit(self, order, party, line, sku, amount, day, by):
        "The credit note of one piece: an invoice with a minus, whose money goes back two weeks later"
        number, invoice = PLAN['FIRST_INVOICE'] + len(self.invoice.rows), self.invoice.last + 1
        back = day + dt.timedelta(days=14)
        back = back if back < self.today else None
        booking = self.book(day, f'account.invoice,{invoice}', self.booking.pattern['journal'], by)
        self.invoice.add(
            day, by, number=f'CRN{day.year}-{number:05d}', number_alnum=f'CRN{day.year}{number:05d}', number_digit=int(f'{day.year}{number:05d}'), party=party,
            invoice_address=self.address[party], invoice_date=day, payment_term=None, move=booking, state='paid' if back else 'posted',
            reference=order['number'], total_amount_cache=-amount, untaxed_amount_cache=-amount, tax_amount_cache=D(0), sequence=number)
        credited = self.invoice_line.add(day, by, invoice=invoice, product=self.goods[sku], quantity=-1.0, unit_price=amount, origin=f'sale.line,{line}')
        self.entry.add(day, by, move=booking, account=self.invoice_line.pattern['account'], debit=amount, credit=D(0),
                       origin=f'account.invoice.line,{credited}', party=None, reconciliation=None, maturity_date=None)
        self.settle(invoice, booking, party, self.receivable, -amount, day, day, back, by)

    def settle(self, invoice, booking, party, account, owed, day, due, paid, by):
        "The line of who owes (a minus: of whom we owe), and, where it was paid, the payment that reconciles it; -> the line"
        reconciled, plus, minus = self.reconcile(paid) if paid else None, max(owed, D(0)), max(-owed, D(0))
        line = self.entry.add(day, by, move=booking, account=account, debit=plus, credit=minus, origin=None, party=party, maturity_date=due,
                              reconciliation=reconciled)
        if paid:
            payment = self.book(paid, f'account.invoice,{invoice}', self.cash_journal, by)
            settled = self.entry.add(paid, by, move=payment, account=account, debit=minus, credit=plus, origin=None, party=party, maturity_date=None,
                                     reconciliation=reconciled)
            self.entry.add(paid, by, move=payment, account=self.cash, debit=plus, credit=minus, origin=None, party=None, maturity_date=None,
                           reconciliation=None)
            self.paid_by.add(paid, by, invoice=invoice, line=settled)
        return line

    # -- where the goods came from

    def supply(self):
        "Purchases with receipts for what is bought, productions for what is made; their sums are what was sold"
        made, bought = [], {}
        for row in self.supplies:
            if row['source'] == 'made':
                made.append(row)
            else:
                bought.setdefault((row['source'], row['planned'].replace(day=1)), []).append(row)
        for row in made:
            self.make(row)
        for (supplier, _), rows in sorted(bought.items()):
            self.buy(self.suppliers[supplier], rows)

    def buy(self, supplier, rows):
        asked, planned, done = (pick(row[name] for row in rows) for pick, name in ((min, 'asked'), (max, 'planned'), (max, 'done')))
        house, place = self.sale.pattern['company'], self.address[supplier]
        cost = {row['sku']: (self.prices[row['sku']] * D('0.62')).quantize(CENT) for row in rows}
        total = sum(cost[row['sku']] * row['quantity'] for row in rows)
        due = done + dt.timedelta(days=30)
        paid = due if due < self.today else None
        purchase = self.purchase.add(
            asked, company=house, number=f'PO-{10001 + len(self.purchase.rows)}', party=supplier, invoice_address=place, currency=self.sale.pattern['currency'],
            invoice_method='shipment', invoice_state='paid' if paid else 'awaiting payment', shipment_state='received', state='done' if paid else 'processing', purchase_date=asked, delivery_date=planned,
            payment_term=self.terms['30 days'], warehouse=self.place['WH'], total_amount_cache=total, untaxed_amount_cache=total, tax_amount_cache=D(0),
            to_invoice=False)
        receipt = self.receipt.add(
            asked, company=house, number=f'{10001 + len(self.receipt.rows)}', supplier=supplier, contact_address=place, planned_date=planned,
            origin_planned_date=planned, effective_date=done, state='done', warehouse=self.place['WH'], warehouse_input=self.place['IN'],
            warehouse_storage=self.place['STO'])
        billed = []
        for number, row in enumerate(rows, 1):
            quantity, product = float(row['quantity']), self.goods[row['sku']]
            line = self.purchase_line.add(
                asked, purchase=purchase, sequence=number, type='line', product=product, unit=self.unit, quantity=quantity, actual_quantity=quantity,
                quantity_to_invoice=0, unit_price=cost[row['sku']], delivery_date_edit=True, delivery_date_store=planned)
            common = {'product': product, 'quantity': quantity, 'internal_quantity': quantity, 'planned_date': planned, 'effective_date': done,
                      'state': 'done', 'shipment': f'stock.shipment.in,{receipt}', 'cost_price': cost[row['sku']]}
            arrived = self.move.add(asked, **common, origin=f'purchase.line,{line}', origin_planned_date=planned, unit_price=cost[row['sku']],
                                    from_location=self.place['SUP'], to_location=self.place['IN'])
            self.move.add(asked, **common, origin=f'stock.move,{arrived}', origin_planned_date=None, unit_price=None, currency=None,
                          from_location=self.place['IN'], to_location=self.place['STO'])
            billed.append((line, product, quantity, cost[row['sku']]))
        self.owe(supplier, billed, total, done, due, paid)

    def owe(self, supplier, lines, total, day, due, paid):
        "The supplier's bill of what arrived, and its payment"
        number, invoice = PLAN['FIRST_INVOICE'] + len(self.invoice.rows), self.invoice.last + 1
        booking = self.book(day, f'account.invoice,{invoice}', self.bill_pattern['journal'], 1)
        self.invoice.add(
            day, like=self.bill_pattern, number=f'BILL{day.year}-{number:05d}', number_alnum=f'BILL{day.year}{number:05d}',
            number_digit=int(f'{day.year}{number:05d}'), party=supplier, invoice_address=self.address[supplier], invoice_date=day,
            payment_term=self.terms['30 days'], move=booking, state='paid' if paid else 'posted', reference=f'SUP-H{number}', total_amount_cache=total,
            untaxed_amount_cache=total, tax_amount_cache=D(0), sequence=number)
        for line, product, quantity, cost in lines:
            billed = self.invoice_line.add(day, like=self.bill_line_pattern, invoice=invoice, product=product, unit=self.unit, quantity=quantity,
                                           unit_price=cost, description=None, origin=f'purchase.line,{line}')
            self.entry.add(day, move=booking, account=self.bill_line_pattern['account'], debit=(D(str(quantity)) * cost).quantize(CENT), credit=D(0),
                           origin=f'account.invoice.line,{billed}', party=None, reconciliation=None, maturity_date=None)
        self.settle(invoice, booking, supplier, self.bill_pattern['account'], -total, day, due, paid, 1)

    def make(self, row):
        "A production order that is done, and the move of what it made into the storage"
        quantity, product = float(row['quantity']), self.goods[row['sku']]
        begun = min(row['asked'] + dt.timedelta(days=10), row['done'])
        production = self.production.add(
            row['asked'], company=self.sale.pattern['company'], number=f'MO-{10001 + len(self.production.rows)}', planned_date=row['planned'],
            effective_date=row['done'], planned_start_date=row['planned'] - dt.timedelta(days=8), effective_start_date=begun, warehouse=self.place['WH'],
            location=self.making, product=product, unit=self.unit, quantity=quantity, state='done')
        self.move.add(
            row['asked'], product=product, quantity=quantity, internal_quantity=quantity, planned_date=row['planned'], effective_date=row['done'], state='done',
            shipment=None, origin=None, origin_planned_date=None, unit_price=(self.prices[row['sku']] * D('0.62')).quantize(CENT),
            from_location=self.making, to_location=self.place['STO'], **{'production_output': production})

    def write(self):
        self.remind()
        parties = self.people()
        sold = PLAN['orders'](self.today)
        self.supplies = PLAN['supplies'](self.today, sold)
        for order in sold:
            self.order(order, parties[order['customer']['code']])
        self.supply()
        for table in self.tables:
            table.write()
        return {table.name: len(table.rows) for table in self.tables if table.rows}


def main(dsn):
    begun, today = time.time(), dt.datetime.now(ZoneInfo(COMPANY['TIME_ZONE'])).date()
    with psycopg.connect(dsn, row_factory=dict_row) as db:
        db.execute("SET session_replication_role = replica")      # keys are checked by the order of writing here, not row by row
        counts = History(db, today).write()
    with psycopg.connect(dsn, autocommit=True) as db:
        db.execute('ANALYZE')
    print(f'history: {counts} in {time.time() - begun:.1f} s')


if __name__ == '__main__':
    main(sys.argv[1])
