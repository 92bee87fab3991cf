"""Making and checking keys. Only a key's SHA-256 is stored: keys are random, so that a fast hash is enough."""

import datetime as dt
import hashlib
import secrets
import string
import time

from django.db.models import Q
from django.utils import timezone

from ingest.models import ApiKey, Project, User
from ingest.models.projects import KeyKind

ALPHABET = string.ascii_letters + string.digits
CACHE_SECONDS = 10.0
CACHE_SIZE = 10_000
TOUCH_INTERVAL = dt.timedelta(minutes=5)

_cache: dict[str, tuple[float, ApiKey | None]] = {}


def create_key(
    *, project: Project, kind: KeyKind, name: str = "", created_by: User | None = None
) -> tuple[ApiKey, str]:
    """Makes a key; returns the row and the key itself, which cannot be had again."""
    secret = f"rd_{kind.value}_" + "".join(secrets.choice(ALPHABET) for _ in range(32))
    row = ApiKey.objects.create(
        project=project,
        kind=kind,
        name=name,
        prefix=secret[:14],
        digest=digest(secret),
        created_by=created_by,
    )
    return row, secret


def revoke_key(key: ApiKey) -> None:
    """From now on the key is refused; other processes notice within CACHE_SECONDS."""
    key.revoked_at = timezone.now()
    key.save(update_fields=["revoked_at"])
    _cache.clear()


def find_key(secret: str) -> ApiKey | None:
    """The key that is in force, or None. Cached for CACHE_SECONDS: the write path asks at every request."""
    hashed = digest(secret)
    now = time.monotonic()
    hit = _cache.get(hashed)
    if hit and hit[0] > now:
        return hit[1]
    row = ApiKey.objects.select_related("project").filter(digest=hashed, revoked_at=None).first()
    if row:
        stale = timezone.now() - TOUCH_INTERVAL
        ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=stale), pk=row.pk).update(
            last_used_at=timezone.now()
        )
    if len(_cache) >= CACHE_SIZE:
        _cache.clear()
    _cache[hashed] = (now + CACHE_SECONDS, row)
    return row


def cached_key(secret: str) -> ApiKey | None:
    """As `find_key`, without asking the database. Raises KeyError when that would be needed."""
    expires, row = _cache[digest(secret)]
    if expires <= time.monotonic():
        raise KeyError(secret[:14])
    return row


def forget_keys() -> None:
    """This process asks the database again: a key, or its project, was changed."""
    _cache.clear()


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
