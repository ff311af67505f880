"""Durations get finer buckets: a median is right to 1.6 % instead of 20 %."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import migrations

from apps.core.kpis import bucket_of

CHUNK = 500


def regroup(apps: Any, _schema: Any) -> None:
    """Every fact of a duration by its value; its days are added up again by the job."""
    facts, marks = apps.get_model("insight", "Fact").objects, apps.get_model("insight", "DirtyDay").objects
    timed = facts.filter(bucket__gt=0)
    by_bucket: dict[int, list[int]] = {}
    for value in timed.order_by().values_list("value", flat=True).distinct():
        by_bucket.setdefault(bucket_of(value), []).append(value)
    # The old numbers are smaller than the new ones of the same values in places: each row is written once, by its value.
    for bucket, values in by_bucket.items():
        for start in range(0, len(values), CHUNK):
            timed.filter(value__in=values[start : start + CHUNK]).update(bucket=bucket)
    now = dt.datetime.now(dt.UTC)
    days = timed.filter(replaced_at=None).order_by().values_list("stream", "day").distinct()
    marks.bulk_create([marks.model(stream=stream, day=day, since=now) for stream, day in days], batch_size=CHUNK)


class Migration(migrations.Migration):
    dependencies = [("insight", "0003_meter")]
    operations = [migrations.RunPython(regroup, migrations.RunPython.noop)]
