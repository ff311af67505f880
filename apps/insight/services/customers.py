"""Consents of customers, and exports of those who agreed. Each is audited."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import uuid
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core.access import decide, plan
from apps.core.errors import InvalidInput, NotFound
from apps.directory import selectors as directory
from apps.insight.models import Consent, CustomerFile
from apps.insight.policies.customers import FIELDS
from apps.insight.selectors import customers as selectors
from apps.insight.services.exporting.sheets import safe
from apps.jobs import services as jobs
from apps.records import selectors as records

EXPORT = "insight.export_customers"
RESOURCE = "insight.customer_data"
FORMS = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
KEPT_FOR = dt.timedelta(days=7)
LONGEST = 200


def record_consent(*, person: Any, customer_key: str, given: bool, basis: str, now: dt.datetime) -> Consent:
    """What a customer agreed to, or took back. Raises NotPermitted, NotFound, InvalidInput."""
    decide(person, "consent", RESOURCE).require(_("You may not record consents of customers."))
    customers = records.naming("customer", [customer_key])
    if not customers or not records.projected(person, [(one.connection, "customer", one.external_id) for one in customers]):
        raise NotFound(_("There is no such customer, or you may not see it."))
    basis = basis.strip()
    if given and not 0 < len(basis) <= LONGEST:
        words = _("Say how the customer agreed: a contract, a form, a mail.")
        raise InvalidInput(words, details={"fields": {"basis": [words]}})
    with transaction.atomic():
        row, _made = Consent.objects.update_or_create(customer_key=customer_key, defaults={
            "given": given, "basis": basis[:LONGEST], "recorded_by_id": person.pk, "recorded_at": now})
        audit.record(actor=person, action="insight.consent.given" if given else "insight.consent.withdrawn", object=f"crm.customer:{customer_key}", now=now,
                     data={"basis": basis[:LONGEST]})
    return row


def order_file(*, person: Any, form: str, now: dt.datetime) -> CustomerFile:
    """An export, made by a job. Raises NotPermitted, InvalidInput."""
    decide(person, "export", RESOURCE).require(_("You may not take customer data out."))
    if form not in FORMS:
        words = _("There is no such file form.")
        raise InvalidInput(words, details={"fields": {"form": [words]}})
    with transaction.atomic():
        row = CustomerFile.objects.create(person_id=person.pk, form=form, ordered_at=now)
        audit.record(actor=person, action="insight.customers.ordered", object=f"insight.customer_file:{row.pk}", data={"form": form}, now=now)
        jobs.enqueue(kind=EXPORT, payload={"file": str(row.pk)}, now=now, key=f"insight.customers:{row.pk}")
    return row


def write_file(*, file_id: uuid.UUID, now: dt.datetime) -> str:
    """Make the file under the rights its owner has now; in the caller's transaction. Returns its state."""
    row = CustomerFile.objects.select_for_update().filter(pk=file_id, state=CustomerFile.State.ORDERED).first()
    if row is None:
        return "GONE"
    person = directory.get_person(row.person_id)
    if not person.active or not plan(person, "export", RESOURCE).allowed:
        row.state = CustomerFile.State.REFUSED
        row.save(update_fields=["state"])
        return row.state
    found = selectors.rows_of(person, now=now)
    row.content, row.rows, row.state = content_of(found, row.form), len(found), CustomerFile.State.READY
    row.ready_at, row.expires_at = now, now + KEPT_FOR
    row.save(update_fields=["content", "rows", "state", "ready_at", "expires_at"])
    audit.record(actor=person, action="insight.customers.exported", object=f"insight.customer_file:{row.pk}", data={"form": row.form, "rows": row.rows},
                 now=now)
    return row.state


def taken(*, person: Any, file_id: uuid.UUID, now: dt.datetime) -> CustomerFile:
    """The file, for its owner, who must still have the right. Raises NotPermitted, NotFound."""
    decide(person, "export", RESOURCE).require(_("You may not take customer data out."))
    row = selectors.file(person, file_id, now)
    with transaction.atomic():
        audit.record(actor=person, action="insight.customers.taken", object=f"insight.customer_file:{row.pk}", now=now,
                     data={"form": row.form, "rows": row.rows})
    return row


def forget_files(*, now: dt.datetime) -> int:
    """Contents that ran out are taken away; that there was a file stays."""
    gone = CustomerFile.objects.filter(state=CustomerFile.State.READY, expires_at__lte=now)
    return gone.update(content=b"", state=CustomerFile.State.GONE)


def content_of(rows: Iterable[Mapping[str, Any]], form: str) -> bytes:
    """CSV (with the mark that Excel knows UTF-8 by) or JSON lines; the fields are those documented, in their order."""
    if form == "jsonl":
        lines = (json.dumps({name: _json(row.get(name)) for name in FIELDS}, ensure_ascii=False) for row in rows)
        return "".join(f"{line}\n" for line in lines).encode()
    out = io.StringIO()
    writer = csv.DictWriter(out, list(FIELDS))
    writer.writeheader()
    for row in rows:
        writer.writerow({name: safe(row.get(name)) for name in FIELDS})
    return out.getvalue().encode("utf-8-sig")


def _json(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value
