"""Grouping what went wrong: problems by what went wrong, whatever the topic. Pure and deterministic; the number of groups is found.

`group_problems(observations, embed_texts(texts_of(observations)))`. There are these kinds of groups:

- What a reader said, and reasons that came with explicit signals: phrases that are alike.
- A failing tool, and a signal (or several of one family) that says what went wrong: all of its evidence, and below it, one level down,
  the parts into which the evidence falls where it is enough.
- Signals that were read from the same sentences are one of these groups: one failure is one problem, whoever tells it.
- Complaints, which say only that something went wrong: sentences that several people say, and that no signal says more of.

A symptom (evidence.SYMPTOMS: the user has to say it again) follows many kinds of problems. A conversation in which something more exact was
read, a failing tool or a signal of another family, is left out of its group. On the planted products, and on the corpus's for training and tuning,
each on its own, more kinds are found by it and more groups are of one kind (docs/benchmarks.md).
"""

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from signals.discovery.evidence import COMPLAINTS, FAMILIES, SYMPTOMS
from signals.discovery.keywords import telling_words
from signals.discovery.linkage import average_linkage
from signals.discovery.naming import name_of
from signals.discovery.observations import Floats, Observation, Source, text_of
from signals.discovery.sampling import alike
from signals.discovery.templates import templates_of
from signals.discovery.tongues import without_language

APART = 0.8  # between groups of phrases, on average, as likeness.py has it
COMPLAINTS_APART = 0.7
TEMPLATES_APART = 0.4  # cosine distance between groups of a tool's error messages
# A group of a signal's evidence gets parts where this many people met it, each part was met by PART_PEOPLE, and together they are so much of it.
PARTS_FROM, PART_PEOPLE, PARTS_SHARE = 12, 3, 0.6
COMPLAINT_PEOPLE = 3
# Two signals tell the same failures where so much of what the rarer one was read from, and so much of what the other was, are the same sentences.
TOLD_OF_RARER, TOLD_OF_OTHER = 0.8, 0.5

Indices = list[int]


@dataclass(frozen=True, slots=True)
class Group:
    """`members`: indices of the observations, ascending; a parent's hold its parts'. `centroid` (384,): of unit length, of the members'
    phrases, near-duplicates of one user counted once. `source` and `key`: what all members have in common, "" where they differ.
    `origins`: (source, key) pairs of which every observation belongs here, whatever its words; empty: only what is alike does.
    `parent`: index in the list, of the group that this one is a part of; a parent stands before its parts."""

    members: tuple[int, ...]
    label: str
    description: str
    keywords: tuple[str, ...]
    centroid: Floats
    source: str
    key: str
    origins: tuple[tuple[Source, str], ...] = ()
    parent: int | None = None
    level: int = 0


@dataclass(frozen=True, slots=True)
class _Found:
    members: Indices
    origins: tuple[tuple[Source, str], ...] = ()
    parts: tuple[Indices, ...] = ()


def group_problems(
    observations: Sequence[Observation],
    vectors: Floats,
    *,
    topics: Floats | None = None,
    hints: Sequence[Collection[str]] | None = None,
    signals: Mapping[str, str] | None = None,
    fewest: int = 2,
) -> list[Group]:
    """Groups of `fewest` people (end users, or conversations without one) and more, those most people met first. An event with several
    observations may be in several. `vectors` (n, 384): of texts_of(observations). `topics` (n, 384): what the conversation of each is
    about, such as the vector of a reader's intent, zeros where that is not known. `hints`: what else holds in the conversation of each
    (evidence.hint of signals and failing tools). `signals`: names by signal key, for people."""
    world = _World(observations, vectors, topics, hints)
    found = [one for one in _find(world) if world.people(one.members) >= _needed(world, one, fewest)]
    found.sort(key=lambda one: (-world.people(one.members), one.members))
    flat: list[tuple[_Found, int | None]] = []
    for one in found:
        place = len(flat)
        flat.append((one, None))
        flat += [(_Found(part), place) for part in one.parts]
    words = telling_words([[world.texts[i] for i in one.members] for one, _ in flat])
    return [
        _made(world, one, parent, telling, signals or {})
        for (one, parent), telling in zip(flat, words, strict=True)
    ]


