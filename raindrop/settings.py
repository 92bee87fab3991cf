"""Settings: one file, read from the environment. docs/configuration.md explains each variable."""

import datetime as dt
import json
import os
import secrets
from pathlib import Path
from typing import Any

import dj_database_url
import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured

from raindrop.data_dir import BASE_DIR, data_dir

django_stubs_ext.monkeypatch()  # before the first class that is written `ModelAdmin[Job]`


def env_bool(name: str, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value not in {"1", "0", "true", "false", "yes", "no", "on", "off"}:
        raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}")
    return value in {"1", "true", "yes", "on"}


def env_seconds(name: str, default: float) -> dt.timedelta:
    value = os.environ.get(name, "").strip()
    try:
        seconds = float(value) if value else default
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 7 * 86400:
        raise ImproperlyConfigured(f"{name} must be seconds, 0 to 604800, not {value!r}")
    return dt.timedelta(seconds=seconds)


def env_prices(name: str) -> dict[str, float] | None:
    """{"input": 1, "output": 5, "cache_write": 1.25, "cache_read": 0.1, "batch": 0.5}; None when it is not set."""
    value = os.environ.get(name, "").strip()
    if not value:
        return None
    try:
        prices = {key: float(number) for key, number in json.loads(value).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise ImproperlyConfigured(f"{name} must be a JSON object of numbers, not {value!r}") from error
    if set(prices) != set(PRICE_NAMES) or not all(0 <= price < float("inf") for price in prices.values()):
        raise ImproperlyConfigured(f"{name} must state exactly: {', '.join(PRICE_NAMES)}")
    return prices


def env_list(name: str, default: str) -> list[str]:
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]


def secret_key() -> str:
    """SECRET_KEY, or one generated once into the data directory, readable by its owner only."""
    if value := os.environ.get("SECRET_KEY"):
        return value
    path = data_dir() / "secret_key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(50))
        except FileExistsError:
            pass  # another process was first
        return path.read_text().strip()


# US dollars per million tokens; `batch` is the factor by which the Batches API is cheaper.
PRICE_NAMES = ("input", "output", "cache_write", "cache_read", "batch")

DATA_DIR: Path = data_dir()
SECRET_KEY = secret_key()
DEBUG = env_bool("DEBUG", False)
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS", "")
REDIS_URL = os.environ.get("REDIS_URL", "")

# When what comes in parts is over (ingest/tracing/traces.py, ingest/store/events.py).
TRACE_GRACE = env_seconds("RAINDROP_TRACE_GRACE_SECONDS", 3)
TRACE_SILENCE = env_seconds("RAINDROP_TRACE_SILENCE_SECONDS", 300)
PARTIAL_SILENCE = env_seconds("RAINDROP_PARTIAL_SILENCE_SECONDS", 900)

INSTALLED_APPS = [
    "raindrop",
    "ingest",
    "signals",
    "issues",
    "labeling",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django_q",
    "channels",
    "django_htmx",
    "template_partials",
    "simple_history",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
]
# Wrong passwords: after ten for one account from one address, both login pages refuse that pair for a quarter of an hour. (The
# account alone would let a stranger lock its owner out; the address alone would let one office's typing lock out all its people.)
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = dt.timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "ingest.pages.accounts.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True  # logins that went well are nobody's business
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "raindrop.web.middleware.private",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "raindrop.web.middleware.Refusals",
    "axes.middleware.AxesMiddleware",  # last: it answers what the login throttle refuses
]

ROOT_URLCONF = "raindrop.urls"
ASGI_APPLICATION = "raindrop.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ingest.pages.navigation.navigation",
            ],
            "builtins": ["raindrop.templatetags.raindrop", "template_partials.templatetags.partials"],
        },
    }
]

