"""Seed the CRM through its own models, once, always the same. usage: seed.py OUT.json

Two organizations; ana, boss, fin, eve as in the portal; the service account of
the connector; custom fields; one personal access token each (kept in OUT.json,
readable by the owner only).
"""
import datetime
import json
import os
import pathlib
import random
import runpy
import sys
from decimal import Decimal

import django

django.setup()

from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import Account  # noqa: E402
from cases.models import Case  # noqa: E402
from common.models import CustomFieldDefinition, Org, PersonalAccessToken, Profile, User  # noqa: E402
from common.rls import get_set_context_sql  # noqa: E402
from contacts.models import Contact  # noqa: E402
from interactions.models import Interaction  # noqa: E402
from invoices.models import Product  # noqa: E402
from leads.models import Lead  # noqa: E402
from opportunity.models import DealPipeline, Opportunity, OpportunityLineItem  # noqa: E402
from tasks.models import Task  # noqa: E402

COMPANY = runpy.run_path(str(pathlib.Path(__file__).resolve().parents[1] / "seed_company.py"))
DOMAIN = os.environ.get("CRM_MAIL_DOMAIN", "yunhe.example")
ORGS = {  # name: (members, accounts, contacts, leads, opportunities, cases, tasks); the first is the company itself
    os.environ.get("CRM_ORG_NAME", COMPANY["COMPANY"]): (
        {"boss": "ADMIN", "portal-service": "ADMIN", "ana": "USER", "fin": "USER", "eve": "USER"}, 32, 60, 40, 0, 12, 20),
    "Atrium Services": ({"boss": "ADMIN", "portal-service": "ADMIN", "eve": "USER"}, 4, 8, 4, 4, 2, 2),
}
FIELDS = {  # written back by the portal; texts, so that any state fits
    "portal_ref": ("Portal reference", "text", None),
    "erp_customer": ("ERP customer code", "text", None),
    "region": ("Region", "text", None),
    "erp_order_no": ("ERP order number", "text", None),
    "erp_order_state": ("ERP order state", "text", None),
    "contract_no": ("Contract number", "text", None),
    "contract_state": ("Contract state", "text", None),
    "contract_amount": ("Contract amount", "text", None),
    "payment_term": ("Payment term, days", "text", None),
    "contract_until": ("Contract valid until", "date", None),
    "contract_clauses": ("Contract clauses", "textarea", None),
    "shipped_at": ("Shipped at", "text", None),
    "shipment_ref": ("Delivery notes", "text", None),
    "reject_reason": ("Reason of the refusal", "textarea", None),
}
TARGETS = {"Account": ["portal_ref", "erp_customer", "region"], "Contact": ["portal_ref"], "Lead": ["portal_ref"], "Case": ["portal_ref"],
           "Task": ["portal_ref"], "Opportunity": [k for k in FIELDS if k not in ("erp_customer", "region")]}
CITIES = ["Shanghai", "Suzhou", "Shenzhen", "Chengdu", "Wuhan", "Hamburg", "Lyon", "Austin"]
FIRST = ["Wei", "Na", "Jun", "Li", "Min", "Hao", "Yan", "Tao", "Mia", "Paul", "Lea", "Tom", "Ines", "Karl"]
LAST = ["Zhang", "Wang", "Chen", "Liu", "Sun", "Zhao", "Meyer", "Dubois", "Smith", "Rossi", "Novak"]
FIRMS = ["Bright", "Harbour", "Copper", "Lotus", "North", "Granite", "Cedar", "Summit", "Amber", "Delta"]
TRADES = ["Machinery", "Textiles", "Logistics", "Foods", "Optics", "Chemicals"]
INDUSTRIES = ["MANUFACTURING", "TECHNOLOGY", "HEALTHCARE", "CHEMICAL", "BANKING"]
STAGES = ["PROSPECTING", "QUALIFICATION", "PROPOSAL", "NEGOTIATION", "CLOSED_WON", "CLOSED_LOST"]

out = {"orgs": {}, "tokens": {}, "users": {}, "profiles": {}}


