"""The conversation ends right after a failure. Any language: it reads what other signals found.

It needs the absence of a next event, so it is no detector of the registry: signals/abandonment.py asks `judge` of each last event
when it has been silent for long enough.
"""

import re
from collections.abc import Iterable

from signals.detectors.batch import Evidence, Found, Parameter, Turn
from signals.detectors.laziness import HANDED_OVER, HANDS_OVER
from signals.detectors.slow import measured
from signals.detectors.tool_failure import failure

KEY, VERSION = "abandonment", 2
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
# Said by the user, so of an answer before this one: where this one mends it, the user has what they came for.
COMPLAINTS = {"user_frustration", "lost_information", "forgetting"}
MENDS = re.compile(
    r"```|\bhere(?:'s| is| are| it is| you go| they are)\b|\b(?:has|have|is|are) (?:now |just |already |all )?(?:been )?(?:fixed|corrected|refunded|re-?sent|rebooked|booked|cancell?ed|reversed|"
    r"changed|updated|restored|removed|added|sent|processed|done|solved|resolved|on (?:its|the|their) way)\b|\bi(?:'ve| have) (?:now |just |already |also |gone ahead and )*"
    r"(?!(?:noted|apologi[sz]ed|informed|noticed|asked)\b)\w+(?:ed|nt|one|ut|ade)\b|\byou(?:'re| are) (?:absolutely |quite |completely )?right\b[^.!?]{5,}|^\W*done\b"
)
TOOL_FAILURE = "tool_failure"
PLEASED = "win"
READ = 1000


def judge(turn: Turn, held: dict[str, list[Evidence]], *, names: dict[str, str]) -> Found | None:
    """Whether the turn, which nothing followed, was left after a failure. `held`: the signals that hold on it, with their evidence;
    `names`: what they are called. Who says thanks, or is handed over to a person, has not given up; nor has who complained of an earlier
    answer and got it mended in this one."""
    tools = [span for span in turn.spans if span.kind == "tool"]
    failures = [key for key in FAILURES if key in held]
    if TOOL_FAILURE in held and tools and failure(tools[-1]):
        failures.append(TOOL_FAILURE)
    if failures and all(_complains(key, held[key]) for key in failures) and _mended(turn):
        return None
    handed_over = any(HANDED_OVER.search(span.name) for span in turn.spans)
    if not failures or PLEASED in held or handed_over or HANDS_OVER.search(turn.output.normal[:READ]):
        return None
    said = measured(f"Nothing followed it. It holds: {', '.join(names.get(key, key) for key in failures)}.")
    return Found(0, 0.8, [*_first(held[key] for key in failures), said])


def _complains(key: str, found: list[Evidence]) -> bool:
    return key in COMPLAINTS and not any(piece["side"] == "assistant" for piece in found)


def _mended(turn: Turn) -> bool:
    """The answer says that it was done, corrects itself or hands over what was asked for, and leaves nothing open."""
    said = turn.output.normal[:READ]
    return MENDS.search(said) is not None and not turn.output.normal.rstrip().endswith("?")


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
