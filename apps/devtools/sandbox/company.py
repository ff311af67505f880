"""The demo company's customers and goods, the same in both sandbox systems. Plain data, nothing computed by chance."""

from __future__ import annotations

from typing import NamedTuple

MAIL = "yunhe.example"
CURRENCY = "CNY"


class User(NamedTuple):
    """A person with an account in both systems. `subject`: the identity provider's."""

    login: str
    name: str
    name_zh: str
    subject: str


SERVICE = "portal-service"  # the account of the system that calls with the service key and names nobody
USERS = (
    User("ana", "Chen An", "陈安", "66f6a719-7b41-54c5-a1db-a74845f3296b"),
    User("boss", "Lin Wei", "林薇", "d2f75a84-4e8f-5666-995a-9f7d0dd56819"),
    User("fin", "He Jing", "何静", "bca03549-c1e5-58a7-913c-3226f0b8da37"),
    User("eve", "Wang Jun", "王军", "658e8bc8-da2d-5ce4-b84e-f13ff69df66b"),
)


class Customer(NamedTuple):
    """`limit`: credit limit in the ERP. `owner`: login of the sales person in the CRM."""

    code: str
    name: str
    name_zh: str
    industry: str
    city: str
    limit: int
    owner: str


class Item(NamedTuple):
    """`price`: list price. `on_hand`, `order_point` are None for services; an order point of None means no rule."""

    sku: str
    name: str
    name_zh: str
    unit: str
    price: str
    on_hand: int | None
    order_point: int | None = None


