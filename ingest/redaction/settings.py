"""Each project's redactor: read from its settings, kept in each process for ten seconds."""

import threading
import time
import uuid
from collections.abc import Collection

import phonenumbers
from django.db import transaction

from ingest.models import Project, RedactionSettings
from ingest.redaction import DEFAULT_KINDS, KINDS, PatternError, Redactor, check_patterns

# A change reaches every process within this time. The write path asks for a redactor with every request.
SECONDS = 10.0
MAX_CACHED = 2000
DEFAULT_REGIONS = ("US",)

_cache: dict[uuid.UUID, tuple[float, Redactor]] = {}
_redactors: dict[tuple[frozenset[str], tuple[str, ...], tuple[str, ...]], Redactor] = {}
_lock = threading.Lock()


def redactor_for(project: Project) -> Redactor:
    """The project's redactor, at most SECONDS old. One query when it is not cached."""
    now = time.monotonic()
    cached = _cache.get(project.id)
    if cached and cached[0] > now:
        return cached[1]
    redactor = _build(RedactionSettings.objects.filter(project=project).first())
    with _lock:
        if len(_cache) >= MAX_CACHED:
            _cache.clear()
        _cache[project.id] = (now + SECONDS, redactor)
    return redactor


def remembered_redactor(project: Project) -> Redactor | None:
    """As `redactor_for`, without asking the database; None when that would be needed."""
    cached = _cache.get(project.id)
    return cached[1] if cached and cached[0] > time.monotonic() else None


def kinds_on(settings: RedactionSettings | None) -> frozenset[str]:
    """The kinds that are switched on. A kind that this version does not know is passed over."""
    switches = settings.switches if settings else {}
    return frozenset(name for name in KINDS if switches.get(name, name in DEFAULT_KINDS))


@transaction.atomic
def save_redaction(
    *,
    project: Project,
    kinds: Collection[str],
    patterns: list[str],
    regions: Collection[str] = DEFAULT_REGIONS,
) -> RedactionSettings:
    """Switches exactly `kinds` on. Raises ValueError for an unknown kind or region, PatternError for a bad pattern. This process
    follows at once, the others within SECONDS."""
    if unknown := set(kinds) - KINDS.keys():
        raise ValueError(f"There is no kind {sorted(unknown)[0]}.")
    if strange := set(regions) - phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"There is no region {sorted(strange)[0]}.")
    for message in check_patterns(patterns).values():
        raise PatternError(message)
    settings, _ = RedactionSettings.objects.update_or_create(
        project=project,
        defaults={
            "switches": {name: name in kinds for name in KINDS if (name in kinds) != (name in DEFAULT_KINDS)},
            "patterns": patterns,
            "regions": list(regions),
        },
    )
    transaction.on_commit(lambda: forget(project))
    return settings


def forget(project: Project) -> None:
    _cache.pop(project.id, None)


def _build(settings: RedactionSettings | None) -> Redactor:
    """Projects with the same settings share one: its automata are built once."""
    patterns = tuple(settings.patterns) if settings else ()
    regions = tuple(settings.regions or DEFAULT_REGIONS) if settings else DEFAULT_REGIONS
    key = (kinds_on(settings), patterns, regions)
    redactor = _redactors.get(key)
    if redactor is None:
        redactor = Redactor(key[0], patterns, regions=regions)
        with _lock:
            if len(_redactors) >= MAX_CACHED:
                _redactors.clear()
            _redactors[key] = redactor
    return redactor
