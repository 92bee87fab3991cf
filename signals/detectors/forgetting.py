"""The agent lost what the user had told it: the user says so, the agent says so, or it asks again for what it was given. English."""

import re

from signals.detectors.batch import Batch, Detector, Evidence, Exchange, Found, Turn
from signals.detectors.phrases import Rule, combined, evidence, piece

USER = Rule(
    strong=[
        "(i've|i have|i) (already |just |literally )+(told|gave|given|provided|said|mentioned|sent|shared|answered|explained|specified|stated|listed|shown)( (it|that|this|you|them|so))*( (the|my|all|that|this|to you|about|it|above|earlier|before|in))?",
        "(as|like|what) i('ve)? (already |just |previously )?(said|told you|mentioned|explained|stated|specified|wrote) (before|earlier|above|already|previously|in my (first|last|previous))",
        "(i|i've) (told|said to|gave|asked|mentioned to) you ... (before|earlier|already|above|a minute ago|two messages ago|twice|three times|previously)",
        "(did|have|do) you (already )?(forget|forgot|forgotten|not remember|even remember|remember (what|that|anything|my))",
        "(don't|didn't|do|can't|can) you (remember|recall|keep track)",
        "you (don't|do not|didn't|can't|never|no longer) (remember|recall|keep track of|keep in mind)",
        "you( have|'ve)? (already |just |totally |completely |keep |keeps |kept )?(forgot|forgotten|forget|forgetting|forgets)( (what|that|about|my|the|to|everything|again|our))?",
        "you (already|just) (asked|have|know|knew|had|got|have my)( (me|that|this|my|it))?",
        "(why|how come|stop|quit|keep|kept|keeps|still|again|you're) (are you |do you |you |you're )?(asking|ask|asked)( me)? (again|the same|that again|for (it|that|this|my) again|twice|for my ... again)",
        "(we|i) (already |just )+(discussed|talked about|covered|went over|agreed|established|been over|been through|did|tried)( (this|that|it))?",
        "how many times (do|must|should|have) i ... (tell|say|repeat|give|explain|told|said)",
        "(scroll up|read (my|the) (previous|earlier|last|first) (message|messages|reply)|see above|look (above|at my (previous|earlier|last|first)))",
        "(lost|losing|forgot|ignored|ignoring|dropped|missing) (the |our |all |my |all of the |your )*(context|history|earlier (messages|conversation)|previous (messages|conversation|instructions|instruction)|conversation|what i (said|told|asked))",
        "(i asked you|i told you|i said) (not to|to (always|never|stop|keep|only)|no )",
    ],
    unless=[
        "(if|in case) (i('ve)?|you('ve)?) ... (already|forgot|forget)",
        "(i|we|he|she|they|i've) (forgot|forget|have forgotten)",
        "(i've|i have|i) (already|just) (tried|sent an? email|told (him|her|them|my))",
        "(did|have) i (forget|forgot|mention)",
        "you (already|just) (have|know) (a|the best|how)",
        "(don't|do not) (forget|you forget)",
    ],
)
AGENT = Rule(
    strong=[
        "i (don't|do not|can't|cannot|didn't|couldn't|no longer) (actually |currently |seem to )?(have|retain|recall|remember|access|see|keep) (any |access to |a |the |memory of |our |your |previous |past |earlier |of )*(memory|previous (conversations?|messages?|interactions?|details|context|instructions)|past (conversations?|messages|interactions)|earlier (conversation|messages?|part|details)|conversation history|context|what you (said|told|mentioned|asked|shared)|that (detail|information) from)",
        "(could|can|would|will) you (please )?(remind me|repeat|tell me again|provide ... again|share ... again|restate|re-?send|re-?enter|remind)",
        "(i |i've |i have |sorry,? i |it seems i |apologies,? i )(must have |may have |completely |seem to have |already )*(forgot|forgotten|forget|lost (track|the context)|overlooked (that|what) you|missed that you)",
        "(sorry|apologies|apologize)( for)? (forgetting|having forgotten|asking (again|you again)|losing (track|context)|overlooking what)",
        "as i don't (remember|recall)",
        "(each|every) (conversation|message|session) (starts|is treated as) (fresh|new|separate|independently)",
        "(what was|what is|which was) (your|the) ... again",
    ],
    unless=[
        "(don't|do not|never) forget",
        "if (you|i) ... (forgot|forgotten|forget)",
        "forgot (your |my )?password",
    ],
)

