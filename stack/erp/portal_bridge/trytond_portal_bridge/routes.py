"""HTTP routes /<database>/portal/...   JSON in, JSON out, one error shape:

{"error": {"code": "...", "message": "...", "detail": "...", ...}}
"""
import json
import logging
import threading
import urllib.parse
from contextlib import contextmanager, nullcontext
from functools import wraps

import psycopg
from werkzeug.exceptions import HTTPException

from trytond import backend
from trytond.config import config
from trytond.exceptions import ConcurrencyException, UserError, UserWarning
from trytond.model.exceptions import AccessButtonError, AccessError
from trytond.pool import Pool
from trytond.protocols.wrappers import (
    Response, add_auth_cookies, parse_authorization_header, with_pool, with_transaction)
from trytond.transaction import Transaction, check_access
from trytond.wsgi import app

from . import read
from .inbox import COMMANDS, CommandError, encode
from .jwt_auth import KeysUnavailable

logger = logging.getLogger(__name__)
# PostgreSQL: serialisation failure, deadlock, lock not had at once. Others write the same rows now; nothing is away.
CONFLICTS = {'40001', '40P01', '55P03'}
PATIENCE = 8        # seconds that a command waits for those before it
_turn = threading.Lock()


@contextmanager
def in_turn():
    """Commands of this process run one after the other. They number documents from the same strict sequences, whose rows
    Tryton locks without waiting: side by side all but one would fail, be repeated and fail again."""
    if not _turn.acquire(timeout=PATIENCE):
        raise CommandError(409, 'busy', "Other commands are being executed.", retry_after=1)
    try:
        yield
    finally:
        _turn.release()


def answer(data, status=200, headers=()):
    response = Response(
        json.dumps(data, default=encode, ensure_ascii=False), status=status,
        content_type='application/json')
    response.headers['Cache-Control'] = 'no-store'
    for name, value in headers:
        response.headers[name] = value
    return response


def error(status, code, message, headers=(), **extra):
    extra = {k: v for k, v in extra.items() if v is not None and v != ''}
    return answer({'error': {'code': code, 'message': message, **extra}}, status, headers)


def portal(readonly, authenticated=True, turn=False):
    """Transaction, authentication (JWT or application key), access checks, JSON errors.
    The mapping to JSON is outside of the transaction: an error always rolls back first."""
    def decorator(func):
        @with_transaction(readonly=readonly)
        def inner(request, pool, *args, **kwargs):
            if not authenticated:
                return func(request, pool, *args, **kwargs)
            transaction = Transaction()
            authorization = request.authorization or parse_authorization_header(
                request.headers.get('Authorization'))
            if authorization is None or authorization.type != 'bearer':
                raise CommandError(401, 'unauthenticated', "A bearer token is needed.")
            application = pool.get('res.user.application').check(
                getattr(authorization, 'token', ''), 'rest')
            if not application:
                raise CommandError(401, 'unauthenticated', "The token or key is not valid.")
            with transaction.set_user(application.user.id), check_access():
                return func(request, pool, *args, **kwargs)

        @with_pool
        @wraps(func)
        def outer(request, pool, *args, **kwargs):
            try:
                try:
                    with in_turn() if turn else nullcontext():
                        return inner(request, pool, *args, **kwargs)
                finally:
                    # "transaction.tasks" is per thread: never leave one of a rolled back request
                    Transaction._local.tasks.clear()
            except CommandError as e:
                headers = []
                if e.status == 401:
                    headers.append(('WWW-Authenticate', 'Bearer'))
                if 'retry_after' in e.extra:
                    headers.append(('Retry-After', str(e.extra['retry_after'])))
                return error(e.status, e.code, e.message, headers, **e.extra)
            except AccessButtonError as e:
                # one exception for "not your button" and "not in this state"; the text is translated
                tb = e.__traceback__
                while tb.tb_next:
                    tb = tb.tb_next
                if 'state_name' in tb.tb_frame.f_locals:
                    return error(409, 'wrong_state', e.message, detail=e.description)
                return error(403, 'access_denied', e.message, detail=e.description)
            except AccessError as e:
                return error(403, 'access_denied', e.message, detail=e.description)
            except UserError as e:
                return error(422, 'validation', e.message, detail=e.description,
                    type=type(e).__name__)
            except UserWarning as e:
                return error(409, 'warning', e.message, detail=e.description, warning=e.name)
            except ConcurrencyException as e:
                return error(409, 'conflict', e.message)
            except (backend.DatabaseOperationalError, backend.DatabaseTimeoutError,
                    psycopg.OperationalError) as e:
                logger.warning("database: %s", e)
                if getattr(e, 'sqlstate', None) in CONFLICTS:
                    return error(409, 'busy', "Others are writing the same documents.", [('Retry-After', '1')])
                return error(503, 'unavailable', "The database is busy or away.",
                    [('Retry-After', '2')])
            except KeysUnavailable as e:
                return error(503, 'unavailable', e.description, [('Retry-After', '5')])
            except HTTPException:
                raise
            except Exception:
                logger.exception("portal route failed")
                return error(500, 'internal', "Internal error.")
        return outer
    return decorator


