"""The one settings file. Values that differ between deployments come from portal.env."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from portal.env import BASE_DIR, MODE, VAR_DIR, WORKER, env, generated_secret

ATRIUM_MODE = MODE
ATRIUM_WORKER = WORKER
VAR_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = env.bool("DJANGO_DEBUG", default=False)
SECRET_KEY = generated_secret("DJANGO_SECRET_KEY")
FIELD_KEY = generated_secret("FIELD_KEY")  # encrypts tokens and connector secrets at rest

PORTAL_URL = env.str("PORTAL_URL", default="http://localhost:8000")
_HOST = urlsplit(PORTAL_URL)
_LOCAL = ["localhost", "127.0.0.1", *(["testserver"] if MODE == "test" else [])]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[_HOST.hostname or "localhost", *_LOCAL])
CSRF_TRUSTED_ORIGINS = [PORTAL_URL]

COMPANY_NAME = env.str("COMPANY_NAME", default="Yunhe Pump Works")
COMPANY_NAME_ZH = env.str("COMPANY_NAME_ZH", default="云禾泵业")
COMPANY_TIME_ZONE = env.str("COMPANY_TIME_ZONE", default="Asia/Shanghai")
COMPANY_CURRENCY = env.str("COMPANY_CURRENCY", default="CNY")
# The working calendar: spans of a day, weekdays (1 is Monday), days off, and days that are worked all the same.
WORKING_HOURS = env.str("WORKING_HOURS", default="08:30-12:00,13:30-18:00")
WORKING_DAYS = env.list("WORKING_DAYS", default=["1", "2", "3", "4", "5"])
HOLIDAYS = env.list("HOLIDAYS", default=[])
MAKE_UP_DAYS = env.list("MAKE_UP_DAYS", default=[])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "django_cotton",
    "csp",
    "axes",
    "channels",
    "apps.core",
    "apps.audit",
    "apps.jobs",
    "apps.realtime",
    "apps.identity",
    "apps.directory",
    "apps.access",
    "apps.integrations",
    "apps.notifications",
    "apps.records",
    "apps.workflows",
    "apps.business",
    "apps.insight",
    "apps.workspace",
    "apps.devtools",
    "portal",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "apps.identity.middleware.PersonalLocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.identity.middleware.LiveSessionMiddleware",
    "apps.insight.middleware.TokenMiddleware",
    "apps.access.middleware.AccessMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.asgi.application"
WEB_LANES = env.int("WEB_LANES", default=24)  # pages a web process makes at once; each lane has one database connection
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.workspace.context_processors.shell",
            ],
            "builtins": ["django_cotton.templatetags.cotton", "apps.core.templatetags.atrium"],
        },
    }
]
COTTON_DIR = "components"
COTTON_ENABLE_CONTEXT_ISOLATION = False

# --- data -------------------------------------------------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'portal.sqlite3'}")}
_DB = DATABASES["default"]
if _DB["ENGINE"].endswith("sqlite3"):
    # One writer at a time: take the write lock when a transaction begins, wait for it, and survive kill -9 of the process and of the machine.
    _DB["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    _DB["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
else:
    _DB["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", default=60)
    _DB["CONN_HEALTH_CHECKS"] = True
    # A process that stops inside a transaction (SIGSTOP, a frozen machine) holds its locks: the server takes them back after this time.
    # No transaction of Atrium waits for the network, so one that is idle this long belongs to a process that is not there.
    _IDLE = env.float("DATABASE_IDLE_IN_TRANSACTION_SECONDS", default=15)
    _DB["OPTIONS"] = {"connect_timeout": 5, "options": f"-c idle_in_transaction_session_timeout={int(_IDLE * 1000)}"} | _DB.get("OPTIONS", {})
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="")
CACHES = {
    "default": (
        {
            "BACKEND": "apps.core.cache.ForgivingRedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        }
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}
# local: one process; redis: several web processes and workers. The hub replays from its table, so a lost message is only late.
REALTIME_BUS = env.str("REALTIME_BUS", default="redis" if REDIS_URL else "local")

# --- people -----------------------------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "identity.Account"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"  # who is signed in is asked of the session's row in the database all the same
SESSION_COOKIE_NAME = "atrium_session"
SESSION_COOKIE_AGE = 10 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "atrium_csrf"
CSRF_FAILURE_VIEW = "apps.access.views.csrf_failure"
CSRF_COOKIE_SAMESITE = "Lax"
_HTTPS = PORTAL_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = _HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

OIDC_ISSUER = env.str("OIDC_ISSUER", default="")
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", default="portal")
OIDC_CLIENT_SECRET = env.str("OIDC_CLIENT_SECRET", default="")
OIDC_ADMIN_CLIENT_ID = env.str("OIDC_ADMIN_CLIENT_ID", default="portal-admin")
OIDC_ADMIN_CLIENT_SECRET = env.str("OIDC_ADMIN_CLIENT_SECRET", default="")
OIDC_GRACE = dt.timedelta(minutes=5)  # reading goes on this long while the identity provider is away
DEMO_SIGN_IN = MODE in {"demo", "test"} and env.bool("DEMO_SIGN_IN", default=MODE == "demo")

SOCIALACCOUNT_ONLY = True
ACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False  # never join accounts by e-mail
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = "oidc"
SOCIALACCOUNT_ADAPTER = "apps.identity.adapters.accounts.SocialAccountAdapter"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "provider_class": "apps.identity.adapters.provider.KeycloakProvider",
        "APPS": [
            {
                "provider_id": "keycloak",
                "name": "Keycloak",
                "client_id": OIDC_CLIENT_ID,
                "secret": OIDC_CLIENT_SECRET,
                "settings": {
                    "server_url": OIDC_ISSUER,
                    "oauth_pkce_enabled": True,
                    "uid_field": "sub",
                    "fetch_userinfo": False,
                    "scope": ["openid", "profile", "email"],
                    "token_auth_method": "client_secret_post",
                },
            }
        ],
    }
}
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 1
AXES_DISABLE_ACCESS_LOG = True  # who signed in stands in the audit trail
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]

# --- words and time ---------------------------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "templates" / "locale", *(path for path in sorted((BASE_DIR / "apps").glob("*/locale")))]
LANGUAGE_COOKIE_NAME = "atrium_language"
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"

# --- pages ------------------------------------------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF, f"{'wss' if _HTTPS else 'ws'}://{_HOST.netloc}"],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF, *([f"{urlsplit(OIDC_ISSUER).scheme}://{urlsplit(OIDC_ISSUER).netloc}"] if OIDC_ISSUER else [])],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "portal.api.answer_failure",
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Atrium",
    "DESCRIPTION": "Everything that a page can do, with the same rights.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {"django.request": {"level": "ERROR"}, "axes": {"level": "WARNING"}},
}

# --- background work ---------------------------------------------------------------------------------------------------------------------

JOBS_THREADS = env.int("JOBS_THREADS", default=3)  # jobs at a time in one worker
JOBS_LEASE = dt.timedelta(seconds=env.float("JOBS_LEASE_SECONDS", default=60))  # a run longer than this is taken over by another worker
JOBS_RETRY_BASE = env.float("JOBS_RETRY_BASE_SECONDS", default=1)  # first retry within this many seconds, doubled up to five minutes

# --- channels beside the inbox: one is there when its product is set up -----------------------------------------------------------------

EMAIL_HOST = env.str("EMAIL_HOST", default="")
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", default=f"Atrium <atrium@{_HOST.hostname or 'localhost'}>")
# The demo has no mail server: its mails lie in this folder as files.
MAIL_FOLDER = env.str("MAIL_FOLDER", default=str(VAR_DIR / "mail") if MODE == "demo" else "")
EMAIL_BACKEND = f"django.core.mail.backends.{'filebased' if MAIL_FOLDER and not EMAIL_HOST else 'smtp'}.EmailBackend"
EMAIL_FILE_PATH = MAIL_FOLDER or None

# Web push goes through the browsers' own services: it is off until the company lists those it wants, such as
# fcm.googleapis.com, *.push.services.mozilla.com, *.push.apple.com, *.notify.windows.com
WEB_PUSH_HOSTS = env.list("WEB_PUSH_HOSTS", default=[])
WEB_PUSH_KEY = generated_secret("WEB_PUSH_KEY")  # our key pair is made out of it; with another one every device must be let ring anew
WEB_PUSH_CONTACT = env.str("WEB_PUSH_CONTACT", default=PORTAL_URL if _HOST.scheme == "https" else "mailto:admin@localhost")
# Chat products: {"wecom": {"url", "id", "secret", "agent", "token", "aes_key"}, ...}; one is set up when its address is given. For signing in:
# `corp` (company of DingTalk, tenant of WeLink); `sign_in_url` and `oapi_url` only where the product stands at other addresses than the public ones.
CHAT_SETTINGS = ("url", "id", "secret", "agent", "token", "aes_key", "corp", "sign_in_url", "oapi_url")
CHAT = {
    vendor: {name: env.str(f"CHAT_{vendor.upper()}_{name.upper()}", default="") for name in CHAT_SETTINGS}
    for vendor in ("wecom", "dingtalk", "welink")
    if env.str(f"CHAT_{vendor.upper()}_URL", default="")
}

# --- home page ---------------------------------------------------------------------------------------------------------------------------

# Threads a process has for each outside system's widgets; 0: the browser's own request reads, in its thread.
WIDGET_THREADS = env.int("WIDGET_THREADS", default=0 if MODE == "test" else 8)

# --- the sales loop ---------------------------------------------------------------------------------------------------------------------

UNDO_WINDOW = dt.timedelta(seconds=env.float("UNDO_WINDOW_SECONDS", default=10))
INSIGHT_SMALLEST_GROUP = env.int("INSIGHT_SMALLEST_GROUP", default=3)  # figures about how fewer people than this work are not shown
BATCH_LIMIT = env.int("BATCH_LIMIT", default=500_000)  # an approval above it is taken by itself, never together with others (COMPANY_CURRENCY)
FALLBACK_ADMIN = env.str("FALLBACK_ADMIN", default="admin")  # login of the named admin who decides when no approver is found
FEED_INTERVAL = dt.timedelta(seconds=env.float("FEED_INTERVAL_SECONDS", default=3))  # polling of cursor feeds
