"""Leads: what else finds an issue's candidates, beside its text and what a reader said. A person names one by starting the search there (a signal, a
cluster, a query: `keep_start`). Others are read off the issue's text: signals that it names or that mean nearly the same, and the conditions that the
rules of words-to-query find in its title. Each is a query, and what it finds is ranked by likeness to the definition."""

import datetime as dt
import uuid
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.counts.rollups import totals
from ingest.models import Project
from issues.classifier.definition_vectors import definition_vector
from issues.following.sources import Source
from issues.models import Issue
from issues.models.issues import Follows
from labeling.models import SearchStart
from raindrop.embedder import embed_texts
from raindrop.statement_limit import TookTooLong, statement_limit
from signals.models import ClusterKind
from signals.search.binding import bind
from signals.search.fields.columns import Time
from signals.search.finding import find_events
from signals.search.language.errors import QueryError
from signals.search.language.nodes import (
    And,
    Comparison,
    Leaf,
    Meaning,
    Node,
    Text,
    all_of,
    conjuncts,
    leaves,
)
from signals.search.language.parsing import parse
from signals.search.meaning import meaning_vector
from signals.search.scope import Scope
from signals.translating.rules import translate_by_rules
from signals.translating.service import nearness
from signals.translating.vocabulary import read_vocabulary
from signals.vectors.nearest import EXACT, nearest_events

SIGNAL, CLUSTER, QUERY = "signal", "cluster", "query"
# Chosen on the planted problems of `tutor`: docs/benchmarks.md, "Signals and the query as sources".
NEAR_SIGNAL = 0.4  # cosine of a signal's name and description to the title or the definition
MOST_SIGNALS = 2  # so near, beside those that the title names
TELLING = 0.2  # of all events: a lead that nobody named and that finds more of them tells nothing
FEW = 20  # events; a lead that finds no more tells something however few events there are
PATIENCE = dt.timedelta(seconds=2)  # for one lead; a person waits for the card
TURN = 3  # answers in a row without a yes, after which a guessed lead leads nowhere


@dataclass(frozen=True, slots=True)
class Lead:
    """`name`: as people know it. `query`: what it finds, in the query language. `is_start`: a person started the search from it."""

    kind: str
    name: str
    query: str
    is_start: bool = False

    @property
    def is_guessed(self) -> bool:
        """A signal near the issue's text. A query is what the title says."""
        return self.kind == SIGNAL and not self.is_start

    @property
    def in_words(self) -> str:
        return "found by the query" if self.kind == QUERY else f"found by the {self.kind} {self.name}"


def keep_start(issue: Issue, source: Source) -> SearchStart:
    """Remembers from where the search for the issue's events starts."""
    if source.signal is not None:
        kind, name, query = SIGNAL, source.signal.name, _equal("signal", source.signal.key)
    elif source.cluster is not None:
        field = "intent" if source.cluster.kind == ClusterKind.INTENT else "problem"
        kind, name, query = CLUSTER, source.cluster.plain_label, _equal(field, str(source.cluster.pk))
    else:
        kind, name, query = QUERY, source.query, source.query
    return SearchStart.objects.create(issue=issue, project=issue.project, kind=kind, name=name, query=query)


def leads_of(issue: Issue) -> list[Lead]:
    """What the search started from first; then what its text names. Empty for an issue that follows something: that decides."""
    if issue.follows != Follows.CLASSIFIER:
        return []
    start = SearchStart.objects.filter(issue=issue).first()
    found = [Lead(start.kind, start.name, start.query, is_start=True)] if start else []
    found += leads_in(issue)
    first = {lead.query: lead for lead in reversed(found)}
    return [lead for lead in found if first[lead.query] is lead]


def leads_in(issue: Issue) -> list[Lead]:
    """What the issue's text names: signals, the likest first, then a query of the conditions in its title. As the newest events have the names of
    tools and properties: looked up again when the project has doubled, and each day, on which "last week" means another one."""
    scope = Scope(issue.project)
    number = totals([issue.project_id])[issue.project_id].events
    names, query = _conditions_in(issue.title, issue.project, scope.now.date(), number.bit_length())
    signals = [one for one in scope.signals if one.enabled and not one.muted]
    order: list[str] = [one.key for one in signals if one.key in names]
    if signals:
        texts = tuple(f"{one.name}. {one.description}" for one in signals)
        cosines = signal_cosines(_vectors(texts), meaning_vector(issue.title), definition_vector(issue))
        order += [signals[place].key for place in near_signals(cosines)]
    titles = {one.key: one.name for one in signals}
    found = [Lead(SIGNAL, titles[key], _equal("signal", key)) for key in dict.fromkeys(order)]
    return found + ([Lead(QUERY, query, query)] if query else [])


