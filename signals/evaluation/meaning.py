"""Searching by meaning (signals/search/meaning.py): where to cut off. Each set's names of intents, as queries, over its texts (what is
wanted) and over the other set's (what has nothing to do with them, but for a few intents that both have, such as exchange rates). The planted
products' intents over their first messages likewise."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from raindrop.embedder import embed_texts
from raindrop.evaluation.intents import SETS, Intents, load_intents
from raindrop.evaluation.measurement import Measurement, MissingData, Table
from signals.evaluation.grouping.planted import read_planted
from signals.search.meaning import NEAR_ENOUGH

CUTS = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)


def measure(data: Path) -> Measurement:
    tables: list[Table] = []
    results: dict[str, Any] = {}
    for sets in ({name: load_intents(data, name, splits={"test"}) for name in SETS}, load_planted(data)):
        _measure_sets(sets, tables, results)
    return Measurement(tables, results)


def load_planted(data: Path) -> dict[str, Intents]:
    """By product: the titles of its intents, and its conversations' first messages. Empty where there are none."""
    try:
        products = read_planted(data)
    except MissingData:
        return {}
    found = {}
    for product in products:
        titles = json.loads((data / "planted" / product.name / "intents.json").read_text(encoding="utf-8"))
        names = sorted(titles)
        place = {name: index for index, name in enumerate(names)}
        rows = [
            (text, intent)
            for text, intent in zip(product.first_messages, product.intents, strict=True)
            if text and intent in place
        ]
        found[product.name] = Intents(
            names=names,
            named=embed_texts([titles[name]["title"] for name in names]),
            vectors=embed_texts([text for text, _ in rows]),
            labels=np.array([place[intent] for _, intent in rows]),
            splits=np.array(["test"] * len(rows)),
        )
    return found


def _measure_sets(sets: Mapping[str, Intents], tables: list[Table], results: dict[str, Any]) -> None:
    for name, other in zip(sets, [*list(sets)[1:], *list(sets)[:1]], strict=True):
        found = {cut: measure_cut(sets[name], sets[other], cut) for cut in CUTS}
        rows: list[list[object]] = [
            [f"{cut}{' (in use)' if cut == NEAR_ENOUGH else ''}", *one.values()] for cut, one in found.items()
        ]
        header = ["cosine from", *found[CUTS[0]]]
        tables.append(Table(f"Names of {name} as queries; unrelated: over {other}", header, rows))
        results[name] = {str(cut): one for cut, one in found.items()}


def measure_cut(own: Intents, other: Intents, cut: float) -> dict[str, Any]:
    """Shares: of the wanted texts that are found, of the queries that find one, of unrelated texts found, of queries that find any."""
    present = np.unique(own.labels)
    hits = own.named[present] @ own.vectors.T >= cut
    relevant = own.labels[None, :] == present[:, None]
    strays = own.named[present] @ other.vectors.T >= cut
    return {
        "wanted texts found": float((hits & relevant).sum() / relevant.sum()),
        "queries that find one": float((hits & relevant).any(axis=1).mean()),
        "unrelated texts found": float(strays.mean()),
        "queries that find an unrelated one": float(strays.any(axis=1).mean()),
    }
