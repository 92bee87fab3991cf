"""What a span says, whatever dialect it was said in."""

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["llm", "tool", "agent", "retriever", "other"]
Role = Literal["system", "user", "assistant", "tool"]


@dataclass(slots=True)
class ToolCall:
    id: str
    name: str
    arguments: str  # JSON, or whatever the model wrote


@dataclass(slots=True)
class ToolResult:
    id: str
    text: str
    failed: bool = False  # it says so itself


@dataclass(slots=True)
class Message:
    """One message of a conversation. `dump` marks a JSON document that nobody knew how to read as a message."""

    role: Role
    text: str = ""
    reasoning: str = ""
    tool_calls: list[ToolCall] = field(default_factory=list)
    tool_results: list[ToolResult] = field(default_factory=list)
    media: list[str] = field(default_factory=list)  # "image", "audio", ...
    denied: list[str] = field(default_factory=list)  # reasons of tool calls that a person did not approve
    dump: bool = False

    @property
    def says(self) -> str:
        """The text, or what stands in for it."""
        return self.text or " ".join(f"[{kind}]" for kind in self.media)

    @property
    def empty(self) -> bool:
        return not (self.text or self.reasoning or self.tool_calls or self.tool_results or self.media)


@dataclass(slots=True)
class Tokens:
    """`input` and `output` are all tokens of the prompt and of the answer (usage.py); the others are parts of them."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None

    def __bool__(self) -> bool:
        return self.input is not None or self.output is not None


@dataclass(slots=True)
class TraceSignal:
    """Feedback found in a trace: an evaluation's result, an annotation, a tool call that was not approved."""

    name: str
    sentiment: str = ""  # POSITIVE, NEGATIVE or empty
    source: str = ""  # who says so: human, llm, code, evaluation or approval
    properties: dict[str, Any] = field(default_factory=dict)  # score, label, explanation, ...
    at_ns: int = field(default=0, compare=False)  # what is said again on another span is the same


@dataclass(slots=True)
class MappedSpan:
    trace_id: str
    span_id: str
    parent_span_id: str
    start_ns: int
    end_ns: int
    status: str  # unset, ok or error
    name: str  # for a tool call the tool's name
    kind: Kind = "other"
    model: str = ""
    provider: str = ""
    input_messages: list[Message] = field(default_factory=list)
    output_messages: list[Message] = field(default_factory=list)
    tool_call_id: str = ""
    tool_arguments: str = ""
    tool_result: str = ""
    error: str = ""
    tokens: Tokens = field(default_factory=Tokens)
    cost: float | None = None
    convo_id: str = ""
    user_id: str = ""
    event_id: str = ""
    event_name: str = ""
    project: str = ""  # the slug that the span itself names
    response_id: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    feature_flags: dict[str, str] = field(default_factory=dict)
    signals: list[TraceSignal] = field(default_factory=list)
    turns: list[tuple[str, str]] = field(default_factory=list)  # that came before, see history.py
    follows: str = ""  # the digest (turns.words_digest) of the user's words in the last of them
    attributes: dict[str, Any] = field(default_factory=dict)  # what no mapping knew, bounded
    scope: str = ""
    log: str = ""  # the event name, when this is a log record that hangs on the span `parent_span_id`
    aside: bool = False  # a guardrail, an evaluator, an embedding: what it says is nobody's answer
    unknown: bool = False  # it has no GenAI meaning and no association: some HTTP or database call
