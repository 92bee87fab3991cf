"""The conversation ends right after a failure. Any language: it reads what other signals found.

It needs the absence of a next event, so it is no detector of the registry: signals/abandonment.py asks `judge` of each last event
when it has been silent for long enough.
"""

from collections.abc import Iterable

from signals.detectors.batch import Evidence, Found, Parameter, Turn
from signals.detectors.laziness import HANDED_OVER, HANDS_OVER
from signals.detectors.slow import measured
from signals.detectors.tool_failure import failure

KEY, VERSION = "abandonment", 1
SOURCE = f"{KEY}@{VERSION}"
MINUTES = Parameter(
    "minutes", "Silent for (minutes)", 30, 1, 43_200, "How long after its last event a conversation counts as left.", whole=True
)  # fmt: skip
PARAMETERS = (MINUTES,)
# Signals that say that the last event failed; `tool_failure` does when it was the last tool call that failed. Not among them:
# what may end well (a correction, a slow answer), requests for a human and abuse, which are no failures of the answer.
FAILURES = (
    "refusal",
    "task_failure",
    "laziness",
    "forgetting",
    "missing_capability",
    "agent_repetition",
    "language_mismatch",
    "model_error",
    "repeated_tool_failure",
    "tool_loop",
    "user_frustration",
    "lost_information",
)
TOOL_FAILURE = "tool_failure"
PLEASED = "win"
READ = 1000


def judge(turn: Turn, held: dict[str, list[Evidence]], *, names: dict[str, str]) -> Found | None:
    """Whether the turn, which nothing followed, was left after a failure. `held`: the signals that hold on it, with their evidence;
    `names`: what they are called. Who says thanks, or is handed over to a person, has not given up."""
    tools = [span for span in turn.spans if span.kind == "tool"]
    failures = [key for key in FAILURES if key in held]
    if TOOL_FAILURE in held and tools and failure(tools[-1]):
        failures.append(TOOL_FAILURE)
    handed_over = any(HANDED_OVER.search(span.name) for span in turn.spans)
    if not failures or PLEASED in held or handed_over or HANDS_OVER.search(turn.output.normal[:READ]):
        return None
    said = measured(f"Nothing followed it. It holds: {', '.join(names.get(key, key) for key in failures)}.")
    return Found(0, 0.8, [*_first(held[key] for key in failures), said])


def _first(evidence: Iterable[list[Evidence]]) -> list[Evidence]:
    """The first words of each failure."""
    pieces = [
        next((piece for piece in found if piece["side"] in {"user", "assistant"}), None) for found in evidence
    ]
    kept: list[Evidence] = []
    for piece in pieces:
        if piece is not None and piece not in kept:
            kept.append(piece)
    return kept[:4]
