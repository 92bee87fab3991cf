"""Explicit signals: what the app sent about an event becomes a signal of the taxonomy, and a match with its evidence."""

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable

from django.utils.text import slugify

from ingest.models import Attachment, Event, ExplicitSignal, Project
from signals.catalogue.builtins import DIAGNOSTICS, EXPLICIT_GROUPS, SENT
from signals.catalogue.installing import default_key, default_rows, ensure_groups
from signals.catalogue.known_names import action_of
from signals.detectors.batch import Evidence, measured, raw_words
from signals.explicit import diagnostics, edits, passages
from signals.models import SignalDefault, SignalDefinition, SignalGroup
from signals.models.definitions import Action, DetectorType, Kind, Reads, Sentiment

SOURCE = "sdk"
# The SDKs' documentation: a signal without a sentiment is negative.
SENTIMENTS = {"POSITIVE": Sentiment.POSITIVE, "NEGATIVE": Sentiment.NEGATIVE, "": Sentiment.NEGATIVE}
COMMENTS = ("comment", "after", "detail")
# Properties in which apps send the copied part, and an edit's two texts.
COPIED = (
    "text",
    "copied",
    "copied_text",
    "selection",
    "selected_text",
    "passage",
    "snippet",
    "code",
    "content",
)
AFTER = ("after", "edited", "new", "new_text", "to")
BEFORE = ("before", "original", "old", "old_text", "from")
SHOWN = 500
PIECES = 5
AGAIN = Action.REGENERATE_AGAIN.value
AGAIN_NAME = "Regenerated more than once"
RESERVED = {"new", "names", "patterns", "bulk", "yaml"}  # stand in a page's URL where a key would


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
        key = signal_key(diagnostics.key_name(signal))
        holder = known.get(key)
        if key in RESERVED or holder and holder.kind != Kind.EXPLICIT:
            key += "_sent"
        keys[signal.id] = key
        if key not in known:
            fresh.setdefault(key, signal)
    if fresh:
        known = {**known, **_create(project, fresh)}
    return {signal_id: known[key] for signal_id, key in keys.items()}


def again_definition(
    project: Project, sent: list[ExplicitSignal], known: dict[str, SignalDefinition]
) -> SignalDefinition | None:
    """The signal of an answer that was regenerated twice or more; it appears in the taxonomy with its first match."""
    if AGAIN not in known:
        known |= _create(project, {AGAIN: _again(sent[0])})
    return known[AGAIN] if known[AGAIN].kind == Kind.EXPLICIT else None


def _again(signal: ExplicitSignal) -> ExplicitSignal:
    return ExplicitSignal(name=AGAIN_NAME, signal_type=signal.signal_type)


def _create(project: Project, fresh: dict[str, ExplicitSignal]) -> dict[str, SignalDefinition]:
    groups = ensure_groups(project, EXPLICIT_GROUPS)
    rows = [_draft(project, key, signal, groups) for key, signal in sorted(fresh.items())]
    defaults = default_rows(default_key(row) for row in rows)
    for row in rows:
        if (default := defaults.get(default_key(row))) and default.kind == Kind.EXPLICIT:
            _start_as(row, default, project, sent=fresh[row.key])
    SignalDefinition.objects.bulk_create(rows, ignore_conflicts=True)
    return {d.key: d for d in SignalDefinition.objects.filter(project=project, key__in=fresh)}


def _draft(
    project: Project, key: str, signal: ExplicitSignal, groups: dict[str, SignalGroup]
) -> SignalDefinition:
    draft = SignalDefinition(
        project=project,
        key=key,
        name=(signal.name.strip() or key)[:120],
        kind=Kind.EXPLICIT,
        detector=DetectorType.SDK,
        reads=Reads.CONVERSATION,
        sentiment=SENTIMENTS.get(signal.sentiment.upper(), Sentiment.NEUTRAL),
        group=groups[SENT],
        action=action_of(key, signal.signal_type),
        reviewed=False,
    )
    if diagnostics.is_diagnosis(signal):
        diagnosis = diagnostics.diagnosis_of(signal)
        draft.name, draft.description = diagnosis.name[:120], diagnosis.description
        draft.group, draft.reviewed = groups[DIAGNOSTICS], diagnosis.known
    return draft


