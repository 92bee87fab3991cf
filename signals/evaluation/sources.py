"""What the turn models learn from: the corpus, the planted products, and public sets for the signals that these label."""

import json
import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from raindrop.data_dir import BASE_DIR
from signals.detectors import RULES
from signals.detectors.batch import Batch, Exchange, Turn
from signals.detectors.text import Text
from signals.evaluation.builtin import corpora
from signals.evaluation.builtin.corpora import Sample
from signals.evaluation.corpus import PLANTED, TRAIN, TUNE, LabelledTurn, read_product
from signals.evaluation.traffic import read_source

AGENT_SIDE = frozenset(
    [
        "refusal",
        "task_failure",
        "missing_capability",
        "laziness",
        "forgetting",
        "agent_repetition",
        "hand_over",
    ]
)
# Turns of public sets that two readers judged (fixtures/readings), and what is learned from them. They were asked for refusals too, but
# counted true statements of a policy ("delivered orders cannot be changed") among them, which are none here.
READINGS = BASE_DIR / "fixtures" / "readings" / "turns.jsonl"
READ_FOR = frozenset(
    [
        *("user_frustration", "correction", "user_repetition", "win", "human_request", "agent_repetition"),
        *("task_failure", "hand_over", "laziness", "missing_capability"),
    ]
)
LANGUAGES = BASE_DIR / "fixtures" / "languages"
# Files of LANGUAGES that are learned from, each by another writer. A name begins with its language.
HANDS = (
    "de",
    "es",
    "fr",
    "pt",
    "de2",
    "es2",
    "fr2",
    "pt2",
    "en2",
    "en3",
    "en4",
    "en5",
    "en6",
    "en7",
    "en8",
    "es3",
    "de3",
)
PARTS = 3
OF_LANGUAGES = frozenset(
    ("user_frustration", "correction", "win", "human_request", "refusal", "task_failure")
)
RATED = 2500  # rated turns of task chats that are learned from, drawn at random
READ_SOURCES = ("taubench_retail_community", "sgd_dev", "multichallenge")
# What an agent may answer before and after work, thanks and small talk: nothing is declined, failed or left out. Our own.
SHORT_REPLIES = (Path(__file__).parent / "short_replies.txt").read_text(encoding="utf-8").splitlines()
REPLIED_TO = (
    "ok", "thanks!", "I moved to Leeds last year", "my order number is 4471", "that's all for now", "what do you think?", "good morning",
    "it's raining here", "I'll do that tomorrow", "we have two cats", "see you", "I fixed it myself", "hm", "danke", "gracias", "merci", "yes",
)  # fmt: skip


def products() -> list[LabelledTurn]:
    """Every product of the corpus that is not kept, with the planted ones. Raises MissingData."""
    return [one for name in (*TRAIN, *TUNE, *PLANTED) for one in read_product(name)]


def short_replies() -> list[LabelledTurn]:
    draw = random.Random(0)  # noqa: S311 - not for secrets
    samples = [
        corpora.agent_says(reply, False, given=draw.choice(REPLIED_TO)) for reply in SHORT_REPLIES if reply
    ]
    return _labelled("short replies", samples, AGENT_SIDE, "", weight=1.0)


# What was said before a message of our own: lone sentences are read within a conversation.
BEFORE = (
    ("Where is my parcel?", "It should arrive today."), ("Change my flight to Friday", "I've changed it to Thursday."), ("how do I reset it", "Hold the button for ten seconds."),
    ("make the text shorter", "Here is a shorter version."), ("book a table for four", "For which day would you like it?"), ("why is the build red", "The linter failed on two files."),
    ("what's my balance", "I could not find your account."), ("hello", "Hello! How can I help?"), ("translate this", "Here is the translation."), ("cancel my order", "Your order was cancelled."),
)  # fmt: skip


def own_messages() -> list[LabelledTurn]:
    """Our own sentences of annoyed, calm and abusive users, as the second message of a conversation."""
    draw = random.Random(1)  # noqa: S311
    found: list[LabelledTurn] = []
    for signal, yes, no in (("user_frustration", "frustrated", "calm"), ("abuse", "abuse", "not_abuse")):
        samples = [
            replace(sample, turn=replace(sample.turn, previous=[Exchange(Text(given), Text(reply))], output=Text(draw.choice(BEFORE)[1])))
            for name, holds in ((yes, True), (no, False))
            for text in corpora.written(name)
            for sample in [corpora.user_says(text, holds)]
            for given, reply in [draw.choice(BEFORE)]
        ]  # fmt: skip
        found += _labelled("own messages", samples, frozenset([signal]), signal, weight=0.5)
    return found


