"""A call of the model failed: its span says so, or the app says so of the event. The evidence tells the kinds apart: rate limit, context
length, time-out, content filter, no access, not available. Any language: it reads what providers and their libraries write."""

import re

from signals.detectors.batch import Batch, Detector, Evidence, Finding, SpanFacts, Turn, measured, span_words
from signals.detectors.built_in import ANY, MODEL, BuiltIn
from signals.models.definitions import Reads, Sentiment

# In this order: "rate limit reached: too many tokens per minute" is a rate limit.
KINDS = [
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in [
        ("rate limit", r"rate.?limit|too many requests|\b429\b|quota|throttl|resource.?exhausted|tokens per min|requests per min|insufficient_quota"),
        ("context length", r"context.{0,3}(?:length|window|limit|size)|maximum context|max(?:imum)?.{0,3}tokens|prompt is too long|too many (?:input )?tokens|input is too long|token limit|string_above_max_length|request_too_large|\b413\b"),
        ("content filter", r"content.{0,3}(?:filter|policy|management)|safety|responsible.?ai|blocked by|moderation|PROHIBITED_CONTENT|RECITATION"),
        ("time-out", r"time.?d?.?out|deadline|ETIMEDOUT|\b(?:408|504)\b"),
        ("no access", r"\b(?:401|403)\b|unauthori[sz]ed|authenticat|permission|forbidden|api.?key|billing|credit balance|model_not_found|does not exist"),
        ("not available", r"overloaded|unavailable|\b(?:500|502|503|529)\b|internal server|server.?error|bad gateway|connection|ECONN|network|socket|fetch failed|APIConnection|capacity"),
        ("invalid request", r"\b(?:400|422)\b|invalid.?request|bad.?request|validation|malformed|schema|unsupported|badrequest"),
    ]
]  # fmt: skip
OTHER = "other"
# Words of frameworks for a call of the model that failed for a reason that they do not tell.
OF_MODEL = re.compile(
    r"\b(?:llm|(?:language )?models?|completions?|inference)\b|getting (?:a )?response|Model(?:API|HTTP)|ModelBehaviou?r|APIError|GenerateContent",
    re.IGNORECASE,
)
READ = 4000
SHOWN = 300


def kind_of(error: str) -> str:
    """Which of KINDS the words of an error are, or OTHER."""
    words = error[:READ]
    return next((name for name, pattern in KINDS if pattern.search(words)), OTHER)


def detect(batch: Batch) -> list[Finding]:
    found = []
    for index, turn in enumerate(batch.turns):
        failed = [span for span in turn.spans if span.kind == "llm" and span.status == "error"]
        pieces = [piece for span in failed[:3] for piece in _evidence(span)]
        if not failed and (agents := _failed_agents(turn)):
            pieces = [piece for span in agents[:1] for piece in _evidence(span)]
        elif not failed and _is_models(turn):
            pieces = [measured(f"{_kind_text(turn.error)}: {turn.error.strip()[:SHOWN]}")]
        if pieces:
            found.append(Finding(index, 1.0 if failed else 0.8, pieces))
    return found


def _is_models(turn: Turn) -> bool:
    """The error of the whole event is the model's when it reads like one and no tool failed."""
    return bool(turn.error) and _reads_like_one(turn.error) and not _tool_failed(turn)


def _failed_agents(turn: Turn) -> list[SpanFacts]:
    """The spans of agents that failed of the model, where no call of it has a failed span: its error reads like one, or the agent called no
    tool that could have raised."""
    if _tool_failed(turn):
        return []
    no_tools = not any(span.kind == "tool" for span in turn.spans)
    return [
        span
        for span in turn.spans
        if span.kind == "agent"
        and span.status == "error"
        and (_reads_like_one(span.error or turn.error) or (no_tools and turn.output.is_blank))
    ]


def _tool_failed(turn: Turn) -> bool:
    return any(span.kind == "tool" and span.status == "error" for span in turn.spans)


def _reads_like_one(error: str) -> bool:
    return kind_of(error) != OTHER or OF_MODEL.search(error[:READ]) is not None


def _kind_text(error: str) -> str:
    return kind_of(error).capitalize()


def _evidence(span: SpanFacts) -> list[Evidence]:
    """What kind it is, then the error's own words, where they stand in the span."""
    words = span.error or span.output
    pieces = [measured(f"{_kind_text(words)}.", span=span)]
    start = len(words) - len(words.lstrip())
    end = min(len(words.rstrip()), start + SHOWN)
    if end > start:
        place = span.output.find(words[start:end])
        if place >= 0:
            words, start, end = span.output, place, place + end - start
        pieces.append(span_words(span, words, start, end))
    return pieces


SIGNAL = BuiltIn(
    "model_error",
    "Model error",
    "A call of the model failed. The evidence says how: rate limit, context length, time-out, content filter, no access, not available.",
    Reads.SPANS,
    Sentiment.NEGATIVE,
    MODEL,
    languages=ANY,
    measured=True,
)
DETECTOR = Detector("model_error", 1, detect)
