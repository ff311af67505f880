"""Two years of Yunhe Pump Works before today: what the ERP's and the CRM's history say alike. Plain data, the same for the same day.

Read by runpy from both systems' interpreters; it belongs to no package. Seasonal and growing, with one bad quarter (the last but two): fewer orders,
more late deliveries, slower payers, and a supplier whose dates slip all the time. Nothing in it is open that a seeded order, stock or balance would feel:
its customers are its own (C-101 ...), and what it takes from the stock it also buys or makes.
"""

import datetime as dt
import pathlib
import random
import runpy
import uuid

BASE = runpy.run_path(str(pathlib.Path(__file__).with_name("seed_company.py")))
DAYS = 730
FIRST_ORDER, FIRST_INVOICE = 10001, 10001  # below and above the numbers of the seed
SLIPPING = "S-03"
NAMESPACE = uuid.UUID("9f3d3a44-58c5-5a0e-9f0e-3f1c5f0a7b21")
SEASON = (0.78, 0.70, 1.02, 1.08, 1.12, 1.05, 0.92, 0.95, 1.10, 1.16, 1.12, 1.00)  # January ...: spring festival, then the building season
BAD_FACTOR = 0.55
_FIRST = (
    "Anda", "Boyuan", "Chenguang", "Dingsheng", "Fuhai", "Guotai", "Hengtong", "Jiahe", "Kaiyue", "Lida", "Mingzhu", "Nanfang", "Puhua", "Qihang",
    "Ruifeng",
)  # fmt: skip
_SECOND = ("Water", "Foods", "Chemical", "Paper")
_INDUSTRY = {"Water": "Water supply", "Foods": "Food", "Chemical": "Chemicals", "Paper": "Paper"}
_SUBJECTS = ("Seal leaks 密封泄漏", "Motor too warm 电机过热", "Noise at the bearing 轴承异响", "Pressure drops 压力下降", "Manual asked for 索取说明书")
_LOST = ("price", "date of delivery", "no budget", "a competitor")


