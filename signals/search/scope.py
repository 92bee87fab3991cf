"""What a query is asked of: a project at a moment; and the events of a batch with what hangs on them."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
from django.utils import timezone

from ingest.models import Event, Project, Span
from ingest.models.events import AGENT_NAME, SpanKind
from signals.matching.batches import turns_so_far
from signals.models import EventText, SignalDefinition, SignalGroup, SignalMatch
from signals.vectors.reading import vectors_of


@dataclass(frozen=True)
class Scope:
    """No query sees rows of another project than this one. `now` is what `-24h` counts from. `given_signals`: the project's, where
    they are at hand."""

    project: Project
    now: dt.datetime = field(default_factory=timezone.now)
    given_signals: Sequence[SignalDefinition] | None = None

    @cached_property
    def signals(self) -> Sequence[SignalDefinition]:
        if self.given_signals is not None:
            return self.given_signals
        return list(
            SignalDefinition.objects.filter(project=self.project).defer("trained").select_related("group")
        )

    @cached_property
    def groups(self) -> list[str]:
        """Names and ids of the groups of signals, those without a signal too."""
        groups = SignalGroup.objects.filter(project=self.project)
        return [name for group in groups for name in (group.name, str(group.id))]


@dataclass(frozen=True, slots=True)
class Step:
    """What is asked about a tool call."""

    name: str
    failed: bool
    error: str


@dataclass(frozen=True)
class Facts:
    """Events of one project (with `end_user` and `conversation` loaded, or a query each), and what hangs on them: read once, when a
    field asks. `scores` may be given, where matches are not stored yet: by event, each signal that holds with its score."""

    events: Sequence[Event]
    scope: Scope
    given_scores: Mapping[uuid.UUID, Mapping[uuid.UUID, float]] | None = None

    @cached_property
    def ids(self) -> list[uuid.UUID]:
        return [event.id for event in self.events]

    @cached_property
    def scores(self) -> Mapping[uuid.UUID, Mapping[uuid.UUID, float]]:
        """By event, each signal that holds on it (its id) with its score."""
        if self.given_scores is not None:
            return self.given_scores
        found: dict[uuid.UUID, dict[uuid.UUID, float]] = defaultdict(dict)
        rows = SignalMatch.objects.filter(project=self.scope.project, event__in=self.ids)
        for event, signal, score in rows.values_list("event_id", "signal_id", "score"):
            found[event][signal] = score
        return found

    @cached_property
    def steps(self) -> Mapping[uuid.UUID, list[Step]]:
        """By event, its tool calls."""
        found: dict[uuid.UUID, list[Step]] = defaultdict(list)
        rows = Span.objects.filter(project=self.scope.project, event__in=self.ids, kind=SpanKind.TOOL)
        for event, name, status, error in rows.values_list("event_id", "name", "status", "error"):
            assert event is not None, "it is one of the ids"
            found[event].append(Step(name, status == "error", error))
        return found

    @cached_property
    def agents(self) -> Mapping[uuid.UUID, set[str]]:
        """By event, the names of the agents of its spans."""
        found: dict[uuid.UUID, set[str]] = defaultdict(set)
        rows = Span.objects.filter(project=self.scope.project, event__in=self.ids, kind=SpanKind.AGENT)
        for event, name in rows.values_list("event_id", AGENT_NAME):
            assert event is not None, "it is one of the ids"
            found[event].add(name)
        return found

    @cached_property
    def turns(self) -> Mapping[uuid.UUID, int]:
        """By event of a conversation, its turns up to and with this one."""
        return turns_so_far(list(self.events))

    @cached_property
    def languages(self) -> Mapping[uuid.UUID, str | None]:
        """By event that is indexed, the code of its language; empty or None where there is none."""
        rows = EventText.objects.filter(project=self.scope.project, event__in=self.ids)
        return dict(rows.values_list("event_id", "language"))

    @cached_property
    def vectors(self) -> Mapping[uuid.UUID, list[npt.NDArray[np.float32]]]:
        """By event that is embedded, the vectors ((384,), unit length) of its sides that have a text."""
        chunk = vectors_of(project=self.scope.project, event_ids=self.ids)
        rows = zip(chunk.ids, chunk.user, chunk.agent, strict=True)
        return {event: [side for side in sides if side.any()] for event, *sides in rows}
