"""How many orders there are, and what one is worth, cannot be told by product line: one order has several. What was arranged so goes on without it."""

from __future__ import annotations

from typing import Any

from django.db import migrations

OF_NO_LINE = ("erp.order_count", "erp.order_value")


def undivided(apps: Any, _editor: Any) -> None:
    """Tiles that are divided so stay, undivided; lines and watches of one product line said something else than they seemed to, and end."""
    for board in apps.get_model("insight", "Board").objects.all():
        tiles = [{name: value for name, value in tile.items() if name != "cut"} if _by_line(tile) else tile for tile in board.tiles]
        if tiles != board.tiles:
            board.tiles = tiles
            board.save(update_fields=["tiles"])
    apps.get_model("insight", "Threshold").objects.filter(kpi__in=OF_NO_LINE).exclude(product_line="").delete()
    apps.get_model("insight", "UnusualWatch").objects.filter(kpi__in=OF_NO_LINE).exclude(product_line="").update(active=False)


def _by_line(tile: dict[str, Any]) -> bool:
    cut = tile.get("cut") or {}
    return bool(set(tile.get("kpis", ())) & set(OF_NO_LINE)) and "product_line" in (cut.get("by"), cut.get("split"))


class Migration(migrations.Migration):
    dependencies = [("insight", "0007_live_then")]
    operations = [migrations.RunPython(undivided, migrations.RunPython.noop)]
