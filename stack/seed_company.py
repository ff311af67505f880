"""Yunhe Pump Works: the customers, goods and deals that the ERP's and the CRM's seed share. Plain data, always the same.

Both seeds read this file (runpy); it belongs to no package. The demo's sandboxes keep the same customers and goods.
"""

import uuid

COMPANY = "Yunhe Pump Works"
CURRENCY = "CNY"
TIME_ZONE = "Asia/Shanghai"
FIRST_ORDER = 20801  # the ERP's order numbers begin here: SO-20801
NAMESPACE = uuid.UUID("5b0a4d0e-6f4e-5c1b-9b0a-3f6f0f7a2d11")

# name|Chinese name|industry|city|credit limit. Code C-001 ...; ana has the odd ones, boss the even ones.
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
Qiantang Biotech|钱塘生物|Pharmacy|Hangzhou|320000
Baltic Port Services|波罗的海港务|Marine|Xiamen|180000
"""

# code|name|Chinese name|unit|list price|on hand|order point. No stock: a service. 8 order points, 3 of them undercut.
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
P-1029|Slurry pump 22 kW|渣浆泵 22 kW|pcs|26800.00|7
P-1030|Magnetic drive pump 3 kW|磁力泵 3 kW|pcs|7400.00|16
P-1031|Pipeline pump 7.5 kW|管道泵 7.5 kW|pcs|5600.00|31
P-1032|Deep well pump 18.5 kW|深井泵 18.5 kW|pcs|21500.00|8
P-1033|Cartridge seal 90 mm|集装式密封 90 mm|pcs|2860.00|18
P-1034|O-ring set FKM|氟橡胶 O 形圈套装|set|68.00|260
P-1035|Spherical roller bearing 22216|调心滚子轴承 22216|pcs|640.00|70
P-1036|Check valve DN100|止回阀 DN100|pcs|890.00|45
P-1037|Flow meter DN80|流量计 DN80|pcs|2750.00|19
S-2001|On-site commissioning, day|现场调试（天）|day|2400.00
S-2002|Maintenance visit|维护上门服务|visit|1500.00
S-2003|Operator training, day|操作培训（天）|day|3200.00
"""

