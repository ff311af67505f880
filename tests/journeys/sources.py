"""The board's figures once more, by SQL over the databases that the facts came from: Tryton's, BottleCRM's, and the portal's own process tables.

No fact, no canonical record and no connector is read here. Each system's documents become one temporary table with the days, amounts and dimensions
that the formulas speak of; a figure is one aggregate over it.
"""
# ruff: noqa: E501 - a statement is one line

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import psycopg

DAY = "((({0}) at time zone 'UTC') at time zone 'Asia/Shanghai')::date"  # of Tryton's stamps, which are UTC without saying so
LOCAL = "(({0}) at time zone 'Asia/Shanghai')::date"
REGION = """(select c.name from "party_party-party_category" r join party_category c on c.id = r.category join party_category top on top.id = c.parent
    where r.party = {0} and top.name = 'Region' limit 1)"""
LINE = """(select c.name from "product_template-product_category" r join product_category c on c.id = r.category
    where r.template = (select template from product_product where id = {0}) and c.accounting is not true limit 1)"""
RECEIVABLE = """from account_move_line l join account_move m on m.id = l.move join account_account a on a.id = l.account
    join account_account_type t on t.id = a.type where t.receivable and l.reconciliation is null and l.party = p.id"""

ERP = {
    "orders": f"""with priced as (
            select s.id, coalesce({LINE.format('l.product')}, '') as line, sum(round(l.quantity::numeric * l.unit_price, 2)) as value
              from sale_sale s join sale_line l on l.sale = s.id and l.type = 'line' group by 1, 2),
        given_up as (
            select l.sale from sale_line l left join stock_move m on m.origin = 'sale.line,' || l.id where l.type = 'line'
             group by 1 having bool_and(m.state = 'cancelled') and not bool_or(m.id is null))
        select s.id, s.sale_date as day, p.code, coalesce({REGION.format('p.id')}, '') as region, x.line, x.value,
               case when s.state = 'done' then greatest(s.sale_date, {DAY.format('coalesce(s.write_date, s.create_date)')}) end as out_day
          from sale_sale s join party_party p on p.id = s.party join priced x on x.id = s.id
         where s.state in ('confirmed', 'processing', 'done') and s.id not in (select sale from given_up)""",
    "first_orders": """select code, min(day) as day from src_orders group by 1""",
    "shipments": f"""select s.planned_date as planned, p.code, coalesce({REGION.format('p.id')}, '') as region,
               case when s.state in ('shipped', 'done') then {DAY.format('s.portal_left_at')} end as left_day,
               (select min(o.sale_date) from stock_move m join sale_line sl on m.origin = 'sale.line,' || sl.id join sale_sale o on o.id = sl.sale
                 where m.shipment = 'stock.shipment.out,' || s.id) as ordered
          from stock_shipment_out s join party_party p on p.id = s.customer where s.state <> 'cancelled'""",
    "invoices": f"""select i.invoice_date as day, i.total_amount_cache as value, p.code, coalesce({REGION.format('p.id')}, '') as region
          from account_invoice i join party_party p on p.id = i.party where i.type = 'out' and i.state in ('posted', 'paid')""",
    "payments": f"""select m.date as day, l.credit - l.debit as value, p.code, coalesce({REGION.format('p.id')}, '') as region
          from "account_invoice-account_move_line" r join account_invoice i on i.id = r.invoice and i.type = 'out' join account_move_line l on l.id = r.line
          join account_move m on m.id = l.move join party_party p on p.id = i.party""",
    "receivables": f"""select p.code, coalesce({REGION.format('p.id')}, '') as region, (select coalesce(sum(l.debit - l.credit), 0) {RECEIVABLE}) as balance,
               (select coalesce(sum(l.debit - l.credit), 0) {RECEIVABLE} and coalesce(l.maturity_date, m.date) < (now() at time zone 'Asia/Shanghai')::date) as overdue
          from party_party p where p.code like 'C-%%'""",
    "stock": f"""with recursive house as (select id, id as warehouse from stock_location where type = 'warehouse'
            union select l.id, h.warehouse from stock_location l join house h on l.parent = h.id)
        select coalesce({LINE.format('p.id')}, '') as line, q.on_hand, q.on_hand - q.promised as available, o.min_quantity as point,
               (select lp.list_price from product_list_price lp where lp.template = p.template limit 1) as price
          from product_product p join product_template t on t.id = p.template and t.type in ('goods', 'assets')
          left join stock_order_point o on o.product = p.id
          cross join lateral (select
               coalesce((select sum(case when m.to_location in (select id from house) then m.internal_quantity else 0 end)
                              - sum(case when m.from_location in (select id from house) then m.internal_quantity else 0 end)
                           from stock_move m where m.product = p.id and m.state = 'done'), 0)::numeric as on_hand,
               coalesce((select sum(m.internal_quantity) from stock_move m join stock_location l on l.id = m.to_location
                          where m.product = p.id and m.state in ('draft', 'assigned') and l.type = 'customer'), 0)::numeric as promised) q""",
    "productions": f"""select planned_date as planned, case when state = 'done' then effective_date end as done_day, quantity::numeric as value,
               coalesce({LINE.format('product')}, '') as line from production where state <> 'cancelled'""",
    "purchases": f"""select coalesce(max(l.delivery_date_store), pu.delivery_date) as planned,
               (select case when bool_and(m.state = 'done') then max(m.effective_date) end from stock_move m join purchase_line x on m.origin = 'purchase.line,' || x.id
                 where x.purchase = pu.id and m.state <> 'cancelled') as came,
               coalesce((select {LINE.format('f.product')} from purchase_line f where f.purchase = pu.id and f.type = 'line' order by f.sequence, f.id limit 1), '') as line
          from purchase_purchase pu left join purchase_line l on l.purchase = pu.id and l.type = 'line' where pu.state <> 'cancelled' group by pu.id""",
}  # fmt: skip
# what must count nothing in a ledger that balances
LEDGER = {
    "bookings that do not balance": "select count(*) from (select 1 from account_move_line group by move having sum(debit - credit) <> 0) x",
    "reconciliations that do not": """select count(*) from (select 1 from account_move_line where reconciliation is not null
        group by reconciliation having sum(debit - credit) <> 0) x""",
    "invoices unlike their bookings": """select count(*) from account_invoice i where i.state in ('posted', 'paid') and i.total_amount_cache <> (
        select sum(case i.type when 'out' then l.debit - l.credit else l.credit - l.debit end) from account_move_line l where l.move = i.move and l.account = i.account)""",
    "returns without a credit note": """select (select count(*) from stock_shipment_out_return) - (select count(*) from account_invoice where type = 'out' and total_amount_cache < 0)""",
    "arrivals without a bill": """select count(*) from stock_shipment_in s where state = 'done' and number::int > 10000 and not exists (
        select 1 from account_invoice_line b join purchase_line l on b.origin = 'purchase.line,' || l.id join stock_move m on m.origin = 'purchase.line,' || l.id
         where m.shipment = 'stock.shipment.in,' || s.id)""",
    "late invoices without a letter": """select count(*) from account_invoice i join account_move_line l on l.move = i.move and l.account = i.account join party_party p on p.id = i.party
        where i.type = 'out' and i.state = 'posted' and p.code >= 'C-101' and l.maturity_date <= (now() at time zone 'Asia/Shanghai')::date - 14
          and not exists (select 1 from account_dunning d where d.line = l.id)""",
    "customers without a limit": """select count(*) from party_party p where p.code like 'C-%' and p.code >= 'C-101' and not exists (
        select 1 from party_party_credit_limit_amount c where c.party = p.id and c.credit_limit_amount > 0)""",
}  # fmt: skip
WHOSE = """(select split_part(u.email, '@', 1) from {0} l join profile p on p.id = l.profile_id join users u on u.id = p.user_id
    where l.{1} = t.id and p.is_active order by p.created_at desc limit 1)"""
