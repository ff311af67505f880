#!/usr/bin/env python3
"""Unattended seed of the demo company (proteus, in process, no server needed).

usage: seed.py TRYTON_CONF DBNAME OUT_JSON
Company, chart of accounts, 4 fiscal years (history.py writes into the past ones), the goods and customers of seed_company.py with stock and order points, suppliers,
the realm's people and the service user portal-service, sales in several states, 2 bills.
OUT_JSON gets ids, logins and the REST keys.
"""
import datetime as dt
import json
import os
import pathlib
import runpy
import sys
import time
from decimal import Decimal as D
from zoneinfo import ZoneInfo

from proteus import Model, Wizard
from proteus import config as pconfig

conf, db, out_path = sys.argv[1:4]
PASSWORD = os.environ.get('ATRIUM_DEMO_PASSWORD') or os.urandom(18).hex()
STACK = pathlib.Path(__file__).resolve().parents[1]
COMPANY = runpy.run_path(str(STACK / 'seed_company.py'))
REALM = {u['username']: u for u in json.loads((STACK / 'keycloak' / 'atrium-realm.json').read_text())['users']}
T0 = last = time.time()


def step(msg):
    global last
    now = time.time()
    print(f'{now - T0:6.1f}s (+{now - last:4.1f})  {msg}', flush=True)
    last = now


cfg = pconfig.set_trytond(database=db, user='admin', config_file=conf)
cfg.skip_warning = True              # a UserWarning would abort an unattended run
get = Model.get
today = dt.datetime.now(ZoneInfo('Asia/Shanghai')).date()      # the company's day, not the machine's

# --- currency, company ------------------------------------------------------------------------
Currency, Party = get('currency.currency'), get('party.party')
cny = Currency(name='Yuan Renminbi', symbol='¥', code='CNY', numeric_code='156',
    rounding=D('0.01'), digits=2)
cny.rates.new(date=dt.date(today.year - 3, 1, 1), rate=D('1'))
cny.save()
co_party = Party(name=COMPANY['COMPANY'], code='YUNHE')
a, = co_party.addresses
a.street, a.city, a.postal_code = '18 Yunhe Road', 'Suzhou', '215000'
co_party.save()
w = Wizard('company.company.config')
w.execute('company')
w.form.party, w.form.currency, w.form.timezone = co_party, cny, 'Asia/Shanghai'
w.execute('add')
User = get('res.user')
cfg._context = User.get_preferences(True, {})
company, = get('company.company').find([])
step('company')

# --- accounts ---------------------------------------------------------------------------------
ModelData = get('ir.model.data')
chart = get('account.account.template')(
    ModelData.get_id('account.account_template_root_en', cfg.context))
w = Wizard('account.create_chart')
w.execute('account')
w.form.account_template, w.form.company = chart, company
w.execute('create_account')
Account = get('account.account')


def kind(k):
    return Account.find([(f'type.{k}', '=', True), ('company', '=', company.id),
        ('closed', '!=', True)], limit=1)[0]


recv, pay, revenue = kind('receivable'), kind('payable'), kind('revenue')
expense, = Account.find([('code', '=', '5.1.1')])      # not kind('expense'): that is a liability account
cash, = Account.find([('code', '=', '1.1.1')])
w.form.account_receivable, w.form.account_payable = recv, pay
if hasattr(w.form, 'category_account_expense'):
    w.form.category_account_expense, w.form.category_account_revenue = expense, revenue
