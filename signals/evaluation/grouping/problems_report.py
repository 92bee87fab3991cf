"""`manage.py evaluate discovery`: problems found on the planted products, with a reader's phrases and without, and what of them emerges.

Conversations are what is counted. Groups are those of two people or more. Beside discovery, over the same phrases' vectors: k-means with
the true number, BERTopic's recipe, average linkage at 0.6; and k-means over the messages in which the problems show, whose places are given away.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from raindrop.evaluation.measurement import Measurement, Table
from signals.detectors import DETECTORS, RULES, SIGNALS
from signals.discovery.emerging import Emergence, Occurrence, emerging
from signals.discovery.evidence import without_reports
from signals.discovery.observations import Floats, Observation, texts_of
from signals.discovery.problems import Group, group_problems
from signals.evaluation.builtin.vectors import VectorStore
from signals.evaluation.grouping import recipes
from signals.evaluation.grouping.group_quality import KindQuality, kind_quality, majority
from signals.evaluation.grouping.planted import Planted, read_planted

NAMES = {one.key: one.name for one in SIGNALS}
GOALS = {"reader": (0.90, 0.78), "no key": (0.40, None)}
HEADER = ["product", "found", "mean best F1", "pure", "groups"]


@dataclass(frozen=True)
class Marked:
    """Which planted emerging problems were marked, and which other groups were."""

    planted: list[str]
    marked: list[str]
    others: list[str]


def measure(data: Path) -> Measurement:
    """Raises MissingData."""
    products, store = read_planted(data), VectorStore()
    tables, results = [], {}
    marks: list[list[object]] = []
    for leg in ("reader", "no key", "no key, rules alone"):
        rows: list[tuple[str, Planted, KindQuality]] = []
        for product in products:
            if leg == "reader" and not any(product.readings):
                continue
            observations, groups = _grouped(product, leg, store)
            vectors = store.of(texts_of(observations))
            found = [_places(product, observations, group.members) for group in groups]
            rows.append(("discovery", product, kind_quality(product.problems, found)))
            rows += [
                (
                    name,
                    product,
                    kind_quality(product.problems, [_places(product, observations, one) for one in some]),
                )
                for name, some in _others(vectors, product).items()
            ]
            mark = _mark(product, groups, found)
            marks.append(
                [leg, product.name, _of(mark.marked, mark.planted), len(mark.others), "; ".join(mark.others)]
            )
            results[f"{leg}, {product.name}"] = {
                "kinds": asdict(rows[-1 - len(_OTHERS)][2]), "emerging": asdict(mark),
                "groups": [{"label": group.label, "level": group.level, "conversations": len(places)} for group, places in zip(groups, found, strict=True)],
            }  # fmt: skip
        tables += _tables(leg, rows, results)
    tables.append(_given_away(products, store, results))
    header = ["leg", "product", "planted and marked", "others marked", "which"]
    tables.append(Table("emerging in the last 7 days", header, marks))
    return Measurement(
        tables,
        results,
        [
            "The turn models have learned from these products (fixtures/corpus), so that what they find without a key is flattered; the rules "
            "alone have not been trained. The readings are those of facets.jsonl, in place of a language model's answers.",
            f"Other recipes: {recipes.BERTOPIC}.",
        ],
    )


def _grouped(product: Planted, leg: str, store: VectorStore) -> tuple[list[Observation], list[Group]]:
    if leg != "reader":
        evidence = without_reports(
            product.evidence_observations(DETECTORS if leg == "no key" else RULES, store)
        )
        return evidence, group_problems(evidence, store.of(texts_of(evidence)), signals=NAMES)
    hints = product.hints(product.evidence_observations(DETECTORS, store))
    observations = product.facet_observations()
    places = [product.place_of[one.unit] for one in observations]
    intents = [reading.intent if reading else "" for reading in product.readings]
    groups = group_problems(
        observations,
        store.of(texts_of(observations)),
        topics=store.of([intents[place] for place in places]),
        hints=[hints[place] for place in places],
    )
    return observations, groups


_OTHERS = ("k-means, true number", "BERTopic's recipe", "average linkage at 0.6")


def _others(vectors: Floats, product: Planted) -> dict[str, list[list[int]]]:
    kinds = len({kind for kind in product.problems if kind})
    labels = (recipes.k_means(vectors, kinds), recipes.bertopic(vectors), recipes.linkage(vectors))
    return {name: recipes.groups_of(some) for name, some in zip(_OTHERS, labels, strict=True)}


def _places(product: Planted, observations: Sequence[Observation], members: Collection[int]) -> set[int]:
    return {product.place_of[observations[i].unit] for i in members}


def _mark(product: Planted, groups: Sequence[Group], found: Sequence[set[int]]) -> Marked:
    """A planted one is marked where a group of which it is the majority is."""
    traffic = product.traffic()
    at = {place: one.at for place, one in zip(reversed(product.of_turn), reversed(traffic), strict=True)}
    occurrences = [
        [Occurrence(at[place], product.user(place)) for place in sorted(places)] for places in found
    ]
    answers: list[Emergence] = emerging(occurrences, traffic)
    planted = product.emerging_kinds
    marked, others = set(), []
    for group, places, answer in zip(groups, found, answers, strict=True):
        if answer.is_emerging:
            kind, _ = majority(product.problems, places)
            if kind in planted:
                marked.add(kind)
            else:
                others.append(f"{group.label} ({answer.reason})")
    return Marked(planted, sorted(kind for kind in marked if kind), others)


def _of(marked: Sequence[str], planted: Sequence[str]) -> str:
    return f"{len(marked)} of {len(planted)} ({', '.join(planted)})"


def _tables(leg: str, rows: list[tuple[str, Planted, KindQuality]], results: dict[str, Any]) -> list[Table]:
    if not rows:
        return []
    cells: list[list[object]] = []
    means = {}
    for name in ("discovery", *_OTHERS):
        own = [(product, quality) for by, product, quality in rows if by == name]
        cells += [
            [f"{name}: {product.name}", quality.found, quality.f1, quality.pure, quality.groups]
            for product, quality in own
        ]
        mean = [
            float(np.mean([getattr(q, field) for _, q in own])) for field in ("found", "f1", "pure", "groups")
        ]
        means[name] = dict(zip(("found", "f1", "pure", "groups"), mean, strict=True))
        cells.append([f"{name}: mean", *mean])
    results[f"{leg}, means"] = means
    found, f1 = GOALS.get(leg, (None, None))
    goal = "" if found is None else f" (goal: found {found}" + (f", F1 {f1}" if f1 else "") + ", pure 0.7)"
    return [Table(f"problems, {leg}{goal}", HEADER, cells)]


def _given_away(products: Sequence[Planted], store: VectorStore, results: dict[str, Any]) -> Table:
    """k-means with the true number over the very messages in which the problems show."""
    cells: list[list[object]] = []
    for product in products:
        places = [i for i, row in enumerate(product.rows) if row["labels"].get("problem_message") is not None]
        texts = [
            str(
                product.rows[i]["messages"][product.rows[i]["labels"]["problem_message"]].get("content") or ""
            )
            for i in places
        ]
        kinds = len({kind for kind in product.problems if kind})
        groups: list[list[int]] = []
        if places:
            labels = recipes.k_means(store.of(texts), kinds)
            groups = [[places[row] for row in rows] for rows in recipes.groups_of(labels)]
        quality = kind_quality(product.problems, groups)
        results[f"messages given away, {product.name}"] = asdict(quality)
        cells.append([product.name, quality.found, quality.f1, quality.pure, quality.groups])
    return Table("k-means with the true number on the messages in which the problems show", HEADER, cells)
