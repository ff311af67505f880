"""A baseline says of which departments its values are. Those frozen before do not, and stay as they are."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("insight", "0008_orders_are_of_no_line")]
    operations = [migrations.AddField("baseline", "by_department", models.JSONField(null=True))]