class _World:
    """The observations with what is asked of them again and again."""

    def __init__(
        self,
        observations: Sequence[Observation],
        vectors: Floats,
        topics: Floats | None,
        hints: Sequence[Collection[str]] | None,
    ) -> None:
        self.observations = observations
        self.vectors = vectors
        self.topics = topics
        self.hints = hints
        self.texts = _texts(observations)

    def people(self, indices: Iterable[int]) -> int:
        return len({self.observations[i].user or self.observations[i].unit for i in indices})

    def alike(self, indices: Indices, *, apart: float) -> list[Indices]:
        topics = None if self.topics is None else self.topics[indices]
        hints = None if self.hints is None else [self.hints[i] for i in indices]
        texts = [self.texts[i] for i in indices]
        vectors = without_language(texts, self.vectors[indices])
        groups = alike(texts, vectors, topics, hints, apart=apart)
        return [[indices[i] for i in group] for group in groups]


def _texts(observations: Sequence[Observation]) -> list[str]:
    """As text_of; the errors of a tool that differ in some words have one text."""
    texts = [text_of(one) for one in observations]
    tools: dict[str, Indices] = {}
    for index, one in enumerate(observations):
        if one.source == "tool":
            tools.setdefault(one.key, []).append(index)
    for some in tools.values():
        for index, template in zip(some, templates_of([texts[i] for i in some]), strict=True):
            texts[index] = template
    return texts


def _find(world: _World) -> list[_Found]:
    phrases: dict[str, Indices] = {}
    tools: dict[str, Indices] = {}
    families: dict[str, Indices] = {}
    complaints: Indices = []
    for index, one in enumerate(world.observations):
        if one.source == "tool":
            tools.setdefault(one.key, []).append(index)
        elif one.source in ("facet", "explicit"):
            if world.texts[index]:
                phrases.setdefault(one.source, []).append(index)
        elif one.key in COMPLAINTS:
            if world.texts[index]:
                complaints.append(index)
        else:
            families.setdefault(FAMILIES.get(one.key, one.key), []).append(index)
    families = _told_once(world, families)
    exact = {_quoted(world, i) for some in families.values() for i in some}
    complaints = [i for i in complaints if _quoted(world, i) not in exact]
    return [
        *(_Found(group) for some in phrases.values() for group in world.alike(some, apart=APART)),
        *(_whole(world, some, _templates) for some in tools.values()),
        *(
            _symptom(world, some, tools, families) if name in SYMPTOMS else _whole(world, some, _sentences)
            for name, some in families.items()
        ),
        *(_Found(group) for group in world.alike(complaints, apart=COMPLAINTS_APART)),
    ]


def _told_once(world: _World, families: Mapping[str, Indices]) -> dict[str, Indices]:
    """The families, and one instead of two where both were read from the same sentences of the same events: "I can't make calls" is a refusal and
    a lack of capability, and one failure."""
    found = {name: list(some) for name, some in families.items()}
    told = {
        name: {_quoted(world, i) for i in some if world.texts[i]}
        for name, some in found.items()
        if name not in SYMPTOMS
    }
    for rarer, other in combinations(sorted(told, key=lambda name: (len(told[name]), name)), 2):
        if rarer not in found or other not in found:
            continue
        common = len(told[rarer] & told[other])
        if common and common >= max(TOLD_OF_RARER * len(told[rarer]), TOLD_OF_OTHER * len(told[other])):
            found[other] = sorted(found[other] + found.pop(rarer))
            told[other] |= told[rarer]
    return found