def body(request):
    try:
        data = json.loads(request.get_data(cache=True) or b'null', parse_float=str)
    except ValueError:
        raise CommandError(400, 'bad_request', "The body is not JSON.")
    if not isinstance(data, dict):
        raise CommandError(400, 'bad_request', "The body must be a JSON object.")
    return data


@app.route('/<database_name>/portal/health', methods={'GET'})
@portal(readonly=True, authenticated=False)
def health(request, pool):
    from trytond import __version__
    Transaction().connection.cursor().execute('SELECT 1')
    return answer({'status': 'ok', 'trytond': __version__, 'commands': sorted(COMMANDS)})


@app.route('/<database_name>/portal/me', methods={'GET'})
@portal(readonly=True)
def me(request, pool):
    User = pool.get('res.user')
    transaction = Transaction()
    with check_access(_access=False):
        user = User(transaction.user)
        return answer({
                'id': user.id, 'login': user.login, 'name': user.name,
                'employee': user.employee.id if user.employee else None,
                'company': user.company.id if user.company else None,
                'groups': sorted(g.name for g in user.groups)})


@app.route('/<database_name>/portal/command', methods={'POST'})
@portal(readonly=False, turn=True)
def command(request, pool):
    Command = pool.get('portal.command')
    data = body(request)
    key = data.get('key') or request.headers.get('Idempotency-Key')
    name, payload = data.get('command'), data.get('payload', {})
    if not isinstance(key, str) or not 8 <= len(key) <= 200:
        raise CommandError(400, 'bad_request', "key must be a text of 8 to 200 characters.")
    if not isinstance(name, str) or not isinstance(payload, dict):
        raise CommandError(400, 'bad_request', "command and payload are needed.")
    skip = data.get('skip_warnings') or []
    if skip:        # exactly the warnings the caller has seen
        UserWarning_ = pool.get('res.user.warning')
        for warning in skip:
            UserWarning_.skip(str(warning), False)
    result, replayed = Command.execute(key, name, payload)
    return answer(
        {'key': key, 'command': name, 'replayed': replayed, 'result': result},
        200 if replayed else 201, [('Idempotent-Replayed', 'true' if replayed else 'false')])


@app.route('/<database_name>/portal/command/<key>', methods={'GET'})
@portal(readonly=True)
def command_get(request, pool, key):
    "After an unknown outcome: 200 done, 404 never committed, 409 in progress"
    Command = pool.get('portal.command')
    row = Command.lookup(key, Transaction().user)
    if row is None:
        Command.lock(key)         # 409 when it is running now
        raise CommandError(404, 'not_found', "No command with this key was committed.")
    return answer({'key': key, 'command': row[0], 'replayed': True, 'result': json.loads(row[3])})


@app.route('/<database_name>/portal/events', methods={'GET'})
@portal(readonly=True)
def events(request, pool):
    """since (id, default 0), limit (1..2000, default 500), model (repeat), epoch (optional)
    410 when the epoch differs or the cursor is beyond the feed: reread everything, then go on."""
    from . import event
    pool.get('ir.model.access').check('portal.event', 'read')
    try:
        since = int(request.args.get('since', 0))
        limit = min(max(int(request.args.get('limit', 500)), 1), 2000)
    except ValueError:
        raise CommandError(400, 'bad_request', "since and limit must be numbers.")
    epoch, last, rows = event.read(since, limit, request.args.getlist('model'))
    wanted = request.args.get('epoch')
    if since > last or (wanted and wanted != epoch):
        raise CommandError(410, 'resync', "The feed is not the one of the cursor.",
            epoch=epoch, last=last)
    return answer({
            'epoch': epoch, 'last': last,
            'next': rows[-1]['id'] if rows else (since if len(rows) == limit else max(since, last)),
            'more': len(rows) == limit, 'events': rows})


