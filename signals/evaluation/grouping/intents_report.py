"""`manage.py evaluate clusters`: intents of the planted products and the labels of public short texts, without their number being told.

Beside discovery's finest intents: k-means with the true number, BERTopic's recipe, average linkage at 0.6, and Leiden on the union of ten
nearest neighbours.
"""

import statistics
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from raindrop.evaluation.measurement import Measurement, MissingData, Table, read_rows
from signals.discovery.intents import group_intents, plain_communities
from signals.discovery.observations import Floats
from signals.evaluation.builtin.vectors import VectorStore
from signals.evaluation.grouping import recipes
from signals.evaluation.grouping.group_quality import PartitionQuality, partition_quality
from signals.evaluation.grouping.planted import read_planted

# Of public sets, whose names end like these; of one with splits the test texts.
PUBLIC = ("*_fewshot_splits.jsonl.gz", "*_short.jsonl.gz")
MOST = 3000  # texts of a set, drawn at random and always the same: average linkage needs their number squared
FIRST, SAID = "first messages", "a reader's intents"
GOALS = {FIRST: (0.40, 0.25), SAID: (0.55, 0.40), "public": (0.72, 0.50)}


@dataclass(frozen=True)
class Texts:
    name: str
    texts: Sequence[str]
    labels: Sequence[str]
    tools: Sequence[Collection[str]] | None = None


Labelled = Callable[[Texts, Floats], Sequence[int]]


def measure(data: Path) -> Measurement:
    """Raises MissingData."""
    store = VectorStore()
    parts = {
        FIRST: planted_texts(data, read=False),
        SAID: planted_texts(data, read=True),
        "public": public_texts(data),
    }
    if not any(parts.values()):
        raise MissingData(f"There are no short texts in {data}. --data says where the data sets lie.")
    tables, results = [], {}
    for part, sets in parts.items():
        if not sets:
            continue
        qualities = {
            name: [partition_quality(one.labels, list(way(one, store.of(one.texts)))) for one in sets]
            for name, way in WAYS.items()
        }
        rows = [row for name, some in qualities.items() for row in _rows(name, sets, some)]
        goal = f"goal V {GOALS[part][0]}, ARI {GOALS[part][1]}" + (", off by 1.5" if part == "public" else "")
        tables.append(Table(f"{part} ({goal})", ["by", "V", "ARI", "groups", "off by"], rows))
        results[part] = {
            name: {one.name: asdict(quality) for one, quality in zip(sets, some, strict=True)}
            for name, some in qualities.items()
        }
    return Measurement(tables, results, [f"Other recipes: {recipes.BERTOPIC}; its noise is one group here."])


def planted_texts(data: Path, *, read: bool) -> list[Texts]:
    """Of each planted product the conversations' first messages, or what the reader said that the user wants."""
    try:
        products = read_planted(data)
    except MissingData:
        return []
    found = []
    for product in products:
        texts = [one.intent if one else "" for one in product.readings] if read else product.first_messages
        some = [i for i, text in enumerate(texts) if text.strip() and product.intents[i]]
        if some:
            tools = product.tools
            found.append(
                Texts(
                    product.name,
                    [texts[i] for i in some],
                    [product.intents[i] for i in some],
                    [tools[i] for i in some],
                )
            )
    return found


def public_texts(data: Path) -> list[Texts]:
    names = sorted(path.name.removesuffix(".jsonl.gz") for pattern in PUBLIC for path in data.glob(pattern))
    found = []
    for name in names:
        rows = list(read_rows(data, name))
        if any(row.get("split") == "train_5" for row in rows):
            rows = [row for row in rows if row["split"] == "test"]
        if len(rows) > MOST:
            rows = [rows[i] for i in np.sort(np.random.default_rng(0).choice(len(rows), MOST, replace=False))]
        found.append(
            Texts(name.split("_")[0], [row["text"] for row in rows], [str(row["label"]) for row in rows])
        )
    return found


def _discovered(one: Texts, vectors: Floats) -> list[int]:
    labels = [0] * len(one.texts)
    for place, intent in enumerate(group_intents(one.texts, vectors, tools=one.tools)):
        if intent.level == 1:
            for member in intent.members:
                labels[member] = place
    return labels


def _as_list(labels: recipes.Labels) -> list[int]:
    found: list[int] = labels.tolist()
    return found


WAYS: dict[str, Labelled] = {
    "discovery": _discovered,
    "k-means, true number": lambda one, vectors: _as_list(recipes.k_means(vectors, len(set(one.labels)))),
    "BERTopic's recipe": lambda one, vectors: _as_list(recipes.bertopic(vectors)),
    "average linkage at 0.6": lambda one, vectors: _as_list(recipes.linkage(vectors)),
    "Leiden, union of 10 neighbours": lambda one, vectors: _as_list(plain_communities(vectors)),
}


def _rows(name: str, sets: Sequence[Texts], some: Sequence[PartitionQuality]) -> list[list[object]]:
    rows: list[list[object]] = [
        [
            f"{name}: {one.name}",
            quality.v,
            quality.ari,
            f"{quality.groups} of {len(set(one.labels))}",
            quality.off,
        ]
        for one, quality in zip(sets, some, strict=True)
    ]
    means = [statistics.fmean(getattr(quality, field) for quality in some) for field in ("v", "ari", "off")]
    return [*rows, [f"{name}: mean", means[0], means[1], None, means[2]]]
