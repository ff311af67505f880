"""Command inbox: one row per idempotency key, in the transaction of the effect.

A command (sales.py, shipments.py, purchases.py, invoices.py) is a function (payload dict) -> result dict, or -> a
function that gives the result once what was queued has run too. It runs with the rights of the calling user.
Anything it raises rolls back the effect and the key together.
"""
import datetime as dt
import hashlib
import json
from decimal import Decimal, InvalidOperation

from trytond.config import config
from trytond.model import ModelSQL, Unique, fields
from trytond.pool import Pool
from trytond.transaction import Transaction, without_check_access

LOCK = 0x434D44            # class of the advisory locks of running commands ("CMD")


class CommandError(Exception):
    "status, code, message, extra: becomes the JSON error of the answer"

    def __init__(self, status, code, message, **extra):
        super().__init__(message)
        self.status, self.code, self.message, self.extra = status, code, message, extra


class Command(ModelSQL):
    "Executed portal command"
    __name__ = 'portal.command'
    key = fields.Char("Key", required=True)
    command = fields.Char("Command", required=True)
    request_hash = fields.Char("Request hash", required=True)
    user = fields.Integer("User", required=True)
    result = fields.Text("Result (JSON)")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        cls._sql_constraints = [
            ('key_unique', Unique(t, t.key), 'portal_bridge.msg_key_unique')]

    @classmethod
    def lookup(cls, key, user):
        cursor = Transaction().connection.cursor()
        cursor.execute(
            'SELECT command, request_hash, "user", result, create_date FROM portal_command'
            ' WHERE key = %s', (key,))
        row = cursor.fetchone()
        if row is None:
            return None
        if row[2] != user:
            raise CommandError(409, 'key_reuse', "The key was used by another user.")
        return row

    @classmethod
    def lock(cls, key):
        cursor = Transaction().connection.cursor()
        cursor.execute(
            'SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))', (LOCK, key))
        if not cursor.fetchone()[0]:
            raise CommandError(
                409, 'in_progress', "The command with this key is being executed.",
                retry_after=1)

    @classmethod
    def execute(cls, key, name, payload):
        "Return (result, replayed)"
        from .event import outbox
        transaction = Transaction()
        user = transaction.user
        hash_ = hashlib.sha256(json.dumps(
                [name, payload], sort_keys=True, separators=(',', ':'),
                ensure_ascii=False).encode()).hexdigest()
        dedupe = not config.getboolean('portal_bridge', 'test_no_dedupe', default=False)
        if dedupe:
            cls.lock(key)
            row = cls.lookup(key, user)
            if row is not None:
                if row[1] != hash_:
                    raise CommandError(
                        409, 'key_reuse', "The key was used for another request.")
                return json.loads(row[3]), True
            cursor = transaction.connection.cursor()
            # A commit between our snapshot and the lock ends here in a serialisation failure:
            # the caller's retry takes a new snapshot and finds the row.
            cursor.execute(
                'INSERT INTO portal_command (create_uid, create_date, key, command, request_hash,'
                " \"user\") VALUES (%s, clock_timestamp() AT TIME ZONE 'UTC', %s, %s, %s, %s)"
                ' ON CONFLICT (key) DO NOTHING',
                (user, key, name, hash_, user))
        function = COMMANDS.get(name)
        if function is None:
            raise CommandError(404, 'unknown_command', f"Unknown command {name}.")
        outbox().command = key
        result = json.loads(json.dumps(run_with_tasks(function, payload), default=encode))
        if dedupe:
            transaction.connection.cursor().execute(
                'UPDATE portal_command SET result = %s WHERE key = %s',
                (json.dumps(result, ensure_ascii=False), key))
        return result, False


def encode(value):
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    raise TypeError(type(value).__name__)


COMMANDS = {}


def command(name):
    def decorator(func):
        COMMANDS[name] = func
        return func
    return decorator


# --- reading of the payload ---------------------------------------------------------------------

def bad(field, message):
    return CommandError(422, 'validation', message, field=field)


def need(payload, field):
    value = payload.get(field)
    if value in (None, '', []):
        raise bad(field, f"{field} is required.")
    return value


def number(value, field, type_=Decimal):
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise bad(field, f"{field} must be a number.")
    try:
        result = type_(str(value))
        if result != result or abs(result) > 10 ** 12:
            raise ValueError
        return result
    except (InvalidOperation, ValueError):
        raise bad(field, f"{field} is not a number.")


def date(value, field):
    if value is None:
        return None
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise bad(field, f"{field} is not an ISO date.")


def ref(model, value, field, code='code', domain=()):
    "Record by id (int) or by code (str), as far as the user may see it"
    Model = Pool().get(model)
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise bad(field, f"{field} must be an id or a code.")
    clause = ('id' if isinstance(value, int) else code, '=', value)
    records = Model.search([clause, *domain], limit=2)
    if len(records) != 1:
        raise CommandError(
            404 if field == 'id' else 422, 'not_found' if field == 'id' else 'validation',
            f"{field} {value!r} does not name one record.", field=field)
    return records[0]


def new(model, **values):
    Model = Pool().get(model)
    record = Model()
    for name, value in Model.default_get(
            list(Model._fields), with_rec_name=False).items():
        if '.' not in name:
            setattr(record, name, value)
    for name, value in values.items():
        setattr(record, name, value)
    return record


def guard(record, payload):
    "Optimistic lock: payload.if_unmodified = the write_date the caller has seen"
    seen = payload.get('if_unmodified')
    if seen and seen != record.write_date.isoformat():
        raise CommandError(
            409, 'conflict', "The record was modified in the meanwhile.",
            current=record.write_date.isoformat())


def run_with_tasks(function, payload):
    """Run a command and, in the same transaction, what it queued ("process" of a sale, ...).

    Otherwise a crash between the commit and the task would leave the document unprocessed until a
    trytond-worker runs, and the answer would show a state that is about to change.
    """
    Queue = Pool().get('ir.queue')
    transaction = Transaction()
    before = len(transaction.tasks)
    result = function(payload)
    while len(transaction.tasks) > before:
        task_id = transaction.tasks.pop(before)
        with without_check_access():
            task = Queue(task_id)
            task.run()
            Queue.delete([task])
    return result() if callable(result) else result