WHERE = "coalesce(nullif(a.custom_fields ->> 'region', ''), nullif(a.city, ''), '')"
ORG_OF = "t.org_id = current_setting('src.org')::uuid"
CRM = {
    "customers": f"""select {LOCAL.format('t.created_at')} as day, t.custom_fields ->> 'erp_customer' as code, {WHERE.replace('a.', 't.')} as region,
               {WHOSE.format('accounts_assigned_to', 'account_id')} as owner from accounts t where {ORG_OF}""",
    "deals": f"""select {LOCAL.format('t.created_at')} as began, case when {LOCAL.format('t.stage_changed_at')} > {LOCAL.format('t.created_at')} then {LOCAL.format('t.stage_changed_at')}
                 else least(t.closed_on, {LOCAL.format('t.stage_changed_at')}) end as closed, s.kind, coalesce(t.amount, 0) as value,
               coalesce(t.probability, 0) as probability, coalesce({WHERE}, '') as region, {WHOSE.format('opportunity_assigned_to', 'opportunity_id')} as owner,
               coalesce((select p.category from opportunity_line_item i join product p on p.id = i.product_id where i.opportunity_id = t.id and p.category <> ''
                          group by 1 order by sum(i.total) desc, min(i."order"), min(i.created_at) limit 1), '') as line,
               exists (select 1 from interaction f where f.opportunity_id = t.id) as followed, t.currency
          from opportunity t join opportunity_pipeline_stage s on s.pipeline_id = t.pipeline_id and s.code = t.stage left join accounts a on a.id = t.account_id where {ORG_OF}""",
    "talks": f"""select {LOCAL.format('t.occurred_at')} as day, coalesce({WHERE}, '') as region, split_part(u.email, '@', 1) as owner
          from interaction t left join opportunity o on o.id = t.opportunity_id left join accounts a on a.id = coalesce(t.account_id, o.account_id)
          left join profile p on p.id = t.logged_by_id left join users u on u.id = p.user_id where {ORG_OF}""",
    "cases": f"""select {LOCAL.format('t.created_at')} as began, {LOCAL.format('t.first_response_at')} as answered,
               trunc(extract(epoch from date_trunc('milliseconds', t.first_response_at) - date_trunc('milliseconds', t.created_at))::numeric) / 3600 as hours,
               case when t.status in ('Closed', 'Rejected', 'Duplicate') then greatest({LOCAL.format('t.created_at')}, coalesce(t.closed_on, {LOCAL.format('t.updated_at')})) end as over,
               coalesce({WHERE}, '') as region, {WHOSE.format('case_assigned_to', 'case_id')} as owner from "case" t left join accounts a on a.id = t.account_id where {ORG_OF}""",
}  # fmt: skip
ASKED = f"""select t.id, {LOCAL.format('t.created_at')} as asked, {LOCAL.format('t.due_at')} as due, case when t.state = 'COMPLETED' then {LOCAL.format('t.decided_at')} end as decided,
       case when t.state = 'COMPLETED' then trunc(extract(epoch from t.decided_at - t.created_at)::numeric) / 3600 end as hours, t.outcome, t.decided_at <= t.due_at as punctual,
       (select p.login from directory_person p where p.id = case when t.state = 'COMPLETED' then t.decided_by_id else coalesce(t.assignee_id,
           (select min(c.person_id::text)::uuid from workflows_task_candidates c where c.task_id = t.id having count(*) = 1)) end) as owner
  from workflows_task t where t.state <> 'CANCELLED'"""