ASKS = r"(?:provide|share|give|tell|confirm|send|enter|have|know|need|require|specify|what(?:'?s| is)|may i have|could i have)"
ASK_WINDOW = r"[^.?!\n]{0,60}?"
# What an agent asks for, and how an answer to it looks.
FIELDS: dict[str, tuple[re.Pattern[str], re.Pattern[str]]] = {
    name: (re.compile(rf"\b{ASKS}\b{ASK_WINDOW}\byour (?:\w+ ){{0,2}}?{words}\b"), re.compile(value))
    for name, words, value in [
        ("email", r"e-?mail(?: address)?", r"[\w.+-]+@[\w-]+\.\w"),
        ("phone", r"(?:phone|telephone|mobile|cell)(?: number)?", r"\+?\d[\d ().-]{6,}\d"),
        ("order", r"order (?:number|id)s?", r"(?:#|\b(?:order|number|id)\D{0,12})[a-z]{0,3}-?\d{3,}"),
        (
            "reservation",
            r"(?:reservation|booking|confirmation) (?:number|id|code)s?",
            r"\b(?=[a-z]*\d)[a-z0-9]{5,8}\b",
        ),
        (
            "user id",
            r"(?:user|customer|account|member|client) (?:id|number|name)",
            r"\b[a-z]+_[a-z]+_\d+\b|\b\w*\d{4,}\w*\b",
        ),
        ("zip", r"(?:zip|postal|post)(?: ?code)", r"\b\d{5}\b|\b[a-z]{1,2}\d{1,2}[a-z]? ?\d[a-z]{2}\b"),
        (
            "date of birth",
            r"(?:date of birth|birth ?date|dob)",
            r"\b(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|(?:19|20)\d\d)\b",
        ),
        (
            "name",
            r"(?:full |first and last |last )?name",
            r"\b(?:my name is|name's|this is|i am|i'm) [a-z]{2,}",
        ),
    ]
}
# Asking again is right when what was given did not work.
WITH_REASON = re.compile(
    r"not found|n't find|unable to (?:find|locate|verify)|could not (?:find|locate|verify)|not (?:find|locate|match|valid|recogni[sz]e)|invalid|"
    r"incorrect|n't match|double[- ]check|mismatch|no (?:user|account|order|record)|another|different|alternative|correct (?:one|email|number)|new "
)


def detect(batch: Batch) -> list[Found]:
    found = []
    for index, turn in enumerate(batch.turns):
        user, agent = USER.hits(turn.input), AGENT.hits(turn.output)
        if not turn.previous:
            user = []  # nothing was said here that could have been lost
        again = _asked_again(turn)
        if user or agent or again:
            score = 1 - (1 - combined(user, turn.input)) * (1 - combined(agent, turn.output)) * (
                1 - 0.7 * bool(again)
            )
            pieces = evidence("user", turn.input, user) + evidence("assistant", turn.output, agent) + again
            found.append(Found(index, score, pieces))
    return found


def _asked_again(turn: Turn) -> list[Evidence]:
    """Where the agent asks for a thing that it had asked for, and been given, in an earlier turn."""
    text = turn.output.normal
    if not turn.previous or WITH_REASON.search(text) or any(span.status == "error" for span in turn.spans):
        return []
    pieces = []
    for asks, answer in FIELDS.values():
        ask = asks.search(text)
        if ask and _was_given(turn, asks, answer):
            pieces.append(piece("assistant", turn.output, ask.start(), ask.end()))
    return pieces


def _was_given(turn: Turn, asks: re.Pattern[str], answer: re.Pattern[str]) -> bool:
    replies: list[str] = [exchange.input.normal for exchange in turn.previous[1:]] + [turn.input.normal]
    earlier: list[Exchange] = turn.previous
    return any(
        asks.search(exchange.output.normal) and answer.search(reply)
        for exchange, reply in zip(earlier, replies, strict=True)
    )


DETECTOR = Detector("forgetting", 1, detect)
