"""The audit's sample: at random, within strata of what each detector says of ordinary traffic.

A stratum is (signal, source, kind): the matches, the near misses (a score just under the threshold), and all other turns. Every turn has a
random number that hangs on the seed and the turn alone; a stratum's sample is its turns with the smallest numbers. So it is a simple
random sample without replacement, and when a detector changes, turns that stay in their stratum mostly stay in the sample: what readers
said of them is kept, and only what newly matches is read anew (Ohlsson 1995, "Coordination of samples using permanent random numbers").
The other turns of signals of one group share their numbers, so that a reader is asked for several signals of one turn.
"""

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from signals.catalogue.audit_results import MEASURED
from signals.detectors import DETECTORS, SIGNALS, abandonment
from signals.detectors.batch import Evidence
from signals.evaluation.builtin.vectors import VectorStore, batch_of_turns
from signals.evaluation.traffic import SourceTurn, row_id

Kind = Literal["match", "near", "other"]
KINDS: tuple[Kind, ...] = ("match", "near", "other")
AUDITED = tuple(signal.key for signal in SIGNALS if signal.key not in MEASURED)
NEAR = 0.6  # a near miss has at least this share of its threshold
# The signals of a group are asked for on the same other turns. A key that stands in none joins one by its checksum: so a new signal
# leaves the samples of the others as they are.
GROUPS = (
    "user_frustration distress laziness tool_loop missing_capability unsupported_value",
    "correction jailbreak forgetting empty_tool_result agent_repetition contradiction",
    "user_repetition refusal win false_success wrong_date unsafe_content",
    "human_request task_failure tool_failure lost_information wrong_arithmetic language_mismatch",
    "abuse hand_over repeated_tool_failure abandonment action_without_call",
)
CHUNK = 256


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the detector says of one turn."""

    spoken: SourceTurn
    kind: Kind


@dataclass(frozen=True, slots=True)
class SampledTurn:
    """A row of the sample. `size`: turns in its stratum; `probability`: with which each of them was drawn."""

    id: str
    turn: str
    signal: str
    source: str
    kind: Kind
    version: int
    size: int
    probability: float

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Stratum:
    """How many turns of a source are of a kind, for one signal and one version of its detector; how many of them were drawn."""

    signal: str
    source: str
    kind: Kind
    version: int
    size: int
    drawn: int


def version_of(signal: str) -> int:
    return abandonment.VERSION if signal == abandonment.KEY else DETECTORS[signal].version


def verdicts(turns: Sequence[SourceTurn], vectors: VectorStore) -> dict[str, list[Kind]]:
    """By signal, what kind each turn is, in the order of `turns`."""
    kinds: dict[str, list[Kind]] = {signal: ["other"] * len(turns) for signal in AUDITED}
    for start in range(0, len(turns), CHUNK):
        part = turns[start : start + CHUNK]
        batch = batch_of_turns([spoken.turn for spoken in part], vectors)
        held: dict[int, dict[str, list[Evidence]]] = defaultdict(dict)
        for key, detector in DETECTORS.items():
            for found in detector.detect(batch):
                matched = found.score >= detector.threshold
                if matched:
                    held[found.index][key] = found.evidence
                if key in kinds and found.score >= NEAR * detector.threshold:
                    kinds[key][start + found.index] = "match" if matched else "near"
        for index, signals in held.items():
            if part[index].last and abandonment.judge(part[index].turn, signals, names={}) is not None:
                kinds[abandonment.KEY][start + index] = "match"
    return kinds


def draw(
    turns: Sequence[SourceTurn], kinds: Mapping[str, Sequence[Kind]], *, seed: int, matches: int, others: int
) -> tuple[list[SampledTurn], list[Stratum]]:
    """A sample of each signal: `matches` of its matches and `others` of the rest (half of them near misses, as far as there are any), spread
    evenly over the sources that have them; fewer where there are no more."""
    rows: list[SampledTurn] = []
    strata: list[Stratum] = []
    sources = list(dict.fromkeys(spoken.source for spoken in turns))
    for signal in AUDITED:
        members: dict[tuple[str, Kind], list[SourceTurn]] = {
            (source, kind): [] for source in sources for kind in KINDS
        }
        for spoken, kind in zip(turns, kinds[signal], strict=True):
            members[spoken.source, kind].append(spoken)
        near = spread({source: len(members[source, "near"]) for source in sources}, others // 2)
        counts: dict[Kind, dict[str, int]] = {
            "match": spread({source: len(members[source, "match"]) for source in sources}, matches),
            "near": near,
            "other": spread({source: len(members[source, "other"]) for source in sources}, others - sum(near.values())),
        }  # fmt: skip
        for (source, kind), here in members.items():
            count = counts[kind][source]
            order = _numbers(seed, f"group {group_of(signal)}" if kind == "other" else "")
            strata.append(Stratum(signal, source, kind, version_of(signal), len(here), count))
            rows += [
                SampledTurn(
                    row_id(spoken.source, spoken.conversation, spoken.place, signal),
                    *(spoken.id, signal, source, kind, version_of(signal)),
                    *(len(here), count / len(here)),
                )
                for spoken in sorted(here, key=order)[:count]
            ]
    return rows, strata


def spread(available: Mapping[str, int], count: int) -> dict[str, int]:
    """Shares `count` out evenly. A stratum with less than its share gives all it has, and the others give more."""
    given = dict.fromkeys(available, 0)
    remaining = min(count, sum(available.values()))
    while remaining:
        open_ = [name for name in available if given[name] < available[name]]
        share = max(1, remaining // len(open_))
        for name in open_:
            more = min(share, available[name] - given[name], remaining)
            given[name] += more
            remaining -= more
    return given


def group_of(signal: str) -> int:
    """The place of the signal's group in GROUPS."""
    named = [place for place, keys in enumerate(GROUPS) if signal in keys.split()]
    return named[0] if named else zlib.crc32(signal.encode()) % len(GROUPS)


def _numbers(seed: int, purpose: str) -> Callable[[SourceTurn], bytes]:
    """A turn's random number; the same whenever it is asked for."""

    def number(spoken: SourceTurn) -> bytes:
        return hashlib.blake2b(f"{seed}\x1f{purpose}\x1f{spoken.id}".encode(), digest_size=8).digest()

    return number
