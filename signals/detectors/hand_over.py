"""The agent hands the user over to a person, in words or by a tool. English words; tools' names in any language that speaks of a transfer.

Neither good nor bad by itself: the share of conversations that end so is a number that teams of support agents steer by. An offer, a condition and a
hand-over that the agent declines are none.
"""

import re

from signals.detectors.batch import Batch, Detector, Finding, SpanFacts, Turn, measured
from signals.detectors.built_in import AGENT_SIDE, BuiltIn
from signals.detectors.mentions import mentions
from signals.detectors.phrases import Hit, evidence, is_asked, sentence_start
from signals.detectors.tool_failure import failure
from signals.models.definitions import Reads, Sentiment

WORDS = (
    "transfer",
    "connect",
    "escalat",
    "hand",
    "pass",
    "forward",
    "put you",
    "putting you",
    "loop",
    "taking over",
    "with you now",
)
WHO = (
    r"(?:(?:a|an|the|our|another|my|one of our|your) )?(?:(?:human|live|real|senior|available|support|customer|service|care|sales|billing|technical|specialist|dedicated|next|account|claims|medical|licensed) ){0,3}"
    r"(?:agents?|persons?|people|humans?|human being|representatives?|reps?|manager|supervisor|specialists?|colleagues?|operator|advisers?|advisors?|support|team|staff|department|nurse|doctor|"
    r"engineers?|technicians?|pharmacist|counsell?or|desk)\b"
)
NOT_A_PAGE = r"(?![^.?!\n]{0,30}\b(?:pages?|links?|site|website|form|portal|section|article|guide|app|network|wi-?fi|server|list|bot|assistant|account|device|printer|speaker)\b)\w[\w' -]{0,40}"
SAID = re.compile(
    r"\b(?:(?:i'm|i am|we're|we are|now|i'll be|currently) (?:now |just |also |going to )?(?:transferring|connecting|escalating|handing|passing|forwarding|putting|looping)|"
    r"(?:i'll|i will|let me|i've|i have|we'll|we will|we've|we have|i) (?:now |just |also |go ahead and |already |gladly |immediately )*"
    r"(?:transfer(?:red)?|connect(?:ed)?|escalated?|hand(?:ed)?|pass(?:ed)?|forward(?:ed)?|put|loop(?:ed)?)|"
    r"(?:(?:has|have) been|is being|are being|being) (?:now )?(?:transferred|connected|escalated|handed|passed|forwarded))"
    r"\b[^.?!\n]{0,50}?\b(?:to|with|through to|over to|in) (?P<who>" + WHO + r")|"
    r"(?:^|[.!,\n] ?)(?:transferring|connecting|escalating|handing)\b[^.?!\n]{0,50}?\b(?:to|with) " + WHO + r"|\b(?:i've|i have|i'm|i am|we've|we have) (?:now |just |already )?(?:escalated|escalating) (?:this|it|that|your \w+)|"
    # Whoever is handed over "you" talks to somebody, however that one is called; not to a page.
    r"(?:(?:^|[.!,\n:] ?)|\b(?:i'm|i am|we're|we are|i'll be) (?:now |just |also |going to be )*)(?:transferring|connecting|handing|passing|putting) you (?:over |on |straight |right |directly |back |now |through )*(?:to|with) " + NOT_A_PAGE + r"|"
    r"\b(?:i've|i have|we've|we have|what i've done is|let me|i'll|i will|we'll) (?:now |just |already |go ahead and )*(?:transfer(?:red)?|connect(?:ed)?|hand(?:ed)?|pass(?:ed)?|put) (?:you|your (?:case|question|request|message|complaint|details|file)|this (?:conversation|chat|case)) "
    r"(?:over |on |straight |right |directly |back |now |through )*(?:to|with) " + NOT_A_PAGE + r"|"
    r"\b(?:is|are) (?:now )?taking over (?:now|from here|this (?:chat|conversation))|\b(?:is|are) with you now\b"
)  # fmt: skip
SUPPOSED = re.compile(
    r"\b(?:if|unless|once|when|should|before|in case|would you|do you|want me|shall|may|could)\b"
)
DENIED = re.compile(r"\b(?:unable|not|never)\b|n't\b")  # in the same clause
TOOL = re.compile(
    r"(?:transfer|hand_?(?:off|over)|handoff|escalat|connect)\w*?(?:human|agent|person|live|operator|support|representative|supervisor|tier|manager)|"
    r"^(?:hand_?(?:off|over)|escalate)$",
    re.IGNORECASE,
)
# Whoever takes over is a program: it says so, or is called so.
PROGRAM = re.compile(
    r"\b(?:this is|i'm|i am|here is) (?:the |your |our )?(?:\w+[ -]){0,3}(?:assistant|bot|chatbot)\b|\b(?:virtual|ai|automated|digital) (?:agent|assistant)\b"
)
CALLED_A_PROGRAM = re.compile(r"\b(?:agent|assistant|bot)\b[^.?!\n]{0,12}$")
TO_AN_AGENT = re.compile(
    r"(?:transfer|hand_?off|handoff|escalate|connect)_?(?:to_)?(?!to_|human|live|real|person|support|customer|service|an?_)[a-z]+_agents?$",
    re.IGNORECASE,
)
# "The billing agent" of a product with several agents is one of them; "a support agent" is a person.
ONE_OF_THEM = re.compile(
    r"\b(?!(?:an?|the|our|my|your|one|of|another|next|human|live|real|senior|support|service|care|customer|available|dedicated|licensed)\b)\w+ agent\b"
)
READ = 3000
NEAR = 200  # characters after the hand-over, in which the other introduces itself


def detect(batch: Batch) -> list[Finding]:
    found = []
    for index, turn in enumerate(batch.turns):
        hits = _said(turn) if mentions(turn.output, WORDS) else []
        tool = next((span for span in turn.spans if span.kind == "tool" and _to_a_person(span)), None)
        called = [measured(f"It called {tool.name[:100]}.", span=tool)] if tool and not failure(tool) else []
        if hits or called:
            found.append(Finding(index, 0.9, evidence("assistant", turn.output, hits) + called))
    return found


def _to_a_person(span: SpanFacts) -> bool:
    """By the tool's name. Frameworks hand over between agents by `transfer_to_billing_agent`, or `transfer_to_agent` with an `agent_name`."""
    if not TOOL.search(span.name) or TO_AN_AGENT.search(span.name):
        return False
    return "agent_name" not in span.input[:200]


def _said(turn: Turn) -> list[Hit]:
    normal = turn.output.normal[:READ]
    hits = []
    for match in SAID.finditer(normal):
        start = sentence_start(normal, match.start())
        clause = max(start, normal.rfind(",", 0, match.start()))
        supposed = SUPPOSED.search(normal, start, match.start()) or DENIED.search(
            normal, clause, match.start()
        )
        program = PROGRAM.search(normal, match.start(), match.end() + NEAR) or (
            ONE_OF_THEM.search(match[0])
            or "taking over" in match[0]
            and CALLED_A_PROGRAM.search(normal, start, match.start())
        )
        if not supposed and not program and not is_asked(normal, match.end()):
            hits.append(Hit(match.start() + len(match[0]) - len(match[0].lstrip(".!, \n")), match.end(), 0.9))
    return hits


SIGNAL = BuiltIn(
    "hand_over",
    "Handed over to a person",
    "The agent hands the user over to a person, in words or by a tool. Offering to do so, or saying that it cannot, does not count.",
    Reads.ASSISTANT,
    Sentiment.NEUTRAL,
    AGENT_SIDE,
)
DETECTOR = Detector("hand_over", 2, detect)
