"""Payments, purchase orders, production orders and service requests that are there already get their grams: a search looks through them now."""

from typing import Any

from django.db import migrations

from apps.core import matching

ADDED = ("payment", "purchase_order", "production", "case")


def index(apps: Any, _schema: Any) -> None:
    record, gram = apps.get_model("records", "Record"), apps.get_model("records", "RecordGram")
    rows = []
    for pk, text in record.objects.filter(kind__in=ADDED).values_list("pk", "search").iterator(chunk_size=1000):
        rows += [gram(record_id=pk, gram=one) for one in sorted(matching.grams(text))]
        if len(rows) > 5000:
            gram.objects.bulk_create(rows, ignore_conflicts=True)
            rows = []
    gram.objects.bulk_create(rows, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("records", "0003_index_what_is_there")]
    operations = [migrations.RunPython(index, migrations.RunPython.noop)]
