"""Explicit signals: what the app sent about an event becomes a signal of the taxonomy, and a match with its evidence."""

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable

from django.utils.text import slugify

from ingest.models import Event, ExplicitSignal, Project
from signals.catalogue import DIAGNOSTICS, EXPLICIT_GROUPS, SENT, ensure_groups
from signals.detectors.batch import Evidence
from signals.models import SignalDefinition
from signals.models.definitions import Detector, Kind, Reads, Sentiment

SOURCE = "sdk"
DIAGNOSTICS_TYPES = {"agent", "agent_internal"}
# raindrop_wire.md, section 3: a signal without a sentiment is negative.
SENTIMENTS = {"POSITIVE": Sentiment.POSITIVE, "NEGATIVE": Sentiment.NEGATIVE, "": Sentiment.NEGATIVE}
COMMENTS = ("comment", "after", "detail")
SHOWN = 500
MIN_QUOTE = 8


def explicit_signals_of(events: list[Event]) -> dict[uuid.UUID, list[ExplicitSignal]]:
    """What the app sent about these events, oldest first, by our event id."""
    ours = {(event.project_id, event.event_id): event.id for event in events}
    found: dict[uuid.UUID, list[ExplicitSignal]] = defaultdict(list)
    # By the app's id, which is what is indexed, and which stands on a signal that came before its event, too.
    sent = ExplicitSignal.objects.filter(
        project_id__in={project for project, _ in ours}, app_event_id__in=[app_id for _, app_id in ours]
    )
    for signal in sent.order_by("timestamp", "id"):
        if (event_id := ours.get((signal.project_id, signal.app_event_id))) is not None:
            found[event_id].append(signal)
    return found


def signal_key(name: str) -> str:
    """`Thumbs Down` and `thumbs-down` are the same signal: thumbs_down. A name without Latin letters is hashed."""
    slug = slugify(name).replace("-", "_")[:100].strip("_")
    if slug:
        return slug
    return "signal_" + hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=6).hexdigest()


def definitions_for(
    project: Project, sent: Iterable[ExplicitSignal], known: dict[str, SignalDefinition]
) -> dict[uuid.UUID, SignalDefinition]:
    """Explicit signal id -> its definition. A name that is new appears in the taxonomy by itself, unreviewed.

    `known` is the project's taxonomy by key. A name whose key another kind of signal holds gets the key with `_sent`.
    """
    sent = list(sent)
    keys: dict[uuid.UUID, str] = {}
    fresh: dict[str, ExplicitSignal] = {}
    for signal in sent:
        key = signal_key(signal.name)
        if (holder := known.get(key)) and holder.kind != Kind.EXPLICIT:
            key += "_sent"
        keys[signal.id] = key
        if key not in known:
            fresh.setdefault(key, signal)
    if fresh:
        known = {**known, **_create(project, fresh)}
    return {signal_id: known[key] for signal_id, key in keys.items()}


def _create(project: Project, fresh: dict[str, ExplicitSignal]) -> dict[str, SignalDefinition]:
    groups = ensure_groups(project, EXPLICIT_GROUPS)
    SignalDefinition.objects.bulk_create(
        (
            SignalDefinition(
                project=project,
                key=key,
                name=(signal.name.strip() or key)[:120],
                kind=Kind.EXPLICIT,
                detector=Detector.SDK,
                reads=Reads.CONVERSATION,
                sentiment=SENTIMENTS.get(signal.sentiment.upper(), Sentiment.NEUTRAL),
                group=groups[DIAGNOSTICS if signal.signal_type in DIAGNOSTICS_TYPES else SENT],
                reviewed=False,
            )
            for key, signal in sorted(fresh.items())
        ),
        ignore_conflicts=True,
    )
    return {d.key: d for d in SignalDefinition.objects.filter(project=project, key__in=fresh)}


def evidence_of(signals: list[ExplicitSignal], event: Event) -> list[Evidence]:
    """What the person wrote with it (side "signal", places in that text itself), and what of the answer it is about."""
    pieces: list[Evidence] = []
    for signal in signals:
        properties = signal.properties if isinstance(signal.properties, dict) else {}
        for name, value in properties.items():
            if not isinstance(value, str) or not value.strip():
                continue
            if name in COMMENTS:
                pieces.append(
                    {"side": "signal", "start": 0, "end": len(value[:SHOWN]), "text": value[:SHOWN]}
                )
            elif len(value) >= MIN_QUOTE and (start := event.output.find(value)) >= 0:
                pieces.append({"side": "assistant", "start": start, "end": start + len(value), "text": value})
    return [piece for i, piece in enumerate(pieces) if piece not in pieces[:i]][:5]
