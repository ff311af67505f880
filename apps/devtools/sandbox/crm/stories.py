"""The deals and follow-ups of the first day. Plain data; days are counted back from today."""

from __future__ import annotations

from typing import NamedTuple


class Deal(NamedTuple):
    """`lines`: (sku, quantity, discount in percent). Owner is the client's owner. `days`: ago the stage was reached."""

    title: str
    client: str
    stage: str
    days: int
    lines: tuple[tuple[str, int, int], ...]
    currency: str = "CNY"


DEALS = (
    Deal("Pumps for Nansha station", "C-001", "negotiation", 2, (("P-1002", 4, 5), ("P-1014", 8, 0), ("S-2001", 2, 0))),
    Deal("Multistage pumps, line 2", "C-003", "negotiation", 4, (("P-1003", 6, 8), ("P-1025", 2, 0))),
    Deal("Bottling hall cleaning pumps", "C-002", "proposal", 3, (("P-1006", 4, 0), ("P-1028", 12, 10))),
    Deal("Spare seals, yearly need", "C-001", "proposal", 6, (("P-1015", 20, 12), ("P-1014", 30, 12))),
    Deal("Desalination booster sets", "C-005", "negotiation", 1, (("P-1012", 2, 6), ("P-1026", 2, 6), ("S-2001", 3, 0))),
    Deal("District heating circulation", "C-011", "negotiation", 5, (("P-1013", 5, 0), ("P-1027", 12, 5), ("S-2003", 1, 0))),
    Deal("Dye house pump exchange", "C-007", "qualified", 9, (("P-1001", 3, 0), ("P-1024", 3, 0))),
    Deal("Tailings pumps", "C-009", "proposal", 7, (("P-1005", 6, 7), ("P-1022", 10, 7))),
    Deal("Clean room dosing", "C-013", "qualified", 11, (("P-1009", 6, 0), ("S-2001", 1, 0))),
    Deal("Cooling water for the inverter hall", "C-015", "proposal", 8, (("P-1001", 2, 3), ("P-1027", 4, 0))),
    Deal("Plating line pumps", "C-017", "negotiation", 2, (("P-1010", 4, 4), ("P-1016", 4, 4))),
    Deal("Ballast pumps refit", "C-008", "negotiation", 3, (("P-1005", 4, 5), ("P-1004", 6, 5))),
    Deal("Pickling plant pumps", "C-014", "proposal", 6, (("P-1010", 8, 9), ("P-1023", 16, 0))),
    Deal("Paper machine vacuum", "C-004", "qualified", 12, (("P-1011", 3, 0), ("S-2001", 1, 0))),
    Deal("Milk line service package", "C-018", "proposal", 4, (("P-1014", 12, 0), ("S-2002", 6, 0))),
    Deal("Press shop coolant", "C-026", "qualified", 14, (("P-1007", 6, 2), ("P-1019", 24, 10))),
    Deal("Well field, phase 1", "C-001", "won", 38, (("P-1004", 8, 4), ("P-1024", 8, 0))),
    Deal("Reactor feed pumps", "C-003", "won", 77, (("P-1010", 4, 0), ("P-1016", 6, 0))),
    Deal("Filling line dosing", "C-002", "won", 84, (("P-1009", 8, 0), ("P-1028", 10, 0))),
    Deal("Fire protection hall 3", "C-014", "won", 46, (("P-1013", 1, 0), ("P-1027", 8, 0), ("S-2002", 2, 0))),
    Deal("Raw water intake", "C-019", "lost", 30, (("P-1002", 6, 10), ("S-2001", 2, 0))),
    Deal("Slurry pumps kiln 2", "C-025", "lost", 21, (("P-1008", 4, 0), ("P-1020", 4, 0))),
    Deal("Spray booth pumps", "C-024", "lost", 17, (("P-1007", 4, 5),)),
    Deal("Irrigation pilot, north field", "C-029", "qualified", 5, (("P-1004", 4, 0),)),
)

# What a CRM is full of: not fit to become an order as they stand.
UNFINISHED = (
    Deal("Annual service frame", "C-013", "qualified", 10, ()),
    Deal("Export skid for the sister plant", "C-007", "proposal", 4, (("P-1012", 1, 0), ("P-1026", 1, 0)), "EUR"),
)

# Customers of the other organisation of the same CRM; nothing of it concerns the portal.
OTHER_CLIENTS = (("V-01", "Lakeside Rentals", "湖畔租赁"), ("V-02", "Old Town Baths", "老城浴场"))
OTHER_DEALS = (("V-01", "Rental pumps, season", "negotiation"), ("V-02", "Pool service", "proposal"))