w.execute('create_properties')
step('chart of accounts')
Strict, SeqType = get('ir.sequence.strict'), get('ir.sequence.type')
st_move, = SeqType.find([('name', '=', 'Account Move')])
st_inv, = SeqType.find([('name', '=', 'Invoice')])
for year in range(today.year - 2, today.year + 2):
    fy = get('account.fiscalyear')(name=str(year), company=company)
    fy.start_date, fy.end_date = dt.date(year, 1, 1), dt.date(year, 12, 31)
    seqs = [Strict(name=f'move {year}', sequence_type=st_move, company=company)] + [
        Strict(name=f'{f} {year}', sequence_type=st_inv, company=company, prefix=f'{p}{year}-', padding=5)
        for f, p in (('out_invoice', 'INV'), ('in_invoice', 'BILL'),
            ('out_credit_note', 'CN'), ('in_credit_note', 'SCN'))]
    Strict.save(seqs)
    fy.move_sequence = seqs[0]
    s, = fy.invoice_sequences
    s.out_invoice_sequence, s.in_invoice_sequence = seqs[1], seqs[2]
    s.out_credit_note_sequence, s.in_credit_note_sequence = seqs[3], seqs[4]
    fy.save()
    fy.click('create_period')
j_cash, = get('account.journal').find([('type', '=', 'cash')], limit=1)
pm = get('account.invoice.payment.method')(
    name='Bank transfer', journal=j_cash, credit_account=cash, debit_account=cash)
pm.save()
terms = {}
for days in COMPANY['TERM_DAYS']:
    term = get('account.invoice.payment_term')(name=f'{days} days')
    term.lines.new(type='remainder').relativedeltas.new(days=days)
    term.save()
    terms[days] = term
term = terms[30]
sequence, = get('ir.sequence').find([('sequence_type.name', '=', 'Sale')])
sequence.prefix, sequence.number_next = 'SO-', COMPANY['FIRST_ORDER']
sequence.save()
step('fiscal years, payment')

# --- products ---------------------------------------------------------------------------------
cat = get('product.category')(name='Goods', accounting=True,
    account_expense=expense, account_revenue=revenue)
cat.save()
unit, = get('product.uom').find([('name', '=', 'Unit')])
Template = get('product.template')
lines = {}
for name in COMPANY['PRODUCT_LINES']:
    lines[name] = get('product.category')(name=name)
    lines[name].save()
templates = []
for item in COMPANY['ITEMS']:
    stocked = item['on_hand'] is not None
    t = Template(name=item['name'], code=item['sku'], default_uom=unit, type='goods' if stocked else 'service', list_price=D(item['price']),
        account_category=cat, salable=True, purchasable=stocked,
        producible=COMPANY['product_line'](item['sku']) == 'Pumps')
    t.categories.append(get('product.category')(lines[COMPANY['product_line'](item['sku'])].id))
    t.products[0].cost_price = (D(item['price']) * D('0.62')).quantize(D('0.01'))
    templates.append(t)
Template.save(templates)
products = [t.products[0] for t in templates]
by_sku = {p.code: p for p in products}
goods = [p for p, item in zip(products, COMPANY['ITEMS']) if item['on_hand'] is not None]
step(f'{len(products)} products')

# --- parties ----------------------------------------------------------------------------------
PartyCategory = get('party.category')
region = PartyCategory(name='Region')
region.save()
regions = {name: PartyCategory(name=name, parent=region) for name in COMPANY['REGIONS']}
PartyCategory.save(list(regions.values()))


def party(name, code, i, kw_city=None, **kw):
    p = Party(name=name, code=code, **kw)
    a, = p.addresses
    a.street, a.city, a.postal_code = f'{i} Industry Road', kw_city or ('Shanghai', 'Suzhou', 'Ningbo')[i % 3], f'2000{i:02d}'
    p.contact_mechanisms.new(type='email', value=f'{code.lower()}@example.com')
    p.contact_mechanisms.new(type='phone', value=f'+86 21 5000 {1000 + i}')
    return p


customers = [party(c['name'], c['code'], i, kw_city=c['city'], customer_payment_term=term) for i, c in enumerate(COMPANY['CUSTOMERS'], 1)]
for known, p in zip(COMPANY['CUSTOMERS'], customers):
    p.categories.append(PartyCategory(regions[COMPANY['REGION_OF'][known['city']]].id))