OA = {
    "tasks": ASKED,
    "flows": f"""select {LOCAL.format('i.created_at')} as began, {LOCAL.format('i.ended_at')} as ended, i.state in ('WITHDRAWN', 'CANCELLED') as given_up,
               trunc(extract(epoch from i.ended_at - i.created_at)::numeric) / 3600 as hours, coalesce((select max(iteration) from workflows_task t where t.instance_id = i.id), 1) as rounds,
               (select p.login from directory_person p where p.id = i.starter_id) as owner
          from workflows_processinstance i""",
}  # fmt: skip

E, C, O = "ERP_DATABASE_URL", "CRM_DATABASE_URL", "DATABASE_URL"  # noqa: E741
SHARE = "round(100.0 * count(*) filter (where {0}) / nullif(count(*), 0), 1)"
MIDDLE = "(percentile_cont(0.5) within group (order by {0}))::numeric"
STOCK_SHORT = "count(*) filter (where point is not null and available < point)"


@dataclass(frozen=True)
class Sql:
    """One figure: an aggregate over one table of a system. `on`: the column whose day lies in the window ("": a level, `where` says what counts; %(end)s is
    the day after the window). `where`: what counts beside. `knows`: the filters that mean something to it."""

    system: str
    table: str
    value: str
    on: str = ""
    where: str = "true"
    knows: Sequence[str] = ("department", "product_line", "region")
    middle: bool = False
    today: bool = False  # a level known by readings: only its state of now is anywhere


