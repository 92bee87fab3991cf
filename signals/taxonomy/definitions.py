"""Reading and changing the taxonomy."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.text import slugify

from ingest.counts import rollups
from ingest.counts.period import Period, shares
from ingest.models import Lane, Project, User
from ingest.store.queueing import enqueue
from raindrop import live
from signals.catalogue import parameters
from signals.catalogue.builtins import BY_KEY
from signals.catalogue.history import name_author, remember, save_changed
from signals.detection.backfill import request_backfill
from signals.explicit.sent import RESERVED
from signals.kinds import registry
from signals.learning.standing import Standing, standings
from signals.models import SignalDefinition, SignalGroup, SignalMatch
from signals.models.definitions import DetectorType, Kind, Reads, Sentiment
from signals.taxonomy.joining import double_of
from signals.taxonomy.languages_read import Shares, language_shares, not_read, over_read
from signals.taxonomy.reach import Reach, reaches_of

DAYS = 14
READ_AGAIN = 2000
EDITABLE = (
    "name",
    "description",
    "sentiment",
    "group",
    "enabled",
    "muted",
    "reviewed",
    "threshold",
    "action",
    "config",
    "reads",
)
# What the server's defaults say of a signal, unless its project says it itself (signals/taxonomy/defaults.py).
DEFAULTED = ("name", "description", "sentiment", "group", "enabled", "muted", "threshold", "action")
# Whoever set one of these has looked at the name that the app sent.
LOOKED = {"name", "sentiment", "group", "muted", "action"}
# A change of one of these changes what matches; while a signal is off, nothing is read for it.
RULE = ("config", "reads", "threshold", "enabled")


@dataclass(frozen=True, slots=True)
class SignalFilters:
    """What the list may be narrowed by. Empty: everything."""

    q: str = ""
    kind: str = ""
    sentiment: str = ""
    group: str = ""
    reviewed: str = ""

    def apply(self, queryset: QuerySet[SignalDefinition]) -> QuerySet[SignalDefinition]:
        if q := self.q.replace("\x00", " ").strip():
            queryset = queryset.filter(
                Q(name__icontains=q) | Q(key__icontains=q) | Q(description__icontains=q)
            )
        if self.kind in Kind.values:
            queryset = queryset.filter(kind=self.kind)
        if self.sentiment in Sentiment.values:
            queryset = queryset.filter(sentiment=self.sentiment)
        if self.group == "none":
            queryset = queryset.filter(group=None)
        elif self.group:
            queryset = queryset.filter(group__name=self.group.replace("\x00", " "))
        if self.reviewed == "no":
            queryset = queryset.filter(reviewed=False)
        return queryset


@dataclass(frozen=True, slots=True)
class SignalRow:
    """A signal with its last days: share of the events per day (oldest first), their number, distinct users, share of the events that its
    detector read, and what it did not read (shares by language). `first_seen` is of all time."""

    signal: SignalDefinition
    trend: list[float]
    events: int
    users: int
    rate: float | None
    standing: Standing
    unread: Shares
    first_seen: dt.datetime | None
    reach: Reach
    double: str | None  # the built-in signal that the name may be joined to


def signal_rows(
    project: Project, signals: list[SignalDefinition], *, today: dt.date, length: int = DAYS
) -> list[SignalRow]:
    """Of the last `length` days. Eight queries for any number of signals. Most events first, then by name."""
    start = today - dt.timedelta(days=length - 1)
    series = rollups.daily([project.id, *(signal.id for signal in signals)], start=start, end=today)
    midnight = dt.datetime.combine(start, dt.time(), dt.UTC)
    all_days = [point.events for point in series[project.id]]
    until = midnight + dt.timedelta(days=length)
    shares_of_languages = language_shares(project, midnight, until)
    reach = reaches_of(project, signals, Period.named(f"{length}d"))
    trust, total = standings(signals), rollups.totals(signal.id for signal in signals)
    rows = []
    for signal in signals:
        unread = not_read(signal, shares_of_languages)
        days = [point.events for point in series[signal.id]]
        events = sum(days)
        rows.append(
            SignalRow(
                signal=signal,
                trend=shares(days, all_days),
                events=events,
                users=reach[signal.id].users,
                rate=over_read(rate(events, sum(all_days)), unread),
                standing=trust[signal.id],
                unread=unread,
                first_seen=total[signal.id].first_seen,
                reach=reach[signal.id],
                double=BY_KEY[key].name if (key := double_of(signal)) else None,
            )
        )
    return sorted(rows, key=lambda row: (-row.events, row.signal.name.lower()))


def rate(events: int, everything: int) -> float | None:
    """The share of all events, at most 1: a match may be counted a moment before its event."""
    return min(1.0, events / everything) if everything else (1.0 if events else None)


# -- writing


@transaction.atomic
def create_signal(
    *,
    project: Project,
    name: str,
    key: str = "",
    config: dict[str, Any],
    reads: str = Reads.USER,
    description: str = "",
    sentiment: str = Sentiment.NEUTRAL,
    group: SignalGroup | None = None,
    enabled: bool = True,
    muted: bool = False,
    threshold: float | None = None,
    user: User | None = None,
    via: str = "",
) -> SignalDefinition:
    """A signal of one of the kinds in signals/kinds/; its run over the history is queued. Raises ValidationError with what is
    wrong, by field."""
    signal = draft_signal(
        project=project, key=key, name=name, description=description, reads=reads, sentiment=sentiment,
        group=group, enabled=enabled, muted=muted, threshold=threshold, config=config,
    )  # fmt: skip
    check_signal(signal)
    train_signal(signal)
    name_author(signal, user=user, via=via)
    try:
        with transaction.atomic():
            signal.save(force_insert=True)
    except IntegrityError as error:
        raise ValidationError({"key": f"There is a signal with the key {signal.key!r} already."}) from error
    if signal.enabled:
        request_backfill(signal, user=user)
    live.changed([project.id])
    return signal


def draft_signal(
    *, project: Project, name: str, key: str = "", config: Any, reads: str = Reads.USER, **fields: Any
) -> SignalDefinition:
    """The signal as create_signal would make it, neither checked nor saved. The key comes from the name."""
    return SignalDefinition(
        project=project, key=key or slugify(name).replace("-", "_")[:120], name=name, kind=Kind.IMPLICIT,
        detector=registry.detector_type(config), reads=registry.usual_side(config, reads), config=config, **fields,
    )  # fmt: skip


@transaction.atomic
def change_signal(
    *, signal: SignalDefinition, user: User | None = None, via: str = "", **changes: Any
) -> SignalDefinition:
    """Changes some of EDITABLE; `user` and `via` go into its history. Raises ValidationError with what is wrong, by field.

    When it changes what matches (RULE), a run over the history is queued; until it has passed, old matches stay.
    """
    locked = SignalDefinition.objects.select_for_update().get(pk=signal.pk)
    remember([locked])
    written = set_fields(locked, changes)
    own = registry.is_custom(locked)
    fixed = {"reads"} if parameters.parameters_of(locked) else {"config", "reads"}
    if not own and written & fixed:
        raise ValidationError(dict.fromkeys(written & fixed, "Only a signal that was made here has this."))
    differs = written & set(RULE)
    if own and differs & {"config", "reads"}:
        locked.detector = registry.detector_type(locked.config)
        locked.reads = registry.usual_side(locked.config, locked.reads)
        written |= {"detector", "reads"}
    check_signal(locked)
    if own and differs & {"config", "reads"}:
        train_signal(locked)
        written.add("trained")
    if written:
        save_changed([locked], fields=written, user=user, via=via)
    follow_up(locked, written, user=user)
    live.changed([locked.project_id])
    return locked


def set_fields(signal: SignalDefinition, changes: dict[str, Any]) -> set[str]:
    """Sets them on the row, unsaved, and notes what is now the project's own. Returns which fields came to differ.
    Raises ValidationError for one that is not EDITABLE."""
    written = set()
    for field, value in changes.items():
        if field not in EDITABLE:
            raise ValidationError({field: "This cannot be changed."})
        if getattr(signal, field) != value:
            setattr(signal, field, value)
            written.add(field)
    if not signal.reviewed and "reviewed" not in changes and changes.keys() & LOOKED:
        signal.reviewed = True
        written.add("reviewed")
    if fresh := sorted(written & set(DEFAULTED) - set(signal.own_fields)):
        signal.own_fields = [*signal.own_fields, *fresh]
        written.add("own_fields")
    return written


def follow_up(signal: SignalDefinition, written: set[str], *, user: User | None) -> None:
    """What a change of these fields asks of the events that are stored."""
    if (
        written & set(RULE)
        and signal.enabled
        and signal.kind == Kind.IMPLICIT
        and signal.detector != DetectorType.SDK
    ):
        request_backfill(signal, user=user)
    if "action" in written and signal.kind == Kind.EXPLICIT:
        read_again(signal)


def read_again(signal: SignalDefinition) -> None:
    """Queues the newest events that the app sent the signal for. Its action decides what is measured of them."""
    newest = SignalMatch.objects.filter(signal=signal, project=signal.project_id).order_by(
        "-timestamp", "-id"
    )
    ids = newest.values_list("event_id", flat=True)[:READ_AGAIN]
    enqueue(((signal.project_id, event) for event in ids), lane=Lane.BACKLOG)


def wrong_with(signal: SignalDefinition) -> dict[str, str]:
    """What a model's own validation does not see, by field."""
    errors: dict[str, str] = {}
    if signal.threshold is not None and not 0 <= signal.threshold <= 1:
        errors["threshold"] = "A number from 0 to 1."
    if signal.action and signal.kind != Kind.EXPLICIT:
        errors["action"] = "Only a signal that the app sends has an action."
    if signal.group is not None and signal.group.project_id != signal.project_id:
        errors["group"] = "There is no such group in this project."
    if registry.is_custom(signal):
        errors |= registry.check(signal)
    elif signal.builtin and (wrong := parameters.check(signal)):
        errors["config"] = wrong
    return errors


def train_signal(signal: SignalDefinition) -> None:
    """Some kinds learn a small model from the config (checked); the others have nothing to learn."""
    signal.trained = registry.train(signal)


def check_signal(signal: SignalDefinition) -> None:
    """Raises ValidationError with what is wrong, by field."""
    if not signal.key:
        raise ValidationError({"key": "Give a key: the name has no letters to make one from."})
    same = SignalDefinition.objects.filter(project=signal.project_id, key=signal.key)
    if signal.key in RESERVED or same.exclude(pk=signal.pk).exists():
        raise ValidationError({"key": f"There is a signal with the key {signal.key!r} already."})
    if errors := wrong_with(signal):
        raise ValidationError(errors)
    # With the database's constraints left to the database: it decides who was first.
    signal.full_clean(validate_constraints=False, exclude=["project", "group"])
