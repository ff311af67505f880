"""What this app announces.

`records.record.changed`: {system, connection, kind, external_id, key, transition, state, previous_state, event_id, occurred_at, live, origin,
    echo, as_of}.
    `transition` is the source's own word for what happened; decide by it and by `state`, not by `previous_state` (an edit made in the portal is
    read back at once, so the hint that follows may find nothing new). At least once: the pair (event_id, transition) may come again.
`records.record.gone`: {system, connection, kind, external_id, key, state, event_id, occurred_at, live}.
`records.records.taken`: {system, connection, kind, external_ids}: what a page of a whole load brought or changed, new records among it.
"""

# canonical kind -> the resource that rights speak of
RESOURCES = {
    "customer": "crm.customer", "deal": "crm.deal", "follow_up": "crm.follow_up", "product": "erp.product", "stock": "erp.stock",
    "order": "erp.order", "shipment": "erp.shipment", "receivable": "erp.receivable", "invoice": "erp.invoice",
    "purchase_request": "erp.purchase_request", "case": "crm.case", "payment": "erp.payment", "purchase_order": "erp.purchase_order",
    "production": "erp.production",
}  # fmt: skip

RECORD_CHANGED = "records.record.changed"
RECORD_GONE = "records.record.gone"
RECORDS_TAKEN = "records.records.taken"
