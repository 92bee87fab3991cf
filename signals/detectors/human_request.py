"""The user asks for a person instead of the agent. English; what is said outright in German, Spanish, French and Portuguese
(other_languages)."""

import re

from signals.detectors.batch import Batch, Detector, Finding
from signals.detectors.built_in import USER_SIDE, BuiltIn
from signals.detectors.other_languages import LANGUAGES_READ, united
from signals.detectors.phrases import Hit, Rule, combined, detect_rule, evidence
from signals.models.definitions import Reads, Sentiment

WHO = (
    "(a |an |the |your |some |another |any )?(real |actual |live |human |physical |senior |different |customer |support |service |care |sales )*"
    "(person|people|human|humans|human being|agent|representative|rep|manager|supervisor|operator|advisor|adviser|specialist|colleague|employee|staff|staff member|"
    "support agent|somebody real|someone real|customer service|customer support|support team|human support)"
)
RULE = Rule(
    strong=[
        "(speak|talk|chat|connect|connected|transfer|transferred|escalate|escalated|put|hand|switch|get|pass|forward|direct)( me| this| us| it)?( over| through| on)? (to|with) "
        + WHO,
        "(i )?(want|need|would like|'d like|prefer|demand|require|give me|get me|find me|let me have) (to (speak|talk|chat) (to|with) )?(a |an |the |some )?(((real|actual|live) )?([a-z]{2,12} )?(human|person|representative|rep|human being|operator)|(real|actual|live|human) ([a-z]{2,12} )?(agent|support|help))",
        "(is|are) (there|this) (a |any |an )?(real |actual |live )?(human|humans|person|people|operator|representative)( there| here| available| i can| who| that| on| around| to (talk|speak))",
        "(can|could|may|let) (i|me|someone|somebody|a person|a human)( please| just)? (speak|talk|call me|contact me|phone me|help me instead)( (to|with) "
        + WHO
        + ")?",
        "(put|patch|pass|hand) (me|us) (straight |right |on |over )?(through )?to (somebody|someone|anybody|anyone|the|a|your|one of)",
        "(speak|talk|chat) (to|with) (somebody|someone) (in|from|at|else|who|human|real|competent|please|there|over)",
        "(connect|transfer|get|give|find|send) (me|us)( with| to)? (somebody|someone|anybody|anyone|one of your (colleagues|people|team|agents))",
        "(somebody|someone|anybody|anyone) (human|real|with a pulse)( there| here)?",
        "(get|want|need|like|prefer|have) (a|an|another) (actual |real |live )?(human|human being|person|human person)( on the (phone|line)| to (call|ring|contact|help|look|answer|read|tell|write|talk|speak|do))",
        "(someone|somebody) (in|from) (your |the )?(customer (care|service)|support|billing|sales|tech|technical|it|legal|accounts)( department| team| side)? (to|look|ring|call|help|contact|please)",
        "(nobody|no one|anybody|anyone|somebody|someone) (that |who |there )?i can (talk|speak|write|ring|call)( to| with)?",
        "(an |any )?actual human( being)?",
        "(can't|cannot|couldn't|can|could) (a|an actual|a real) (person|human)( just)? (tell|help|look|do|call|ring|answer|explain)",
        "(rather|prefer to|like to) (discuss|sort|settle|talk about) (that|this|it) with (a |an )?(member of staff|person|human|somebody|someone)",
        "(a real person|real person|a human being)( please| would be| thanks)?",
        "(not|instead of|rather than|no more|stop with the|enough of the|tired of) (talking to |a |this |the |your )*(bot|robot|machine|chatbot|ai|computer|automated system)",
    ],
    unless=[
        "(talk|walk|speak) (me|us|you|them|people) through",
        "(connect|talk|chat|speak) with people",
        "(travel|real estate|user|insurance|estate|ticket|press|free|secret|chemical|ai|booking|account) (agent|agents|manager|operator)",
        "(not|don't|do not|no need to|without|didn't|rather not) (need |want |have to |like |to )*(to )?(speak|talk|chat|connect|transfer|be transferred)",
        "(talk|speak|talking|speaking) (to|with) (my|his|her|their|our) [a-z]{1,20}",
        "(how|when|why|what) (do|does|should|can) (i|we|you|one|a) ... (talk|speak) (to|with) (a|an|the) (manager|supervisor|representative) (about|at work|who)",
        "the (manager|agent|representative|supervisor) (said|told|is|was|did|has)",
    ],
)
# A sentence that says nothing else: within others these words are about something else ("a secret agent", "manager login").
ALONE = re.compile(
    r"(?:^|[.!?\n])[^\w.!?\n]{0,3}(?:(?:please|just|now|i said|i want|get me|give me|your|an?|the),? )*"
    r"(?:(?:real |live |actual |human )?(?:human being|human|person|agent|representative|operator|supervisor|manager)|customer service|live chat|speak to (?:an )?agent|call me)"
    r"(?:,? (?:please|now|pls|asap|thanks))*[^\w.!?\n]{0,3}(?=[.!?\n]|$)"
)
ALONE_WEIGHT = 0.9


def detect(batch: Batch) -> list[Finding]:
    found = {one.index: one for one in detect_rule(batch, RULE, "user")}
    for index, turn in enumerate(batch.turns):
        if index not in found and (alone := ALONE.search(turn.input.normal)):
            hits = [Hit(alone.start(), alone.end(), ALONE_WEIGHT)]
            found[index] = Finding(index, combined(hits, turn.input), evidence("user", turn.input, hits))
    return [found[index] for index in sorted(found)]


SIGNAL = BuiltIn(
    "human_request",
    "Request for a human",
    "The user asks for a person instead of the agent. A travel agent or “my manager” does not count.",
    Reads.USER,
    Sentiment.NEGATIVE,
    USER_SIDE,
    languages=LANGUAGES_READ,
)
DETECTOR = Detector("human_request", 4, united("human_request", detect))
