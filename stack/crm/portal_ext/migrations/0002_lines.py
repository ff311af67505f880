"""A deal's lines belong to the deal: a change of a line is a change of the deal, also when its amount stays the same
(another product at the same price)."""
from django.db import migrations

TRIGGERS = "\n".join(
    f"""create trigger portal_capture_{op} after {op} on opportunity_line_item
        referencing {side} table as moved for each statement
        execute function portal_capture_link('opportunity', 'opportunity', 'opportunity_id', 'line_items');"""
    for op, side in (("insert", "new"), ("update", "new"), ("delete", "old")))


def forwards(apps, schema_editor):
    with schema_editor.connection.cursor() as c:
        c.execute(TRIGGERS)


def backwards(apps, schema_editor):
    with schema_editor.connection.cursor() as c:
        c.execute("".join(f"drop trigger portal_capture_{op} on opportunity_line_item;" for op in ("insert", "update", "delete")))


class Migration(migrations.Migration):
    dependencies = [("portal_ext", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
