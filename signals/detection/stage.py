"""The pipeline's stage that decides which signals hold on each event, with their evidence."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext

import orjson
from django.db import transaction

from ingest.models import Event, ExplicitSignal
from ingest.store.event_locks import hold_events
from signals.catalogue.builtins import BUILT_IN_KEYS
from signals.catalogue.installing import install_builtin_signals
from signals.catalogue.parameters import settings_of
from signals.detectors import DETECTORS
from signals.detectors.batch import Batch, Detector, Finding
from signals.explicit import sent as explicit
from signals.kinds import registry
from signals.matching.batches import EventBatch, load_batch
from signals.matching.matches import NewMatch, save_matches
from signals.models import SignalDefinition
from signals.models.definitions import Action, DetectorType, Kind
from signals.questions.detector import ask_where_plausible

Taxonomy = dict[uuid.UUID, dict[str, SignalDefinition]]


def detect(events: list[Event]) -> None:
    """Stores the matches of every enabled signal on the events, and takes back those that no longer hold.

    Idempotent. Of two runs at once, the second waits for the rows of the first. An event that was revised after it was
    loaded here is skipped: its revision has queued another run.
    """
    taxonomy = _taxonomy(events)
    matches = _explicit(events, taxonomy)
    ran: set[uuid.UUID] = set()
    batch = load_batch(events)
    questions = {
        signal.id for mine in taxonomy.values() for signal in mine.values() if registry.asks_llm(signal)
    }
    with held_for_verdicts(events) if questions else nullcontext():
        plausible: list[tuple[SignalDefinition, EventBatch]] = []
        for project_id, indexes in _by_project(events).items():
            part = batch.part(indexes)
            for definition in taxonomy[project_id].values():
                detector = detector_of(definition) if definition.enabled else None
                if detector is None:
                    continue
                ran.add(definition.id)
                matches += matches_to_store(definition, detector, part)
                if definition.id in questions:
                    plausible.append((definition, part))
        for definition, part in plausible:
            ask_where_plausible(definition, part)
        save_matches(events=events, matches=matches, ran=ran)


@contextmanager
def held_for_verdicts(events: list[Event]) -> Iterator[None]:
    """A transaction that locks the events. A question's verdicts are read and the matches stored inside it.

    A new verdict queues its event again. Without the lock, a run that had read the old verdicts could store its matches after that
    second run.
    """
    with transaction.atomic():
        hold_events(events)
        yield


def detector_of(definition: SignalDefinition) -> Detector | None:
    """What reads this signal off an event; None for one that the app sends, or that has no detector here."""
    if definition.kind == Kind.EXPLICIT or definition.detector == DetectorType.SDK:
        return None
    if definition.builtin:
        detector = DETECTORS.get(definition.key)
        return None if detector is None else detector.adjusted(settings_of(definition))
    return registry.detector_of(definition, findings=findings)


def matches_to_store(definition: SignalDefinition, detector: Detector, batch: EventBatch) -> list[NewMatch]:
    return [
        _new_match(definition, batch.events[found.index], found, detector.source)
        for found in matching(definition, detector, batch)
    ]


def findings(definition: SignalDefinition, batch: Batch) -> list[Finding]:
    """Where the signal holds in the batch by its own detector, whether it is enabled or not."""
    detector = detector_of(definition)
    return matching(definition, detector, batch) if detector else []


def matching(definition: SignalDefinition, detector: Detector, batch: Batch) -> list[Finding]:
    """The detector's findings that reach the signal's threshold, which is its own or the detector's."""
    threshold = detector.threshold if definition.threshold is None else definition.threshold
    return [found for found in detector.detect(batch) if found.score >= threshold]


def _taxonomy(events: list[Event]) -> Taxonomy:
    """Each project's signals by key; built-in ones are installed where they are missing."""
    projects = {event.project_id: event.project for event in events}
    taxonomy = _load(projects)
    lacking = [project for project in projects if not taxonomy[project].keys() >= BUILT_IN_KEYS]
    for project in lacking:
        install_builtin_signals(projects[project])
    return {**taxonomy, **_load(lacking)} if lacking else taxonomy


def _load(projects: Iterable[uuid.UUID]) -> Taxonomy:
    taxonomy: Taxonomy = {project: {} for project in projects}
    for definition in SignalDefinition.objects.filter(project_id__in=list(taxonomy)):
        taxonomy[definition.project_id][definition.key] = definition
    return taxonomy


def _explicit(events: list[Event], taxonomy: Taxonomy) -> list[NewMatch]:
    sent = explicit.explicit_signals_of(events)
    attachments = explicit.attachments_of(signal for signals in sent.values() for signal in signals)
    matches = []
    for project_id, indexes in _by_project(events).items():
        mine = [events[i] for i in indexes if events[i].id in sent]
        if not mine:
            continue
        project, known = mine[0].project, taxonomy[project_id]
        signals = [signal for event in mine for signal in sent[event.id]]
        definitions = explicit.definitions_for(project, signals, known)
        for event in mine:
            together: dict[SignalDefinition, list[ExplicitSignal]] = defaultdict(list)
            for signal in sent[event.id]:
                together[definitions[signal.id]].append(signal)
            regenerated = [
                signal for signal in sent[event.id] if definitions[signal.id].action == Action.REGENERATE
            ]
            if len(regenerated) > 1 and (again := explicit.again_definition(project, regenerated, known)):
                together[again] = regenerated
            for definition, same in together.items():
                counts_as = _counts_as(definition, known)
                if counts_as.enabled:
                    evidence = explicit.evidence_of(
                        same, event, action=definition.action, attachments=attachments
                    )
                    matches.append(_new_match(counts_as, event, Finding(0, 1.0, evidence), explicit.SOURCE))
    return matches


def _counts_as(definition: SignalDefinition, known: dict[str, SignalDefinition]) -> SignalDefinition:
    """The built-in signal that the name is joined to (signals/taxonomy/joining.py), else the name's own."""
    return known.get(definition.config.get("joined", ""), definition)


def joined_matches(definition: SignalDefinition, events: list[Event]) -> list[NewMatch]:
    """What the app sent about these events under names that are joined to this signal."""
    if not SignalDefinition.objects.filter(
        project=definition.project_id, kind=Kind.EXPLICIT, config__joined=definition.key
    ).exists():
        return []
    found = _explicit(events, _load([definition.project_id]))
    return [match for match in found if match.signal == definition.id]


def _new_match(definition: SignalDefinition, event: Event, found: Finding, source: str) -> NewMatch:
    return NewMatch(
        signal=definition.id,
        event=event.id,
        project=event.project_id,
        end_user=event.end_user_id,
        timestamp=event.timestamp,
        score=round(found.score, 4),
        source=found.source or source,
        evidence=orjson.dumps(found.evidence).decode(),
    )


def _by_project(events: list[Event]) -> dict[uuid.UUID, list[int]]:
    indexes: dict[uuid.UUID, list[int]] = defaultdict(list)
    for index, event in enumerate(events):
        indexes[event.project_id].append(index)
    return indexes
