"""`manage.py evaluate emerging`: problems that begin some days before the end, without a key, on the corpus's products for training.

No product of the corpus has a problem that begins lately, so its conversations are given other times: those of one kind of problem (FEWEST
conversations and more) get moments of the last 5 to 12 days, the others the moments that are left, all drawn by seed. The groups do not depend on
times. And to see what chance marks, all conversations get their moments at random.
"""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from raindrop.evaluation.measurement import Measurement, Table
from signals.detectors import DETECTORS
from signals.discovery.emerging import Occurrence, emerging
from signals.discovery.evidence import without_reports
from signals.discovery.observations import texts_of
from signals.discovery.problems import group_problems
from signals.evaluation.builtin.vectors import VectorStore
from signals.evaluation.corpus import FOLDER, TRAIN
from signals.evaluation.grouping.group_quality import majority
from signals.evaluation.grouping.planted import Planted, read_corpus_product

FEWEST = 4  # conversations of a kind
SEEDS = 3
BEGAN = range(5, 13)  # days before the end

Places = Sequence[set[int]]


def measure(data: Path, only: str | None = None) -> Measurement:
    """`only`: one product. Reads what is in the repository; `data` is not looked at."""
    store, rows, results = VectorStore(), [], {}
    names = [name for name in TRAIN if only in (None, name)]
    for name in names:
        product = read_corpus_product(FOLDER / name)
        groups = _groups(product, store)
        planted, marked, others = 0, 0, 0
        for kind, count in Counter(kind for kind in product.problems if kind).items():
            for seed in range(SEEDS if count >= FEWEST else 0):
                times = planted_times(product, kind, draw=random.Random(f"{name} {kind} {seed}"))  # noqa: S311  # the same each time
                found = _marked(product, groups, times)
                planted += 1
                marked += kind in found
                others += sum(one != kind for one in found)
        by_chance = [
            len(_marked(product, groups, _shuffled(product, draw=random.Random(f"{name} {seed}"))))  # noqa: S311  # the same each time
            for seed in range(2 * SEEDS)
        ]
        results[name] = {
            "planted": planted, "marked": marked, "others": others, "by chance": sum(by_chance), "shuffled": len(by_chance), "groups": len(groups),
        }  # fmt: skip
        rows.append([name, *results[name].values()])
    header = ["product", "planted", "marked", "others marked", "marked by chance", "times shuffled", "groups"]
    total = {key: sum(one[key] for one in results.values()) for key in next(iter(results.values()))}
    rows.append(["all", *total.values()])
    share = total["marked"] / max(1, total["planted"])
    notes = [
        f"Marked: {share:.3f} of the planted. Others: {total['others'] / max(1, total['planted']):.3f} a time. "
        f"By chance: {total['by chance'] / max(1, total['shuffled']):.3f} a time."
    ]
    return Measurement(
        [Table("problems that begin lately, no key", header, rows)], results | {"all": total}, notes
    )


def planted_times(product: Planted, kind: str, *, draw: random.Random) -> list[datetime]:
    """A moment for each conversation: those of the kind lie in the last days, all are moments of the product's own conversations."""
    moments = sorted(product.starts)
    last = moments[-1] - timedelta(days=draw.choice(BEGAN))
    mine = [place for place, one in enumerate(product.problems) if one == kind]
    late = [place for place, moment in enumerate(moments) if moment >= last]
    chosen = draw.sample(late, min(len(mine), len(late)))
    remaining = [place for place in range(len(moments)) if place not in set(chosen)]
    draw.shuffle(remaining)
    order = dict(zip(mine, chosen, strict=False))
    return [moments[order[place] if place in order else remaining.pop()] for place in range(len(moments))]


def _shuffled(product: Planted, *, draw: random.Random) -> list[datetime]:
    moments = list(product.starts)
    draw.shuffle(moments)
    return moments


def _groups(product: Planted, store: VectorStore) -> Places:
    evidence = without_reports(product.evidence_observations(DETECTORS, store))
    groups = group_problems(evidence, store.of(texts_of(evidence)))
    return [{product.place_of[evidence[i].unit] for i in group.members} for group in groups]


def _marked(product: Planted, groups: Places, times: Sequence[datetime]) -> list[str | None]:
    """The majority kind of each group that is marked."""
    traffic = [Occurrence(at, product.user(place)) for place, at in enumerate(times)]
    answers = emerging([[traffic[place] for place in sorted(places)] for places in groups], traffic)
    return [
        majority(product.problems, places)[0]
        for places, answer in zip(groups, answers, strict=True)
        if answer.is_emerging
    ]
