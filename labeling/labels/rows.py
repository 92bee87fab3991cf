"""Labels as lists, and as lines to take away."""

import uuid
from collections.abc import Collection, Iterator
from typing import Any

import orjson
from django.db.models import QuerySet
from django.db.models.functions import Left

from ingest.models import Event, Project, User
from issues.models import Issue
from labeling.labels.authors import Labelled, author_of, counts_last_word
from labeling.labels.labels import last_words, standing_labels
from labeling.models import Label

TEXT_LENGTH = 400  # characters of a text that a row shows
LAST_SHOWN = 10


def labels_in_force(subject: Labelled) -> QuerySet[Label]:
    """Those that its figures are counted from: of an issue each author's, of a signal the last word on each event."""
    return last_words(subject) if counts_last_word(subject) else standing_labels(subject)


def with_texts(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Rows about events (labels, matches), each with the beginning of its texts, as `input_start` and `output_start`."""
    light = rows.select_related("event__conversation", "event__end_user").defer(
        "event__input", "event__output", "event__properties", "event__feature_flags"
    )
    found: QuerySet[Any] = light.annotate(
        input_start=Left("event__input", TEXT_LENGTH), output_start=Left("event__output", TEXT_LENGTH)
    )
    return found


def events_with_texts(project: Project, ids: Collection[uuid.UUID]) -> QuerySet[Any]:
    """These events, each as `with_texts` has a row's."""
    rows = Event.objects.filter(project=project, pk__in=ids).select_related("conversation", "end_user")
    light = rows.defer("input", "output", "properties", "feature_flags")
    found: QuerySet[Any] = light.annotate(
        input_start=Left("input", TEXT_LENGTH), output_start=Left("output", TEXT_LENGTH)
    )
    return found


def newest_labels(subject: Labelled, user: User) -> list[Label]:
    """The user's own that stand, the newest first: what undo takes back. As `with_texts`."""
    mine = standing_labels(subject).filter(author=author_of(user))
    return list(with_texts(mine).order_by("-created_at", "-id")[:LAST_SHOWN])


def label_lines(subject: Labelled) -> Iterator[bytes]:
    """JSON lines of the labels in force, oldest first, with the texts in full: a set to train or to measure on elsewhere."""
    named: dict[str, object] = (
        {"issue": subject.number} if isinstance(subject, Issue) else {"signal": subject.key}
    )
    rows = labels_in_force(subject).select_related("event", "user")
    for label in rows.order_by("created_at", "id").iterator(chunk_size=200):
        yield (
            orjson.dumps(
                {
                    **named,
                    "event_id": label.event.event_id,
                    "label": label.answer,
                    "rationale": label.rationale,
                    "reason": label.reason or "page",
                    "score": label.score,
                    "probability": label.probability,
                    "definition_version": label.definition_version,
                    "note": label.note,
                    "source": label.source,
                    "user": label.user.username if label.user else None,
                    "labelled_at": label.created_at,
                    "input": label.event.input,
                    "output": label.event.output,
                }
            )
            + b"\n"
        )
