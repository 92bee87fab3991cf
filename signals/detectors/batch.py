"""What a detector is given, and what it answers. No database here: detectors are pure."""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, NotRequired, TypedDict

import numpy as np
import numpy.typing as npt

from raindrop.embedder import AGENT_TONES, TONES
from signals.detectors.text import Text
from signals.models.embeddings import DIMENSIONS

# How many earlier turns of its conversation an event is read with.
PREVIOUS_TURNS = 6

Side = Literal["user", "assistant"]  # of an event: its input or its output
# By what a signal reads (`Reads`), where that is text.
SIDES: dict[str, tuple[Side, ...]] = {
    "user": ("user",),
    "assistant": ("assistant",),
    "conversation": ("user", "assistant"),
}


class Evidence(TypedDict):
    """Words that a match was read from. `text` stands at [start:end] (characters) of what `side` names:

    - "user": the event's input,
    - "assistant": its output,
    - "span": the output of the span `span_id`; its error, where that is not part of the output,
    - "signal": what the app sent with an explicit signal, or a number that was measured (of the span `span_id`, where there is one).

    Of what the app sent also: `times`, how often; `distance` of an edit, in characters; `share`, how much of the answer was changed
    or copied.
    """

    side: Literal["user", "assistant", "span", "signal"]
    start: int
    end: int
    text: str
    span_id: NotRequired[str]
    agent: NotRequired[str]  # whose step the span is, where another agent took it
    times: NotRequired[int]
    distance: NotRequired[int]
    share: NotRequired[float]


@dataclass(frozen=True, slots=True)
class SpanFacts:
    span_id: str
    kind: str
    name: str
    status: str
    error: str
    output: str
    input: str = ""
    duration_ms: float = 0.0


def measured(text: str, *, span: SpanFacts | None = None) -> Evidence:
    """A sentence that says what was measured or read, of the event or of one of its spans."""
    piece: Evidence = {"side": "signal", "start": 0, "end": len(text), "text": text}
    if span is not None:
        piece["span_id"] = span.span_id
    return piece


def raw_words(side: Side, raw: str, start: int, end: int) -> Evidence:
    """raw[start:end] of the event's input or output."""
    return {"side": side, "start": start, "end": end, "text": raw[start:end]}


def span_words(span: SpanFacts, text: str, start: int, end: int) -> Evidence:
    """text[start:end] of the span's output, or of its error."""
    return {"side": "span", "start": start, "end": end, "text": text[start:end], "span_id": span.span_id}


@dataclass(frozen=True, slots=True)
class Exchange:
    """An earlier event of the same conversation. Its texts, and those of its spans, may be cut short."""

    input: Text
    output: Text
    spans: tuple[SpanFacts, ...] = ()  # its tool calls, in order

    @property
    def tools(self) -> tuple[str, ...]:
        """The different tools that were called."""
        return tuple(dict.fromkeys(span.name for span in self.spans))


@dataclass(frozen=True, slots=True)
class Turn:
    """One event, as detectors see it."""

    id: uuid.UUID
    input: Text
    output: Text
    model: str = ""
    spans: list[SpanFacts] = field(default_factory=list)
    previous: list[Exchange] = field(default_factory=list)  # oldest first, at most PREVIOUS_TURNS
    at: dt.datetime | None = None
    latency_ms: float | None = None
    cost_usd: float | None = None
    tokens: int | None = None  # in and out
    error: str = ""  # what the app says went wrong with the event as a whole
    is_step: bool = False  # one call of the model within a run, which an event of its own tells of
    agent_tools: frozenset[str] = (
        frozenset()
    )  # the names of the tools that its project called last, in whatever conversation

    def text(self, side: Side) -> Text:
        return self.input if side == "user" else self.output


Vector = npt.NDArray[np.float32]  # (384,)
Vectors = npt.NDArray[np.float32]  # (k, 384)


def _no_vectors() -> npt.NDArray[np.float32]:
    return np.zeros((0, DIMENSIONS), dtype=np.float32)


# Six cosines a turn, in this order. The first five are 0 in a conversation's first turn.
NEARNESS = (
    "user, last user",
    "user, earlier users",
    "agent, last agent",
    "agent, earlier agents",
    "user, last agent",
    "agent, user",
)


def nearness_of(user: Vector, agent: Vector, users: Vectors, agents: Vectors) -> npt.NDArray[np.float32]:
    """A row of Batch.nearness. `users` and `agents` ((k, 384), oldest first) are the vectors of the turns before; k may be 0."""
    row = np.zeros(len(NEARNESS), dtype=np.float32)
    if len(users):
        to_users, to_agents = users @ user, agents @ agent
        row[:5] = to_users[-1], to_users.max(), to_agents[-1], to_agents.max(), agents[-1] @ user
    row[5] = user @ agent
    return row


def no_nearness() -> npt.NDArray[np.float32]:
    return np.zeros((0, len(NEARNESS)), dtype=np.float32)


def no_agent_tones() -> npt.NDArray[np.float32]:
    return np.zeros((0, len(AGENT_TONES)), dtype=np.float32)


def no_tones() -> npt.NDArray[np.float32]:
    return np.zeros((0, len(TONES)), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Batch:
    """Row i of `user_vectors` and `agent_vectors` ((n, 384), zeros without text), and of `user_tones` if there are any, belongs
    to turns[i]."""

    turns: list[Turn]
    user_vectors: npt.NDArray[np.float32] = field(default_factory=_no_vectors)
    agent_vectors: npt.NDArray[np.float32] = field(default_factory=_no_vectors)
    # (n, len(TONES)) and (n, len(AGENT_TONES)).
    user_tones: npt.NDArray[np.float32] = field(default_factory=no_tones, kw_only=True)
    agent_tones: npt.NDArray[np.float32] = field(default_factory=no_agent_tones, kw_only=True)
    # (n, len(NEARNESS)): how the turn's vectors stand to those of the turns before it; zeros where there are none.
    nearness: npt.NDArray[np.float32] = field(default_factory=no_nearness, kw_only=True)
    # What one detector worked out and another asks for again, by name.
    notes: dict[str, Any] = field(default_factory=dict, kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """The signal may hold on turns[index]: `score` is 0 to 1, and a match when it reaches the signal's threshold."""

    index: int
    score: float
    evidence: list[Evidence]
    source: str = ""  # what found it, where that is not the detector itself


Detect = Callable[[Batch], list[Finding]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that a project may set for itself: `detect` takes it as a keyword argument of this name."""

    name: str
    label: str
    default: float
    low: float
    high: float
    help: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Detector:
    """`detect` is pure. `version` changes with its answers, and is written into each match's source."""

    key: str
    version: int
    detect: Detect
    threshold: float = 0.5
    parameters: tuple[Parameter, ...] = ()

    def adjusted(self, settings: Mapping[str, float]) -> "Detector":
        """With these values of its parameters; those that are not named keep their defaults."""
        return replace(self, detect=partial(self.detect, **settings)) if settings else self

    @property
    def source(self) -> str:
        return f"{self.key}@{self.version}"


def batch_of(*texts: tuple[str, str], **facts: Any) -> Batch:
    """A batch of (input, output) pairs, each a conversation of its own: for previews, evaluation and tests."""
    return Batch([Turn(uuid.uuid4(), Text(question), Text(answer), **facts) for question, answer in texts])