# customer|stage|days to (or since) the closing|title|lines: code*quantity, -n% off the list price
# The won ones became the first orders, in this order.
_DEALS = """
C-001|CLOSED_WON|-58|Booster station east, phase 1|P-1012*2,P-1026*2,S-2001*3
C-002|CLOSED_WON|-51|CIP line pumps 清洗线泵组|P-1030*4-5%,P-1014*12
C-003|CLOSED_WON|-43|Chemical pumps for line 4|P-1010*3,P-1016*6-8%
C-009|CLOSED_WON|-36|Slurry pumps, shaft 2 二号井渣浆泵|P-1029*2,P-1035*8
C-005|CLOSED_WON|-27|Spare seals 2026 年度密封备件|P-1033*6,P-1034*40-10%
C-014|CLOSED_WON|-18|Cooling water circuit|P-1031*4,P-1036*8,S-2001*2
C-008|CLOSED_WON|-9|Bilge pumps, two vessels|P-1006*6-4%,P-1017*20
C-013|CLOSED_WON|-5|Dosing skid spares|P-1009*8,P-1027*10
C-001|NEGOTIATION|6|Booster station east, phase 2 增压泵站二期|P-1012*2,P-1025*4-5%,P-1027*8
C-003|NEGOTIATION|9|Magnetic drive pumps for solvents|P-1030*6-6%,P-1016*4
C-004|NEGOTIATION|12|Stock pumps paper machine 3|P-1002*3,P-1022*4
C-007|NEGOTIATION|7|Dye house circulation 染整循环泵|P-1001*5-3%,P-1014*10
C-011|NEGOTIATION|15|District heating pumps 热网循环泵|P-1031*8-7%,P-1037*4
C-016|NEGOTIATION|11|Depot wash plant|P-1005*4,P-1026*1,S-2001*1
C-019|NEGOTIATION|5|Well field renewal 水源井改造|P-1032*3-4%,P-1036*6
C-005|NEGOTIATION|18|Permeate transfer pumps|P-1010*4,P-1033*4-5%
C-006|PROPOSAL|22|Sprinkler pump set 喷淋消防泵|P-1013*1,P-1026*1
C-010|PROPOSAL|25|Vacuum supply, ward B|P-1011*2,S-2002*2
C-013|PROPOSAL|30|Purified water loop 纯化水循环|P-1030*4,P-1027*6
C-015|PROPOSAL|27|Tracker hydraulics|P-1007*8-5%,P-1034*20
C-018|PROPOSAL|33|Milk transfer pumps|P-1006*5,P-1028*10
C-021|PROPOSAL|35|Furnace cooling 炉体冷却|P-1002*2,P-1024*4
C-023|PROPOSAL|29|Test bench pumps|P-1003*1,P-1025*2
C-031|PROPOSAL|38|Fermentation cooling 发酵冷却|P-1031*3,P-1037*2
C-012|QUALIFICATION|44|Hotel hot water 酒店热水系统|P-1031*2,P-1036*4
C-017|QUALIFICATION|48|Ultra pure water pumps|P-1030*3,P-1016*3
C-020|QUALIFICATION|51|Mixer cooling|P-1001*3
C-022|QUALIFICATION|46|Emulsion pumps 乳化液泵|P-1007*6,P-1018*12
C-025|QUALIFICATION|55|Kiln dust wash|P-1005*3,P-1028*12
C-027|QUALIFICATION|42|Irrigation of the slopes 茶园灌溉|P-1004*6
C-029|QUALIFICATION|58|Pivot supply pumps|P-1032*2,P-1004*4
C-024|PROSPECTING|70|Solvent unloading|P-1007*3
C-026|PROSPECTING|75|Paint shop circulation 涂装循环|P-1002*4,P-1026*2
C-028|PROSPECTING|66|Farm wells 农场机井|P-1032*4
C-030|PROSPECTING|72|Brewhouse pumps|P-1006*4,P-1014*8
C-032|PROSPECTING|81|Quay fire line 码头消防|P-1013*2
C-002|PROSPECTING|68|Maintenance contract 维保合同|S-2002*12-15%
C-009|CLOSED_LOST|-14|Dewatering trial|P-1005*6
C-017|CLOSED_LOST|-20|Chiller pumps 冷水机组水泵|P-1031*6-12%
C-020|CLOSED_LOST|-31|Vulcanising vacuum|P-1011*3
C-024|CLOSED_LOST|-25|Pump rental|S-2002*4
C-026|CLOSED_LOST|-8|Test rig upgrade 试验台升级|P-1003*2,P-1025*2
"""

# orders without a deal: customer|days ago|lines
_COUNTER_ORDERS = """
C-011|24|P-1028*20,P-1034*30
C-016|16|P-1019*12
C-022|7|P-1017*25
C-030|2|P-1023*10
"""

FAMILY = (
    "Zhang 张",
    "Wang 王",
    "Chen 陈",
    "Liu 刘",
    "Sun 孙",
    "Zhao 赵",
    "Huang 黄",
    "Zhou 周",
    "Wu 吴",
    "Xu 徐",
    "Ma 马",
    "Zhu 朱",
    "Hu 胡",
    "Guo 郭",
    "Gao 高",
    "Luo 罗",
)
GIVEN = (
    "Wei 伟",
    "Na 娜",
    "Jun 军",
    "Li 丽",
    "Min 敏",
    "Hao 浩",
    "Yan 燕",
    "Tao 涛",
    "Jing 静",
    "Lei 磊",
    "Fang 芳",
    "Peng 鹏",
    "Xia 霞",
    "Qiang 强",
    "Ying 颖",
)
TITLES = ("Purchasing manager 采购经理", "Plant engineer 设备工程师", "Maintenance lead 维修主管", "Managing director 总经理")
SUPPLIERS = (
    "Huaxin Castings",
    "Tianyu Motors",
    "Ningbo Seal Works",
    "Luoyang Bearing Trading",
    "Sanhe Valves",
    "Delta Drives",
    "Qingyuan Instruments",
    "Fangda Forgings",
    "Xinda Electric",
    "Office and Travel Services",
)
FOLLOW_UPS = (
    ("call", "Delivery date asked 询问交期", "The customer asks for delivery within four weeks. 客户希望四周内交货。"),
    ("meeting", "Visit at the plant 现场拜访", "Walked the pump house with the maintenance lead; foundation drawings follow."),
    ("email", "Quotation sent 报价已发送", "Offer with two options sent, valid for 30 days."),
    ("call", "Price talk 价格洽谈", "Wants 5 % off for a frame order; I will ask Lin Wei."),
    ("meeting", "Technical clarification 技术澄清", "Seal material changed to SiC/SiC, datasheet updated."),
    ("call", "Payment term 付款条件", "Asks for 60 days instead of 30. 客户要求账期改为60天。"),
)


