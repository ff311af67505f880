#!/usr/bin/env python3
"""Working days in the ERP, for tests: orders, deliveries, invoices, payments and returns, each through Tryton's own workflow, so that the feed tells them.

usage: happenings.py TRYTON_CONF DBNAME SEED NUMBER [DAY ...]
A DAY is one more order of that date, entered late. Prints a JSON line: how often what happened.
"""
import collections
import datetime as dt
import json
import random
import sys
from decimal import Decimal as D
from zoneinfo import ZoneInfo

from proteus import Model, Wizard
from proteus import config as pconfig

KINDS = (('order', 40), ('ship', 20), ('bill', 20), ('pay', 20), ('back', 15))


class Days:
    "What may happen; each returns whether there was something to do"

    def __init__(self, chance):
        self.chance, self.today = chance, dt.datetime.now(ZoneInfo('Asia/Shanghai')).date()
        get = Model.get
        self.Sale, self.Shipment, self.Invoice = get('sale.sale'), get('stock.shipment.out'), get('account.invoice')
        self.customers = get('party.party').find([('code', 'like', 'C-%')], order=[('id', 'ASC')])
        self.goods = get('product.product').find([('salable', '=', True), ('type', '=', 'goods')], order=[('id', 'ASC')])
        self.term, = get('account.invoice.payment_term').find([('name', '=', '30 days')])
        self.method = get('account.invoice.payment.method').find([], limit=1)[0]

    def order(self, day=None):
        sale = self.Sale(party=self.chance.choice(self.customers), payment_term=self.term, reference=f'happened {self.chance.getrandbits(40):x}')
        sale.sale_date = day or self.today
        for product in self.chance.sample(self.goods, self.chance.randint(1, 3)):
            line = sale.lines.new()         # attach to the parent first, or on_change has no party
            line.product, line.quantity = product, float(self.chance.randint(1, 5))
            line.unit_price = D(self.chance.randint(5000, 900000)) / 100
        sale.click('quote')
        sale.click('confirm')
        sale.reload()
        if sale.state == 'confirmed':
            sale.click('process')
        return True

    def ship(self):
        waiting = self.Shipment.find([('state', 'in', ['waiting', 'assigned'])], limit=30, order=[('id', 'DESC')])
        if not waiting:
            return False
        note = self.chance.choice(waiting)
        note.click('assign_force')
        for button in ('pick', 'pack', 'do'):
            note.reload()
            note.click(button)
        return True

    def bill(self):
        drafts = self.Invoice.find([('type', '=', 'out'), ('state', '=', 'draft')], limit=30, order=[('id', 'ASC')])
        if not drafts:
            return False
        invoice = self.chance.choice(drafts)
        invoice.invoice_date = self.today
        invoice.click('post')
        return True

    def pay(self):
        owed = self.Invoice.find([('type', '=', 'out'), ('state', '=', 'posted'), ('total_amount', '>', 0)], limit=30, order=[('id', 'DESC')])
        if not owed:
            return False
        invoice = self.chance.choice(owed)
        wizard = invoice.click('pay')
        wizard.form.payment_method, wizard.form.amount, wizard.form.date = self.method, invoice.amount_to_pay, self.today
        wizard.execute('choice')
        return True

    def back(self):
        "One piece of what was delivered comes back: an order with a minus, its own note of goods, and the credit note"
        left = [('shipment_state', '=', 'sent'), ('state', 'in', ['processing', 'done']), ('origin', '=', None)]
        sent = self.Sale.find(left, limit=30, order=[('id', 'DESC')])
        sale = self.chance.choice(sent) if sent else None
        goods = [index for index, line in enumerate(sale.lines) if line.product and line.product.type == 'goods'] if sale else []
        if not goods:
            return False
        Wizard('sale.return_sale', [sale]).execute('return_')
        back, = self.Sale.find([('origin', '=', f'sale.sale,{sale.id}')], limit=1, order=[('id', 'DESC')])
        back.sale_date = back.shipping_date = self.today     # the copy has days and reference of what was sold
        back.reference = f'return of {sale.number}'
        for line in [line for index, line in enumerate(back.lines) if index != goods[0]]:
            back.lines.remove(line)
        piece, price = back.lines[0], back.lines[0].unit_price
        piece.quantity = -1.0
        piece.unit_price = price            # the quantity has asked the price list
        for button in ('quote', 'confirm', 'process'):
            if back.state in ('draft', 'quotation', 'confirmed'):
                back.click(button)
                back.reload()
        for note in back.shipment_returns:
            note.click('receive')
            note.click('do')
        back.reload()
        for invoice in back.invoices:
            invoice.invoice_date = self.today
            invoice.click('post')
        return bool(back.invoices)


def main(conf, database, seed, number, *late):
    config = pconfig.set_trytond(database=database, user='admin', config_file=conf)
    config.skip_warning = True
    config._context = Model.get('res.user').get_preferences(True, {})
    days, done = Days(random.Random(seed)), collections.Counter()
    names, weights = zip(*KINDS, strict=True)
    while sum(done.values()) < int(number):
        name = days.chance.choices(names, weights)[0]
        if getattr(days, name)():
            done[name] += 1
    for day in late:
        days.order(dt.date.fromisoformat(day))
        done['late order'] += 1
    print(json.dumps(done))


if __name__ == '__main__':
    main(*sys.argv[1:])
