"""Batches keep the code of the rule that held an item, not the sentence with what was seen that day."""

from typing import Any

from django.db import migrations


def forget_sentences(apps: Any, schema_editor: Any) -> None:
    for batch in apps.get_model("notifications", "Batch").objects.iterator(chunk_size=500):
        if any("why" in item for item in batch.items):
            batch.items = [{name: value for name, value in item.items() if name != "why"} for item in batch.items]
            batch.save(update_fields=["items"])


class Migration(migrations.Migration):
    dependencies = [("notifications", "0021_products_that_sign_in")]

    operations = [migrations.RunPython(forget_sentences, migrations.RunPython.noop, elidable=True)]
