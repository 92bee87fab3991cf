"""The public sets (`--data`) and the sentences of our own, as turns with an answer. What each means by its labels stands here."""

import random
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.files.conversations import text_of, turns_of
from raindrop.evaluation.measurement import read_rows
from signals.detectors.batch import PREVIOUS_TURNS, Exchange, SpanFacts, Turn
from signals.detectors.text import Text

WRITTEN = Path(__file__).resolve().parent / "written"


@dataclass(frozen=True)
class Sample:
    """One event. `group`: samples that must not be on both sides of a split."""

    turn: Turn
    answer: bool = False
    group: str = ""
    weight: float = 1.0
    tags: dict[str, Any] = field(default_factory=dict)


def user_says(text: str, answer: bool, *, weight: float = 1.0, **tags: Any) -> Sample:
    return Sample(_turn(text, ""), answer, text.lower(), weight, tags)


def agent_says(text: str, answer: bool, *, given: str = "", weight: float = 1.0, **tags: Any) -> Sample:
    return Sample(_turn(given, text), answer, text.lower(), weight, tags)


def _turn(question: str, answer: str, **facts: Any) -> Turn:
    return Turn(uuid.UUID(int=0), Text(question), Text(answer), **facts)


def written(name: str) -> list[str]:
    """The lines of written/NAME.txt."""
    lines = (WRITTEN / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line.replace("\\n", "\n") for line in lines if line.strip() and not line.startswith("# ")]


# -- texts with a label


def offensive_tweets(data: Path) -> list[Sample]:
    return [
        user_says(_without_handles(row["text"]), row["label"] == "offensive", split=row["split"])
        for row in read_rows(data, "tweeteval_offensive")
    ]


def toxic_comments(data: Path) -> list[Sample]:
    return [
        user_says(_without_handles(row["text"]), row["label"] == "Toxic")
        for row in read_rows(data, "surge_toxicity")
    ]


def _without_handles(text: str) -> str:
    return re.sub(r"@user\b|https?://\S+|\bURL\b", " ", text).strip()


def emotions(data: Path, *labels: str) -> list[Sample]:
    """goemotions_dev; the answer is whether the comment has one of these emotions."""
    chosen = set(labels)
    return [
        user_says(row["text"], bool(chosen & set(row["label"])), emotions=row["label"])
        for row in read_rows(data, "goemotions_dev")
    ]


# As goemotions names them; "neutral" is the absence of all.
EMOTIONS = (
    *(
        "admiration",
        "amusement",
        "anger",
        "annoyance",
        "approval",
        "caring",
        "confusion",
        "curiosity",
        "desire",
    ),
    *(
        "disappointment",
        "disapproval",
        "disgust",
        "embarrassment",
        "excitement",
        "fear",
        "gratitude",
        "grief",
        "joy",
    ),
    *("love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise"),
    "neutral",
)
ANNOYED = ("anger", "annoyance", "disappointment", "disapproval")


def ordinary_requests(data: Path) -> list[Sample]:
    """banking77 and hwu64: what people ask of a bank and of a home assistant, each text once."""
    texts = dict.fromkeys(
        row["text"]
        for name in ("banking77_fewshot_splits", "hwu64_fewshot_splits")
        for row in read_rows(data, name)
    )
    return [user_says(text, False) for text in texts]


def coding_questions(data: Path) -> list[Sample]:
    """stackoverflow_short: the titles of questions, each once."""
    texts = dict.fromkeys(row["text"] for row in read_rows(data, "stackoverflow_short"))
    return [user_says(text, False) for text in texts]


def personal_data(data: Path) -> list[Sample]:
    """presidio_synth_v2: sentences full of addresses, numbers and odd characters."""
    texts = dict.fromkeys(row["text"] for row in read_rows(data, "presidio_synth_v2"))
    return [user_says(text, False) for text in texts]


# -- refusals


def refusals(data: Path) -> list[Sample]:
    """chatgpt_refusals_hand_labeled: the answer is whether the tone is not "complied"."""
    return [
        agent_says(
            row["messages"][1]["content"],
            row["labels"]["tone"] != "complied",
            given=row["messages"][0]["content"],
            tone=row["labels"]["tone"],
        )
        for row in read_rows(data, "chatgpt_refusals_hand_labeled")
    ]


