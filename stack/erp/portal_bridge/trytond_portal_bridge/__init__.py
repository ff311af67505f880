from trytond.pool import Pool


def register():
    from . import (  # noqa: F401 (commands and routes register themselves)
        documents, event, inbox, invoices, purchases, res, routes, sales, shipments)
    Pool.register(
        event.Event, event.Feed, inbox.Command,
        res.User, res.UserApplication, res.Ticket,
        module='portal_bridge', type_='model')
    Pool.register(
        documents.ShipmentOut, module='portal_bridge', type_='model', depends=['stock'])
    Pool.register(
        documents.PurchaseRequest, module='portal_bridge', type_='model', depends=['purchase_request', 'sale'])
    for name, (depends, target) in event.WATCHED.items():
        Pool.register(
            event.watch(name, target),
            module='portal_bridge', type_='model', depends=[depends])
