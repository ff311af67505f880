import hashlib
import logging
import secrets

from trytond.model import ModelSQL, Unique, fields
from trytond.pool import Pool, PoolMeta
from trytond.tools.immutabledict import ImmutableDict
from trytond.transaction import Transaction

from . import jwt_auth

logger = logging.getLogger(__name__)


class User(metaclass=PoolMeta):
    __name__ = 'res.user'
    portal_sub = fields.Char("Portal subject",
        help="OIDC subject. When set, only a token with this subject opens the account.")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        t = cls.__table__()
        cls._sql_constraints.append(
            ('portal_sub_unique', Unique(t, t.portal_sub), 'portal_bridge.msg_portal_sub_unique'))

    @classmethod
    def portal_user(cls, claims):
        "Id of the active user of the claims, or None"
        login = claims.get(jwt_auth._option('login_claim', 'preferred_username'))
        table = cls.__table__()
        cursor = Transaction().connection.cursor()
        cursor.execute(*table.select(
                table.id, table.login, table.portal_sub,
                where=((table.portal_sub == claims['sub'])
                    | ((table.login == login) & (table.portal_sub == None)))  # noqa: E711
                & (table.active == True) & (table.login != None)))  # noqa: E711,E712
        rows = sorted(cursor.fetchall(), key=lambda r: r[2] is None)
        return rows[0][0] if rows else None

    @classmethod
    def _login_portal(cls, login, parameters):
        "common.db.login [login, {'portal_jwt': token}] ([session] authentications = portal,password)"
        token = parameters.get('portal_jwt')
        if not token:
            return        # must not raise: the next method would not be tried
        try:
            claims = jwt_auth.verify(token)
        except (jwt_auth.InvalidToken, jwt_auth.KeysUnavailable) as e:
            logger.info("portal token refused: %s", e)
            return
        user_id = cls.portal_user(claims)
        if user_id and user_id == cls._get_login(login)[0]:
            return user_id


class UserApplication(metaclass=PoolMeta):
    __name__ = 'res.user.application'

    @classmethod
    def check(cls, key, application):
        "Accept a JWT or a key; never for an inactive user; load the company context of the user"
        pool = Pool()
        User = pool.get('res.user')
        transaction = Transaction()
        key = key or ''
        if jwt_auth.looks_like_jwt(key):
            try:
                claims = jwt_auth.verify(key)
            except jwt_auth.InvalidToken as e:
                logger.info("portal token refused: %s", e)
                return
            user_id = User.portal_user(claims)
            app = cls(user=user_id, application=application) if user_id else None
        else:
            app = super().check(key, application)
            if app and not (app.user and app.user.active):      # core forgets this
                return
        if app:
            with transaction.set_user(app.user.id):
                context = dict(User.get_preferences(context_only=True))
            # the header X-Tryton-Context may not switch off warnings, triggers or access checks
            context.update({
                    k: v for k, v in transaction.context.items()
                    if not k.startswith('_')
                    or k in {'_request', '_datetime', '_timestamp'}})
            transaction.context = ImmutableDict(context)    # the caller's manager restores it
        return app


class Ticket(ModelSQL):
    "One-time ticket that opens the web client"
    __name__ = 'portal.ticket'
    digest = fields.Char("Digest", required=True)
    user = fields.Integer("User", required=True)

    @classmethod
    def issue(cls, user_id):
        secret = secrets.token_urlsafe(32)
        cursor = Transaction().connection.cursor()
        cursor.execute(
            "DELETE FROM portal_ticket WHERE create_date < CURRENT_TIMESTAMP AT TIME ZONE 'UTC'"
            " - interval '1 hour'")
        cursor.execute(
            'INSERT INTO portal_ticket (create_uid, create_date, digest, "user")'
            " VALUES (%s, clock_timestamp() AT TIME ZONE 'UTC', %s, %s)",
            (user_id, hashlib.sha256(secret.encode()).hexdigest(), user_id))
        return secret

    @classmethod
    def redeem(cls, secret, seconds=60):
        cursor = Transaction().connection.cursor()
        cursor.execute(
            'DELETE FROM portal_ticket WHERE digest = %s RETURNING "user",'
            " create_date > clock_timestamp() AT TIME ZONE 'UTC' - make_interval(secs => %s)",
            (hashlib.sha256(secret.encode()).hexdigest(), seconds))
        row = cursor.fetchone()
        return row[0] if row and row[1] else None

    @classmethod
    def revoke(cls, user_ids):
        Transaction().connection.cursor().execute(
            'DELETE FROM portal_ticket WHERE "user" = ANY(%s)', (list(user_ids),))
