"""How the REST API writes a measure of the value meter, on the meter and on a board."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

UNITS = ["count", "percent", "hours", "seconds", "per_hour"]
VERDICTS = ["proven", "worse", "not_yet", "no_baseline", "no_data", "suppressed", "forbidden"]


def _figure(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=24, decimal_places=2, allow_null=True, **options)


class ControlSerializer(serializers.Serializer[Any]):
    names = serializers.ListField(child=serializers.CharField(), help_text="departments that are not live yet")
    value = _figure()
    count = serializers.IntegerField()
    change = serializers.FloatField(allow_null=True, help_text="by how much more the live ones changed than these; null: no proof")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    verdict = serializers.ChoiceField(choices=VERDICTS)
    before = _figure(help_text="of what was frozen of the same departments")
    before_count = serializers.IntegerField()


class MeasurePartSerializer(serializers.Serializer[Any]):
    label = serializers.CharField(help_text="a figure, or a field")  # type: ignore[assignment]
    value = _figure()
    count = serializers.IntegerField()


class GaugeSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField()
    formula = serializers.CharField()
    unit = serializers.ChoiceField(choices=UNITS)
    statistic = serializers.ChoiceField(choices=["median", "p95", "mean", "share"])
    better = serializers.ChoiceField(choices=["down", "up"])
    in_points = serializers.BooleanField(help_text="changes are points, not percent")
    target = serializers.IntegerField(allow_null=True, help_text="the change that was promised; null: no number was")
    verdict = serializers.ChoiceField(choices=VERDICTS)
    before = _figure(help_text="of what was frozen")
    before_count = serializers.IntegerField()
    before_days = serializers.ListField(child=serializers.DateField(), allow_null=True)
    now = _figure(help_text="of the last ninety days")
    now_count = serializers.IntegerField()
    now_days = serializers.ListField(child=serializers.DateField(), allow_null=True)
    change = serializers.FloatField(allow_null=True, help_text="percent, or points")
    low = serializers.FloatField(allow_null=True, help_text="98 of 100 bootstrap draws lie between low and high")
    high = serializers.FloatField(allow_null=True)
    reached = serializers.BooleanField()
    control = ControlSerializer(allow_null=True)
    parts = MeasurePartSerializer(many=True)
    least = serializers.IntegerField(help_text="values that both samples need before anything counts as proven")
    each = serializers.ChoiceField(choices=["case", "approver_day"], help_text="what one value of a sample speaks of")
    why = serializers.ListField(child=serializers.CharField(), help_text="of a refusal or suppression, and what is not compared")
    ask = serializers.CharField()
