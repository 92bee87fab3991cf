"""A signal's labels: what people said of its matches and near misses, as lists, and as lines to take away."""

from collections.abc import Iterator

import orjson
from django.db.models import QuerySet
from django.db.models.functions import Left

from ingest.models import User
from signals.models import SignalDefinition, SignalFeedback

SAID = 400  # characters of a text that a row shows
LAST_SHOWN = 10
ANSWERS = {"match": True, "not_match": False, "unsure": None}


def labels_of(signal: SignalDefinition) -> QuerySet[SignalFeedback]:
    """Those that stand, as `_with_texts`."""
    return _with_texts(SignalFeedback.objects.standing(), signal)


def _with_texts(rows: QuerySet[SignalFeedback], signal: SignalDefinition) -> QuerySet[SignalFeedback]:
    """With the beginning of what was said as `said` and `answered`."""
    return (
        rows.filter(signal=signal, project=signal.project_id)
        .select_related("event__conversation", "event__end_user", "user")
        .defer("event__input", "event__output", "event__properties", "event__feature_flags")
        .annotate(said=Left("event__input", SAID), answered=Left("event__output", SAID))
    )


def newest_labels(signal: SignalDefinition, user: User) -> list[SignalFeedback]:
    """The user's own, whether they stand or somebody has said something since: what undo takes back."""
    mine = _with_texts(SignalFeedback.objects.filter(user=user), signal)
    return list(mine.order_by("-updated_at", "-id")[:LAST_SHOWN])


def answer_of(label: SignalFeedback) -> str:
    """As issues' labels are named: match, not_match or unsure."""
    return {True: "match", False: "not_match", None: "unsure"}[label.right]


def label_lines(signal: SignalDefinition) -> Iterator[bytes]:
    """JSON lines, oldest first, with the texts in full: a set to train or to measure on elsewhere."""
    rows = (
        SignalFeedback.objects.standing()
        .filter(signal=signal, project=signal.project_id)
        .select_related("event", "user")
    )
    for label in rows.order_by("created_at", "id").iterator(chunk_size=200):
        yield (
            orjson.dumps(
                {
                    "signal": signal.key,
                    "event_id": label.event.event_id,
                    "label": answer_of(label),
                    "reason": label.reason or "page",
                    "score": label.score,
                    "user": label.user.username if label.user else None,
                    "labelled_at": label.updated_at,
                    "input": label.event.input,
                    "output": label.event.output,
                }
            )
            + b"\n"
        )