# manage.py starts the embedded server and sets DATABASE_URL. Without either, only commands that read no data work.
DATABASES: dict[str, Any] = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL") or f"postgresql://postgres@/postgres?host={DATA_DIR / 'postgres'}",
        conn_max_age=600,
        conn_health_checks=True,  # a restarted database costs a reconnect, not an error
    )
}
if env_bool("RAINDROP_DB_POOL", False):
    # Web processes only (`manage.py up` sets it): under ASGI persistent connections leak, and django-q2 workers
    # fork, which a pool does not survive.
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {"min_size": 2, "max_size": 18, "timeout": 10}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "ingest.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]

# django-q2 with its defaults saves every task and reconnects per call (33 tasks/s), and retries for
# ever. One cluster works on batches of events, "slow" on long jobs (training, backfills), so that neither waits
# for the other. retry > timeout * (1 + (queue_limit + bulk) / workers), because a task's lock runs from dequeue.
Q_CLUSTER: dict[str, Any] = {
    "name": "raindrop",
    "orm": "default",
    "workers": int(os.environ.get("RAINDROP_WORKERS", "2")),
    "bulk": 2,
    "queue_limit": 4,
    # A batch takes seconds. Beside other work on the machine it may take a hundred times as long, and a worker that is killed for it begins anew.
    "timeout": 300,
    "retry": 1500,
    "max_attempts": 1,  # the pipeline counts attempts itself, per event (ingest.models.QueuedEvent)
    "ack_failures": True,
    "save_limit": -1,
    "catch_up": False,
    # A cluster of which a process ends is started anew as a whole (raindrop/server/supervisor.py): seldom, then.
    "recycle": 100_000,
    "poll": 0.1,
    "label": "Background tasks",
    "ALT_CLUSTERS": {
        "slow": {
            "workers": 1,
            "bulk": 1,
            "queue_limit": 1,
            "timeout": 3600,
            "retry": 7300,
            "max_attempts": 2,
        },
        # Asks the LLM; started only where there is a key. What it works on are rows that it claims, so that a task that
        # is lost costs nothing (signals/questions/asking.py).
        "llm": {"workers": 1, "bulk": 1, "queue_limit": 1, "timeout": 900, "retry": 3000, "max_attempts": 1},
    },
}
if REDIS_URL:
    Q_CLUSTER["redis"] = REDIS_URL
    del Q_CLUSTER["orm"]

# Live pages. Without Redis each web process has its own layer, fed through PostgreSQL's NOTIFY (raindrop/live.py).
CHANNEL_LAYERS: dict[str, Any] = {
    "default": (
        {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}
        if REDIS_URL
        else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    )
}

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "ingest.projects.authentication.KeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["ingest.projects.authentication.ProjectPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "raindrop.errors.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "raindrop",
    "DESCRIPTION": "The write path and the read path (`/v1/`), and the management API (`/api/`).",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "ENUM_NAME_OVERRIDES": {
        "IssueActionEnum": "issues.api.states.PEOPLES",
        "SignalActionEnum": "signals.models.definitions.Action",
    },
    "PREPROCESSING_HOOKS": ["raindrop.api.openapi.one_spelling"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "raindrop.api.openapi.write_path",
    ],
}

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_MAX_AGE = 3600  # of a file whose name holds no hash; the others are cached for ever
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
STORAGES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
if env_bool("RAINDROP_HASHED_STATIC", False):
    # Web processes only (`manage.py up` sets it, after it has collected the files): others have no manifest to go by.
    STORAGES["staticfiles"] = {"BACKEND": "raindrop.server.static_files.HashedStorage"}
else:
    WHITENOISE_USE_FINDERS = True
