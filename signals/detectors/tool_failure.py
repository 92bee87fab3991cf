"""A tool call failed: its span says so, its result reads like an error (tool_results.py), or its work stays in a queue."""

from signals.detectors.batch import Batch, Detector, Evidence, Finding, SpanFacts, Turn, span_words
from signals.detectors.built_in import ANY, TOOLS, BuiltIn
from signals.detectors.tool_results import OPENS, failure_in, is_waiting
from signals.models.definitions import Reads, Sentiment

SHOWN = 200
# Work that was asked about again and still waits.
STUCK = 0.7


def detect(batch: Batch) -> list[Finding]:
    found = []
    for index, turn in enumerate(batch.turns):
        failed = [(span, score) for span in turn.spans if (score := failure(span))]
        if not failed:
            failed = [(span, STUCK) for span in stuck(turn)]
        if failed:
            pieces = [words for span, _ in failed[:5] if (words := error_words(span))]
            found.append(Finding(index, max(score for _, score in failed), pieces))
    return found


def failure(span: SpanFacts) -> float:
    """1 when the span or an exit code says that it failed, less when only its result reads like an error, else 0."""
    if span.kind != "tool":
        return 0.0
    if span.status == "error":
        return 1.0
    told = failure_in(span)
    return told.score if told else 0.0


def stuck(turn: Turn) -> list[SpanFacts]:
    """The calls whose work still waits although it was asked about before, in this turn or an earlier one."""
    tools = [span for span in turn.spans if span.kind == "tool"]
    waiting: set[str] = set()
    for span in (span for old in turn.previous for span in old.spans):
        waiting = waiting | {span.name} if is_waiting(span) else waiting - {span.name}
    found: list[SpanFacts] = []
    for span in tools:
        if is_waiting(span):
            if span.name in waiting:
                found.append(span)
            waiting.add(span.name)
        else:
            waiting.discard(span.name)
            found = [earlier for earlier in found if earlier.name != span.name]
    return found


def error_words(span: SpanFacts) -> Evidence | None:
    """The error's words: where they stand in the output when they do, else in the span's error."""
    error = span.error.strip()[:SHOWN]
    if error and (start := span.output.find(error)) >= 0:
        return span_words(span, span.output, start, start + len(error))
    if error:
        start = len(span.error) - len(span.error.lstrip())
        return span_words(span, span.error, start, start + len(error))
    told = failure_in(span)
    if told and told.end:
        return span_words(span, span.output, told.start, told.end)
    output = span.output.rstrip()
    start = len(output) - len(output.lstrip())
    end = min(len(output), start + SHOWN)
    line = output.find("\n", start, end)
    if line > start and OPENS.match(output) and not output[start:].startswith("Traceback"):
        end = line
    return span_words(span, span.output, start, end) if end > start else None


SIGNAL = BuiltIn(
    "tool_failure",
    "Tool failure",
    "A tool call of the event failed: its span has the status error, its result tells of one (an exit code, an HTTP status, a traceback, a "
    "time-out), or its work still waits when it is asked about again.",
    Reads.SPANS,
    Sentiment.NEGATIVE,
    TOOLS,
    languages=ANY,
)
DETECTOR = Detector("tool_failure", 8, detect)
