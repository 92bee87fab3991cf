"""What the Discover pages show of clusters: trend, share, examples with their quotes, what they come with."""

import re
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection

from ingest.counts import rollups
from ingest.counts.period import Period
from ingest.models import Event, Project, Total
from raindrop.statistics import wilson
from signals.clusters.members import FACET
from signals.clusters.reading import CANDIDATES, EXAMPLES, examples_of
from signals.dimensions.breakdown import ON_PAGES, Base, Value, dimensions_for_page
from signals.dimensions.facts import Facts, facts_of
from signals.dimensions.names import CALLED, EVENT, FAILED, MODEL
from signals.discovery.templates import message_of
from signals.models import Cluster, ClusterMember, Facet, Sampled

Z90 = 1.6448536269514722  # the normal distribution's 95 % point: a two-sided 90 % interval
HELD, USUAL = 200, 1000  # newest events of a cluster, and of the project, that are compared for a list
TOGETHER = 3
QUOTE = 240
SHORT = 48  # characters: fewer of a quote say too little by themselves
ENDS = re.compile(r"[.!?…](?=\s|$)|\n+")  # of sentences
# What a value is, before it: "comes with calls of `search`".
WORDS = {CALLED: "calls of", FAILED: "failures of", MODEL: "model", EVENT: "event"}
KEYS = re.compile(r'\w"\s*:')  # of JSON
SOME = 3  # events with a value, for a line of a list
PEOPLE = 3  # with that value, for a line of a list
PART = 0.2  # of the events, that have it
SURE = 1.5  # a lift below this is not worth a line of a list
TREND = "30d"


@dataclass(frozen=True, slots=True)
class Example:
    event: Event
    quote: str


@dataclass(frozen=True, slots=True)
class Share:
    """Of the conversations that were read at random this share has the problem (90 % Wilson interval `low` to `high`); that would be
    `daily` conversations a day."""

    share: float
    low: float
    high: float
    read: int
    daily: float


@dataclass(frozen=True, slots=True)
class Together:
    """A value of a dimension that stands out among the cluster's events. `dimension`: what it is, in words that stand before it."""

    dimension: str
    value: Value


@dataclass(slots=True)
class Shown:
    """A cluster with what a row shows. `rate`: of all events. `sampled`: of a problem that only a reader's sample tells."""

    cluster: Cluster
    total: Total
    rate: float
    trend: list[float]
    examples: list[Example] = field(default_factory=list)
    together: list[Together] = field(default_factory=list)
    sampled: Share | None = None
    parts: int = 0

    @property
    def query(self) -> str:
        """Its events, in the query language."""
        return f"{self.cluster.kind}:{self.cluster.pk}"


def show(project: Project, clusters: Sequence[Cluster]) -> list[Shown]:
    """In the order given. Six queries, whatever their number."""
    ids = [cluster.pk for cluster in clusters]
    totals = rollups.totals([project.id, *ids])
    everything = totals[project.id].events
    trends = Period.named(TREND).rates(ids, project=project.id)
    examples = quoted_examples(clusters)
    together = _together(project, clusters)
    shares = _shares(project, clusters)
    parts: dict[uuid.UUID, int] = defaultdict(int)
    for parent in Cluster.objects.filter(parent__in=ids, is_gone=False).values_list("parent_id", flat=True):
        if parent is not None:
            parts[parent] += 1
    return [
        Shown(
            cluster,
            totals[cluster.pk],
            min(1.0, totals[cluster.pk].events / everything) if everything else 0.0,
            trends.get(cluster.pk, []),
            examples[cluster.pk],
            together.get(cluster.pk, []),
            shares.get(cluster.pk),
            parts[cluster.pk],
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
    start = text.index(words)
    start_at = max(
        (found.end() for found in ENDS.finditer(text, max(0, start - QUOTE), start)),
        default=max(0, start - QUOTE),
    )
    right = ENDS.search(text, start + len(words), start + len(words) + QUOTE)
    return text[start_at : right.start() + 1 if right else start + len(words) + QUOTE]


def _together(project: Project, clusters: Sequence[Cluster]) -> dict[uuid.UUID, list[Together]]:
    """What stands out among the newest HELD events of each, against the newest USUAL of the project."""
    held: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.id, m.event_id FROM unnest(%s::uuid[]) AS c(id), LATERAL (
                 SELECT event_id FROM signals_clustermember WHERE cluster_id = c.id ORDER BY timestamp DESC, id DESC LIMIT %s) m""",
            [[cluster.pk for cluster in clusters], HELD],
        )
        for cluster, event in cursor.fetchall():
            held[cluster].append(event)
    newest = Event.objects.filter(project=project, is_pending=False).order_by("-timestamp", "-id")
    usual = list(newest.values_list("id", flat=True)[:USUAL])
    rows = facts_of(project, {*usual, *(event for some in held.values() for event in some)}, parts=ON_PAGES)
    base = Base.of([rows[event] for event in usual if event in rows])
    return {
        cluster.pk: _most(
            [rows[event] for event in held[cluster.pk] if event in rows], base, without=cluster.origin
        )
        for cluster in clusters
    }


def _most(held: list[Facts], base: Base, *, without: str) -> list[Together]:
    """`without`: the origin of the cluster: that a tool's failures come with calls of it says nothing."""
    found = [
        Together(WORDS.get(dimension.key, dimension.name), value)
        for dimension in dimensions_for_page(held, base)
        for value in dimension.values
        if value.lift is not None
        and f"tool {value.name}" != without
        and value.low > value.usual
        and value.lift >= SURE
        and value.events >= SOME
        # Events of one person are not independent: one long conversation would tell its own properties.
        and (value.users or value.events) >= PEOPLE
        and value.rate >= PART
    ]
    return sorted(found, key=lambda one: (-one.value.low / max(one.value.usual, 1e-9), one.value.name))[
        :TOGETHER
    ]


def _shares(project: Project, clusters: Sequence[Cluster]) -> dict[uuid.UUID, Share]:
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
        found[pk] = Share(share, low, high, read, share * daily)
    return found