FIXTURE_DIRS: list[Path] = [BASE_DIR / "fixtures"]
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
# Scripts and styles come from files of ours alone, so that a text which gets into a page as markup runs nothing, and hides nothing.
# (ECharts sets its styles by script, element by element, which this allows.)
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
SESSION_COOKIE_SAMESITE = "Lax"
if env_bool("RAINDROP_HTTPS", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 365 * 86400  # browsers ask for this host over https alone

# The taxonomy's history is for reading: changes go through signals.taxonomy.definitions, which also queues what follows from them.
SIMPLE_HISTORY_REVERT_DISABLED = True

# Which implementation turns text into vectors (raindrop/embedder). "onnx" is the only one that ships.
RAINDROP_EMBEDDER = os.environ.get("RAINDROP_EMBEDDER", "onnx")

# Second opinions by an LLM (raindrop/llm.py). Optional everywhere: without a key the local answers stand.
ANTHROPIC_API_KEY = os.environ.get("ANTHROPIC_API_KEY", "").strip()
ANTHROPIC_BASE_URL = os.environ.get("ANTHROPIC_BASE_URL", "").strip() or "https://api.anthropic.com"
LLM_MODEL = os.environ.get("RAINDROP_LLM_MODEL", "").strip() or "claude-haiku-5-5"
LLM_TIMEOUT = env_seconds("RAINDROP_LLM_TIMEOUT", 30).total_seconds()  # of one attempt
if not 0 < LLM_TIMEOUT <= 60:  # a worker's task holds several (signals/questions/asking.py)
    raise ImproperlyConfigured("RAINDROP_LLM_TIMEOUT must be more than 0 and at most 60 seconds")
# A conversation is read (signals/reader/) when nothing has come to it for so long.
READER_QUIET = env_seconds("RAINDROP_READER_QUIET_SECONDS", 60)
# As published for prompts of up to 100,000 tokens (no prompt of ours is longer). `effort`: what models that think are asked for.
LLM_MODELS: dict[str, dict[str, Any]] = {
    "claude-haiku-5-5": {"input": 0.1, "output": 0.5, "cache_write": 0.125, "cache_read": 0.01, "batch": 0.5, "effort": "low"},
    "claude-haiku-4-5": {"input": 1.0, "output": 5.0, "cache_write": 1.25, "cache_read": 0.1, "batch": 0.5},
    "claude-sonnet-5-5": {"input": 2.0, "output": 10.0, "cache_write": 2.5, "cache_read": 0.1, "batch": 0.5, "effort": "low"},
    "claude-opus-5-5": {"input": 4.0, "output": 20.0, "cache_write": 5.0, "cache_read": 0.2, "batch": 0.5, "effort": "low"},
}  # fmt: skip
if stated := env_prices("RAINDROP_LLM_PRICES"):
    LLM_MODELS[LLM_MODEL] = {**LLM_MODELS.get(LLM_MODEL, {}), **stated}

# Where people reach the pages: alerts link there. Empty: alerts name the page's path alone.
PUBLIC_URL = os.environ.get("RAINDROP_URL", "").strip().rstrip("/")
# Whether alerts may go to addresses of the own network (issues/alerts/guard.py): whoever may write a rule could else look around there.
ALERT_PRIVATE_ADDRESSES = env_bool("RAINDROP_ALERT_PRIVATE_ADDRESSES", False)

# The server's own outgoing mail server, an apprise URL without `to=`: people's own e-mail goes by it (issues/alerts/personal.py).
MAIL_URL = os.environ.get("RAINDROP_MAIL_URL", "").strip()
if MAIL_URL and not MAIL_URL.startswith(("mailto://", "mailtos://")):
    raise ImproperlyConfigured(
        "RAINDROP_MAIL_URL is a URL such as mailtos://user:password@smtp.example.org:587?from=raindrop@example.org"
    )

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("LOG_LEVEL", "WARNING")},
    "loggers": {
        "raindrop": {"level": os.environ.get("LOG_LEVEL", "INFO")},
        # At DEBUG it logs whole requests: what users wrote does not belong into a log.
        "anthropic": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        # It logs URLs, which hold secrets. Why a message was not sent stands with it (issues/alerts/webhooks.py).
        "apprise": {"level": "WARNING", "propagate": False, "handlers": []},
        "urllib3": {"level": "CRITICAL"},
    },
}