suppliers = [party(n, f'S-{i:02d}', i + 40, supplier_payment_term=term) for i, n in enumerate(COMPANY['SUPPLIERS'], 1)]
Party.save(customers + suppliers)
step(f'{len(customers)} customers, {len(suppliers)} suppliers')
PS = get('purchase.product_supplier')
rows = []
for i, p in enumerate(goods):
    ps = PS(template=p.template, party=suppliers[i % 9], currency=cny, lead_time=dt.timedelta(days=5))
    ps.prices.new(quantity=0, unit_price=p.cost_price)
    rows.append(ps)
PS.save(rows)
sto, = get('stock.location').find([('code', '=', 'STO')])
wh, = get('stock.location').find([('code', '=', 'WH')])
inv = get('stock.inventory')(location=sto)
# what the seeded orders will have shipped is there before them, so that the stock of today is the one of seed_company.py
shipped = {}
for order, state in zip(COMPANY['ORDERS'], COMPANY['STATES']):
    if state in {'paid', 'invoiced', 'shipped'}:
        for sku, quantity, _ in order['lines']:
            shipped[sku] = shipped.get(sku, 0) + quantity
for item in COMPANY['ITEMS']:
    if item['on_hand'] is not None:
        inv.lines.new(product=by_sku[item['sku']], quantity=float(item['on_hand'] + shipped.get(item['sku'], 0)))
inv.click('confirm')
Point = get('stock.order_point')
Point.save([Point(product=by_sku[i['sku']], type='purchase', location=wh, min_quantity=float(i['order_point']),
        target_quantity=float(2 * i['order_point'])) for i in COMPANY['ITEMS'] if i['order_point']])
step('suppliers of products, stock')

# --- users ------------------------------------------------------------------------------------
Group, Employee = get('res.group'), get('company.employee')
groups = {g.name: g for g in Group.find([])}
# login: name and employee number as in the realm, subject (fixed ids of the realm file), groups.
# Reserved logins get a subject that no issuer hands out: a person of that name in the realm is a stranger here.
RIGHTS = {
    'ana': ['Sales', 'Purchase Requisition'],
    'boss': ['Sales', 'Sales Administrator', 'Purchase', 'Purchase Request', 'Purchase Requisition', 'Purchase Requisition Approval'],
    'fin': ['Accounting'],
    'eve': ['Stock'],
    'portal-service': ['Portal Integration', 'Sales', 'Stock', 'Production', 'Purchase', 'Purchase Request', 'Purchase Requisition', 'Accounting'],
    }


def facts(login):
    "(name, employee number, subject, e-mail): the realm's; the service account has a subject that no issuer hands out"
    person = REALM.get(login)
    if person is None:
        return 'Portal service', 'E-PORTAL', f'none:{login}', f'{login}@yunhe.example'
    number = (person.get('attributes') or {}).get('employee_number') or [f'E-{login}']
    return f"{person['firstName']} {person['lastName']}", number[0], person['id'], person['email']


admin_user, = User.find([('login', '=', 'admin')])
admin_user.portal_sub = 'none:admin'
admin_user.save()
out = {'database': db, 'password': PASSWORD, 'users': {}, 'ids': {}}
App = get('res.user.application')
emp_parties = [Party(name=facts(login)[0], code=facts(login)[1]) for login in RIGHTS]
Party.save(emp_parties)
for p, (login, names) in zip(emp_parties, RIGHTS.items()):
    name, _, subject, email = facts(login)
    missing = [n for n in names if n not in groups]
    if missing:
        sys.exit(f'seed: no such group {missing}; there are {sorted(groups)}')
    emp = Employee(party=p, company=company)
    emp.save()
    u = User(name=name, login=login, email=email, portal_sub=subject)
    u.password = PASSWORD
    u.companies.append(get('company.company')(company.id))
    u.company = get('company.company')(company.id)
    u.employees.append(Employee(emp.id))
    u.employee = Employee(emp.id)
    for n in names:
        u.groups.append(Group(groups[n].id))
    u.save()
    app = App(user=User(u.id), application='rest')
    app.save()
    out['users'][login] = {
        'id': u.id, 'employee': emp.id, 'party': p.id, 'groups': names, 'sub': subject, 'rest_key': app.key}
