"""On PostgreSQL hints are numbered at commit: dense per person, in the order of commits, without a lock held while a transaction works."""

from django.db import migrations

LOCK = 72067001  # shared with apps/audit/migrations/0002_guards.py

UP = [
    f"""
    CREATE FUNCTION hint_number() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock({LOCK});
        UPDATE realtime_hint SET seq = (SELECT coalesce(max(seq), 0) + 1 FROM realtime_hint WHERE person_id = NEW.person_id)
        WHERE id = NEW.id AND seq IS NULL;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER realtime_hint_number AFTER INSERT ON realtime_hint
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hint_number()
    """,
]
DOWN = ["DROP TRIGGER IF EXISTS realtime_hint_number ON realtime_hint", "DROP FUNCTION IF EXISTS hint_number()"]


def run(statements):
    def apply(apps, editor):
        if editor.connection.vendor == "postgresql":
            for statement in statements:
                editor.execute(statement)

    return apply


class Migration(migrations.Migration):
    dependencies = [("realtime", "0001_initial")]
    operations = [migrations.RunPython(run(UP), run(DOWN))]
