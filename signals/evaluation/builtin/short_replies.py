"""False alarms on short, ordinary replies: no signal of dissatisfaction, failure or attack holds on any of probes/short_replies_*.txt.

The "chosen" replies were read while rules and models were made; what matched of the "read" ones was read once, and of the "second" ones, which
are by a hand that knew the detectors. The "kept" ones are by a hand that saw nothing of this project, and are only measured: what a figure of them
says of other replies ends where somebody mends a detector after reading what matched.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from raindrop.evaluation.measurement import Table
from signals.detectors import DETECTORS, keywords
from signals.detectors.batch import Exchange, Turn
from signals.detectors.text import Text
from signals.evaluation.builtin.vectors import VectorStore, batch_of_turns

FOLDER = Path(__file__).resolve().parent / "probes"
LISTS = ("chosen", "read", "second", "kept")
SIGNALS = (
    "refusal", "task_failure", "user_frustration", "correction", "laziness", "forgetting", "hand_over", "abuse", "jailbreak",
)  # fmt: skip
# What the chosen replies were read after.
TABLE_FOR_TWO = Exchange(
    Text("Can you find me a table for two on Friday?"), Text("Sure, which area would you like?")
)
ASKED, OFFERED = (
    "Something near the station please",
    "Alright, here is what I have: Luigi's at 19:00 or Sakura at 20:00.",
)
NAMES = {"agent": keywords.AGENT, "user": keywords.USER}


@dataclass(frozen=True)
class Reply:
    """A reply of one side, with the message that it answers ("" where it stands alone)."""

    part: str  # of LISTS
    language: str
    side: Literal["agent", "user"]
    kind: str
    before: str
    text: str

    @property
    def turn(self) -> Turn:
        """The event as the pipeline would read it. A chosen reply stands within the exchange it was read in; another one of the user's is
        the last message of its conversation."""
        if self.part == "chosen":
            given, answer = (ASKED, self.text) if self.side == "agent" else (self.text, OFFERED)
            return Turn(uuid.uuid4(), Text(given), Text(answer), previous=[TABLE_FOR_TWO])
        if self.side == "agent":
            return Turn(uuid.uuid4(), Text(self.before), Text(self.text))
        previous = [Exchange(Text(""), Text(self.before))] if self.before else []
        return Turn(uuid.uuid4(), Text(self.text), Text(""), previous=previous)


@dataclass(frozen=True)
class Alarm:
    """A match that is false, since no signal of SIGNALS holds on any of the replies."""

    signal: str
    score: float
    reply: Reply


def read_replies(part: str) -> list[Reply]:
    """The replies of one of LISTS, in the file's order. Raises ValueError where a line is malformed."""
    found = []
    for line in (FOLDER / f"short_replies_{part}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        language, side, kind, before, text = (cell.strip() for cell in line.split("|"))
        if side not in NAMES or not text:
            raise ValueError(f"This line tells no side or no text: {line}")
        found.append(Reply(part, language, cast(Literal["agent", "user"], side), kind, before, text))
    return found


def alarms(replies: list[Reply], store: VectorStore) -> list[Alarm]:
    """Every match of SIGNALS by the shipped rules and models, in the replies' order."""
    batch = batch_of_turns([reply.turn for reply in replies], store)
    found = [
        (match.index, Alarm(key, round(match.score, 3), replies[match.index]))
        for key in SIGNALS
        for match in DETECTORS[key].detect(batch)
        if match.score >= DETECTORS[key].threshold
    ]
    return [alarm for _, alarm in sorted(found, key=lambda pair: pair[0])]


def lists_that_hit(reply: Reply) -> set[str]:
    """The keyword lists of the reply's side that find something in its text; those of gratitude are no alarm."""
    return {
        name for name in NAMES[reply.side] if name != keywords.WIN and keywords.hits(name, Text(reply.text))
    }


def measure(store: VectorStore) -> tuple[list[Table], dict[str, object], list[str]]:
    """The tables, the numbers as JSON, and a line for each false match."""
    rows: list[list[object]] = []
    by_signal: dict[str, Counter[str]] = {}
    results: dict[str, object] = {}
    lines = []
    for part in LISTS:
        replies = read_replies(part)
        found = alarms(replies, store)
        matched = {alarm.reply for alarm in found}
        by_words = {reply for reply in replies if lists_that_hit(reply)}
        by_signal[part] = Counter(alarm.signal for alarm in found)
        cells = {"all": set(replies)} | _groups(replies)
        rows += [
            [part, name, len(group), len(group & matched), len(group & by_words)]
            for name, group in cells.items()
        ]
        lines += [f"{part}: {_line(alarm)}" for alarm in found]
        results[part] = {
            "replies": len(replies),
            "with a false match": len(matched),
            "with a keyword": len(by_words),
            "by signal": dict(by_signal[part]),
        }
    counts = Table(
        "short, ordinary replies (goal: no false match)",
        ["list", "of", "replies", "with a false match", "with a keyword"],
        rows,
    )
    signals = Table(
        "false matches by signal",
        ["signal", *LISTS],
        [[key, *(by_signal[part][key] for part in LISTS)] for key in SIGNALS],
    )
    return [counts, signals], results, lines


def _groups(replies: Iterable[Reply]) -> dict[str, set[Reply]]:
    groups: defaultdict[str, set[Reply]] = defaultdict(set)
    for reply in replies:
        groups[f"{reply.side}s"].add(reply)
        if reply.language != "en":
            groups["other languages"].add(reply)
        if reply.before:
            groups["with the message before"].add(reply)
    return dict(groups)


def _line(alarm: Alarm) -> str:
    reply = alarm.reply
    before = f" (after “{reply.before}”)" if reply.before else ""
    return f"{alarm.signal} {alarm.score:.2f}, {reply.side}, {reply.kind}: “{reply.text}”{before}"