# Tryton lets nobody make a purchase request by hand; the portal does it in the name of an order, and the warehouse to fill up its stock
Access, FieldAccess = get('ir.model.access'), get('ir.model.field.access')
for group, write in (('Portal Integration', True), ('Stock', False)):
    Access(model='purchase.request', group=Group(groups[group].id), perm_read=True, perm_write=write, perm_create=True,
        perm_delete=False).save()
# what a customer owes is for finance and the integration alone
for name in ('receivable', 'receivable_today', 'payable', 'payable_today'):
    FieldAccess(model='party.party', field=name, perm_read=False, perm_write=False, perm_create=False, perm_delete=False).save()
    for group in ('Accounting', 'Portal Integration'):
        FieldAccess(model='party.party', field=name, group=Group(groups[group].id), perm_read=True, perm_write=True, perm_create=False,
            perm_delete=False).save()
step('users')

# --- documents ----------------------------------------------------------------------------------
Sale, Invoice = get('sale.sale'), get('account.invoice')
by_code = {c.code: c for c in customers}
prices = {item['sku']: D(item['price']) for item in COMPANY['ITEMS']}
later = []
for order, state in zip(COMPANY['ORDERS'], COMPANY['STATES']):      # in this order: the CRM's won deals name the numbers
    s = Sale(party=by_code[order['customer']], payment_term=term, reference=order['reference'])
    s.sale_date = today - dt.timedelta(days=order['ago'])
    for sku, quantity, off in order['lines']:
        line = s.lines.new()           # attach to the parent first, or on_change has no party/currency
        line.product, line.quantity = by_sku[sku], float(quantity)
        line.unit_price = (prices[sku] * (100 - off) / 100).quantize(D('0.0001'))
    s.click('quote')
    if state == 'quotation':
        continue
    s.click('confirm')
    s.reload()
    if s.state == 'confirmed':
        s.click('process')
    later.append((s.sale_date, state, s))
for _, state, s in sorted(later, key=lambda row: row[0]):      # oldest first: strict invoice numbering
    if state in {'paid', 'invoiced'}:
        i, = s.invoices
        i.invoice_date = s.sale_date
        i.click('post')
        if state == 'paid':
            pw = i.click('pay')
            pw.form.payment_method, pw.form.amount = pm, i.total_amount
            pw.execute('choice')
    if state in {'paid', 'invoiced', 'shipped'}:
        for ship in s.shipments:
            ship.click('assign_try')
            ship.reload()
            ship.click('pick')
            ship.click('pack')
            ship.click('do')
step(f"{len(COMPANY['ORDERS'])} sales")
for n, (amount, text) in enumerate(((D('480'), 'Office paper'), (D('1260.50'), 'Train tickets')), 1):
    bill = Invoice(type='in', party=suppliers[9], invoice_date=today, payment_term=term,
        reference=f'SUP-{n:04d}')
    line = bill.lines.new()
    line.account, line.description, line.quantity, line.unit_price = expense, text, 1, amount
    bill.click('post')
get('production')(product=by_sku['P-1001'], quantity=4, planned_date=today + dt.timedelta(days=12)).save()
wanted = get('purchase.purchase')(party=suppliers[3], payment_term=term, delivery_date=today + dt.timedelta(days=9))
line = wanted.lines.new()
line.product, line.quantity, line.unit_price = by_sku['P-1018'], 40, (prices['P-1018'] * D('0.62')).quantize(D('0.01'))
wanted.click('quote')
step('a production planned, a purchase asked for')
out['ids'] = {
    'company': company.id, 'currency': cny.id, 'warehouse': wh.id, 'storage': sto.id,
    'payment_method': pm.id, 'payment_terms': {str(d): t.id for d, t in terms.items()}, 'expense_account': expense.id,
    'customers': {c.code: c.id for c in customers}, 'suppliers': {s.code: s.id for s in suppliers},
    'products': {p.code: p.id for p in products}}
fd = os.open(out_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
with os.fdopen(fd, 'w') as f:
    json.dump(out, f, indent=1)
step('2 supplier bills')
print(f'seed: {time.time() - T0:.1f} s')