ORG, GOODS, UNIT = ("department", "region"), ("product_line",), ("department",)
FIGURES: Mapping[str, Sql] = {
    "erp.orders_taken": Sql(E, "orders", "coalesce(sum(value), 0)", "day"),
    "erp.order_count": Sql(E, "orders", "count(distinct id)", "day", knows=ORG),
    "erp.order_value": Sql(E, "orders", "round(sum(value) / nullif(count(distinct id), 0), 2)", "day", knows=ORG),
    "erp.backlog": Sql(E, "orders", "coalesce(sum(value), 0)", "", "day < %(end)s and (out_day is null or out_day >= %(end)s)"),
    "erp.invoiced": Sql(E, "invoices", "coalesce(sum(value), 0)", "day", knows=ORG),
    "erp.payments": Sql(E, "payments", "coalesce(sum(value), 0)", "day", knows=ORG),
    "erp.collection": Sql(E, "payments", "round(100 * sum(value) / nullif((select sum(value) from src_invoices x where x.day >= %(first)s and x.day < %(end)s {x}), 0), 1)", "day", knows=ORG),
    "erp.receivables": Sql(E, "receivables", "sum(balance)", knows=ORG, today=True),
    "erp.overdue": Sql(E, "receivables", "sum(overdue)", knows=ORG, today=True),
    "erp.overdue_share": Sql(E, "receivables", "round(100 * sum(overdue) / nullif(sum(balance), 0), 1)", knows=ORG, today=True),
    "erp.shipped": Sql(E, "shipments", "count(*)", "left_day", knows=ORG),
    "erp.shipped_on_time": Sql(E, "shipments", SHARE.format("planned is null or left_day <= planned"), "left_day", knows=ORG),
    "erp.shipping_time": Sql(E, "shipments", MIDDLE.format("greatest(0, left_day - ordered)"), "left_day", "ordered is not null", knows=ORG, middle=True),
    "erp.shipping_late": Sql(E, "shipments", "count(*) filter (where left_day is null)", "planned", knows=ORG),
    "erp.stock_short": Sql(E, "stock", STOCK_SHORT, knows=GOODS, today=True),
    "erp.stock_out": Sql(E, "stock", "count(*) filter (where available <= 0)", knows=GOODS, today=True),
    "erp.stock_short_share": Sql(E, "stock", f"round(100.0 * {STOCK_SHORT} / nullif(count(*), 0), 1)", knows=GOODS, today=True),
    "erp.stock_worth": Sql(E, "stock", "coalesce(sum(round(on_hand * coalesce(price, 0), 2)), 0)", knows=GOODS, today=True),
    "erp.production_progress": Sql(E, "productions", SHARE.format("done_day is not null"), "planned", knows=GOODS),
    "erp.production_on_time": Sql(E, "productions", SHARE.format("planned is null or done_day <= planned"), "done_day", knows=GOODS),
    "erp.production_output": Sql(E, "productions", "coalesce(sum(value), 0)", "done_day", knows=GOODS),
    "erp.production_late": Sql(E, "productions", "count(*) filter (where done_day is null)", "planned", knows=GOODS),
    "erp.supply_on_time": Sql(E, "purchases", SHARE.format("planned is null or came <= planned"), "came", knows=GOODS),
    "erp.supply_delay": Sql(E, "purchases", MIDDLE.format("greatest(0, came - planned)"), "came", knows=GOODS, middle=True),
    "erp.supply_late": Sql(E, "purchases", "count(*) filter (where came is null)", "planned", knows=GOODS),
    "crm.first_orders": Sql(E, "first_orders", "count(*)", "day", knows=ORG),
    "crm.new_customers": Sql(C, "customers", "count(*)", "day", knows=ORG),
    "crm.customers": Sql(C, "customers", "count(*)", "", "day < %(end)s", knows=ORG),
    "crm.won": Sql(C, "deals", "coalesce(sum(value), 0)", "closed", "kind = 'won'"),
    "crm.won_count": Sql(C, "deals", "count(*)", "closed", "kind = 'won'"),
    "crm.win_rate": Sql(C, "deals", SHARE.format("kind = 'won'"), "closed", "kind <> 'open'"),
    "crm.deal_value": Sql(C, "deals", "round(sum(value) / nullif(count(*), 0), 2)", "closed", "kind = 'won'"),
    "crm.pipeline": Sql(C, "deals", "coalesce(sum(value), 0)", "", "began < %(end)s and (kind = 'open' or (closed >= %(end)s and began < closed))"),
    "crm.pipeline_weighted": Sql(C, "deals", "coalesce(sum(trunc(value * 100 * probability / 100) / 100), 0)", "", "began < %(end)s and kind = 'open'"),
    "crm.follow_ups": Sql(C, "talks", "count(*)", "day", knows=ORG),
    "crm.follow_up_conversion": Sql(C, "deals", SHARE.format("kind = 'won'"), "closed", "kind <> 'open' and followed", knows=ORG),
    "crm.follow_ups_per_win": Sql(C, "talks", "round(1.0 * count(*) / nullif((select count(*) from src_deals x where x.kind = 'won' and x.closed >= %(first)s and x.closed < %(end)s {x}), 0), 1)", "day", knows=ORG),
    "crm.first_response": Sql(C, "cases", MIDDLE.format("hours"), "answered", knows=ORG, middle=True),
    "crm.answered_in_time": Sql(C, "cases", SHARE.format("hours <= 4"), "answered", knows=ORG),
    "crm.open_cases": Sql(C, "cases", "count(*)", "", "began < %(end)s and (over is null or over >= %(end)s)", knows=ORG),
    "oa.completion": Sql(O, "tasks", SHARE.format("decided is not null"), "asked", knows=UNIT),
    "oa.cases_finished": Sql(O, "flows", SHARE.format("ended is not null"), "began", "not given_up", knows=UNIT),
    "oa.decisions": Sql(O, "tasks", "count(*)", "decided", knows=UNIT),
    "oa.approval_time": Sql(O, "tasks", MIDDLE.format("hours"), "decided", knows=UNIT, middle=True),
    "oa.decided_on_time": Sql(O, "tasks", SHARE.format("punctual"), "decided", "due is not null", knows=UNIT),
    "oa.flow_time": Sql(O, "flows", MIDDLE.format("hours"), "ended", "not given_up", knows=UNIT, middle=True),
    "oa.overdue": Sql(O, "tasks", "count(*) filter (where decided is null)", "due", knows=UNIT),
    "oa.open_tasks": Sql(O, "tasks", "count(*)", "", "asked < %(end)s and (decided is null or decided >= %(end)s)", knows=UNIT),
    "oa.rework": Sql(O, "tasks", SHARE.format("outcome = 'RETURNED'"), "decided", knows=UNIT),
    "oa.first_time_right": Sql(O, "flows", SHARE.format("rounds = 1"), "ended", "not given_up", knows=UNIT),
    "oa.withdrawn": Sql(O, "flows", SHARE.format("given_up"), "ended", knows=UNIT),
}  # fmt: skip


