"""Clusters as a refresh finds them, before they are stored: groups of what was collected, matched to the rows that are known."""

import random
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ingest.models import Project
from raindrop.embedder import DIMENSIONS, embed_texts
from raindrop.ids import new_id
from signals.clusters.assigning import planned, vector_from
from signals.clusters.collecting import Collected, Wish, tools_of
from signals.clusters.corrected import name_corrections
from signals.clusters.evidence import TOOL_FAILURE, intent_key, key_of, keys_of, origin_key, origin_of
from signals.clusters.hints import hints_of
from signals.clusters.members import EVIDENCE, FACET
from signals.clusters.plan import Floats, Plan, Planned, features_of
from signals.clusters.polishing import polish
from signals.clusters.told_twice import join_inside, join_told_twice
from signals.discovery.assigner import Assigner, train_assigner
from signals.discovery.intents import group_intents
from signals.discovery.matching_runs import Trace, match_to_known
from signals.discovery.observations import Observation, text_of, texts_of
from signals.discovery.problems import group_problems, unit
from signals.models import Cluster, ClusterKind, ClusterMember, ClusterStatus, Facet, SignalDefinition
from signals.vectors.reading import vectors_by_event

KEYS = 2000  # kept of a cluster
EXAMPLES = 5
FEWEST = 2  # people who want it make an intent
OTHERS = 1500  # events outside of a cluster that its small model learns from


@dataclass(slots=True)
class Draft:
    """A cluster to be stored. `row`: the known one that it is, None: a new one. `events`: all whose evidence says the same as its members'."""

    id: uuid.UUID
    kind: ClusterKind
    label: str
    description: str
    centroid: Floats
    row: Cluster | None = None
    parent: uuid.UUID | None = None
    level: int = 0
    keywords: Sequence[str] = ()
    keys: list[str] = field(default_factory=list)
    origin: str = ""
    signal: uuid.UUID | None = None
    examples: list[uuid.UUID] = field(default_factory=list)
    events: set[uuid.UUID] = field(default_factory=set)
    assigner: Assigner | None = None
    message: Floats | None = None
    takes_all: bool = False

    @property
    def planned(self) -> Planned:
        return Planned(
            self.id,
            self.kind,
            self.parent,
            self.origin,
            self.keys,
            self.centroid,
            self.assigner,
            self.message,
            self.takes_all,
        )


def draft_clusters(project: Project, collected: Collected) -> tuple[list[Draft], list[Cluster]]:
    """The clusters that are there now, parents before children, and the known rows that are gone.

    A known row that a person named, merged, split, judged or follows is never gone: it goes on taking events as it did.
    """
    rows = list(Cluster.objects.filter(project=project).order_by("created_at", "id"))
    known = _Known(rows)
    drafts = _without_copies(_problems(project, collected, known) + _intents(collected, known))
    found = {draft.id for draft in drafts}
    others = [row for row in rows if row.id not in found and row.merged_into_id is None and not row.is_gone]
    kept = [_kept(row) for row in others if is_touched(row)]
    parents = found | {draft.id for draft in kept}
    for draft in kept:
        draft.parent = draft.parent if draft.parent in parents else None
    return drafts + kept, [row for row in others if not is_touched(row)]


def _without_copies(drafts: Sequence[Draft]) -> list[Draft]:
    """Without the only part of a cluster that is the same under the same name, unless a person did something with it. The whole takes the
    events in its place."""
    by_id = {draft.id: draft for draft in drafts}
    parts = Counter(draft.parent for draft in drafts)
    copies: set[uuid.UUID] = set()
    for draft in sorted(drafts, key=lambda one: -one.level):
        whole = by_id.get(draft.parent) if draft.parent else None
        if whole is None or parts[whole.id] > 1 or (draft.row is not None and is_touched(draft.row)):
            continue
        if (whole.label, whole.events) == (draft.label, draft.events):
            copies.add(draft.id)
            whole.keys = list(dict.fromkeys([*draft.keys, *whole.keys]))[:KEYS]
            whole.message = draft.message if whole.message is None else whole.message
            for part in drafts:
                part.parent = whole.id if part.parent == draft.id else part.parent
    return [draft for draft in drafts if draft.id not in copies]