# client, days ago, channel, subject, body, position of the deal among the client's deals or -1
FOLLOW_UPS = (
    (
        "C-001",
        1,
        "call",
        "Price for Nansha agreed",
        "5 % on the pumps, commissioning at list price. Signature once the framework term is confirmed.",
        0,
    ),
    ("C-001", 9, "visit", "Site visit Nansha station", "Space for four pumps side by side. Crane is there.", 0),
    ("C-001", 20, "mail", "Seal consumption of last year", "List of seals sent, about 50 a year.", 1),
    ("C-003", 2, "call", "Delivery date for line 2", "They need the pumps within five weeks. Partial delivery is fine.", 0),
    ("C-003", 15, "visit", "Walk through line 2", "Two converters have to be exchanged as well.", 0),
    ("C-005", 1, "mail", "Booster sets, final offer", "Offer v3 sent, 6 % off.", 0),
    ("C-011", 4, "call", "Heating season", "Must run before the season. Payment term 60 days was asked for.", 0),
    ("C-017", 2, "visit", "Plating line", "Old pumps leak at the seals; stainless was agreed.", 0),
    ("C-009", 7, "mail", "Tailings pumps, data sheet", "Curve and material certificate sent.", 0),
    ("C-013", 10, "call", "Service frame", "Wants a yearly frame; scope is open.", -1),
    ("C-007", 4, "mail", "Export skid", "Invoice in euro is wanted by the sister plant.", -1),
    ("C-002", 3, "call", "Cleaning pumps", "Offer received, decision next week.", 0),
    ("C-008", 3, "visit", "Dock visit", "Refit window is in six weeks.", 0),
    ("C-014", 6, "mail", "Pickling plant", "Quantities confirmed.", 0),
    ("C-019", 31, "call", "Raw water intake lost", "A competitor was 14 % cheaper.", 0),
    ("C-026", 14, "note", "Press shop", "Met at the fair, asked for an offer.", 0),
)
# client, title, sort, priority, days ago it was opened, hours until the first answer, days until it was over
CASES: tuple[tuple[str, str, str, str, int, float | None, int | None], ...] = (
    ("C-001", "Vibration after the refit", "fault", "high", 88, 3, 4), ("C-003", "Seal leaks at pump 2", "fault", "high", 83, 2, 2),
    ("C-002", "Curve of the dosing pump", "question", "normal", 78, 20, 2), ("C-005", "Alarm of the booster set", "fault", "urgent", 72, 1, 1),
    ("C-009", "Impeller worn early", "complaint", "normal", 67, 30, 12), ("C-014", "Manual in Chinese", "question", "low", 62, 44, 3),
    ("C-004", "Vacuum does not build up", "fault", "high", 58, 4, 5), ("C-011", "Starting order of the circulation pumps", "question", "normal", 53, 7, 1),
    ("C-017", "Wrong coupling delivered", "complaint", "normal", 49, 26, 6), ("C-013", "Calibration of the dosing pumps", "service", "normal", 45, 9, 8),
    ("C-007", "Oil at the gear pump", "fault", "high", 41, 5, 3), ("C-026", "Coolant pump is loud", "fault", "normal", 37, 11, 7),
    ("C-001", "Spare seals for Nansha", "service", "normal", 33, 6, 2), ("C-008", "Certificate for the dock", "question", "low", 29, 50, 9),
    ("C-018", "Yearly service date", "service", "low", 25, 18, 4), ("C-003", "Bearing temperature", "fault", "high", 22, 2, 5),
    ("C-015", "Inverter trips at night", "fault", "urgent", 18, 1, 6), ("C-005", "Second set: pressure hunts", "fault", "high", 15, 3, 4),
    ("C-025", "Return of two slurry pumps", "complaint", "normal", 12, 33, 7), ("C-002", "Training for new staff", "service", "low", 10, 21, 3),
    ("C-014", "Fire pump test protocol", "question", "normal", 8, 5, 2), ("C-009", "Tailings pump blocks", "fault", "high", 6, 4, None),
    ("C-017", "Leak at the flange", "fault", "normal", 4, 8, None), ("C-001", "Pressure drops in line 3", "fault", "high", 3, 2, None),
    ("C-011", "Quote for spare parts", "question", "low", 2, None, None), ("C-007", "Pump does not start", "fault", "urgent", 1, None, None),
)  # fmt: skip
CONTACTS = (
    ("Zhao Min", "赵敏", "Purchasing"),
    ("Qian Lei", "钱磊", "Technical director"),
    ("Sun Yan", "孙燕", "Plant manager"),
    ("Li Na", "李娜", "Purchasing"),
    ("Zhou Jie", "周杰", "Maintenance"),
    ("Wu Fang", "吴芳", "Finance"),
    ("Zheng Kai", "郑凯", "Project engineer"),
    ("Feng Xue", "冯雪", "Purchasing"),
    ("Chu Hao", "褚浩", "Plant manager"),
    ("Wei Ting", "卫婷", "Quality"),
    ("Jiang Bo", "蒋波", "Technical director"),
)