@app.route('/<database_name>/portal/ticket', methods={'POST'})
@portal(readonly=False)
def ticket(request, pool):
    "A one-time link (60 s) that opens the web client at {\"path\": \"model/sale.sale/5\"}"
    path = body(request).get('path') or ''
    if not isinstance(path, str) or path.startswith('/') or '\\' in path or '//' in path:
        raise CommandError(422, 'validation', "path must be like model/sale.sale/5", field='path')
    secret = pool.get('portal.ticket').issue(Transaction().user)
    query = urllib.parse.urlencode({'ticket': secret, 'path': path})
    return answer({'url': f'/{pool.database_name}/portal/session?{query}', 'expires_in': 60}, 201)


@app.route('/<database_name>/portal/read/<kind>', methods={'GET'})
@portal(readonly=True)
def read_rows(request, pool, kind):
    """Whole records of a kind with the caller's rights, by ascending id: after (id), limit (1..500, default 100);
    or exactly these: id (repeat), code (repeat; a product's, party's or document's code or number)"""
    try:
        after = int(request.args.get('after', 0))
        limit = min(max(int(request.args.get('limit', 100)), 1), 500)
        ids = [int(i) for i in request.args.getlist('id')]
    except ValueError:
        raise CommandError(400, 'bad_request', "after, limit and id must be numbers.")
    rows, following = read.rows(kind, after, limit, ids, request.args.getlist('code'))
    return answer({'kind': kind, 'rows': rows, 'next': following})


@app.route('/<database_name>/portal/sessions/end', methods={'POST'})
@portal(readonly=False)
def sessions_end(request, pool):
    "Sign a person out of the web client: {\"sub\": subject}. Open tickets of the person go too. Integration group only."
    pool.get('ir.model.access').check('portal.event', 'read')
    subject = body(request).get('sub')
    if not isinstance(subject, str) or not subject:
        raise CommandError(422, 'validation', "sub is required.", field='sub')
    with check_access(_access=False):
        users = pool.get('res.user').search([('portal_sub', '=', subject)])
        sessions = pool.get('ir.session').search([('create_uid', 'in', [u.id for u in users])])
        pool.get('ir.session').delete(sessions)
        pool.get('portal.ticket').revoke([u.id for u in users])
    return answer({'ended': len(sessions)})


PAGE = """<!doctype html><meta charset="utf-8"><title>Tryton</title><meta name="referrer" content="no-referrer">
<script nonce="%(nonce)s">
localStorage.setItem(%(key)s, JSON.stringify(%(session)s));
location.replace(%(target)s);
</script>
"""


@app.route('/<database_name>/portal/session', methods={'GET'})
@portal(readonly=False, authenticated=False)
def session(request, pool):
    import secrets
    User, Session = pool.get('res.user'), pool.get('ir.session')
    user_id = pool.get('portal.ticket').redeem(request.args.get('ticket', ''))
    users = User.search([('id', '=', user_id or -1)])
    if not users:
        raise CommandError(401, 'unauthenticated', "The ticket was used or is too old.")
    user, = users
    with Transaction().set_user(user.id):
        token = Session.new()
    path = request.args.get('path', '')
    script = lambda v: json.dumps(v).replace('<', '\\u003c')  # noqa: E731
    nonce = secrets.token_urlsafe(16)
    root = config.get('portal_bridge', 'client_path', default='/')
    response = Response(PAGE % {
            'nonce': nonce,
            'key': script(f'sao_session_{pool.database_name}'),
            'session': script({
                    'login_service': None, 'login': user.login, 'user_id': user.id,
                    'bus_url_host': None}),
            'target': script(f'{root}#{pool.database_name}' + (f'/{path}' if path else '')),
            }, content_type='text/html; charset=utf-8')
    response.headers['Cache-Control'] = 'no-store'
    response.headers['Referrer-Policy'] = 'no-referrer'
    response.headers['Content-Security-Policy'] = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; frame-ancestors "
        + (config.get('portal_bridge', 'frame_ancestors', default='') or "'none'"))
    add_auth_cookies(response, pool.database_name, user.login, str(user.id), token)
    return response