def user(name):
    found, _ = User.objects.get_or_create(email=f"{name}@{DOMAIN}", defaults={"is_active": True})
    if not found.password:
        found.set_unusable_password()
        found.save()
    out["users"][name] = str(found.id)
    return found


@transaction.atomic
def seed(number, name, plan):
    members, n_acc, n_con, n_lead, n_opp, n_case, n_task = plan
    rnd = random.Random(f"atrium/{number}")
    org, _ = Org.objects.get_or_create(name=name, defaults={
        "default_currency": "CNY", "company_name": name, "timezone": "Asia/Shanghai"})
    with connection.cursor() as c:
        c.execute(get_set_context_sql(), [str(org.id)])
    profiles = {}
    for who, role in members.items():
        p, _ = Profile.objects.get_or_create(user=user(who), org=org, defaults={"role": role})
        profiles[who] = p
        raw, _pat = PersonalAccessToken.generate(p, "portal")
        out["tokens"].setdefault(name, {})[who] = raw
        out["profiles"].setdefault(name, {})[who] = str(p.id)
    out["orgs"][name] = str(org.id)
    for target, keys in TARGETS.items():
        for order, key in enumerate(keys):
            label, kind, options = FIELDS[key]
            CustomFieldDefinition.objects.get_or_create(org=org, target_model=target, key=key, defaults={
                "label": label, "field_type": kind, "is_filterable": kind in ("text", "dropdown"),
                "options": [{"value": o, "label": o.replace("_", " ").capitalize()} for o in options] if options else None})
    sellers = [profiles[w] for w in ("ana", "boss") if w in profiles]
    today = timezone.localdate()

    def by(obj, owner):
        obj.assigned_to.add(owner)
        type(obj).objects.filter(pk=obj.pk).update(created_by=owner.user)
        return obj

    if number == 1:
        for item in COMPANY["ITEMS"]:
            Product.objects.get_or_create(org=org, sku=item["sku"], defaults={"name": item["name"], "price": Decimal(item["price"]), "currency": "CNY", "category": COMPANY["product_line"](item["sku"])})
    accounts = []
    for i in range(n_acc):
        known = COMPANY["CUSTOMERS"][i] if number == 1 else None
        firm = known["name"] if known else f"{FIRMS[i % len(FIRMS)]} {TRADES[i % len(TRADES)]} {i + 1:02d}"
        codes = {"portal_ref": f"CUST-{number}{i + 1:03d}"}
        if number == 1:
            codes.update(erp_customer=known["code"], region=COMPANY["REGION_OF"][known["city"]])
        accounts.append(by(Account.objects.create(
            org=org, name=firm, email=f"office{i + 1}@{firm.split()[0].lower()}{i + 1}.example", phone=f"+86 21 5550 {i:04d}",
            website=f"https://{firm.split()[0].lower()}{i + 1}.example", industry=known["industry"] if known else rnd.choice(INDUSTRIES), city=known["city"] if known else CITIES[i % len(CITIES)],
            country="CN", currency="CNY", number_of_employees=rnd.randrange(20, 900),
            annual_revenue=rnd.randrange(1, 90) * 1_000_000, custom_fields=codes),
            profiles[known["owner"]] if known else sellers[i % len(sellers)]))
    contacts = []
    for i in range(n_con):
        a = accounts[i % n_acc]
        contacts.append(by(Contact.objects.create(
            org=org, first_name=FIRST[i % len(FIRST)], last_name=LAST[i % len(LAST)], email=f"c{i + 1}@customer{i % n_acc + 1}.example",
            phone=f"+86 138 0000 {i:04d}", organization=a.name, title=rnd.choice(["Buyer", "Director", "Engineer"]), account=a),
            sellers[i % n_acc % len(sellers)]))
    for i in range(n_lead):
        by(Lead.objects.create(
            org=org, title=f"Inquiry {i + 1:02d}", first_name=FIRST[(i + 3) % len(FIRST)], last_name=LAST[(i + 5) % len(LAST)],
            email=f"lead{i + 1}@prospect{i + 1}.example", status=["assigned", "in process", "recycled", "closed"][i % 4],
            company_name=f"Prospect {i + 1:02d}", currency="CNY", opportunity_amount=rnd.randrange(10, 400) * 1000),
            sellers[i % len(sellers)])
    pipeline = DealPipeline.default_for(org)
    deals = []
    for i in range(n_opp):
        a, stage = accounts[i % n_acc], STAGES[i % len(STAGES)]
        d = Opportunity(
            org=org, name=f"{a.name}: order {i + 1:02d}", account=a, pipeline=pipeline, stage=stage, currency="CNY",
            amount=rnd.randrange(20, 900) * 1000, closed_on=today + datetime.timedelta(days=rnd.randrange(-40, 90)))
        d.save()
        deals.append(by(d, sellers[i % n_acc % len(sellers)]))
        d.contacts.add(contacts[i % n_con])
    if number == 1:
        deals = company_deals(org, pipeline, {a.custom_fields["erp_customer"]: a for a in accounts}, profiles, today, by)
    for i in range(n_case):
        by(Case.objects.create(org=org, name=f"Service request {i + 1:02d}", status=["New", "Assigned", "Pending", "Closed"][i % 4],
                               priority=["Normal", "High", "Urgent", "Low"][i % 4], case_type="Incident", account=accounts[i % n_acc],
                               closed_on=today if i % 4 == 3 else None), sellers[i % len(sellers)])
    for i in range(n_task):
        by(Task.objects.create(org=org, title=f"Follow up {i + 1:02d}", status=["New", "In Progress", "Completed"][i % 3],
                               priority=["Low", "Medium", "High"][i % 3], due_date=today + datetime.timedelta(days=i - 5),
                               opportunity=deals[i % len(deals)]), sellers[i % len(sellers)])
    for i, d in enumerate(deals[:24]):
        kind, subject, body = COMPANY["FOLLOW_UPS"][i % len(COMPANY["FOLLOW_UPS"])]
        Interaction.objects.create(org=org, kind=kind, direction="outbound", home="opportunity", opportunity=d,
                                   occurred_at=timezone.now() - datetime.timedelta(days=i % 9, hours=i), subject=subject, body=body,
                                   logged_by=d.assigned_to.first() or sellers[0])


