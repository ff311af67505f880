"""Two years of history, written into a copy of the seeded CRM. usage: history.py FACTS.json (ids of the seed)

Accounts of the ERP's history customers, deals won and lost, what was talked about, and service requests with the moment of the first answer. In bulk and
past the change feed: nothing of it is news.
"""
import datetime as dt
import json
import pathlib
import random
import runpy
import sys
import time
import uuid
from decimal import Decimal
from zoneinfo import ZoneInfo

import django

django.setup()

from django.db import connection, transaction  # noqa: E402

from accounts.models import Account  # noqa: E402
from cases.models import Case  # noqa: E402
from common.models import Profile  # noqa: E402
from common.rls import get_set_context_sql  # noqa: E402
from interactions.models import Interaction  # noqa: E402
from invoices.models import Product  # noqa: E402
from opportunity.models import DealPipeline, Opportunity, OpportunityLineItem  # noqa: E402

PLAN = runpy.run_path(str(pathlib.Path(__file__).resolve().parents[1] / "history_plan.py"))
COMPANY = PLAN["BASE"]
TABLES = ("accounts", "accounts_assigned_to", "opportunity", "opportunity_assigned_to", "opportunity_line_item", "case", "case_assigned_to", "interaction")
ANSWER_WITHIN = {"Urgent": (1, 4), "High": (4, 24), "Normal": (8, 48), "Low": (24, 72)}  # hours to the first answer, to the end


def moment(day, hour=2):
    return dt.datetime.combine(day, dt.time(hour), dt.UTC)


