"""The database itself keeps the chain: on both databases it refuses UPDATE and DELETE; on PostgreSQL it also seals each link at commit.

Sealing at commit: the advisory lock is taken when all other locks of the transaction are held already, so it can close no circle of waiting.
"""

from django.db import migrations

LOCK = 72067001  # shared with apps/realtime/migrations/0002_numbers.py: one short queue at commit

SQLITE_GUARDS = [
    "CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry BEGIN SELECT RAISE(ABORT, 'the audit chain is append-only'); END",
    "CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry BEGIN SELECT RAISE(ABORT, 'the audit chain is append-only'); END",
]
SQLITE_DROP = ["DROP TRIGGER IF EXISTS audit_entry_no_update", "DROP TRIGGER IF EXISTS audit_entry_no_delete"]

POSTGRES_SEAL = [
    f"""
    CREATE FUNCTION audit_seal() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        last_seq bigint := 0;
        last_hash text := '';
        place text;
    BEGIN
        PERFORM pg_advisory_xact_lock({LOCK});
        SELECT seq, hash INTO last_seq, last_hash FROM audit_entry WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1;
        last_seq := coalesce(last_seq, 0) + 1;
        last_hash := coalesce(last_hash, '');
        place := last_seq::text;
        UPDATE audit_entry SET seq = last_seq, prev_hash = last_hash, hash = encode(sha256(convert_to(
            octet_length(place) || ':' || place || ',' || octet_length(last_hash) || ':' || last_hash || ','
            || octet_length(NEW.content_hash) || ':' || NEW.content_hash || ',', 'UTF8')), 'hex')
        WHERE id = NEW.id;
        RETURN NULL;
    END $$
    """,
    """
    CREATE CONSTRAINT TRIGGER audit_entry_seal AFTER INSERT ON audit_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_seal()
    """,
]
POSTGRES_GUARDS = [
    """
    CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND OLD.seq IS NULL AND pg_trigger_depth() > 1
            AND (NEW.at, NEW.actor_login, NEW.decider, NEW.action, NEW.object, NEW.data_json, NEW.content_hash)
              = (OLD.at, OLD.actor_login, OLD.decider, OLD.action, OLD.object, OLD.data_json, OLD.content_hash)
            AND NEW.actor_id IS NOT DISTINCT FROM OLD.actor_id THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'the audit chain is append-only';
    END $$
    """,
    "CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
    "CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
]
POSTGRES_DROP = [
    "DROP TRIGGER IF EXISTS audit_entry_no_change ON audit_entry", "DROP TRIGGER IF EXISTS audit_entry_no_truncate ON audit_entry",
    "DROP FUNCTION IF EXISTS audit_refuse()",
]
POSTGRES_UNSEAL = ["DROP TRIGGER IF EXISTS audit_entry_seal ON audit_entry", "DROP FUNCTION IF EXISTS audit_seal()"]


def forwards(apps, editor):
    postgres = editor.connection.vendor == "postgresql"
    for statement in [*POSTGRES_SEAL, *POSTGRES_GUARDS] if postgres else SQLITE_GUARDS:
        editor.execute(statement)


def backwards(apps, editor):
    postgres = editor.connection.vendor == "postgresql"
    for statement in [*POSTGRES_DROP, *POSTGRES_UNSEAL] if postgres else SQLITE_DROP:
        editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