def is_touched(row: Cluster) -> bool:
    """Whether a person did something with it."""
    return row.status != ClusterStatus.NEW or row.is_named_by_person or row.is_pinned


def plan_of_drafts(drafts: Iterable[Draft]) -> Plan:
    return Plan([draft.planned for draft in drafts])


class _Known:
    """The rows of the project, and what they are known by again. One that was merged leads to the one that it was merged into."""

    def __init__(self, rows: Sequence[Cluster]) -> None:
        self.rows = {row.id: row for row in rows}
        self._traced = [row for row in rows if row.centroid]
        self._events: dict[uuid.UUID, set[uuid.UUID]] = {row.id: set() for row in rows}
        members = ClusterMember.objects.filter(
            cluster__in=[row.id for row in rows], source__in=[FACET, EVIDENCE]
        )
        for cluster, event in members.values_list("cluster_id", "event_id").iterator():
            self._events[cluster].add(event)
        intents = [row.id for row in rows if row.kind == ClusterKind.INTENT]
        members = ClusterMember.objects.filter(cluster__in=intents).exclude(source__in=[FACET, EVIDENCE])
        for cluster, event in members.values_list("cluster_id", "event_id").iterator():
            self._events[cluster].add(event)

    def names(self) -> list[str]:
        """Of the problems that a reader's phrases make."""
        return [row.label for row in self.rows.values() if row.origin == "facet" and not row.is_gone]

    def match(self, drafts: Sequence[Draft]) -> None:
        """Gives each draft that is known again its row and id. What the row was merged into is reached by `root`."""
        if not drafts:
            return
        traced = [row for row in self._traced if row.kind == drafts[0].kind]
        new = [Trace(frozenset(d.events), d.centroid, _trace_key(d.level, d.origin)) for d in drafts]
        old = [
            Trace(frozenset(self._events[row.id]), centroid, _trace_key(self._depth(row), row.origin))
            for row in traced
            if (centroid := vector_from(row.centroid)) is not None
        ]
        for draft, place in zip(drafts, match_to_known(new, old), strict=True):
            if place is not None:
                draft.row = self.root(traced[place])
                draft.id = draft.row.id

    def _depth(self, row: Cluster) -> int:
        """Its level, but below a problem of another origin (told_twice.py), which it may be of in one run and not in the next."""
        above = row.level and self.rows.get(row.parent_id) if row.parent_id else None
        return self._depth(above) + 1 if above and above.origin == row.origin else 0 if above else row.level

    def root(self, row: Cluster) -> Cluster:
        seen = {row.id}
        while row.merged_into_id in self.rows and row.merged_into_id not in seen:
            row = self.rows[row.merged_into_id]
            seen.add(row.id)
        return row


def _trace_key(level: int, origin: str) -> str:
    return f"{level} {origin}"


def _kept(row: Cluster) -> Draft:
    plan = planned(row)
    return Draft(
        id=row.id, kind=ClusterKind(row.kind), label=row.label, description=row.description,
        centroid=plan.centroid if plan.centroid is not None else np.zeros(0, np.float32), row=row, parent=row.parent_id,
        level=row.level, keywords=row.keywords, keys=list(row.keys), origin=row.origin, signal=row.signal_id,
        examples=list(row.examples), assigner=plan.assigner, message=plan.message, takes_all=plan.takes_all,
    )  # fmt: skip


# -- problems


