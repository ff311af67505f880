"""The records that are there already get their grams."""

from typing import Any

from django.db import migrations

from apps.core import matching

SEARCHED = ("customer", "deal", "order", "shipment", "stock")


def index(apps: Any, schema_editor: Any) -> None:
    record, gram = apps.get_model("records", "Record"), apps.get_model("records", "RecordGram")
    rows = []
    for pk, text in record.objects.filter(kind__in=SEARCHED).values_list("pk", "search").iterator(chunk_size=1000):
        rows += [gram(record_id=pk, gram=one) for one in sorted(matching.grams(text))]
        if len(rows) > 5000:
            gram.objects.bulk_create(rows, ignore_conflicts=True)
            rows = []
    gram.objects.bulk_create(rows, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("records", "0002_grams")]
    operations = [migrations.RunPython(index, migrations.RunPython.noop)]
