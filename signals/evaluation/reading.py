"""What a blind reader of the audit gets, and what they give back.

One block a turn: what was said before it, the turn with its tools and results, and the signals that are asked for. No score, no word of
why the turn was drawn; the blocks are mixed at random, and each asks for some signals at random beside those that it was drawn for.
The reader writes one line a turn: its id, then the signals that hold on it, a "?" behind one they are unsure of, "-" when none does.
"""

import random
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from signals.detectors import SIGNALS
from signals.detectors.batch import SpanFacts
from signals.evaluation.drawing import AUDITED, SampledTurn
from signals.evaluation.traffic import SourceTurn

Holds = Literal["true", "false", "unsure"]
_HOLDS: dict[str, Holds] = {"true": "true", "false": "false", "unsure": "unsure"}
ASKED = 6  # signals a turn is asked for, at least
# Characters of an earlier text, of the turn's own, of a tool's arguments or result.
BEFORE, OWN, RESULT = 400, 4000, 600
SLACK = 60  # to cut less than this says more words than it saves
TOOLS = 12  # calls of a turn that are shown

GUIDE = """# Reading turns of agents' conversations, blind

Each block of the file is one turn of a conversation between a user and an AI agent:

    === 3f09ab12cd  2026-11-02
    before U: / A: / T:  what was said and called earlier (cut short; "T!" is a call that failed)
    U:  the user's message       T name {arguments} -> result       A:  the agent's part
    [the conversation ends here]
    ? refusal, win, user_frustration     the signals to decide on, on THIS turn alone

For every block write one line: its id, then those of its signals that hold on this turn, separated by spaces. A "?" behind a signal means
that you cannot tell. "-" means that none holds. Only signals that the block asks for.

    3f09ab12cd win
    77ab01c2d3 refusal user_frustration?
    0123456789 -

What holds is what a sensible person would say of the turn, given what came before, by the definitions below: not more, and nothing because
it looks likely to have been picked. Most signals hold on few turns. User signals are read in the user's message, agent signals in the
agent's part and its tool calls. Read every block yourself; no scripts that judge. Do not look at anything but this text and the blocks.

## Signals
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """One reader's answer on one row."""

    id: str
    holds: Holds
    reader: str

    def as_dict(self) -> dict[str, object]:
        return {"id": self.id, "holds": self.holds, "reader": self.reader}


class BadAnswers(ValueError):
    """What is wrong with a reader's file, one line a mistake."""


def guide() -> str:
    told = {signal.key: signal for signal in SIGNALS}
    return GUIDE + "\n".join(f"- {key}: {told[key].description}" for key in AUDITED) + "\n"


def questions_of(rows: Iterable[SampledTurn], *, seed: int) -> dict[str, list[str]]:
    """By turn, the signals that a reader is asked for: those it was drawn for, and others at random up to ASKED, mixed."""
    drawn: dict[str, set[str]] = {}
    for row in rows:
        drawn.setdefault(row.turn, set()).add(row.signal)
    questions = {}
    for turn, signals in drawn.items():
        chance = random.Random(f"{seed}/{turn}")  # noqa: S311 - not for secrets
        rest = [key for key in AUDITED if key not in signals]
        mixed = [*sorted(signals), *chance.sample(rest, min(len(rest), max(0, ASKED - len(signals))))]
        chance.shuffle(mixed)
        questions[turn] = mixed
    return questions


def blocks(
    turns: Mapping[str, SourceTurn], questions: Mapping[str, Sequence[str]], *, seed: int
) -> list[str]:
    """The text of each turn to be read, in an order at random. `turns` by id."""
    order = sorted(questions)
    random.Random(seed).shuffle(order)  # noqa: S311
    return [_block(turns[turn], questions[turn]) for turn in order]