def company_deals(org, pipeline, accounts, profiles, today, by):
    """Deals with lines that sum to the amount. A won one carries the order that the ERP's seed made of it."""
    prices = {item["sku"]: (item["name"], Decimal(item["price"])) for item in COMPANY["ITEMS"]}
    products = {p.sku: p for p in Product.objects.filter(org=org)}
    found = []
    for row in COMPANY["DEALS"]:
        account = accounts[row["customer"]]
        lines, total = [], Decimal(0)
        for order, (sku, quantity, off) in enumerate(row["lines"]):
            name, price = prices[sku]
            gross = price * quantity
            discount = (gross * off / 100).quantize(Decimal("0.01"))
            total += gross - discount
            lines.append(OpportunityLineItem(
                org=org, product=products[sku], name=name, quantity=quantity, unit_price=price, order=order,
                discount_type="PERCENTAGE" if off else "", discount_value=off, discount_amount=discount, subtotal=gross, total=gross - discount))
        won = bool(row["order_no"])
        custom = {"erp_order_no": row["order_no"], "erp_order_state": "shipped", "contract_state": "approved"} if won else {}
        deal = Opportunity(
            id=row["id"], org=org, name=row["name"], account=account, pipeline=pipeline, stage=row["stage"], currency="CNY", amount=total,
            amount_source="CALCULATED", closed_on=today + datetime.timedelta(days=row["days"]), custom_fields=custom)
        deal.save(force_insert=True)
        for line in lines:
            line.opportunity = deal
        OpportunityLineItem.objects.bulk_create(lines)
        Opportunity.objects.filter(pk=deal.pk).update(amount=total)
        found.append(by(deal, profiles[row["owner"]]))
    return found


for number, (name, plan) in enumerate(ORGS.items(), start=1):
    seed(number, name, plan)
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
with os.fdopen(fd, "w") as f:
    json.dump(out, f, indent=1)
print("seeded", ", ".join(out["orgs"]))