def _problems(project: Project, collected: Collected, known: _Known) -> list[Draft]:
    signals = list(SignalDefinition.objects.filter(project=project).only("id", "key", "name"))
    pinned = {
        key: row
        for row in known.rows.values()
        if row.is_pinned and row.merged_into_id is None
        for key in row.keys
    }
    observations = [one for one in collected.observations() if not pinned.keys() & set(keys_of(one))]
    vectors = embed_texts(texts_of(observations))
    read = hints_of({one.event for one in observations if one.source == "facet"})
    groups = group_problems(
        observations,
        vectors,
        topics=_topics(observations, collected),
        hints=[read.get(one.event, ()) if one.source == "facet" else () for one in observations],
        signals={one.key: one.name for one in signals},
    )
    groups = name_corrections(groups, observations=observations, vectors=vectors)
    groups = polish(groups, observations=observations, vectors=vectors, names=known.names(), project=project)
    ids = {one.key: one.id for one in signals}
    drafts: list[Draft] = []
    for group in groups:
        members = [observations[i] for i in group.members]
        keys = list(dict.fromkeys(key_of(one) for one in members))
        (source, key), _ = Counter((one.source, one.key) for one in members).most_common(1)[0]
        origins = [origin_key(*origin) for origin in group.origins]
        drafts.append(
            Draft(
                id=new_id(), kind=ClusterKind.PROBLEM, label=group.label[:200], description=group.description,
                centroid=group.centroid, keywords=list(group.keywords), keys=(origins or keys)[:KEYS], level=group.level,
                origin=origin_of(source, key), takes_all=bool(group.origins),
                signal=ids.get(TOOL_FAILURE if source == "tool" else key),
                examples=_typical(members, vectors[list(group.members)] @ group.centroid),
                events={event for key in keys for event in collected.kinds[key].events},
            )
        )  # fmt: skip
    for level in sorted({draft.level for draft in drafts}):
        known.match([draft for draft in drafts if draft.level == level])
    words: dict[uuid.UUID, list[str]] = {draft.id: [] for draft in drafts}
    for draft, group in zip(drafts, groups, strict=True):
        draft.parent = None if group.parent is None else drafts[group.parent].id
        words[draft.id] += [key_of(observations[i]) for i in group.members]
    drafts = _folded(drafts)
    talks = {
        event: unit
        for kind in collected.kinds.values()
        for event, unit in zip(kind.events, kind.units, strict=True)
    }
    units = {one.id: {talks[event] for event in one.events} for one in drafts}
    alone = {one.id for one in drafts if one.row is not None and is_touched(one.row)}
    read_talks = {unit for unit, wish in collected.wishes.items() if wish.is_read}
    join_told_twice(drafts, units=units, read=read_talks, alone=alone)
    everything = len(collected.wishes.keys() | set(talks.values()))
    inside = join_inside(drafts, units=units, everything=everything, alone=alone)
    for draft in drafts:
        if draft.id in inside:
            # The same signal elsewhere is not of this tool's failure.
            draft.keys, draft.takes_all = list(dict.fromkeys(words[draft.id]))[:KEYS], False
    _train(project, drafts)
    return drafts


def _topics(observations: Sequence[Observation], collected: Collected) -> Floats:
    """(n, 384): what a reader said that the conversation of each is about, zeros where it was not read."""
    wishes = [collected.wishes.get(one.unit) for one in observations]
    texts = list(dict.fromkeys(wish.text for wish in wishes if wish is not None and wish.is_read))
    place = {text: row for row, text in enumerate(texts)}
    vectors = embed_texts(texts)
    found = np.zeros((len(observations), DIMENSIONS), dtype=np.float32)
    for row, wish in enumerate(wishes):
        if wish is not None and wish.is_read:
            found[row] = vectors[place[wish.text]]
    return found


def _folded(drafts: list[Draft]) -> list[Draft]:
    """Groups that are of one row, since a person merged what they were, are one."""
    found: dict[uuid.UUID, Draft] = {}
    for draft in drafts:
        row = draft.row
        same = found.setdefault(draft.id, draft)
        if same is not draft:
            same.keys = list(dict.fromkeys([*same.keys, *draft.keys]))[:KEYS]
            if same.message is not None and draft.message is not None:
                same.message = unit(same.message * len(same.events) + draft.message * len(draft.events))
            same.events |= draft.events
        elif row is not None and row.is_pinned:
            draft.keys = list(dict.fromkeys([*row.keys, *draft.keys]))[:KEYS]
    return list(found.values())


