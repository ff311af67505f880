from trytond.pool import Pool


def register():
    from . import commands, documents, event, inbox, res, routes  # noqa: F401 (commands and routes register themselves)
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