def public(data: Path) -> list[LabelledTurn]:
    """Rows of the public sets, each asked only for what its set labels. Raises MissingData."""
    answered = corpora.refusals(data)
    rated, _, draw = _learned_and_others(data)
    chats = [one for talk in corpora.talks(data, "sgd_dev") for one in _task_chat(talk)]
    failures = [one for one in chats if one.answers]
    return [
        *_labelled("chatgpt_refusals", answered, frozenset(["refusal"]), "refusal", weight=0.5),
        *_labelled(
            "own refusals", corpora.refusal_sentences(), frozenset(["refusal"]), "refusal", weight=0.2
        ),
        *_labelled("uss", rated, frozenset(["user_frustration"]), "user_frustration", weight=0.2),
        *failures,
        *draw.sample([one for one in chats if not one.answers], 1500),
    ]


def rated_turns(data: Path) -> list[Sample]:
    """Of uss_sgd and then of uss_redial, in their order."""
    return [sample for name in ("uss_sgd", "uss_redial") for sample in corpora.satisfaction(data, name)]


def rated_and_not_learned(data: Path) -> list[Sample]:
    """The rated turns that `public` leaves out: no turn model has learned from them."""
    return _learned_and_others(data)[1]


def _learned_and_others(data: Path) -> tuple[list[Sample], list[Sample], random.Random]:
    """The rated turns that are learned from, the others, and the random numbers after that draw."""
    draw, rated = random.Random(0), rated_turns(data)  # noqa: S311
    learned = draw.sample(rated, RATED)
    drawn = {id(sample) for sample in learned}
    return learned, [sample for sample in rated if id(sample) not in drawn], draw


def _task_chat(talk: corpora.Talk) -> list[LabelledTurn]:
    """Quiet turns. Where the agent has a failure to tell (the set says so of the conversation), it tells it in the turn on which the rule
    says so most; whether others hold it too is not known, and they are left out."""
    found = {
        one.index: one.score
        for one in RULES["task_failure"].detect(Batch([sample.turn for sample in talk.samples]))
    }
    fails = bool(talk.labels.get("notify_failure"))
    told = max(found, key=lambda place: found[place], default=None)
    return [
        LabelledTurn(
            *("sgd", talk.id, place, sample.turn),
            {"task_failure": True} if fails else {},
            looked_for=frozenset(AGENT_SIDE | {"user_frustration", "abuse", "distress"}),
            weight=3.0 if fails else 0.3,
        )
        for place, sample in enumerate(talk.samples)
        if not fails or place == told
    ]


def written() -> list[LabelledTurn]:
    """Turns of our own in five languages, by several hands. Each hand is three sources, so that a word of it counts as known to more than
    one."""
    found = []
    for hand in HANDS:
        lines = (LANGUAGES / f"{hand}.jsonl").read_text(encoding="utf-8").splitlines()
        for number, row in enumerate(map(json.loads, lines)):
            turn = written_turn(row)
            unsure: list[str] = row.get("unsure", [])
            answers: dict[str, bool | None] = {**dict.fromkeys(row["signals"], True), **dict.fromkeys(unsure)}
            found.append(
                LabelledTurn(
                    *(part_of(hand, number), str(number), len(turn.previous), turn, answers), OF_LANGUAGES
                )
            )
    return found


def part_of(hand: str, number: int) -> str:
    """The source that a line of a hand's file belongs to."""
    return f"{hand} {number % PARTS}"


def written_turn(row: Mapping[str, Any]) -> Turn:
    """A line of fixtures/languages as detectors see it."""
    before = [Exchange(Text(given), Text(reply)) for given, reply in row["before"]]
    return Turn(uuid.uuid4(), Text(row["user"]), Text(row["agent"]), previous=before)


def read_turns(data: Path) -> list[LabelledTurn]:
    """Turns of task chats as two readers judged them: True where both found the signal, None where they differ or one was unsure. Raises
    MissingData."""
    readings = {
        row["turn"]: row for row in map(json.loads, READINGS.read_text(encoding="utf-8").splitlines())
    }
    return [
        LabelledTurn(
            source,
            spoken.conversation,
            spoken.place,
            spoken.turn,
            _agreed(readings[spoken.id]),
            READ_FOR,
        )
        for source in READ_SOURCES
        for spoken in read_source(source, data=data)
        if spoken.id in readings
    ]


def _agreed(row: dict[str, list[str]]) -> dict[str, bool | None]:
    named = {signal.rstrip("?") for signal in (*row["first"], *row["second"])}
    return {signal: True if signal in row["first"] and signal in row["second"] else None for signal in named}


def _labelled(
    name: str, samples: Sequence[Sample], looked_for: frozenset[str], signal: str, *, weight: float
) -> list[LabelledTurn]:
    return [
        LabelledTurn(
            name, str(place), place, sample.turn, {signal: True} if sample.answer else {}, looked_for, weight
        )
        for place, sample in enumerate(samples)
    ]
