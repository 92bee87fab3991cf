"""The conversation ends right after a failure. Any language: it reads what other signals found.

It needs the absence of a next event, so it is no detector of the registry: signals/detection/abandonment.py asks `judge` of each last event
when it has been silent for long enough.
"""

import re
from collections.abc import Iterable

from signals.detectors.batch import Evidence, Finding, Parameter, Turn, measured
from signals.detectors.built_in import USER_SIDE, BuiltIn
from signals.detectors.laziness import HANDED_OVER, HANDS_OVER
from signals.detectors.tool_failure import failure
from signals.models.definitions import Reads, Sentiment

KEY, VERSION = "abandonment", 3
SOURCE = f"{KEY}@{VERSION}"
MINUTES = Parameter(
    "minutes", "Silent for (minutes)", 30, 1, 43_200, "How long after its last event a conversation counts as left.", whole=True
)  # fmt: skip
PARAMETERS = (MINUTES,)
# Signals that say that the last event failed; `tool_failure` does when it was the last tool call that failed. Not among them:
# what may end well (a correction, a slow answer, another language), requests for a human and abuse, which are no failures of the answer.
FAILURES = (
    "refusal",
    "task_failure",
    "forgetting",
    "missing_capability",
    "agent_repetition",
    "model_error",
    "repeated_tool_failure",
    "tool_loop",
    "user_frustration",
    "lost_information",
)
# Said by the user, so of an answer before this one: where this one mends it, the user has what they came for.
COMPLAINTS = {"user_frustration", "lost_information", "forgetting"}
# The user says that they go. English, and the plainest words in German, French, Spanish and Portuguese.
GIVES_UP = re.compile(
    r"\b(?:forget (?:it|this|about it)|never ?mind|(?:i )?give up|no point|sod it|leave it|i'm (?:done|out)|(?:i'?ll|ill|i will|i can|let me|i'?d rather|i'?m going to) (?:just )?(?:\w+ ){0,6}?"
    r"(?:(?:my|our)self|elsewhere|somewhere else|instead|google|by hand|manually|another (?:way|app|tool|site))|(?:did|do|done|doing) it (?:my|our)self|i(?:'?ll| will) google|"
    r"vergiss (?:es|das)|vergessen sie(?:'s| es)|schon gut|mach(?:'s|e? (?:ich )?(?:es|das)) (?:\w+ )?selb(?:er|st)|laisse(?:z)? tomber|tant pis|je (?:vais )?le fai(?:s|re) moi-même|"
    r"olv[ií]d(?:alo|elo|a)|d[ée]j(?:alo|elo)|lo hago yo|esquece|deixa (?:pra|para) lá|eu mesm[oa] faço)(?!\w)"
)
# An answer that says that it heard, and no more.
NOTHING_MORE = re.compile(
    r"^\W*(?:(?:i'm|i am|we're|we are)? ?(?:so |very |really |truly )?(?:sorry|apologi[sz]e|regret)|my apologies|apologies(?! ?,)|i understand|i see|i hear you|i(?:'ve| have)? noted|noted|you'?re right|"
    r"please be patient|let me know|thank you for your (?:patience|feedback))\b[^.!?\d]{0,60}[.!]?\W*$"
)
# What is failed after this is the agent's to mend: the user waits for it, and has not gone.
GOES_AHEAD = re.compile(
    r"^\W*(?:yes|yeah|yep|sure|ok|okay|please|go ahead|proceed|continue|confirm(?:ed)?|ja|oui|s[ií]|sim)\b[^?!]{0,60}$"
)
TOOL_FAILURE = "tool_failure"
# Who is pleased has what they came for; who asks for a person goes on elsewhere.
STAYS = frozenset(("win", "human_request"))
READ = 1000


def judge(turn: Turn, held: dict[str, list[Evidence]], *, names: dict[str, str]) -> Finding | None:
    """The match, or None: the turn, which nothing followed, was left after a failure. `held`: the signals that hold on it, with their evidence;
    `names`: what they are called. A run of one turn is not left: nobody knows whether its user meant to say more. Who says thanks, asks
    for a person or is handed over to one has not given up; nor has who complained of an earlier answer and got another one to it."""
    tools = [span for span in turn.spans if span.kind == "tool"]
    failures = [key for key in FAILURES if key in held]
    if TOOL_FAILURE in held and tools and failure(tools[-1]):
        failures.append(TOOL_FAILURE)
    handed_over = any(HANDED_OVER.search(span.name) for span in turn.spans)
    if (
        not turn.previous
        or not failures
        or STAYS & held.keys()
        or handed_over
        or HANDS_OVER.search(turn.output.normal[:READ])
    ):
        return None
    gives_up = GIVES_UP.search(turn.input.normal[-READ:]) is not None
    complains = all(_complains(key, held[key]) for key in failures)
    if not gives_up and (GOES_AHEAD.search(turn.input.normal) or (complains and _answered(turn))):
        return None
    summary = measured(
        f"Nothing followed it. It holds: {', '.join(names.get(key, key) for key in failures)}."
    )
    return Finding(0, 0.8, [*_first(held[key] for key in failures), summary])


def _complains(key: str, found: list[Evidence]) -> bool:
    return key in COMPLAINTS and not any(piece["side"] == "assistant" for piece in found)


def _answered(turn: Turn) -> bool:
    """There is an answer, more than regret or a question back."""
    answer = turn.output.normal.rstrip()
    return bool(answer) and not answer.endswith("?") and NOTHING_MORE.search(answer) is None


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


SIGNAL = BuiltIn(
    "abandonment",
    "Abandonment",
    "The conversation ended right after a failure: its last event holds a refusal, a task failure, a complaint that got no answer or the like, and "
    "nothing followed for half an hour (or as long as this project says). Taken back when the user comes back. A run of one turn, thanks, and "
    "a request for a person are not counted.",
    Reads.CONVERSATION,
    Sentiment.NEGATIVE,
    USER_SIDE,
)
