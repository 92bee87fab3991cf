"""The event, or one step of it, took long. Any language.

A step is an LLM or tool call or a retrieval: an agent's span lasts as long as what it holds.
"""

from signals.detectors.batch import Batch, Detector, Evidence, Finding, Parameter, SpanFacts, Turn, measured
from signals.detectors.built_in import ANY, MODEL, BuiltIn
from signals.models.definitions import Reads, Sentiment

SECONDS = Parameter(
    "seconds",
    "Whole event (seconds)",
    60,
    0.1,
    86_400,
    "The time from its first step to its last.",
)
STEP_SECONDS = Parameter(
    "step_seconds",
    "One step (seconds)",
    30,
    0.1,
    86_400,
    "An LLM call, a tool call or a retrieval.",
)
STEPS = {"llm", "tool", "retriever"}
SHOWN = 3


def detect(
    batch: Batch, *, seconds: float = SECONDS.default, step_seconds: float = STEP_SECONDS.default
) -> list[Finding]:
    found = []
    for index, turn in enumerate(batch.turns):
        steps = [s for s in turn.spans if s.kind in STEPS and s.duration_ms >= step_seconds * 1000]
        whole = turn.latency_ms is not None and turn.latency_ms >= seconds * 1000
        if steps or whole:
            found.append(Finding(index, 1.0, _evidence(turn, steps, whole=whole)))
    return found


def _evidence(turn: Turn, steps: list[SpanFacts], *, whole: bool) -> list[Evidence]:
    pieces: list[Evidence] = []
    if whole and turn.latency_ms is not None:
        pieces.append(measured(f"The event took {time_text(turn.latency_ms)}."))
    for span in sorted(steps, key=lambda span: -span.duration_ms)[:SHOWN]:
        pieces.append(
            measured(f"{span.name[:100] or span.kind} took {time_text(span.duration_ms)}.", span=span)
        )
    return pieces


def time_text(milliseconds: float) -> str:
    seconds = milliseconds / 1000
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


SIGNAL = BuiltIn(
    "slow_response",
    "Slow",
    "The event took a minute or longer, or one of its steps half a minute, unless this project sets other numbers.",
    Reads.SPANS,
    Sentiment.NEGATIVE,
    MODEL,
    languages=ANY,
    measured=True,
)
DETECTOR = Detector("slow_response", 1, detect, parameters=(SECONDS, STEP_SECONDS))
