"""Stock: below the order point first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from apps.core.access import Projected
from apps.records import selectors as records
from apps.workspace.selectors import parts
from apps.workspace.selectors.paging import ListPage

CLOSE = Decimal("1.2")  # "close to the order point": less than a fifth above it
SIZE = 50


@dataclass(frozen=True)
class Level:
    """One product's stock, judged. `below` its order point, or `close` to it."""

    record: Projected
    below: bool
    close: bool

    @property
    def ruled(self) -> bool:
        """The ERP keeps an order point for it."""
        return _number(self.record.get("order_point")) is not None

    @property
    def tone(self) -> str:
        return "tx-danger" if self.below else "tx-warn" if self.close else ""

    @property
    def word(self) -> str:
        if self.below:
            return _("below the order point")
        if self.close:
            return _("close to the order point")
        return _("enough") if self.ruled else _("no order point")


def _number(value: Any) -> Decimal | None:
    return None if value in (None, "") or parts.masked(value) else Decimal(str(value))


def judged(record: Projected) -> Level:
    """Compare what is available with the order point."""
    available, point = _number(record.get("available")), _number(record.get("order_point"))
    if available is None or point is None:
        return Level(record, below=False, close=False)
    return Level(record, below=available < point, close=point <= available < point * CLOSE)


def listed(person: Any, *, q: str, number: int) -> ListPage:
    """A page of products: below the order point first, then by number."""
    page = parts.list_page(records.stock(person, q=q, page=number, size=SIZE))
    return replace(page, object_list=[judged(record) for record in page.object_list])