def _quoted(world: _World, index: int) -> tuple[uuid.UUID, str]:
    """The sentence that an observation was read from, and where it stands."""
    return world.observations[index].event, world.texts[index].casefold()


def _symptom(
    world: _World, members: Indices, tools: Mapping[str, Indices], families: Mapping[str, Indices]
) -> _Found:
    """Those in whose conversations nothing more exact was read. Where that leaves some out, the group has no origins: not all that is read
    there is its own."""
    exact = [*tools.values(), *(some for name, some in families.items() if name not in SYMPTOMS)]
    explained = {world.observations[i].unit for some in exact for i in some}
    unexplained = [i for i in members if world.observations[i].unit not in explained]
    return _whole(world, members, _sentences) if len(unexplained) == len(members) else _Found(unexplained)


def _needed(world: _World, found: _Found, fewest: int) -> int:
    if not found.members:
        return fewest
    one = world.observations[found.members[0]]
    is_complaint = one.source not in ("facet", "explicit", "tool") and one.key in COMPLAINTS
    return max(fewest, COMPLAINT_PEOPLE) if is_complaint else fewest


def _whole(world: _World, members: Indices, parts: Callable[[_World, Indices], list[Indices]]) -> _Found:
    origins = {(world.observations[i].source, world.observations[i].key): None for i in members}
    return _Found(members, tuple(origins), tuple(parts(world, members)))


def _templates(world: _World, members: Indices) -> list[Indices]:
    """A tool's different errors, where two people or more met each of two or more of them."""
    places: dict[str, Indices] = {}
    for i in members:
        places.setdefault(world.texts[i].casefold(), []).append(i)
    different = sorted(places.values(), key=lambda some: (-len(some), some))[:1000]
    labels = average_linkage(world.vectors[[some[0] for some in different]], apart=TEMPLATES_APART)
    groups: dict[int, Indices] = {}
    for some, label in zip(different, labels, strict=True):
        groups.setdefault(int(label), []).extend(some)
    parts = [sorted(group) for group in groups.values() if world.people(group) >= 2]
    return _by_people(world, parts) if len(parts) > 1 else []


def _sentences(world: _World, members: Indices) -> list[Indices]:
    """The parts into which a signal's evidence falls; none where they are few, or leave much of it out."""
    if world.people(members) < PARTS_FROM:
        return []
    groups = world.alike(members, apart=APART)
    parts = [group for group in groups if world.people(group) >= PART_PEOPLE]
    if len(parts) < 2 or sum(map(len, parts)) < PARTS_SHARE * len(members):
        return []
    return _by_people(world, parts)


def _by_people(world: _World, parts: list[Indices]) -> list[Indices]:
    return sorted(parts, key=lambda part: (-world.people(part), part))


def _made(
    world: _World, found: _Found, parent: int | None, words: Sequence[str], signals: Mapping[str, str]
) -> Group:
    own = [world.observations[i] for i in found.members]
    once = {(one.user or one.unit, world.texts[i]): i for one, i in zip(own, found.members, strict=True)}
    centroid = unit(world.vectors[list(once.values())].mean(axis=0))
    label, description = name_of(
        own,
        world.vectors[found.members],
        centroid,
        texts=[world.texts[i] for i in found.members],
        signals=signals,
        has_parts=bool(found.parts),
    )
    sources, keys = {one.source for one in own}, {one.key for one in own}
    return Group(
        tuple(sorted(found.members)),
        label,
        description,
        tuple(words),
        centroid,
        sources.pop() if len(sources) == 1 else "",
        keys.pop() if len(keys) == 1 else "",
        found.origins,
        parent,
        0 if parent is None else 1,
    )


def unit(vector: Floats) -> Floats:
    """Of length 1; zeros stay zeros."""
    length = float(np.linalg.norm(vector))
    made: Floats = (vector / length if length else vector).astype(np.float32)
    return made