_CUSTOMERS = """
Delta Water Group|三角洲水务集团|Water supply|Guangzhou|800000
Meilin Foods|美林食品|Food|Suzhou|300000
Jinsha Chemical|金沙化工|Chemicals|Nanjing|500000
Sunrise Paper|旭日纸业|Paper|Ningbo|250000
Blue Ocean Desalination|蓝海淡化|Water supply|Qingdao|600000
Great Wall Logistics|长城物流|Logistics|Tianjin|150000
Jade River Textiles|玉河纺织|Textiles|Shaoxing|200000
Harbour Light Marine|港灯船舶|Marine|Dalian|400000
Summit Mining|峰岭矿业|Mining|Taiyuan|700000
Orchid Medical|兰草医疗|Medical|Shanghai|200000
Evergreen Heating|常青热力|Heating|Shenyang|350000
Red Maple Hotels|红枫酒店|Hotels|Hangzhou|100000
Lotus Pharma|莲花制药|Pharmacy|Wuxi|450000
Dragon Gate Steel|龙门钢铁|Steel|Wuhan|900000
Clear Sky Solar|晴空光伏|Energy|Hefei|300000
Iron Horse Rail|铁马轨道|Rail|Changchun|500000
Pearl Delta Electronics|珠江电子|Electronics|Shenzhen|400000
Green Valley Dairy|绿谷乳业|Food|Hohhot|250000
Crystal Springs Water|晶泉水业|Water supply|Chengdu|300000
Phoenix Tyres|凤凰轮胎|Rubber|Yantai|350000
Amber Glass|琥珀玻璃|Glass|Zibo|200000
Copper Cable Works|铜都线缆|Cables|Tongling|300000
White Crane Aviation|白鹤航空|Aviation|Xi'an|500000
Rainbow Paints|彩虹涂料|Chemicals|Foshan|250000
Stone Bridge Cement|石桥水泥|Cement|Tangshan|400000
Long March Vehicles|长征车辆|Vehicles|Chongqing|600000
Moon Lake Tea|月湖茶业|Food|Fuzhou|80000
Silver Fern Farms|银蕨农业|Farming|Kunming|120000
Bright Star Irrigation|明星灌溉|Farming|Urumqi|220000
Yellow Crane Brewery|黄鹤啤酒|Food|Wuhan|260000
"""
_ITEMS = """
P-1001|Centrifugal pump 5.5 kW|离心泵 5.5 kW|pcs|6800.00|36
P-1002|Centrifugal pump 11 kW|离心泵 11 kW|pcs|11200.00|18|8
P-1003|Multistage pump 15 kW|多级泵 15 kW|pcs|18600.00|4|6
P-1004|Submersible pump 3 kW|潜水泵 3 kW|pcs|4200.00|42
P-1005|Submersible sewage pump 7.5 kW|潜水排污泵 7.5 kW|pcs|7900.00|25
P-1006|Self-priming pump 4 kW|自吸泵 4 kW|pcs|3600.00|30
P-1007|Gear pump 2.2 kW|齿轮泵 2.2 kW|pcs|2900.00|27
P-1008|Screw pump 7.5 kW|螺杆泵 7.5 kW|pcs|9800.00|12|5
P-1009|Dosing pump 0.25 kW|计量泵 0.25 kW|pcs|1850.00|40
P-1010|Chemical pump stainless 5.5 kW|不锈钢化工泵 5.5 kW|pcs|12400.00|14
P-1011|Vacuum pump 4 kW|真空泵 4 kW|pcs|8600.00|9|10
P-1012|Booster set twin 11 kW|双泵增压机组 11 kW|set|32500.00|6
P-1013|Fire pump set 30 kW|消防泵机组 30 kW|set|58000.00|5
P-1014|Mechanical seal 35 mm|机械密封 35 mm|pcs|420.00|160|80
P-1015|Mechanical seal 50 mm|机械密封 50 mm|pcs|560.00|24|60
P-1016|Cartridge seal 65 mm|集装式密封 65 mm|pcs|1980.00|35
P-1017|Packing set graphite|石墨盘根|set|130.00|220
P-1018|Bearing 6308-2RS|轴承 6308-2RS|pcs|86.00|300|120
P-1019|Bearing 6312-C3|轴承 6312-C3|pcs|168.00|180
P-1020|Bearing housing size 3|轴承箱 3 号|pcs|1150.00|22
P-1021|Impeller 200 mm bronze|青铜叶轮 200 mm|pcs|1320.00|48
P-1022|Impeller 250 mm stainless|不锈钢叶轮 250 mm|pcs|1860.00|33|15
P-1023|Shaft sleeve 45 mm|轴套 45 mm|pcs|240.00|90
P-1024|Coupling size 4|联轴器 4 号|pcs|380.00|64
P-1025|Frequency converter 11 kW|变频器 11 kW|pcs|3950.00|20
P-1026|Control cabinet twin pump|双泵控制柜|pcs|6400.00|11
P-1027|Pressure transmitter 0-16 bar|压力变送器 0-16 bar|pcs|520.00|75
P-1028|Gasket kit universal|通用垫片套装|set|95.00|140
S-2001|On-site commissioning, day|现场调试（天）|day|2400.00
S-2002|Maintenance visit|维护上门服务|visit|1500.00
S-2003|Operator training, day|操作培训（天）|day|3200.00
"""


def _customers() -> list[Customer]:
    rows = [line.split("|") for line in _CUSTOMERS.strip().splitlines()]
    return [
        Customer(f"C-{n:03d}", name, zh, industry, city, int(limit), "ana" if n % 2 else "boss")
        for n, (name, zh, industry, city, limit) in enumerate(rows, 1)
    ]


def _items() -> list[Item]:
    found = []
    for line in _ITEMS.strip().splitlines():
        sku, name, zh, unit, price, *stock = line.split("|")
        on_hand, order_point = ([int(number) for number in stock] + [None, None])[:2]
        found.append(Item(sku, name, zh, unit, price, on_hand, order_point))
    return found


CUSTOMERS = _customers()
ITEMS = _items()
PRICES = {item.sku: item.price for item in ITEMS}


def name_of(sku: str) -> str:
    """The item's English name; the code itself when there is no such item."""
    return next((item.name for item in ITEMS if item.sku == sku), sku)
