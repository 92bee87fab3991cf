"""Events in languages that a detector does not read. A signal's rate is over the events that its detector reads.

No column holds an event's language. Its share is estimated from the newest messages of the period, SAMPLE of them, and kept for a while:
at most 5 % off (95 %), and exact for a project with fewer.
"""

import datetime as dt
from collections import Counter

from django.core.cache import cache
from django.db.models.functions import Left

from ingest.models import Event, Project
from signals.catalogue.builtins import BY_KEY
from signals.detectors.language_mismatch import CODES, NAMES, READ, language_of
from signals.detectors.text import Text
from signals.models import SignalDefinition

SAMPLE = 400
KEPT_FOR = 600  # seconds
LEAST = 0.005  # a share below this is not worth a word

Shares = dict[str, float]


def language_shares(project: Project, start: dt.datetime, until: dt.datetime) -> Shares:
    """The share of the period's messages that are written in each language, by its code. A message that is too
    short, or in doubt, counts for no language: the detectors read it."""
    key = f"languages:{project.pk}:{start:%Y%m%d%H}:{until:%Y%m%d%H}"
    found: Shares | None = cache.get(key)
    if found is None:
        found = _look(project, start, until)
        cache.set(key, found, KEPT_FOR)
    return found


def not_read(signal: SignalDefinition, shares: Shares) -> Shares:
    """The languages that the signal's detector does not read, with their shares, the most frequent first; nothing for a signal that is
    not built in: words, patterns and sentences of the project's own are in the project's languages."""
    shipped = BY_KEY.get(signal.key) if signal.builtin else None
    if shipped is None or not shipped.languages:
        return {}
    other = {code: share for code, share in shares.items() if code not in shipped.languages}
    if sum(other.values()) < LEAST:
        return {}
    return dict(sorted(other.items(), key=lambda item: -item[1]))


def readers(code: str) -> list[str]:
    """The names of the built-in signals that read words of the language."""
    return [signal.name for signal in BY_KEY.values() if code in signal.languages]


def read_besides_english() -> dict[tuple[str, ...], list[str]]:
    """Names of built-in signals by the names of the languages that they read as well."""
    found: dict[tuple[str, ...], list[str]] = {}
    for signal in BY_KEY.values():
        if other := tuple(NAMES[code] for code in signal.languages if code != "en"):
            found.setdefault(other, []).append(signal.name)
    return found


def over_read(rate: float | None, unread: Shares) -> float | None:
    """A share of all events as one of those that were read; None when none was."""
    share = 1 - sum(unread.values())
    if rate is None or share < LEAST:
        return None
    return min(1.0, rate / share)


def _look(project: Project, start: dt.datetime, until: dt.datetime) -> Shares:
    newest = Event.objects.filter(project=project, counted=True, timestamp__gte=start, timestamp__lt=until)
    texts = newest.order_by("-timestamp", "-id").values_list(Left("input", READ), flat=True)[:SAMPLE]
    names = [language_of(Text(text)) for text in texts]
    counts = Counter(CODES[name] for name in names if name)
    return {code: count / len(names) for code, count in counts.items()}
