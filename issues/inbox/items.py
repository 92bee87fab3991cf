"""What waits for a person. Each kind of thing says what waits of it, and what a review of it does."""

import contextlib
import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.models import Project, User

MOST_OF_KIND = 200


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that waits. `why`: what happened, with its numbers, in a sentence. `subject`: whose roll-ups count it."""

    kind: str
    key: str  # names it within its kind
    title: str
    path: str
    reason: str
    why: str
    at: dt.datetime
    subject: uuid.UUID

    @property
    def name(self) -> str:
        """Names it among all kinds: `issue:12`."""
        return f"{self.kind}:{self.key}"


@dataclass(frozen=True, slots=True)
class Kind:
    """`read(project, user)`: what waits for anybody, or for this person (None: a program), at most MOST_OF_KIND. `review`: of these keys, what waits no longer; returns (how many, what takes it back)."""

    name: str
    read: Callable[[Project, User | None], list[Item]]
    review: Callable[[Project, Sequence[str], User | None], tuple[int, uuid.UUID | None]]


_kinds: dict[str, Kind] = {}
# What is worst comes first; a reason that is not named here comes before the last one.
ORDER = (
    "escalating",
    "regressed",
    "mentioned",
    "unmuted",
    "emerging",
    "disagreement",
    "proposal",
    "question",
    "drift",
    "new",
)


def register_kind(kind: Kind) -> None:
    """For `AppConfig.ready()`. Raises ValueError for a name that is taken."""
    if kind.name in _kinds:
        raise ValueError(f"There is a kind {kind.name!r} already.")
    _kinds[kind.name] = kind


def read_inbox(project: Project, user: User | None = None) -> list[Item]:
    """The worst first, then the newest; with what waits for this person alone."""
    items = [item for kind in _kinds.values() for item in kind.read(project, user)]
    rank = {reason: place for place, reason in enumerate(ORDER)}
    return sorted(items, key=lambda item: (rank.get(item.reason, len(ORDER) - 1.5), -item.at.timestamp()))


def review(*, project: Project, names: Sequence[str], user: User | None) -> tuple[int, uuid.UUID | None]:
    """Somebody has looked at these: (how many waited, what takes back the review of the issues). Unknown names are nobody's."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for name in names:
        kind, _, key = name.partition(":")
        by_kind[kind].append(key)
    done, undo = 0, None
    for kind, keys in by_kind.items():
        if kind in _kinds:
            count, back = _kinds[kind].review(project, keys, user)
            done, undo = done + count, back or undo
    return done, undo


def read_ids(keys: Sequence[str]) -> list[uuid.UUID]:
    """The keys that are ids; the others are nobody's."""
    ids = []
    for key in keys:
        with contextlib.suppress(ValueError):
            ids.append(uuid.UUID(key))
    return ids