def _rows(text):
    return [line.split("|") for line in text.strip().splitlines()]


def _lines(text):
    """[(sku, quantity, discount in per cent)]"""
    found = []
    for part in text.split(","):
        sku, _, rest = part.partition("*")
        quantity, _, off = rest.partition("-")
        found.append((sku, int(quantity), int(off.rstrip("%") or 0)))
    return found


CUSTOMERS = [
    {"code": f"C-{n:03d}", "name": name, "name_zh": zh, "industry": industry, "city": city, "limit": int(limit), "owner": "ana" if n % 2 else "boss"}
    for n, (name, zh, industry, city, limit) in enumerate(_rows(_CUSTOMERS), 1)
]
ITEMS = [
    {
        "sku": sku,
        "name": name,
        "name_zh": zh,
        "unit": unit,
        "price": price,
        "on_hand": int(stock[0]) if stock else None,
        "order_point": int(stock[1]) if len(stock) > 1 else None,
    }
    for sku, name, zh, unit, price, *stock in _rows(_ITEMS)
]
DEALS = []
for _code, _stage, _days, _title, _goods in _rows(_DEALS):
    _customer = next(one for one in CUSTOMERS if one["code"] == _code)
    _won = sum(one["stage"] == "CLOSED_WON" for one in DEALS)
    DEALS.append(
        {
            "id": str(uuid.uuid5(NAMESPACE, f"{_code}/{_title}")),
            "customer": _code,
            "owner": _customer["owner"],
            "stage": _stage,
            "days": int(_days),
            "name": f"{_customer['name']}: {_title}",
            "lines": _lines(_goods),
            "order_no": f"SO-{FIRST_ORDER + _won}" if _stage == "CLOSED_WON" else "",
        }
    )
ORDERS = [{"customer": deal["customer"], "ago": -deal["days"], "lines": deal["lines"], "reference": deal["id"]} for deal in DEALS if deal["order_no"]]
ORDERS += [
    {"customer": code, "ago": int(ago), "lines": _lines(goods), "reference": f"COUNTER-{n}"}
    for n, (code, ago, goods) in enumerate(_rows(_COUNTER_ORDERS), 1)
]
# what became of the orders, by place: the last two wait for the warehouse, the older ones are shipped, invoiced, paid
STATES = ["paid"] * 4 + ["invoiced"] * 3 + ["processing"] + ["paid", "shipped", "processing", "quotation"]
TERM_DAYS = (0, 7, 15, 30, 45, 60, 90, 120)

# region of a customer, by the city; line of a product, by its number
REGIONS = ("East China", "South China", "North China", "West China")
_CITIES = (
    "Suzhou Nanjing Ningbo Shaoxing Shanghai Hangzhou Wuxi Hefei Tongling",
    "Guangzhou Shenzhen Foshan Fuzhou Xiamen",
    "Qingdao Tianjin Dalian Taiyuan Shenyang Changchun Hohhot Yantai Zibo Tangshan",
    "Wuhan Chengdu Xi'an Chongqing Kunming Urumqi",
)
REGION_OF = {city: region for region, cities in zip(REGIONS, _CITIES, strict=True) for city in cities.split()}
PRODUCT_LINES = ("Pumps", "Spare parts", "Service")


def product_line(sku):
    """Pumps are what the works makes; spare parts are bought; services are done."""
    if sku.startswith("S-"):
        return "Service"
    number = int(sku[2:])
    return "Pumps" if number <= 1013 or 1029 <= number <= 1032 else "Spare parts"