def jailbreak_answers(data: Path) -> list[Sample]:
    """jailbreakbench_artifacts: the answer is "not jailbroken", as judged by a model; among those are a few that answered
    something harmless or garbled."""
    found: dict[str, Sample] = {}
    for row in read_rows(data, "jailbreakbench_artifacts"):
        given, reply = (message["content"] for message in row["messages"])
        if reply.strip():
            found.setdefault(
                reply,
                agent_says(
                    reply,
                    not row["labels"]["jailbroken"],
                    given=given,
                    model=row["meta"]["model"],
                    method=row["meta"]["method"],
                ),
            )
    return list(found.values())


def jailbreak_prompts(data: Path) -> list[Sample]:
    """Every prompt of jailbreakbench_artifacts is an attempt. One attack's prompts share their wrapping: they are one group."""
    found: dict[str, Sample] = {}
    for row in read_rows(data, "jailbreakbench_artifacts"):
        prompt = row["messages"][0]["content"]
        method = row["meta"]["method"]
        found.setdefault(prompt, Sample(_turn(prompt, ""), True, method, 1.0, {"method": method}))
    return list(found.values())


def refusal_sentences(seed: int = 0) -> list[Sample]:
    """Our own refusals and answers. Openings, what is declined, and what follows are combined at random, always alike."""
    draw = random.Random(seed)  # noqa: S311 - not for secrets
    topics = [line.split(" | ") for line in written("refusal_topics")]
    continuations = written("refusal_continuations")

    def filled(opening: str) -> str:
        act, topic = draw.choice(topics)
        return opening.replace("{act}", act).replace("{topic}", topic)

    openings = written("refusal_openings")
    found = []
    for opening in openings:
        for k in range(5 if "{" in opening else 4):
            parts = [filled(opening)]
            if k == 3:
                parts.append(filled(draw.choice(openings)))
            parts += draw.sample(continuations, min(k, 4))
            found.append(Sample(_turn("", " ".join(parts)), True, opening))
    found += [agent_says(text, True) for text in written("refusals")]
    found += [agent_says(text, False, weight=3.0) for text in written("compliances")]
    return found


LINKS = (
    " However, ",
    " That said, ",
    "\n\n",
    " But here is what I can say: ",
    " However, I can offer some information. ",
)
INSTEAD = (
    " Instead, I can offer this:\n\n",
    " Here is something related that I can do.\n\n",
    "\n\nInstead, ",
    " What I can do is talk about it in general. ",
    " I'd suggest the following:\n\n1. ",
)


def mixed_answers(data: Path, seed: int = 0) -> list[Sample]:
    """Long answers that begin like a refusal, built from real ones: a mere disclaimer before the answer is no refusal; declining
    and then doing something else is one."""
    draw = random.Random(seed)  # noqa: S311
    bodies = [sample.turn.output.raw for sample in long_answers(data) if sample.turn.output.words > 60]
    topics = [line.split(" | ") for line in written("refusal_topics")]

    def body() -> str:
        text = re.sub(
            r"^(?:sure|certainly|of course|absolutely)[^.!:\n]*[.!:]\s*",
            "",
            draw.choice(bodies),
            flags=re.IGNORECASE,
        )
        return " ".join(re.split(r"(?<=[.!?])\s+", text)[: draw.randint(3, 14)])

    openings = written("refusal_openings")
    modest = [
        opening
        for opening in openings
        if "{" not in opening
        and re.search(r"opinion|belief|feelings|real-time|predict|speculat|know|verify|doctor", opening)
    ]
    found = [agent_says(opening + draw.choice(LINKS) + body(), False) for opening in modest * 6]
    for opening in openings:
        if opening not in modest:
            act, topic = draw.choice(topics)
            begun = opening.replace("{act}", act).replace("{topic}", topic)
            more = " ".join(draw.sample(written("refusal_continuations"), draw.randint(1, 7)))
            text = f"{begun} {more}" + (draw.choice(INSTEAD) + body() if draw.random() < 0.6 else "")
            found.append(Sample(_turn("", text), True, opening))
    return found


TURNS = (
    " However, ",
    " However, ",
    "\n\nHowever, ",
    ", but ",
    ", but I can tell you that ",
    " That said, ",
    " But ",
    " However, it is worth noting that ",
    " However, based on what is known, ",
    " ",
)