def months_back(day, months):
    """The first day of the month so many months before the day's."""
    number = day.year * 12 + day.month - 1 - months
    return dt.date(number // 12, number % 12 + 1, 1)


def bad_quarter(today):
    """First day and the day after the last one."""
    start = months_back(today, (today.month - 1) % 3 + 9)
    return start, months_back(start, -3)


def workdays(first, last):
    day = first
    while day <= last:
        if day.weekday() < 5:
            yield day
        day += dt.timedelta(days=1)


def customers(today):
    """60 customers, won over the two years; the last ones in this year."""
    chance, cities, found = random.Random("history/customers"), {}, []
    for city, region in BASE["REGION_OF"].items():
        cities.setdefault(region, []).append(city)
    for number in range(60):
        first, second = _FIRST[number % 15], _SECOND[number // 15]
        region = BASE["REGIONS"][chance.choices(range(4), (38, 27, 21, 14))[0]]
        found.append({
            "code": f"C-{101 + number}", "name": f"{first} {second}", "industry": _INDUSTRY[second], "region": region, "city": chance.choice(cities[region]),
            "owner": "ana" if number % 2 else "boss", "since": today - dt.timedelta(days=DAYS + 20 - (0 if number < 24 else (number - 24) * 18)),
            "weight": chance.uniform(0.4, 2.4), "pays_late": chance.random() < 0.22, "term": chance.choice((30, 30, 30, 45, 60))})
        found[-1]["limit"] = 50000 * round(2 + 10 * found[-1]["weight"])  # what it may owe
    return found


def _lines(chance):
    goods, found = BASE["ITEMS"], {}
    for _ in range(chance.choices((1, 2, 3, 4), (25, 38, 25, 12))[0]):
        item = chance.choice(goods)
        line, price = BASE["product_line"](item["sku"]), float(item["price"])
        most = 3 if price > 15000 else 6 if line != "Spare parts" else 24
        found[item["sku"]] = (chance.randint(1, most), chance.choice((0, 0, 0, 3, 5, 8)))
    return [(sku, quantity, off) for sku, (quantity, off) in sorted(found.items())]


def _delivery(chance, ordered, bad, today):
    """(planned, left the house | None)"""
    planned = ordered + dt.timedelta(days=chance.randint(6, 24))
    late = chance.random() < (0.34 if bad else 0.11)
    left = planned + dt.timedelta(days=chance.randint(1, 18) if late else -chance.randint(0, 3))
    return planned, left if left < today else None


def _payment(chance, due, customer, bad, today):
    late = chance.random() < (0.75 if customer["pays_late"] else 0.22 if bad else 0.09)
    paid = due + dt.timedelta(days=chance.randint(3, 70) if late else -chance.randint(0, 9))
    return paid if paid < today else None


def orders(today):
    """Oldest first. Each: number, customer (row), ordered, confirmed, lines, planned, left, due, paid, returned; deal: whether the CRM knows it as a deal."""
    chance, people, found = random.Random("history/orders"), customers(today), []
    bad_from, bad_to = bad_quarter(today)
    first = today - dt.timedelta(days=DAYS)
    for day in workdays(first, today - dt.timedelta(days=1)):
        bad = bad_from <= day < bad_to
        expected = 4.2 * (1 + 0.42 * (day - first).days / DAYS) * SEASON[day.month - 1] * (BAD_FACTOR if bad else 1)
        known = [one for one in people if one["since"] <= day]
        for _ in range(int(expected) + (chance.random() < expected % 1)):
            customer = chance.choices(known, [one["weight"] for one in known])[0]
            planned, left = _delivery(chance, day, bad, today)
            due = left + dt.timedelta(days=customer["term"]) if left else None
            paid = _payment(chance, due, customer, bad, today) if due else None
            deal, returned = chance.random() < 0.22, bool(paid) and chance.random() < 0.025
            confirmed = min(day + dt.timedelta(days=chance.randint(0, 2)), today)
            found.append({
                "number": f"SO-{FIRST_ORDER + len(found)}", "customer": customer, "ordered": day, "confirmed": confirmed,
                "lines": _lines(chance), "planned": planned, "left": left, "due": due, "paid": paid, "returned": returned,
                "deal": str(uuid.uuid5(NAMESPACE, str(len(found)))) if deal else ""})
    return found


def supplies(today, sold):
    """What the warehouse got for what it sold, by month and source: {"source": "made" | supplier code, "sku", "quantity", "planned", "done"}. The sum of a
    product is exactly what was sold of it."""
    chance, needed = random.Random("history/supplies"), {}
    for order in sold:
        for sku, quantity, _ in order["lines"]:
            if not sku.startswith("S-"):
                month = order["ordered"].replace(day=1)
                needed[month, sku] = needed.get((month, sku), 0) + quantity
    found = []
    bad_from, bad_to = bad_quarter(today)
    for (month, sku), quantity in sorted(needed.items()):
        made, bad = BASE["product_line"](sku) == "Pumps", bad_from <= month < bad_to
        source = "made" if made else f"S-{1 + int(sku[2:]) % 9:02d}"
        planned = month + dt.timedelta(days=chance.randint(0, 12))
        slips = chance.random() < (0.62 if source == SLIPPING else 0.30 if bad else 0.10)
        done = planned + dt.timedelta(days=chance.randint(3, 21) if slips else 0)
        planned, done = min(planned, today - dt.timedelta(days=1)), min(done, today - dt.timedelta(days=1))
        found.append({"source": source, "sku": sku, "quantity": quantity, "planned": planned, "done": done, "asked": planned - dt.timedelta(days=18)})
    return found


def deals(today, sold):
    """Won ones carry their order's number; for every five won ones about three are lost. stage: CLOSED_WON | CLOSED_LOST."""
    chance, people, found = random.Random("history/deals"), customers(today), []
    for order in sold:
        if not order["deal"]:
            continue
        begun = order["ordered"] - dt.timedelta(days=chance.randint(9, 95))
        found.append({"id": order["deal"], "customer": order["customer"], "stage": "CLOSED_WON", "begun": begun, "closed": order["ordered"],
                      "lines": order["lines"], "order_no": order["number"], "state": "shipped" if order["left"] else "processing", "why": ""})
        if chance.random() < 0.6:
            closed = order["ordered"] - dt.timedelta(days=chance.randint(0, 20))
            customer = chance.choice([one for one in people if one["since"] <= closed] or people[:1])
            found.append({"id": str(uuid.uuid5(NAMESPACE, f"lost/{order['number']}")), "customer": customer,
                          "stage": "CLOSED_LOST", "begun": closed - dt.timedelta(days=chance.randint(20, 120)), "closed": closed, "lines": _lines(chance),
                          "order_no": "", "state": "", "why": chance.choice(_LOST)})
    return found


def cases(today):
    """Service requests: made, first answered, closed (None: open), priority, type."""
    chance, people, found = random.Random("history/cases"), customers(today), []
    bad_from, bad_to = bad_quarter(today)
    for day in workdays(today - dt.timedelta(days=DAYS), today - dt.timedelta(days=1)):
        bad = bad_from <= day < bad_to
        for _ in range(1 if chance.random() < (0.62 if bad else 0.4) else 0):
            known = [one for one in people if one["since"] <= day]
            made = dt.datetime.combine(day, dt.time(chance.randint(0, 8), chance.randint(0, 59)), dt.UTC)  # office hours of the works, in UTC
            answered = made + dt.timedelta(minutes=int(chance.lognormvariate(5.6 if bad else 4.7, 0.8)))
            closed = (answered + dt.timedelta(days=chance.randint(1, 14))).date()
            found.append({
                "id": str(uuid.uuid5(NAMESPACE, f"case/{len(found)}")), "customer": chance.choice(known), "name": chance.choice(_SUBJECTS), "made": made,
                "answered": answered if answered.date() < today else None, "closed": closed if closed < today else None,
                "priority": chance.choices(("Low", "Normal", "High", "Urgent"), (15, 50, 25, 10))[0],
                "type": chance.choices(("Incident", "Question", "Problem"), (60, 25, 15))[0]})
    return found
