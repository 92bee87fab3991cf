"""The steps of a page's events as bars: how long each took, or how many tokens it read and wrote. Pure: of turns that are read already."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.models import Span
from signals.pages.events.agents import agent_among, ancestors_of
from signals.pages.events.steps import Step
from signals.pages.events.transcripts import Turn

DURATION, TOKENS = "duration", "tokens"
MODES = {DURATION: "Time", TOKENS: "Tokens"}
LENGTH = 1000  # of the whole line, in the units of the drawing
# A token of English is about four characters (OpenAI, "What are tokens and how to count them?"), a character of Chinese about one token and three bytes:
# by bytes of UTF-8 the rule holds for both.
BYTES_OF_TOKEN = 4
THINNEST = 4  # of a bar, so that it is seen
DEEPEST = 6  # indents that are drawn


@dataclass(frozen=True, slots=True)
class Bar:
    """From `start`, `width` long, of LENGTH; `width` 0 where the step says nothing of it. `agent`: whose step it is, where a span of an
    agent stands above it. `amount`: milliseconds or tokens. `is_reckoned`: the app sent no tokens, and `amount` is what its text comes to."""

    span: Span
    agent: str
    depth: int
    start: float
    width: float
    amount: float | None
    is_reckoned: bool = False


@dataclass(frozen=True, slots=True)
class Trajectory:
    """`mode`: one of `modes`, which are those that the steps know. One list of bars per event, of those with steps."""

    mode: str
    modes: list[tuple[str, str]]
    lines: list[tuple[Turn, list[Bar]]]


def trajectory_of(turns: Sequence[Turn], *, mode: str) -> Trajectory | None:
    """None where no step has a length or tokens. A `mode` that is not known here counts as the first that is."""
    steps = [step for turn in turns for step in turn.steps]
    known = {DURATION: any(step.span.duration_ms > 0 for step in steps), TOKENS: any(map(tokens_of, steps))}
    modes = [(name, label) for name, label in MODES.items() if known[name]]
    if not modes:
        return None
    mode = mode if known.get(mode) else modes[0][0]
    most = max(tokens_of(step) or 0 for step in steps)
    lines = []
    for turn in turns:
        if turn.steps:
            spans = [step.span for step in turn.steps]
            drawn = _in_time(spans) if mode == DURATION else _in_tokens(turn.steps, most=most)
            reckoned = [mode == TOKENS and sent_tokens(span) is None for span in spans]
            lines.append((turn, _bars(spans, drawn, reckoned)))
    return Trajectory(mode, modes, lines)


def tokens_of(step: Step) -> int | None:
    """Those that the app sent, else what the step's text comes to; None where there is no text either."""
    sent = sent_tokens(step.span)
    return sent if sent is not None else -(-step.text_bytes // BYTES_OF_TOKEN) or None


def sent_tokens(span: Span) -> int | None:
    """Read and written; None where the app sent neither."""
    if span.input_tokens is None and span.output_tokens is None:
        return None
    return (span.input_tokens or 0) + (span.output_tokens or 0)


def _bars(
    spans: Sequence[Span], drawn: Sequence[tuple[float, float, float | None]], reckoned: Sequence[bool]
) -> list[Bar]:
    return [
        Bar(
            span,
            agent_among(above),
            min(len(above), DEEPEST),
            round(start, 1),
            round(width, 1),
            amount,
            is_reckoned and amount is not None,
        )
        for (span, above), (start, width, amount), is_reckoned in zip(
            ancestors_of(spans), drawn, reckoned, strict=True
        )
    ]


def _in_time(spans: Sequence[Span]) -> list[tuple[float, float, float | None]]:
    """(start, width, milliseconds): along the time from the first start to the last end of the event's steps."""
    first, last = min(span.started_at for span in spans), max(span.ended_at for span in spans)
    whole = max((last - first).total_seconds() * 1000, 1e-3)
    drawn: list[tuple[float, float, float | None]] = []
    for span in spans:
        length = max(span.duration_ms, 0.0)
        width = max(THINNEST, length / whole * LENGTH) if length else 0.0
        start = (span.started_at - first).total_seconds() * 1000 / whole * LENGTH
        drawn.append((min(start, LENGTH - width), width, length or None))
    return drawn


def _in_tokens(steps: Sequence[Step], *, most: int) -> list[tuple[float, float, float | None]]:
    """(0, width, tokens): against the step with `most` of the page."""
    drawn: list[tuple[float, float, float | None]] = []
    for step in steps:
        tokens = tokens_of(step)
        drawn.append((0.0, max(THINNEST, tokens / max(most, 1) * LENGTH) if tokens else 0.0, tokens))
    return drawn