def found_by_lead(lead: Lead, issue: Issue, limit: int) -> list[uuid.UUID]:
    """The events that it finds, the likest to the definition first. Empty where it names what is gone, takes longer than PATIENCE, or (a lead that
    nobody named) finds so many that it tells nothing."""
    most = most_of_lead(totals([issue.project_id])[issue.project_id].events)
    try:
        with statement_limit(PATIENCE):
            events = find_events(parse(lead.query), Scope(issue.project))
            if not lead.is_start and events[: most + 1].count() > most:
                return []
            vector = definition_vector(issue)
            near = nearest_events(project=issue.project, vector=vector, limit=limit, among=events)
    except (QueryError, TookTooLong):
        return []
    return [event for event, _ in near]


def is_gone(lead: Lead, project: Project) -> bool:
    """Whether it names something that is no longer there."""
    try:
        for leaf, _ in leaves(parse(lead.query)):
            bind(leaf, Scope(project))
    except QueryError:
        return True
    return False


# -- over arrays and trees, for the measurement too (labeling/evaluation/)


def most_of_lead(number: int) -> int:
    """How many of so many events a lead that nobody named may find. Among more than EXACT the likest are no longer found exactly."""
    return min(EXACT, max(FEW, round(TELLING * number)))


def has_turn(
    found: Collection[Hashable], answers: Mapping[Any, bool], waiting: Collection[Hashable] = ()
) -> bool:
    """Whether a guessed lead that finds these events still leads: fewer than TURN of them were asked about, or one of the latest TURN is a match. `answers`: the
    newest first. `waiting`: asked about and not answered yet, each as good as a no."""
    events = frozenset(found)
    given = (is_match for event, is_match in answers.items() if event in events)
    room = max(0, TURN - len(events.intersection(waiting)))
    latest = list(islice(given, room))
    return len(latest) < room or any(latest)


def signal_cosines(
    signals: NDArray[np.float32], title: NDArray[np.float32], definition: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(n,): of each signal's vector, (n, 384), the better of its cosines to both."""
    found: NDArray[np.float32] = np.maximum(signals @ title, signals @ definition)
    return found


def near_signals(cosines: NDArray[np.float32]) -> list[int]:
    """The places of the MOST_SIGNALS nearest that are near enough, the nearest first."""
    order = np.argsort(-cosines, kind="stable")[:MOST_SIGNALS]
    return [int(place) for place in order if cosines[place] >= NEAR_SIGNAL]


def parts_of(node: Node) -> tuple[list[str], list[Node]]:
    """(The keys of the signals that a translated query asks for; its other conditions.) What goes by meaning is left out: the definition's own vector
    ranks by that."""
    keys: list[str] = []
    others: list[Node] = []
    for part in conjuncts(node):
        if isinstance(part, Comparison) and part.name == SIGNAL:
            keys += [value.text for value in part.values if isinstance(value, Text)]
        elif part != And() and not any(isinstance(leaf, Meaning) for leaf, _ in leaves(part)):
            others.append(part)
    return keys, others


# -- inside


@lru_cache(maxsize=2048)
def _conditions_in(title: str, project: Project, today: dt.date, doubled: int) -> tuple[frozenset[str], str]:
    """(Keys of the signals that the title names, a query of its other conditions or nothing.) `doubled`: how often the project's events have doubled; it
    and the day say how long what was found is good for."""
    scope = Scope(project, now=dt.datetime.combine(today, dt.time.max, dt.UTC))
    reading = translate_by_rules(title, read_vocabulary(scope), today=today, near=nearness)
    keys, others = parts_of(reading.query)
    try:
        is_time = [_is_time(leaf, scope) for part in others for leaf, _ in leaves(part)]
    except QueryError:  # the rules named what the project has no longer
        return frozenset(keys), ""
    # A time alone finds everything of it.
    return frozenset(keys), "" if all(is_time) else str(all_of(others))


def _is_time(leaf: Leaf, scope: Scope) -> bool:
    return any(isinstance(bound.field, Time) for bound in bind(leaf, scope))


@lru_cache(maxsize=64)
def _vectors(texts: tuple[str, ...]) -> NDArray[np.float32]:
    """(n, 384), unit length."""
    vectors: NDArray[np.float32] = embed_texts(list(texts))
    vectors.setflags(write=False)
    return vectors


def _equal(field: str, value: str) -> str:
    return str(Comparison(field, "", (Text(value),)))
