"""`manage.py evaluate audit`: what the readers' answers say of each built-in signal on ordinary traffic.

A row counts with 1 / the share of its stratum that was read (Horvitz and Thompson 1952). True is what both readers say holds, false what
both say does not. A match on which they differ, or are unsure, is half right; a turn that is no match and that they differ on is left out.
Intervals are 90 %: Wilson's, on the effective count of Kish (1965), (sum of weights)^2 / sum of weights^2. Those of recall take what the
sample of the other turns may hide into account: zero found in 30 of 1,000 turns can be 80 missed.
"""

import json
import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import cohen_kappa_score

from raindrop.evaluation.measurement import Measurement, Table
from raindrop.statistics import Z90, wilson_of_share
from signals.catalogue.audit_results import FEWEST, HEADLINE, PUBLISHED
from signals.evaluation.audit_store import READERS, AuditStore
from signals.evaluation.drawing import AUDITED, SampledTurn, Stratum
from signals.evaluation.reading import Answer
from signals.evaluation.traffic import KEPT_SOURCES


@dataclass(frozen=True, slots=True)
class Share:
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one signal on some sources. None: nothing was read that could say. `events`: turns of the sources; `matches`: of them found;
    `read`: sampled rows that both readers answered, `unread` those that still wait; `false_alarms`: per 1,000 events."""

    events: int
    matches: int
    read: int
    read_matches: int
    unread: int
    disputed: int
    kappa: float | None
    precision: Share | None
    recall: Share | None
    false_alarms: Share | None


@dataclass(frozen=True, slots=True)
class _Read:
    """A row that both readers answered. `right`: 1, 0, or None where they differ or are unsure."""

    row: SampledTurn
    right: bool | None
    weight: float


def measure(data: Path) -> Measurement:
    """Raises MissingData when nothing was drawn."""
    return report(AuditStore())


def report(store: AuditStore) -> Measurement:
    sample, strata, answers = store.sample(), store.strata(), store.answers_by_row()
    sources = sorted(
        {stratum.source for stratum in strata}, key=lambda name: (name not in KEPT_SOURCES, name)
    )
    parts: dict[str, Sequence[str]] = {
        "kept sources": [name for name in sources if name in KEPT_SOURCES],
        "other sources": [name for name in sources if name not in KEPT_SOURCES],
        **{name: [name] for name in sources},
    }
    tables, results = [], {}
    for title, names in parts.items():
        if names:
            found = {key: figures(key, names, sample, strata, answers) for key in AUDITED}
            results[title] = {key: asdict(mine) for key, mine in found.items()}
            tables.append(
                _table(f"audit, {title} ({', '.join(names)})" if len(names) > 1 else f"audit, {title}", found)
            )
    notes = [
        f"Published (`manage.py audit publish`): the kept sources, {', '.join(KEPT_SOURCES)}. Nothing was fitted or chosen on them.",
        "? behind a precision: tentative, below "
        f"{HEADLINE} or from fewer than {FEWEST} matches that were read. It is in no headline.",
    ]
    return Measurement(tables, results, notes)


def published(store: AuditStore) -> dict[str, dict[str, object]]:
    """By signal, what the pages show: the figures of the kept sources, for the signals that have any. Precisions are rounded to hundredths."""
    sample, strata, answers = store.sample(), store.strata(), store.answers_by_row()
    found = {}
    for key in AUDITED:
        mine = figures(key, KEPT_SOURCES, sample, strata, answers)
        if mine.precision is not None and mine.read_matches:
            found[key] = {
                **{name: round(value, 2) for name, value in _named(mine.precision, "precision").items()},
                **({name: round(value, 2) for name, value in _named(mine.recall, "recall", "recall_").items()} if mine.recall else {}),
                "matches": mine.read_matches,
                "version": next(row.version for row in strata if row.signal == key and row.source in KEPT_SOURCES),
                "measured_on": list(KEPT_SOURCES),
                "tentative": is_tentative(mine),
            }  # fmt: skip
    return found


def publish(store: AuditStore, path: Path = PUBLISHED) -> int:
    """Writes what the pages show; returns of how many signals."""
    found = published(store)
    path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return len(found)


def is_tentative(mine: Figures) -> bool:
    return mine.precision is None or round(mine.precision.value, 2) < HEADLINE or mine.read_matches < FEWEST


def figures(
    signal: str,
    sources: Collection[str],
    sample: Sequence[SampledTurn],
    strata: Sequence[Stratum],
    answers: Mapping[str, Sequence[Answer]],
) -> Figures:
    rows = [row for row in sample if row.signal == signal and row.source in sources]
    mine = [stratum for stratum in strata if stratum.signal == signal and stratum.source in sources]
    both = [row for row in rows if len(answers.get(row.id, ())) >= READERS]
    events = sum(stratum.size for stratum in mine)
    sizes = {kind: sum(s.size for s in mine if s.kind == kind) for kind in ("match", "near", "other")}
    read = _weighed(both, mine, answers)
    matches = [one for one in read if one.row.kind == "match"]
    precision = _share(
        [(1.0 if one.right else 0.5 if one.right is None else 0.0, one.weight) for one in matches]
    )
    return Figures(
        events=events,
        matches=sizes["match"],
        read=len(both),
        read_matches=len(matches),
        unread=len(rows) - len(both),
        disputed=sum(one.right is None for one in read),
        kappa=_kappa([answers[row.id] for row in both]),
        precision=precision,
        recall=_recall(read, sizes),
        false_alarms=_false_alarms(precision, sizes["match"], events),
    )


def _weighed(
    rows: Sequence[SampledTurn], strata: Sequence[Stratum], answers: Mapping[str, Sequence[Answer]]
) -> list[_Read]:
    """Each with the turns that it stands for: the size of its stratum / the rows of it that were read."""
    count: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        count[row.source, row.kind] += 1
    size = {(stratum.source, stratum.kind): stratum.size for stratum in strata}
    found = []
    for row in rows:
        told = {answer.holds for answer in answers[row.id]}
        right = None if len(told) > 1 or "unsure" in told else "true" in told
        found.append(_Read(row, right, size[row.source, row.kind] / count[row.source, row.kind]))
    return found


def _recall(read: Sequence[_Read], sizes: Mapping[str, int]) -> Share | None:
    """Found / (found + missed); None when no turn is known to have the signal, or the other turns were not read."""
    known = [one for one in read if one.right is not None]
    turns: dict[str, Share] = {}  # with the signal, by kind
    for kind, size in sizes.items():
        share = _share([(float(one.right is True), one.weight) for one in known if one.row.kind == kind])
        if share is None and size:
            return None
        turns[kind] = (
            Share(*(value * size for value in (share.value, share.low, share.high)))
            if share
            else Share(0, 0, 0)
        )
    found = turns["match"]
    missed = Share(
        *(getattr(turns["near"], name) + getattr(turns["other"], name) for name in ("value", "low", "high"))
    )
    if found.value + missed.value == 0:
        return None
    return Share(
        found.value / (found.value + missed.value),
        found.low / (found.low + missed.high) if found.low + missed.high else 0.0,
        found.high / (found.high + missed.low) if found.high + missed.low else 1.0,
    )


def _false_alarms(precision: Share | None, matches: int, events: int) -> Share | None:
    """Per 1,000 events. Without a match there is none."""
    if not events or (precision is None and matches):
        return None
    rate = 1000 * matches / events
    if precision is None:
        return Share(0.0, 0.0, 0.0)
    return Share(*(rate * (1 - value) for value in (precision.value, precision.high, precision.low)))


def _share(rows: Sequence[tuple[float, float]]) -> Share | None:
    """Of (value, weight) rows; None without any."""
    if not rows:
        return None
    values, weights = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    share = float((values * weights).sum() / weights.sum())
    effective = float(weights.sum() ** 2 / (weights**2).sum())
    return Share(share, *wilson_of_share(share, effective, z=Z90))


def _kappa(pairs: Sequence[Sequence[Answer]]) -> float | None:
    """Cohen's, of the two readers' answers ("unsure" is one of them); None where both gave one answer throughout."""
    if not pairs:
        return None
    first, second = ([pair[place].holds for pair in pairs] for place in range(READERS))
    if len({*first, *second}) < 2:
        return None
    value = float(cohen_kappa_score(first, second))
    return None if math.isnan(value) else value


def _named(share: Share, value: str, prefix: str = "") -> dict[str, float]:
    return {value: share.value, f"{prefix}low": share.low, f"{prefix}high": share.high}


def _table(title: str, found: Mapping[str, Figures]) -> Table:
    header = [
        "signal",
        "matches",
        "read",
        "kappa",
        "disputed",
        "P",
        "90 %",
        "R",
        "90 %",
        "false alarms / 1,000",
        "90 %",
        "unread",
    ]
    rows: list[list[object]] = []
    for key, mine in found.items():
        rows.append(
            [
                *(
                    key,
                    mine.matches,
                    mine.read,
                    None if mine.kappa is None else f"{mine.kappa:.2f}",
                    mine.disputed,
                ),
                None
                if mine.precision is None
                else f"{mine.precision.value:.2f}{'?' if is_tentative(mine) else ''}",
                _between(mine.precision),
                None if mine.recall is None else f"{mine.recall.value:.2f}",
                _between(mine.recall),
                None if mine.false_alarms is None else f"{mine.false_alarms.value:.1f}",
                _between(mine.false_alarms, 1),
                mine.unread,
            ]
        )
    return Table(title, header, rows)


def _between(share: Share | None, places: int = 2) -> str | None:
    return None if share is None else f"{share.low:.{places}f} to {share.high:.{places}f}"