def _block(spoken: SourceTurn, questions: Sequence[str]) -> str:
    turn = spoken.turn
    lines = [f"=== {spoken.id}" + (f"  {turn.at:%Y-%m-%dT%H:%M}, a {turn.at:%A}" if turn.at else "")]
    for old in turn.previous:
        lines += _said("before U", old.input.raw, BEFORE)
        lines += [f"before {_call(span, BEFORE // 2)}" for span in _tools(old.spans)]
        lines += _said("before A", old.output.raw, BEFORE)
    lines += _said("U", turn.input.raw, OWN)
    lines += [_call(span, RESULT) for span in _tools(turn.spans)]
    lines += _said("A", turn.output.raw, OWN) or ["A: [no answer]"]
    if spoken.last:
        lines.append("[the conversation ends here]")
    return "\n".join([*lines, f"? {', '.join(questions)}"]) + "\n"


def _tools(spans: Sequence[SpanFacts]) -> Sequence[SpanFacts]:
    return [span for span in spans if span.kind == "tool"][:TOOLS]


def _said(who: str, text: str, most: int) -> list[str]:
    return [f"{who}: {_cut(text.strip(), most)}"] if text.strip() else []


def _call(span: SpanFacts, most: int) -> str:
    result = span.output or span.error
    return f"T{'!' if span.status == 'error' else ''} {span.name} {_cut(span.input, most)} -> {_cut(result, most)}"


def _cut(text: str, most: int) -> str:
    """The beginning and the end; a line that looks like a block's own is moved in."""
    text = re.sub(r"^(===|\?) ", r" \1 ", text, flags=re.MULTILINE)
    if len(text) <= most + SLACK:
        return text
    head, tail = most * 2 // 3, most // 3
    return f"{text[:head]} [... {len(text) - head - tail} characters ...] {text[-tail:]}"


def read_questions(text: str) -> dict[str, list[str]]:
    """The turns of a file of blocks, each with the signals that it asks for."""
    questions: dict[str, list[str]] = {}
    turn = ""
    for line in text.split("\n"):
        if found := re.match(r"=== ([0-9a-f]{10})\b", line):
            turn = found[1]
        elif line.startswith("? ") and turn:
            questions[turn] = [key.strip() for key in line[2:].split(",")]
    return questions


def read_lines(
    text: str, questions: Mapping[str, Sequence[str]], rows: Mapping[tuple[str, str], str], reader: str
) -> list[Answer]:
    """A reader's lines as answers. `rows`: the row's id by (turn, signal); what was only asked beside is left out. Raises BadAnswers."""
    answers: dict[str, Answer] = {}
    wrong: list[str] = []
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        turn, answers_of_turn = words[0], [word.rstrip(",") for word in words[1:] if word != "-"]
        if turn not in questions:
            wrong.append(f"line {number}: no such turn {turn}")
            continue
        if turn in seen or len(words) == 1:
            wrong.append(f"line {number}: {turn} {'is answered twice' if turn in seen else 'has no answer'}")
        seen.add(turn)
        held: dict[str, Holds] = {
            word.rstrip("?"): "unsure" if word.endswith("?") else "true" for word in answers_of_turn
        }
        if strange := sorted(held.keys() - set(questions[turn])):
            wrong.append(f"line {number}: {turn} does not ask for {', '.join(strange)}")
        for signal in questions[turn]:
            if row := rows.get((turn, signal)):
                answers[row] = Answer(row, held.get(signal, "false"), reader)
    if wrong:
        raise BadAnswers("\n".join(wrong))
    return list(answers.values())


def read_objects(objects: Iterable[Any], known: Collection[str]) -> list[Answer]:
    """Answers that come as {"id", "holds", "reader"} each. Raises BadAnswers."""
    answers: list[Answer] = []
    wrong = []
    for number, given in enumerate(objects, 1):
        row = given if isinstance(given, dict) else {}
        holds = _HOLDS.get(str(row.get("holds")).lower())
        if holds is None or not row.get("reader"):
            wrong.append(f"line {number}: needs id, holds (true, false, unsure) and reader")
        elif row.get("id") not in known:
            wrong.append(f"line {number}: no such row {row.get('id')!r}")
        else:
            answers.append(Answer(row["id"], holds, str(row["reader"])))
    if wrong:
        raise BadAnswers("\n".join(wrong))
    return answers