def _typical(members: Sequence[Observation], likeness: Floats) -> list[uuid.UUID]:
    """The events nearest to the centroid; those of different people in different words first."""
    people: set[uuid.UUID] = set()
    wordings: set[str] = set()
    first: list[uuid.UUID] = []
    rest: list[uuid.UUID] = []
    for place in np.argsort(-likeness, kind="stable"):
        one = members[int(place)]
        person, wording = one.user or one.unit, text_of(one)
        (rest if person in people or wording in wordings else first).append(one.event)
        people.add(person)
        wordings.add(wording)
    return list(dict.fromkeys(first + rest))[:EXAMPLES]


def _train(project: Project, drafts: Sequence[Draft]) -> None:
    """Gives the clusters of what a reader said a small model each, for the events that were not read."""
    of_facets = [draft for draft in drafts if draft.origin == "facet"]
    if not of_facets:
        return
    read = list(Facet.objects.filter(project=project).order_by("id").values_list("event_id", flat=True))
    chosen = set(random.Random(0).sample(read, min(len(read), OTHERS)))  # noqa: S311  # the same each time
    chunk = vectors_by_event(sorted(chosen | {event for draft in of_facets for event in draft.events}))
    features = features_of(chunk)
    place = {event: row for row, event in enumerate(chunk.ids)}
    held = hints_of(chunk.ids)
    names = [held.get(event, set()) for event in chunk.ids]
    for draft in of_facets:
        inside = [place[event] for event in sorted(draft.events)]
        outside = [place[event] for event in sorted(chosen - draft.events)]
        model = train_assigner(
            features[inside],
            features[outside],
            member_names=[names[row] for row in inside],
            other_names=[names[row] for row in outside],
        )
        if model is not None:
            draft.assigner = _as_in_all(model, share=len(outside) / max(1, len(read) - len(inside)))


def _as_in_all(model: Assigner, *, share: float) -> Assigner:
    """With the precision as it is among all that were read, of which `share` stood for those outside of the cluster."""
    if share >= 1:
        return model

    def among_all(precision: float) -> float:
        return precision / (precision + (1 - precision) / share) if precision else 0.0

    precision, low, high = (among_all(one) for one in (model.precision, model.low, model.high))
    return replace(model, precision=precision, low=low, high=high)


# -- intents


def _intents(collected: Collected, known: _Known) -> list[Draft]:
    wishes = collected.intents()
    messages = vectors_by_event([wish.event for wish in wishes]).user
    some = [i for i in range(len(wishes)) if wishes[i].is_read or messages[i].any()]
    wishes, messages = [wishes[i] for i in some], messages[some]
    if not wishes:
        return []
    texts = [wish.text for wish in wishes]
    vectors = embed_texts(texts) if wishes[0].is_read else messages
    groups = group_intents(texts, vectors, tools=tools_of([wish.unit for wish in wishes]))
    shown = {
        index
        for index, group in enumerate(groups)
        if len({wishes[i].user or wishes[i].unit for i in group.members}) >= FEWEST
    }
    drafts: dict[int, Draft] = {}
    for index in sorted(shown):
        group = groups[index]
        members = list(group.members)
        is_finest = not any(groups[other].parent == index for other in shown)
        drafts[index] = Draft(
            id=new_id(), kind=ClusterKind.INTENT, label=group.label[:200], description=group.description,
            centroid=group.centroid, level=group.level, keywords=list(group.keywords),
            keys=_intent_keys([wishes[i] for i in members]) if is_finest else [],
            examples=list(dict.fromkeys(wishes[i].event for i in np.array(members)[np.argsort(-(vectors[members] @ group.centroid), kind="stable")]))[:EXAMPLES],
            events={wishes[i].event for i in members},
            message=unit(messages[members].mean(axis=0)) if is_finest and messages[members].any() else None,
        )  # fmt: skip
    for level in sorted({draft.level for draft in drafts.values()}):
        known.match([draft for draft in drafts.values() if draft.level == level])
    for index, draft in drafts.items():
        parent = groups[index].parent
        draft.parent = drafts[parent].id if parent in drafts else None
    return _folded(list(drafts.values()))


def _intent_keys(wishes: Sequence[Wish]) -> list[str]:
    return list(dict.fromkeys(intent_key(wish.text) for wish in wishes if wish.is_read))[:KEYS]
