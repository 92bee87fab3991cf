"""A tool call failed: its span says so, or its result is an error in any words that tools use. Any language."""

import re

import orjson

from signals.detectors.batch import Batch, Detector, Evidence, Found, SpanFacts

# A result that opens like this is an error, even where the span's status was not set.
OPENS = re.compile(
    r"\s*[\"'\[(<]*(?:(?:an?|the|unexpected|internal|fatal|runtime|tool|api|http|server|network) )?"
    r"(?:traceback \(most recent call last\)|(?:error|exception|failure|failed|\w{2,40}(?:error|exception)|panic|fatal|timed? ?out)\b"
    r"\s*(?:[:\])>,.!-]|\d|while|executing|in |occurred|calling|\())",
    re.IGNORECASE,
)
# Or an object that says so at its top; read off the beginning where it is not whole JSON.
KEYS = ("error", "errors", "exception", "error_message", "errorMessage")
FIELD = re.compile(
    r"\s*\{\s*\"(?:error|errors|exception|error_message|errorMessage)\"\s*:(?!\s*(?:null|\"\"|\[\s*\]|\{\s*\}|false|0\b))"
)
FAILED = {"error", "failed", "failure", "exception"}
PARSED = 50_000
SHOWN = 200
READ = 2000


def detect(batch: Batch) -> list[Found]:
    found = []
    for index, turn in enumerate(batch.turns):
        failed = [(span, score) for span in turn.spans if (score := failure(span))]
        if failed:
            pieces = [words for span, _ in failed[:5] if (words := error_words(span))]
            found.append(Found(index, max(score for _, score in failed), pieces))
    return found


def failure(span: SpanFacts) -> float:
    """1 when the span says that it failed, 0.8 when only its result reads like an error, else 0."""
    if span.kind != "tool":
        return 0.0
    if span.status == "error":
        return 1.0
    return 0.8 if _error_in(span.output) else 0.0


def _error_in(output: str) -> bool:
    if OPENS.match(output[:READ]):
        return True
    if output.lstrip()[:1] != "{":
        return False
    try:
        result = orjson.loads(output) if len(output) <= PARSED else None
    except ValueError:
        result = None
    if not isinstance(result, dict):
        return FIELD.match(output[:READ]) is not None
    if any(result.get(key) for key in KEYS) or result.get("success") is False or result.get("ok") is False:
        return True
    return any(str(result.get(key)).lower() in FAILED for key in ("status", "result", "type"))


def error_words(span: SpanFacts) -> Evidence | None:
    """The error's words: where they stand in the output when they do, else in the span's error."""
    error = span.error.strip()[:SHOWN]
    if error and (start := span.output.find(error)) >= 0:
        return _evidence(span, span.output, start, start + len(error))
    if error:
        start = len(span.error) - len(span.error.lstrip())
        return _evidence(span, span.error, start, start + len(error))
    output = span.output.rstrip()
    start = len(output) - len(output.lstrip())
    end = min(len(output), start + SHOWN)
    line = output.find("\n", start, end)
    if line > start and OPENS.match(output) and not output[start:].startswith("Traceback"):
        end = line
    return _evidence(span, span.output, start, end) if end > start else None


def _evidence(span: SpanFacts, text: str, start: int, end: int) -> Evidence:
    return {"side": "span", "start": start, "end": end, "text": text[start:end], "span_id": span.span_id}


DETECTOR = Detector("tool_failure", 1, detect)