def disclaimed_answers(seed: int = 0) -> list[Sample]:
    """A disclaimer before an answer is no refusal; before an evasion or a reproof of the question it is one, and so it is where
    a stance was asked for and an overview is given. Our own texts."""
    draw = random.Random(seed)  # noqa: S311
    disclaimers = written("disclaimers")
    found = []
    for name, refused, alone in (
        ("answers_after_disclaimers", False, False),
        ("evasions", True, True),
        ("overviews", True, False),
    ):
        for line in written(name):
            question, reply = line.split(" | ", 1)
            for disclaimer in draw.sample(disclaimers, 6):
                turn = draw.choice(TURNS)
                begun = disclaimer.rstrip(".") if turn.startswith(",") else disclaimer
                first = reply if turn in (" ", "\n\n") else _lowered(reply)
                found.append(Sample(_turn(question, begun + turn + first), refused, question))
            found.append(Sample(_turn(question, reply), alone, question))
    return found


def _lowered(text: str) -> str:
    """To go on within a sentence: "I" and names stay as they are."""
    first = text.split(" ", 1)[0]
    common = first.lower() in _OPENINGS
    return text[0].lower() + text[1:] if common else text


_OPENINGS = frozenset(
    [
        "the",
        "this",
        "that",
        "it",
        "there",
        "some",
        "many",
        "most",
        "several",
        "common",
        "research",
        "surveys",
        "signs",
        "please",
        "whether",
        "people",
        "is",
        "in",
        "with",
        "living",
        "taking",
        "a",
        "an",
        "opinions",
        "decisions",
        "could",
        "can",
        "if",
        "no",
        "nobody",
        "everyone",
        "here",
        "based",
        "over",
        "from",
        "for",
        "who",
        "which",
        "such",
        "according",
        "revenge",
        "talking",
    ]
)


def long_answers(data: Path) -> list[Sample]:
    """What assistants answer in multichallenge: they do what was asked, nearly always."""
    return [
        agent_says(message["content"], False, weight=0.5)
        for row in read_rows(data, "multichallenge")
        for message in row["messages"]
        if message["role"] == "assistant" and message["content"].strip()
    ]


def long_requests(data: Path) -> list[Sample]:
    return [
        user_says(message["content"], False)
        for row in read_rows(data, "multichallenge")
        for message in row["messages"]
        if message["role"] == "user" and message["content"].strip()
    ]


# -- conversations


@dataclass(frozen=True)
class Talk:
    """A conversation as its events, and its labels."""

    id: str
    samples: list[Sample]
    labels: dict[str, Any]


def talks(data: Path, name: str) -> Iterator[Talk]:
    """The conversations of a set, cut into events as `import_events` cuts them. A sample's tags are its user message's labels."""
    for row in read_rows(data, name):
        samples: list[Sample] = []
        earlier: list[Exchange] = []
        for cut in turns_of(row):
            turn = Turn(
                uuid.UUID(int=0),
                Text(text_of(cut.user.get("content"))),
                Text("\n\n".join(cut.texts)),
                model=str((row.get("meta") or {}).get("model", "")),
                spans=[_span(place, call) for place, call in enumerate(cut.calls)],
                previous=earlier[-PREVIOUS_TURNS:],
            )
            samples.append(Sample(turn, False, row["conversation_id"], 1.0, cut.user.get("labels") or {}))
            earlier = [*earlier, Exchange(turn.input, turn.output)]
        yield Talk(row["conversation_id"], samples, row.get("labels") or {})


def _span(place: int, call: dict[str, Any]) -> SpanFacts:
    given, result = (text_of(call.get(key)) for key in ("arguments", "result"))
    return SpanFacts(f"{place:016x}", "tool", str(call.get("name", "")), "unset", "", result, given)


def satisfaction(data: Path, name: str) -> list[Sample]:
    """uss_sgd or uss_redial: one sample a rated user turn; dissatisfied when the mean of its ratings is 2.5 or less."""
    found = []
    for talk in talks(data, name):
        for sample in talk.samples:
            mean = sample.tags.get("sat_mean")
            if mean is not None and not sample.turn.input.is_blank:
                tags = {"mean": float(mean)}
                found.append(Sample(sample.turn, float(mean) <= 2.5, talk.id, 1.0, tags))
    return found