class History:
    def __init__(self, facts, today):
        self.org = facts["orgs"][COMPANY["COMPANY"]]
        with connection.cursor() as c:
            c.execute(get_set_context_sql(), [self.org])
        ids = facts["profiles"][COMPANY["COMPANY"]]
        self.sellers = {name: Profile.objects.get(pk=ids[name]) for name in ("ana", "boss")}
        self.today, self.stamps, self.accounts = today, [], {}

    def keep(self, model, rows, dates, owners):
        """Rows with their dates of creation, and whose they are."""
        model.objects.bulk_create(rows, batch_size=500)
        table = model._meta.db_table
        with connection.cursor() as c:
            c.executemany(f'update "{table}" set created_at = %s, updated_at = %s where id = %s',
                          [(made, last, row.pk) for row, (made, last) in zip(rows, dates, strict=True)])
        if owners:
            through = model.assigned_to.through
            name = f"{model._meta.model_name}_id"
            through.objects.bulk_create([through(**{name: row.pk, "profile_id": self.sellers[who].pk}) for row, who in zip(rows, owners, strict=True)])

    def write(self):
        self.write_accounts()
        deals = self.write_deals()
        self.write_talks(deals)
        self.write_cases()

    def write_accounts(self):
        plan = PLAN["customers"](self.today)
        for number, one in enumerate(plan, 101):
            short = one["name"].split()[0].lower()
            self.accounts[one["code"]] = Account(
                id=uuid.uuid5(PLAN["NAMESPACE"], one["code"]), org_id=self.org, name=one["name"], email=f"office{number}@{short}{number}.example",
                phone=f"+86 21 5560 {number:04d}", website=f"https://{short}{number}.example", industry=one["industry"], city=one["city"], country="CN",
                currency="CNY", custom_fields={"portal_ref": f"CUST-{number}", "erp_customer": one["code"], "region": one["region"]})
        dates = [(moment(one["since"]), moment(one["since"])) for one in plan]
        self.keep(Account, list(self.accounts.values()), dates, [one["owner"] for one in plan])

    def write_deals(self):
        plan = PLAN["deals"](self.today, PLAN["orders"](self.today))
        pipeline, products = DealPipeline.objects.filter(org_id=self.org).order_by("created_at").first(), {p.sku: p for p in Product.objects.filter(org_id=self.org)}
        prices = {item["sku"]: (item["name"], Decimal(item["price"])) for item in COMPANY["ITEMS"]}
        deals, lines = [], []
        for number, one in enumerate(plan, 1):
            total, customer = Decimal(0), one["customer"]
            for order, (sku, quantity, off) in enumerate(one["lines"]):
                name, price = prices[sku]
                gross = price * quantity
                discount = (gross * off / 100).quantize(Decimal("0.01"))
                total += gross - discount
                lines.append(OpportunityLineItem(
                    org_id=self.org, opportunity_id=one["id"], product=products[sku], name=name, quantity=quantity, unit_price=price, order=order,
                    discount_type="PERCENTAGE" if off else "", discount_value=off, discount_amount=discount, subtotal=gross, total=gross - discount))
            won = one["stage"] == "CLOSED_WON"
            custom = {"erp_order_no": one["order_no"], "erp_order_state": one["state"], "contract_state": "approved"} if won else {"reject_reason": one["why"]}
            deals.append(Opportunity(
                id=one["id"], org_id=self.org, name=f"{customer['name']}: {prices[one['lines'][0][0]][0]} {number:04d}",
                account=self.accounts[customer["code"]], pipeline=pipeline, stage=one["stage"], currency="CNY", amount=total, amount_source="CALCULATED",
                probability=100 if won else 0, closed_on=one["closed"], stage_changed_at=moment(one["closed"], 7), custom_fields=custom))
        dates = [(moment(one["begun"]), moment(one["closed"], 7)) for one in plan]
        self.keep(Opportunity, deals, dates, [one["customer"]["owner"] for one in plan])
        OpportunityLineItem.objects.bulk_create(lines, batch_size=500)
        return list(zip(plan, deals, strict=True))

    def write_talks(self, deals):
        chance, rows = random.Random("history/talks"), []
        for one, deal in deals:
            for _ in range(chance.choice((1, 1, 2, 2, 3))):
                day = one["begun"] + dt.timedelta(days=chance.randint(0, (one["closed"] - one["begun"]).days))
                kind, subject, body = chance.choice(COMPANY["FOLLOW_UPS"])
                rows.append(Interaction(
                    id=uuid.uuid5(PLAN["NAMESPACE"], f"talk/{len(rows)}"), org_id=self.org, kind=kind, direction="outbound", home="opportunity",
                    opportunity=deal, account=deal.account, occurred_at=moment(day, chance.randint(1, 9)), subject=subject, body=body,
                    logged_by=self.sellers[one["customer"]["owner"]]))
        self.keep(Interaction, rows, [(row.occurred_at, row.occurred_at) for row in rows], [])

    def write_cases(self):
        plan, rows = PLAN["cases"](self.today), []
        for one in plan:
            answer, end = ANSWER_WITHIN[one["priority"]]
            status = "Closed" if one["closed"] else "Pending" if one["answered"] else "New"
            rows.append(Case(
                id=one["id"], org_id=self.org, name=one["name"], status=status, priority=one["priority"], case_type=one["type"],
                account=self.accounts[one["customer"]["code"]], closed_on=one["closed"], first_response_at=one["answered"],
                resolved_at=moment(one["closed"], 8) if one["closed"] else None, sla_first_response_hours=answer, sla_resolution_hours=end))
        dates = [(one["made"], moment(one["closed"], 8) if one["closed"] else one["answered"] or one["made"]) for one in plan]
        self.keep(Case, rows, dates, [one["customer"]["owner"] for one in plan])


def triggers(verb):
    with connection.cursor() as c:
        for table in TABLES:
            c.execute(f'alter table "{table}" {verb} trigger user')


def main(path):
    begun = time.time()
    facts = json.loads(pathlib.Path(path).read_text())
    today = dt.datetime.now(ZoneInfo(COMPANY["TIME_ZONE"])).date()
    with transaction.atomic():
        triggers("disable")  # the feed tells changes, and this is none
        History(facts, today).write()
        with connection.cursor() as c:
            c.execute("set constraints all immediate")  # a table with checks that wait cannot be altered
        triggers("enable")
    print(f"history: {time.time() - begun:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1])
