"""The agent says that it did something ("I've filed the claim", "I've pushed the tag"), and no tool that could was called for it.

Only where the agent has tools: one was called in this turn or before; or all of this conversation is known, and others of the project call
one that acts. Only acts with an effect outside of the conversation (acts.py): what an agent writes, lists or works out needs no tool. A call
of that kind in an earlier turn stands for the claim too, which may be about it; a tool whose name says nothing may do anything. A call that
failed is `false_success`, not this. Where nothing that acts was called at all, a thing that stands as the user wanted it ("your seat is
reserved") is a claim too (standing.py).
English, German, French, Spanish and Portuguese.
"""

import re

from signals.detectors.acts import (
    PUSHED,
    RAN,
    STEMS,
    TAKES,
    TESTED,
    Claim,
    acts,
    claims,
    does,
    name_acts,
    only_makes,
    supposed,
)
from signals.detectors.batch import (
    PREVIOUS_TURNS,
    Batch,
    Detector,
    Evidence,
    Finding,
    SpanFacts,
    Turn,
    measured,
)
from signals.detectors.built_in import AGENT_SIDE, BuiltIn
from signals.detectors.phrases import piece
from signals.detectors.standing import standing
from signals.models.definitions import Reads, Sentiment

SCORE = 0.8
READ = 4000
# Scripts and build tools that may run tests, commit or push unseen.
OPAQUE = re.compile(
    r"\.sh\b|\bmake\b|\bnpm\b|\byarn\b|\bpnpm\b|\bjust\b|\btask\b|\bgradle|\bmvn\b|\bcargo\b|\btox\b|\bnox\b|\bci\b|release|\.py\b"
)
TESTS = re.compile(
    r"test|spec|jest|vitest|check|verify|mocha|rspec|tox|suite|ctest|playwright|cypress", re.IGNORECASE
)
TESTED_WORDS = ("test", "suite", "checks")
WORD = re.compile(r"[a-z]{3,}")  # of a command
GIT = {"push": "push", "commit": "commit", "merg": "merge"}
OWNS_UP = re.compile(
    r"\b(?:was wrong|had not been|hadn't been|never (?:was|did|been)|sorry, (?:i|that) (?:did|was)|i (?:do not|don't|cannot|can't) (?:have|book|send|file|call)|would have|on file|draft(?:ed)?)\b"
)


def detect(batch: Batch) -> list[Finding]:
    found = []
    for index, turn in enumerate(batch.turns):
        earlier = [span for old in turn.previous for span in old.spans if span.kind == "tool"]
        own = [span for span in turn.spans if span.kind == "tool"]
        if turn.output.is_blank or not (own or earlier or _could_have_called(turn)):
            continue
        pieces = _unbacked(turn, own, earlier)
        if pieces:
            found.append(Finding(index, SCORE, pieces))
    return found


def _could_have_called(turn: Turn) -> bool:
    """Asked where no call is known: whether this is the whole conversation, and an agent of the project acts by tools elsewhere."""
    return len(turn.previous) < PREVIOUS_TURNS and any(name_acts(tool) for tool in turn.agent_tools)


def _unbacked(turn: Turn, own: list[SpanFacts], earlier: list[SpanFacts]) -> list[Evidence]:
    normal = turn.output.normal[:READ]
    told = _commands(normal, [*own, *earlier])
    if not any(acts(span) and not only_makes(span) for span in own):  # which stands for every claim
        told += [claim for claim in claims(normal) if not _backed(claim, own, earlier)]
    if not told and not any(acts(span) for span in (*own, *earlier)):
        told = [claim for claim in standing(turn) if not _backed(claim, own, earlier)]
    if not told or OWNS_UP.search(normal):
        return []
    called = ", ".join(dict.fromkeys(span.name for span in own))
    sentence = f"Tools called in this turn: {called[:200]}." if called else "No tool was called in this turn."
    pieces = [piece("assistant", turn.output, claim.start, claim.end) for claim in told[:3]]
    return [*pieces, measured(sentence)]


def _backed(claim: Claim, own: list[SpanFacts], earlier: list[SpanFacts]) -> bool:
    """By a call that acts: any in this turn, unless all of them make what is said to be taken away; earlier, one of that kind. What is
    told of a thing may also be what a tool read."""
    acting = [span for span in own if acts(span)]
    if acting and not (claim.kinds <= TAKES and all(only_makes(span) for span in acting)):
        return True
    if any(acts(span) and does(span, claim.kinds) for span in earlier):
        return True
    # Read rather than done: `{"pdf": "sent"}`; in another language than the tool's by the English words of that kind.
    stems = ({claim.word[:5]} - {""}).union(*(STEMS[kind] for kind in claim.kinds))
    read = [*own, *earlier] if claim.passive else own
    return any(stem in span.output[:READ].lower() for span in read for stem in stems)


def _commands(normal: str, calls: list[SpanFacts]) -> list[Claim]:
    """Commands and tests said to have run, and commits said to have been pushed, that no call mentions."""
    if not any(word in normal for word in (*TESTED_WORDS, "`", *GIT)):
        return []
    call_texts = [f"{span.name} {span.input}" for span in calls]
    if any(OPAQUE.search(text) for text in call_texts):
        return []
    found = []
    match = TESTED.search(normal) if any(word in normal for word in TESTED_WORDS) else None
    if (
        match
        and not supposed(normal, match.start(), match.end())
        and not any(TESTS.search(text) for text in call_texts)
    ):
        found.append(Claim(match.start(), match.end(), frozenset()))
    for match in RAN.finditer(normal) if "`" in normal else ():
        words = set(WORD.findall(match[1]))
        strange = [word for word in words if not any(word in text.lower() for text in call_texts)]
        if 2 * len(strange) > len(words) and not supposed(normal, match.start(), match.end()):
            found.append(Claim(match.start(), match.end(), frozenset()))
    for match in PUSHED.finditer(normal) if any(stem in normal for stem in GIT) else ():
        verb = next(verb for stem, verb in GIT.items() if stem in match[0])
        if not supposed(normal, match.start(), match.end()) and not any(verb in text for text in call_texts):
            found.append(Claim(match.start(), match.end(), frozenset()))
    return found


SIGNAL = BuiltIn(
    "action_without_call",
    "Action without a tool call",
    "The agent says that it did something outside the conversation (“I've filed the claim”, “I've pushed the tag”), and called no tool that "
    "could. Only for agents that use tools. A call that failed is a false success.",
    Reads.CONVERSATION,
    Sentiment.NEGATIVE,
    AGENT_SIDE,
)
DETECTOR = Detector("action_without_call", 4, detect)
