"""What the portal needs in Tryton's own documents."""
import datetime as dt

from trytond.model import fields
from trytond.pool import PoolMeta
from trytond.transaction import without_check_access


class ShipmentOut(metaclass=PoolMeta):
    __name__ = 'stock.shipment.out'
    portal_left_at = fields.DateTime("Left at", readonly=True,
        help="The moment the goods left the house; Tryton itself keeps only the day.")

    @classmethod
    def copy(cls, shipments, default=None):
        return super().copy(shipments, default={'portal_left_at': None, **(default or {})})

    @classmethod
    def ship(cls, shipments):
        super().ship(shipments)
        cls._portal_left(shipments)

    @classmethod
    def do(cls, shipments):
        super().do(shipments)
        cls._portal_left(shipments)

    @classmethod
    def _portal_left(cls, shipments):
        fresh = [s for s in cls.browse(shipments) if not s.portal_left_at and s.state in {'shipped', 'done'}]
        if not fresh:
            return
        with without_check_access():
            cls.write(fresh, {'portal_left_at': dt.datetime.now(dt.timezone.utc).replace(tzinfo=None, microsecond=0)})


class PurchaseRequest(metaclass=PoolMeta):
    __name__ = 'purchase.request'

    @classmethod
    def _get_origin(cls):
        return super()._get_origin() | {'sale.sale'}