def _start_as(
    row: SignalDefinition, default: SignalDefault, project: Project, *, sent: ExplicitSignal
) -> None:
    """What the app said of the signal itself, its name and its sentiment, stands."""
    row.name = default.name or row.name
    row.description, row.threshold, row.action = default.description, default.threshold, default.action
    row.enabled, row.muted = default.enabled, default.muted
    if default.group:
        row.group = ensure_groups(project, {default.group: EXPLICIT_GROUPS.get(default.group, "")})[
            default.group
        ]
    if not sent.sentiment:
        row.sentiment = default.sentiment
    elif row.sentiment != default.sentiment:
        row.own_fields = ["sentiment"]


def attachments_of(signals: Iterable[ExplicitSignal]) -> dict[tuple[uuid.UUID, str], str]:
    """The texts that the signals name by attachment, by (our event id, attachment id)."""
    named = {(signal.event_id, signal.attachment_id) for signal in signals if signal.attachment_id}
    if not named:
        return {}
    rows = Attachment.objects.filter(event_id__in={event for event, _ in named if event is not None})
    found = rows.filter(attachment_id__in={name for _, name in named}).values_list(
        "event_id", "attachment_id", "value"
    )
    return {(event, name): value for event, name, value in found}


def evidence_of(
    signals: list[ExplicitSignal],
    event: Event,
    *,
    action: str = "",
    attachments: dict[tuple[uuid.UUID, str], str] | None = None,
) -> list[Evidence]:
    """What was sent with it (side "signal", places in that text itself), and what of the answer it is about.

    A copied passage is looked for in the answer; an edit is measured against it, or against its attachment.
    """
    pieces: list[Evidence] = []
    if len(signals) > 1:
        pieces.append({**_sent_text(f"{len(signals)} times"), "times": len(signals)})
    for signal in signals:
        properties = signal.properties if isinstance(signal.properties, dict) else {}
        texts = {
            name: value for name, value in properties.items() if isinstance(value, str) and value.strip()
        }
        answer = (attachments or {}).get((event.id, signal.attachment_id), event.output)
        if action == Action.EDIT and (after := _first(texts, AFTER)):
            pieces.append(_edited(_first(texts, BEFORE) or answer, after))
        elif action == Action.COPY and (copied := _first(texts, COPIED)):
            pieces.append(_copied(copied, event.output))
        else:
            pieces += _quoted(texts, event.output)
    return [piece for i, piece in enumerate(pieces) if piece not in pieces[:i]][:PIECES]


def _quoted(texts: dict[str, str], output: str) -> list[Evidence]:
    pieces: list[Evidence] = []
    for name, value in texts.items():
        if name in COMMENTS:
            pieces.append(_sent_text(value))
        elif len(value) >= passages.SHORTEST and (start := output.find(value)) >= 0:
            pieces.append(raw_words("assistant", output, start, start + len(value)))
    return pieces


def _copied(text: str, output: str) -> Evidence:
    """The passage's place in the answer; the text itself when it does not stand there."""
    place = passages.locate(text, output)
    if place is None:
        return _sent_text(text)
    start, end = place
    return {"side": "assistant", "start": start, "end": end, "text": output[start : min(end, start + SHOWN)],
            "share": round((end - start) / len(output), 4)}  # fmt: skip


def _edited(before: str, after: str) -> Evidence:
    piece, edit = _sent_text(after), edits.measure(before, after)
    return {**piece, "distance": edit.distance, "share": round(edit.share, 4)} if edit else piece


def _sent_text(text: str) -> Evidence:
    return measured(text[:SHOWN])


def edited_texts(signal: ExplicitSignal, answer: str) -> tuple[str, str] | None:
    """An edit's two texts, before and after; None when the app did not send the second. `answer`: what was edited."""
    properties = signal.properties if isinstance(signal.properties, dict) else {}
    texts = {name: value for name, value in properties.items() if isinstance(value, str) and value.strip()}
    after = _first(texts, AFTER)
    return (_first(texts, BEFORE) or answer, after) if after else None


def _first(texts: dict[str, str], names: Iterable[str]) -> str:
    return next((texts[name] for name in names if name in texts), "")
