"""What goes wrong across tool calls: the same tool fails again and again, the same call is made again and again,
a tool finds nothing and the agent answers all the same. Any language."""

import re
from collections import Counter
from itertools import groupby

from signals.detectors.batch import Batch, Detector, Evidence, Finding, Parameter, SpanFacts, Turn, span_words
from signals.detectors.built_in import ANY, TOOLS, BuiltIn
from signals.detectors.tool_failure import failure
from signals.models.definitions import Reads, Sentiment

FAILURES = Parameter(
    "failures", "Failures in a row", 3, 2, 100, "Of the same tool, in one conversation.", whole=True
)
CALLS = Parameter(
    "calls", "Same calls in a row", 3, 2, 100, "With the same arguments and result.", whole=True
)
SHOWN = 200
NOTHING = re.compile(
    r"\s*(?:\[\s*\]|\{\s*\}|null|none|nil|undefined|\"\"|''|\(\s*\)|no (?:results?|data|records?|matches|rows|entries|items)(?: (?:were |was )?found)?\.?|"
    r"\{\s*\"(?:results?|data|items|rows|records|matches|hits|documents|entries|value|values)\"\s*:\s*(?:\[\s*\]|\{\s*\}|null|\"\")\s*"
    r"(?:,\s*\"(?:total|count|status|ok|success|next|cursor|page)\"\s*:\s*(?:0|null|\"?[a-z]{1,10}\"?)\s*)*\})?\s*",
    re.IGNORECASE,
)


def detect_repeated_failure(batch: Batch, *, failures: float = FAILURES.default) -> list[Finding]:
    """One after the other of the tool's own calls, those of the earlier turns too; the last one lies in this turn."""
    found = []
    for index, turn in enumerate(batch.turns):
        runs: Counter[str] = Counter()
        for span in (span for old in turn.previous for span in old.spans):
            runs[span.name] = runs[span.name] + 1 if failure(span) else 0
        for span in turn.spans:
            if span.kind != "tool":
                continue
            runs[span.name] = runs[span.name] + 1 if failure(span) else 0
            if runs[span.name] >= failures:
                found.append(Finding(index, 1.0, _evidence(span)))
                break
    return found


def detect_loop(batch: Batch, *, calls: float = CALLS.default) -> list[Finding]:
    """The same tool with the same arguments and the same result, one after the other. Without arguments (not recorded) the
    result must say something to be the same."""
    found = []
    for index, turn in enumerate(batch.turns):
        tools = [span for span in turn.spans if span.kind == "tool"]
        for (_, given, result), same in groupby(tools, key=_call):
            alike = list(same)
            if len(alike) >= calls and (given or result):
                found.append(Finding(index, 1.0, _evidence(alike[-1])))
                break
    return found


def detect_empty_result(batch: Batch) -> list[Finding]:
    """The last tool call found nothing, and the agent answered without saying so."""
    found = []
    for index, turn in enumerate(batch.turns):
        tools = [span for span in turn.spans if span.kind == "tool"]
        if not tools or turn.output.is_blank or tools[-1].status == "error":
            continue
        last = tools[-1]
        if NOTHING.fullmatch(last.output[:1000]) and len(last.output) < 1000 and not _owns_up(turn):
            score = 0.8 if last.output.strip() else 0.5
            found.append(Finding(index, score if READS.match(last.name) else score - 0.3, _evidence(last)))
    return found


# A tool that only reads is called for what it finds; one that does something may well answer nothing.
READS = re.compile(
    r"(?:\w*[._-])?(?:get|find|search|list|query|read|fetch|look|retrieve|select|check|browse|lookup)",
    re.IGNORECASE,
)
OWNS_UP = re.compile(
    r"\b(?:no|not|n't|nothing|none|unable|couldn'?t|could not|can'?t|cannot|empty|unfortunately|sorry|without)\b|n't\b"
)


def _owns_up(turn: Turn) -> bool:
    return OWNS_UP.search(turn.output.normal[:2000]) is not None


def _call(span: SpanFacts) -> tuple[str, str, str]:
    return span.name, span.input, span.output


def _evidence(span: SpanFacts) -> list[Evidence]:
    output = span.output.rstrip()
    start = len(output) - len(output.lstrip())
    end = min(len(output), start + SHOWN)
    if end <= start:
        return []
    return [span_words(span, span.output, start, end)]


SIGNALS = (
    BuiltIn(
        "repeated_tool_failure",
        "Tool fails again and again",
        "The same tool failed several times in a row in one conversation: three times, unless this project sets another number.",
        Reads.SPANS,
        Sentiment.NEGATIVE,
        TOOLS,
        languages=ANY,
    ),
    BuiltIn(
        "tool_loop",
        "Tool loop",
        "The agent made the same call, with the same arguments and the same result, several times in a row: three times, unless this "
        "project sets another number.",
        Reads.SPANS,
        Sentiment.NEGATIVE,
        TOOLS,
        languages=ANY,
    ),
    BuiltIn(
        "empty_tool_result",
        "Answer from an empty result",
        "The last tool that the agent asked found nothing, and the agent answered without saying so.",
        Reads.SPANS,
        Sentiment.NEGATIVE,
        TOOLS,
    ),
)
REPEATED_FAILURE = Detector("repeated_tool_failure", 5, detect_repeated_failure, parameters=(FAILURES,))
LOOP = Detector("tool_loop", 1, detect_loop, parameters=(CALLS,))
EMPTY_RESULT = Detector("empty_tool_result", 1, detect_empty_result)
DETECTORS = (REPEATED_FAILURE, LOOP, EMPTY_RESULT)