@dataclass(frozen=True)
class Cut:
    """A window of days [first, end) and what it is narrowed to. `owners`: logins, None for everybody's."""

    first: dt.date
    end: dt.date
    owners: tuple[str, ...] | None = None
    product_line: str = ""
    region: str = ""

    def condition(self, known: Sequence[str], alias: str = "") -> str:
        parts = []
        if self.owners is not None and "department" in known:
            parts.append(f"{alias}owner = any(%(owners)s)")
        if self.product_line and "product_line" in known:
            parts.append(f"{alias}line = %(line)s")
        if self.region and "region" in known:
            parts.append(f"{alias}region = %(region)s")
        return " and ".join(["", *parts]) if parts else ""


@dataclass
class Sources:
    """The three databases as they are at this moment. A context manager."""

    env: Mapping[str, str]
    _links: dict[str, psycopg.Connection[Any]] = field(default_factory=dict)

    def __enter__(self) -> Sources:
        for system in (C, E, O):
            self._links[system] = psycopg.connect(self.env[system], autocommit=True)
        crm, erp = self._links[C], self._links[E]
        crm.execute("select set_config('src.org', %s, false)", [self.env["CRM_ORG_ID"]])
        self._make(C, CRM)
        sellers = crm.execute("select code, owner, region from src_customers where code is not null").fetchall()
        erp.execute("create temp table sellers (code text, owner text, region text)")
        with erp.cursor() as cursor, cursor.copy("copy sellers from stdin") as copy:
            for row in sellers:
                copy.write_row(row)
        self._make(E, ERP)
        self._make(O, OA)
        return self

    def __exit__(self, *_failure: object) -> None:
        for link in self._links.values():
            link.close()

    def _make(self, system: str, tables: Mapping[str, str]) -> None:
        for name, sql in tables.items():
            self._links[system].execute(f"create temp table src_{name} as {sql.replace('%%', '%')}")  # type: ignore[arg-type]
            if system == E and name in {"orders", "shipments", "invoices", "payments", "receivables", "first_orders"}:
                self._links[E].execute(f"alter table src_{name} add owner text")  # type: ignore[arg-type]
                self._links[E].execute(f"update src_{name} t set owner = s.owner from sellers s where s.code = t.code")  # type: ignore[arg-type]
        if system == E:
            self._links[E].execute("alter table src_first_orders add region text")
            self._links[E].execute("update src_first_orders t set region = s.region from sellers s where s.code = t.code")

    def value(self, key: str, cut: Cut) -> Decimal | None:
        found = FIGURES[key]
        window = f"{found.on} >= %(first)s and {found.on} < %(end)s and " if found.on else ""
        sql = f"select {found.value.replace('{x}', cut.condition(found.knows, 'x.'))} from src_{found.table} where {window}{found.where}{cut.condition(found.knows)}"
        given = {"first": cut.first, "end": cut.end, "owners": list(cut.owners or ()), "line": cut.product_line, "region": cut.region}
        row = self._links[found.system].execute(sql, given).fetchone()  # type: ignore[arg-type]
        value = row[0] if row else None
        return None if value is None else Decimal(str(value))


def cents(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
