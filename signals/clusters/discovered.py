"""What the Discover pages show of clusters: trend, share, examples with their quotes, what they come with."""

import re
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingest.counts import rollups
from ingest.counts.period import Period
from ingest.models import Event, Project, Total
from raindrop.statistics import Z90, wilson
from signals.clusters.comes_with import causes_of_clusters, kept_causes
from signals.clusters.members import FACET
from signals.clusters.reading import CANDIDATES, EXAMPLES, examples_of
from signals.dimensions.finding import Cause, told
from signals.dimensions.words import as_item, shown
from signals.discovery.evidence import sentence_around
from signals.discovery.templates import message_of
from signals.models import Cluster, ClusterMember, Facet, Sampled

TOGETHER = 3  # of what a cluster comes with, in a list
QUOTE = 240
SHORT = 48  # characters: fewer of a quote say too little by themselves
KEYS = re.compile(r'\w"\s*:')  # of JSON
TREND = "30d"


@dataclass(frozen=True, slots=True)
class Example:
    event: Event
    quote: str


@dataclass(frozen=True, slots=True)
class SampledShare:
    """Of the conversations that were read at random this share has the problem (90 % Wilson interval `low` to `high`); that would be
    `daily` conversations a day."""

    share: float
    low: float
    high: float
    read: int
    daily: float


@dataclass(slots=True)
class Shown:
    """A cluster with what a row shows. `rate`: of all events. `together`: what it comes with, as rows of the panel on its
    page, at most TOGETHER; None where that was not looked for lately (`together_of`). `sampled`: of a problem that only a reader's sample tells. `also`: of its
    parts those that are read elsewhere (told_twice.py)."""

    cluster: Cluster
    total: Total
    rate: float
    trend: list[float]
    examples: list[Example] = field(default_factory=list)
    together: list[dict[str, Any]] | None = None
    sampled: SampledShare | None = None
    parts: int = 0
    also: list[Cluster] = field(default_factory=list)

    @property
    def query(self) -> str:
        """Its events, in the query language."""
        return f"{self.cluster.kind}:{self.cluster.pk}"


def show(project: Project, clusters: Sequence[Cluster]) -> list[Shown]:
    """In the order given. So many queries, whatever their number."""
    ids = [cluster.pk for cluster in clusters]
    totals = rollups.totals([project.id, *ids])
    everything = totals[project.id].events
    period = Period.named(TREND)
    trends = period.rates(ids, project=project.id)
    examples = quoted_examples(clusters)
    together = _best(clusters, kept_causes(clusters, since=period.start))
    shares = _shares(project, clusters)
    parts: dict[uuid.UUID | None, list[Cluster]] = defaultdict(list)
    inside = Cluster.objects.filter(parent__in=ids, is_gone=False).order_by("-conversations", "label")
    for part in inside.only("id", "label", "origin", "parent_id"):
        parts[part.parent_id].append(part)
    return [
        Shown(
            cluster,
            totals[cluster.pk],
            min(1.0, totals[cluster.pk].events / everything) if everything else 0.0,
            trends.get(cluster.pk, []),
            examples[cluster.pk],
            together.get(cluster.pk),
            shares.get(cluster.pk),
            len(parts[cluster.pk]),
            [part for part in parts[cluster.pk] if part.origin != cluster.origin],
        )
        for cluster in clusters
    ]


def quoted_examples(clusters: Sequence[Cluster]) -> dict[uuid.UUID, list[Example]]:
    """Each cluster's examples, at most EXAMPLES that say different things: with the words that make them members; with what the user said
    where others have the same words, or an intent has none."""
    events = examples_of(clusters, most=CANDIDATES)
    members = ClusterMember.objects.filter(
        cluster__in=[cluster.pk for cluster in clusters], event__in={event.pk for some in events.values() for event in some}
    )  # fmt: skip
    phrases = {(row.cluster_id, row.event_id): row.phrase for row in members}
    return {
        cluster.pk: different(
            [
                (event, phrases.get((cluster.pk, event.pk), "") if cluster.kind == "problem" else "")
                for event in events[cluster.pk]
            ]
        )
        for cluster in clusters
    }


def different(candidates: Sequence[tuple[Event, str]]) -> list[Example]:
    """Of (event, the words that make it a member): at most EXAMPLES whose lines differ, those with words of their own first."""
    found: dict[str, Example] = {}
    for of_user in (False, True):
        for event, phrase in candidates:
            line = _line("" if of_user else phrase, event)
            if len(found) == EXAMPLES or any(one.event.pk == event.pk for one in found.values()):
                continue
            found.setdefault(line.casefold().replace("’", "'"), Example(event, line))
    return list(found.values())


def _line(phrase: str, event: Event) -> str:
    """The message in a result that is JSON; a few words with the sentence that they stand in."""
    text = message_of(phrase) if phrase.lstrip()[:1] in set("{[") else _unquoted(phrase)
    if phrase and len(text) < SHORT:
        text = next(
            (_around(text, side) for side in (event.input, event.output) if text and text in side), text
        )
    text = " ".join((text or event.input or event.output).split())
    return text if len(text) <= QUOTE else text[: QUOTE - 1] + "…"


def _unquoted(phrase: str) -> str:
    """Without quotation marks around it; a piece of JSON (`closing": "16002.75", "date": "2026-10-28`) without any, as people read it."""
    text = phrase.strip()
    if KEYS.search(text):
        return text.replace('"', "")
    inside = text.strip('" ')
    return text if inside.count('"') % 2 else inside


def _around(words: str, text: str) -> str:
    at = text.index(words)
    first, last = sentence_around(text, at, at + len(words), longest=QUOTE)
    return text[first:last].strip()


def together_of(project: Project, clusters: Sequence[Cluster]) -> dict[uuid.UUID, list[dict[str, Any]]]:
    """What each comes with. Reads the newest events, where that was not looked for lately."""
    return _best(clusters, causes_of_clusters(project, clusters, since=Period.named(TREND).start))


def _best(
    clusters: Sequence[Cluster], causes: Mapping[uuid.UUID, list[Cause]]
) -> dict[uuid.UUID, list[dict[str, Any]]]:
    """The best of what a cluster's page tells as its causes: those that nothing else explains."""
    return {
        one.pk: [
            shown(as_item(cause), among=f"{one.kind}:{one.pk}") for cause in told(causes[one.pk])[:TOGETHER]
        ]
        for one in clusters
        if one.pk in causes
    }


def _shares(project: Project, clusters: Sequence[Cluster]) -> dict[uuid.UUID, SampledShare]:
    """Of those that come from what a reader said: how many of the conversations that were drawn at random have it."""
    ids = [cluster.pk for cluster in clusters if cluster.origin == FACET]
    drawn = Facet.objects.filter(project=project, sampled=Sampled.RANDOM)
    read = drawn.count() if ids else 0
    if not read:
        return {}
    members = ClusterMember.objects.filter(cluster__in=ids, source=FACET, event__in=drawn.values("event"))
    conversations: dict[uuid.UUID, int] = defaultdict(int)
    for cluster in members.values_list("cluster_id", flat=True):
        conversations[cluster] += 1
    week = Period.named("7d")
    daily = week.conversations(project) / 7
    found = {}
    for pk in ids:
        low, high = wilson(min(conversations[pk], read), read, z=Z90) or (0.0, 1.0)
        share = conversations[pk] / read
        found[pk] = SampledShare(share, low, high, read, share * daily)
    return found
