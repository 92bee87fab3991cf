"""The agent lost what the user had told it: the user says so, the agent says so, it asks again for what it was given, or it gets it wrong
(another name for the user, an identifier with a character changed). English; what users say of it also in Spanish, German and
French, and a wrong name or identifier in any language with Latin letters."""

import re
from dataclasses import dataclass

from signals.detectors.already_given import STOP, already_given
from signals.detectors.batch import Batch, Detector, Evidence, Finding, Turn
from signals.detectors.built_in import AGENT_SIDE, BuiltIn
from signals.detectors.dates import DATE
from signals.detectors.mentions import mentions
from signals.detectors.phrases import Rule, combined, evidence, piece, surest
from signals.detectors.text import Text
from signals.detectors.tool_failure import failure
from signals.models.definitions import Reads, Sentiment

YOU = "(you|u|ya)"
BEFORE = (
    "(ago|earlier|before|already|above|twice|three times|previously|at the (very )?(start|beginning|top|outset)|in (my|the) (very )?(first|last|previous|original|earlier|opening) "
    "(message|messages|question|mail|post|text))"
)
BEFORE_YOU = (
    "(a (minute|moment|second|few minutes) ago|earlier|before|twice|in my (first|last|previous) message),?"
)
USER = Rule(
    strong=[
        "(i've|i have|i) (already |just |literally )+(told|gave|given|provided|said|mentioned|sent|shared|answered|explained|specified|stated|listed|shown)( (it|that|this|you|them|so))*( (the|my|all|that|this|to you|about|it|above|earlier|before|in))?",
        "(as|like|what) i('ve)? (already |just |previously )?(said|told you|mentioned|explained|stated|specified|wrote) (before|earlier|above|already|previously|in my (first|last|previous))",
        "(i|i've) (told|said to|gave|asked|mentioned to) you ... (before|earlier|already|above|a minute ago|two messages ago|twice|three times|previously)",
        "(did|have|do) you (already )?(forget|forgot|forgotten|not remember|even remember|remember (what i|that i|anything|my|our))",
        "(don't|didn't|can't) you (remember|recall|keep track)",
        "you (don't|do not|didn't|can't|never|no longer) (remember|recall|keep track of|keep in mind)",
        "you( have|'ve)? (already |just |totally |completely |keep |keeps |kept )?(forgot|forgotten|forget|forgetting|forgets)( (what|that|about|my|the|to|everything|again|our))?",
        "you (already|just) (asked|have|know|knew|had|got|have my)( (me|that|this|my|it))?",
        "(why|how come|stop|quit|keep|kept|keeps|still|again|you're) (are you |do you |you |you're )?(asking|ask|asked)( me)? (again|the same|that again|for (it|that|this|my) again|twice|for my ... again)",
        "(we|i)('ve| have)? already (discussed|talked about|covered|went over|gone over|agreed|established|been over|been through)( (this|that|it))?",
        "(we|i)('ve| have)? just (discussed|talked about|covered|went over|gone over|agreed on|established|did|done) (this|that|it)",
        "i('ve| have)? already (did|done|tried|answered) (this|that|it|so)",
        "how many times (do|must|should|have) i ... (tell|say|repeat|give|explain|told|said)",
        "(scroll up|read (my|the) (previous|earlier|last|first) (message|messages|reply)|see above|look (above|at my (previous|earlier|last|first)))",
        f"(i|we)('ve| have|'d)? (already |just |literally |clearly |specifically |also )*(told|gave|given|sent|showed|shown|shared with|asked|said to|wrote) {YOU} ... {BEFORE}",
        f"(i|we)('ve| have|'d)? (already |just |literally |clearly |specifically |also )*(said|wrote|written|typed|mentioned|explained|stated|posted|answered|provided|entered|specified) (this|that|it|so|them|everything|all (this|that|of it)) ... {BEFORE}",
        f"(i|we)('ve| have)? (already |just |literally |clearly |specifically )*told {YOU} (that )?(i'm|i am|im|i have|i need|i want|i can't|i cannot|i don't|my|we|about|to|not to|the|no)",
        f"{BEFORE_YOU} i (already |just )*(told|gave|sent|said to) {YOU}",
        f"(didn't|did not|haven't|have not) i (already |just |literally )*(tell|told|give|given|send|sent|say|said|answer|answered|mention|mentioned) ({YOU} )?(that|this|it|you|u|my|so|the)?",
        "(you|u) (already |just |literally )*asked (me )?(that|this|it|the same)( (question|thing))? ?(already|before|earlier|a (minute|moment|second) ago|twice|again|above)",
        "(you|u)('re| are)? (keep |still |now )?(asking|ask)( me)?( for)? (the same|that same|the exact same)",
        "(why|how come) (do|must|should) (i|we) (have to |need to |always |must )?(repeat|explain|say|type|write|tell you|enter) (everything|myself|it|this|that|all|the same|my|again)",
        "(as|like) i('ve)? (already |just |have |previously )*(said|mentioned|told you|wrote|explained|stated),",
        "(it's|its|it is|is|was|that's|they're|are|all)( all)?( already| right)? (up )?(there |written |stated |listed |said )?(in my (first|previous|last|earlier|original) (message|messages|question|mail|post)|(written|stated|listed|said|up there|right) above)",
        "(have|did) (you|u) (already )?(forget|forgot|forgotten)",
        "how many (more )?times (do|must|should|have|will|does) (i|we|one) ... (tell|say|repeat|give|explain|told|said|type|write|enter|send|answer)",
        "(i|we)('ve| have)? (literally |just |already |only just )*(talked|spoke|spoken|chatted) about (this|that|it)",
        "(we've|we have) (already )?(been (over|through)|gone over|discussed|covered) (this|that|it)( already| before)?",
        f"(as|like) i (already |just |clearly |have |had |previously |literally )*(said|wrote|stated|mentioned|told you|explained|typed|written){STOP}",
        "(as|like) (already )?(stated|written|said|mentioned) (above|before|earlier|already|in my)",
        "(it's|its|it is|that's|is|are) (all )?(already )?in my (very )?(first|last|previous|original|opening) (message|line|mail|email|sentence|question)",
        f"(see|look|read) (above|up there|my (first|last|previous) message|the first line|what i wrote){STOP}",
        "(i gave (it to you|you it|you that|you this|you one)|i (gave|told|wrote|said) (it |that |this |so )?(at the (very )?(top|start|beginning)|in the first (line|message)|up front))",
        f"i (just|literally|only just) (did|said so|said that|said it|gave you (one|it|that|those)|gave it|told you|wrote that|wrote it|answered that){STOP}",
        "(third|fourth|fifth) time (then|now)",
        f"i (have )?(write|wrote|written|said|typed|asked for) (it |this |that |so )?(already|above|not |twice|several times|without{STOP}|only{STOP})",
        # Spanish, German, French, Portuguese.
        "(ya|acabo de) (te|le|se|os|les)( l[oa]s?)? (dije|di|he dicho|he dado|expliqué|mandé|envié|decirte|decirle)",
        "(te|se) l[oa]s? (acabo de (decir|dar|mandar|enviar)|dije (antes|ya))",
        "(das|die|den|es) (habe|hab) ich (ihnen|dir|euch|ihm)?( doch| ja)?( gerade| schon| bereits| eben| vorhin)+ (gesagt|genannt|gegeben|geschrieben|erklärt|erwähnt|geschickt)",
        "(habe|hab) ich( doch| ja)?( (ihnen|dir|euch))?( doch| ja)?( gerade| schon| bereits| eben| vorhin)+ ?(gesagt|genannt|gegeben|geschrieben|erklärt|erwähnt|geschickt)",
        "je (vous|te|t'|l'|vous l'|te l')( l')? ?(ai|viens de) (déjà |vous |te )?(l'|le |la )?(dit|donné|dire|donner|envoyé|expliqué)",
        f"(steht|stand) (doch |eh |ja |schon |bereits |alles )*(oben|in meiner (ersten|letzten) nachricht|weiter oben|im ersten satz){STOP}",
        f"(hab|habe|hatte) ich (doch |ja |schon |bereits |ihnen |dir |extra |oben |eben |gerade )+(gesagt|geschrieben|genannt|gegeben|angegeben|erwähnt){STOP}",
        f"wie (ich )?(schon |bereits |oben )*(gesagt|geschrieben|erwähnt|genannt|angegeben){STOP}",
        f"(comme|tel que) (je (l'ai |vous l'ai |viens de le )?)?(déjà )?(dit|écrit|indiqué|précisé|dire|mentionné|expliqué)( plus haut| ci-dessus| au début| déjà)?{STOP}",
        "(c'est|c'était) (écrit|indiqué|dit|marqué) (plus haut|au-dessus|dans mon (premier|dernier) message)",
        f"(acabo de (decir|escribir|dar|poner)|lo (puse|escribí|dije) (arriba|antes|al principio|en mi primer mensaje)|está (escrito |todo )?(arriba|en mi primer mensaje)|como (ya )?(dije|escribí|le dije|te dije|puse|mencioné)(arriba| antes)?{STOP})",
        f"(acabei de (dizer|escrever|falar|dar|mandar)|como (eu )?(já )?(disse|escrevi|falei|mencionei)( acima| antes)?{STOP}|está (escrito |tudo )?(acima|lá em cima|na minha primeira mensagem)|eu (já )?(escrevi|disse|falei) (isso |que |acima|lá em cima|no início))",
        "(lost|losing|forgot|ignored|ignoring|dropped|missing) (the |our |all |my |all of the |your )*(context|history|earlier (messages|conversation)|previous (messages|conversation|instructions|instruction)|conversation|what i (said|told|asked))",
        "(i asked you|i told you|i said) (not to|to (always|never|stop|keep|only))",
    ],
    unless=[
        "(if|in case) (i('ve)?|you('ve)?) ... (already|forgot|forget)",
        "(if|when|since|because|where) (as )?i (said|did|do|wrote|typed|asked for)",
        "(i|we|he|she|they|i've) (forgot|forget|have forgotten)",
        "(that|which|what|where|song|music|hotel|one|ones|place|restaurant|movie|show|flight|event) (we|i)('ve| have)? (just|already) (discussed|talked about|mentioned|covered|agreed)( on)?",
        "(if|when|what|whether) (i|we) just (did|tried)",
        "(gave|told|sent|given|provided) you the wrong",
        "(i've|i have|i) (already|just) (tried|sent an? email|told (him|her|them|my))",
        "(did|have) i (forget|forgot|mention)",
        "you (already|just) (have|know) (a|the best|how)",
        "(don't|do not) (forget|you forget)",
        "(i|we) told (you|u|ya) (that )?(it|this|that|so|you|we) (would|will|could|was|is|were)",
        "(i|we) (told|gave|sent|asked) (you|u|ya) ... (thanks|thank you|and (it|that) (works|worked))",
    ],
)
AGENT = Rule(
    strong=[
        "i (don't|do not|can't|cannot|didn't|couldn't|no longer) (actually |currently |seem to )?(have|retain|recall|remember|access|see|keep) (any |access to |a |the |memory of |our |your |previous |past |earlier |of )*(memory|previous (conversations?|messages?|interactions?|details|context|instructions)|past (conversations?|messages|interactions)|earlier (conversation|messages?|part|details)|conversation history|context|what you (said|told|mentioned|asked|shared)|that (detail|information) from)",
        "(could|can|would|will) you (please )?(remind me|repeat|tell me again|provide ... again|share ... again|restate|re-?send|re-?enter|remind)",
        "(i |i've |i have |sorry,? i |it seems i |apologies,? i )(must have |may have |completely |seem to have |already )*((forgot|forgotten|forget) (that |what |about |to |your |you |the (details|rest|earlier|first|last|name|date|time)|our )|lost (track|the context)|overlooked (that|what) you|missed that you)",
        "(sorry|apologies|apologize)( for)? (forgetting|having forgotten|asking (again|you again)|losing (track|context)|overlooking what)",
        "as i don't (remember|recall)",
        "(each|every) (conversation|message|session) (starts|is treated as) (fresh|new|separate|independently)",
        "(what was|what is|which was) (your|the) ... again",
    ],
    unless=[
        "(don't|do not|never) forget",
        "if (you|i) ... (forgot|forgotten|forget)",
        "forgot (your |my )?password",
        # The user left it out, or a blank stands where it should be.
        "(missing|left out|blank|empty|incomplete|not included|didn't include|placeholder) ... (provide|share|send|tell|give) ... again",
    ],
)

ASKS = (
    r"(?:(?:please|could you|can you|would you|will you|kindly|you to|i(?:'ll| will)? (?:also |still |just |first |now )?(?:need|require)(?: you to)?) "
    r"(?:please |first |also |kindly |now )*(?:provide|share|give|tell|send|enter|specify|state|let me know|know)?|"
    r"what(?:'?s| is)|(?:may|could|can) i (?:please )?(?:have|get))"
)
ASK_WINDOW = r"(?: (?:me|us|with|the|both|either|of|and|following|:|first))*(?:[^.?!\n]{0,30}? )?"


@dataclass(frozen=True, slots=True)
class Field:
    """What an agent asks for, and how an answer to it looks in the user's own letter case. `plain`: the answer is known wherever it
    stands; another is one only in the turn after the question."""

    words: tuple[str, ...]
    asks: re.Pattern[str]
    answer: re.Pattern[str]
    plain: bool


def _field(words: tuple[str, ...], named: str, answer: str, *, plain: bool = False) -> Field:
    asks = rf"\b{ASKS}{ASK_WINDOW}\s?your (?:\w+ ){{0,2}}?{named}\b(?! (?:confirmation|on file|history|status|to (?:be|look)))"
    return Field(words, re.compile(asks), re.compile(answer), plain)


# A date with its month, in the user's own letter case.
DATED = re.compile(DATE.pattern, re.IGNORECASE)
FIELDS = [
    _field(("mail",), r"e-?mail(?: address)?", r"[\w.+-]+@[\w-]+\.\w", plain=True),
    _field(("phone", "mobile", "cell"), r"(?:phone|telephone|mobile|cell)(?: number)?", r"\+?\d[\d ().-]{7,}\d"),
    _field(
        ("order",), r"order (?:number|id)s?", r"(?i:\border\b\D{0,20}|#)[A-Za-z]{0,3}-?\d{4,}\b", plain=True
    ),
    _field(
        ("reservation", "booking", "confirmation"),
        r"(?:reservation|booking|confirmation) (?:number|id|code)s?",
        r"\b(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z0-9]{5,8}\b",
    ),
    _field(
        ("user", "customer", "account", "member"),
        r"(?:user|customer|account|member) (?:id|number|name)",
        r"\b[a-z]+_[a-z]+_\d+\b|(?i:\b(?:id|number)\b\D{0,12})\w{0,4}\d{4,}",
        plain=True,
    ),
    _field(("zip", "postal", "postcode"), r"(?:zip|postal|post)(?: ?code)", r"(?i:\b(?:zip|postal|post ?code)\D{0,20})\d{5}\b", plain=True),
    _field(("birth", "dob"), r"(?:date of birth|birth ?date|dob)", r"\b(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|(?:19|20)\d\d)\b"),
    _field(
        ("name",), r"(?:full |first and last |last )?name", r"(?:[Mm]y (?:full )?name is|[Nn]ame's|[Tt]his is|I am|I'm) [A-Z][a-z]+(?: [A-Z]|[.,!]|$)"
    ),
]  # fmt: skip
# Not asked for with "your".
ADDRESS = Field(
    ("address", "adresse", "dirección", "endereço"),
    re.compile(
        r"\b(?:(?:please |could you |can you |kindly )+(?:provide|share|give|tell|send|enter|specify|state)|i(?:'ll| will)? (?:also |still |just )?need|what(?:'s| is)|(?:may|could|can) i (?:please )?(?:have|get)) "
        r"(?:me |us |with ){0,2}(?:your |the )(?:new |delivery |shipping |full |postal |street ){0,2}address\b(?! (?:on file|confirmation|line|format))|"
        r"\b(?:wie lautet|nennen sie(?: mir)?|ich brauche(?: noch)?) (?:bitte )?(?:die|ihre) (?:neue |vollständige )?(?:liefer)?adresse\b|\bquelle est (?:la|votre) (?:nouvelle )?adresse\b|"
        r"\b(?:cuál es|me da|indíqueme) (?:la|su) (?:nueva )?dirección\b|\bqual é o (?:seu |novo )?endereço\b"
    ),
    re.compile(
        r"\b\d{1,5}[A-Za-z]? (?:[A-Z][\w'.-]+ ){1,3}(?:Street|St|Road|Rd|Lane|Ln|Row|Avenue|Ave|Drive|Dr|Bank|Way|Close|Court|Ct|Place|Square|Hill|Gardens|Terrace|Crescent|Boulevard|Blvd|Parade|Mews)\b|"
        r"\b[A-Z][a-zäöüß]+(?:straße|strasse|str\.|weg|platz|gasse|allee) \d{1,4}[a-z]?\b|\b\d{1,4},? (?:rue|avenue|boulevard|place|chemin) [A-Za-zéèà]|\b(?:[Cc]alle|[Aa]venida|[Rr]ua) [A-ZÁÉÍÓÚ][\w ]{2,30},? (?:n[.ºo]+ ?)?\d{1,4}\b"
    ),
    True,
)
WHEN = Field(
    ("date", "which day", "what day", "tage", "fecha", "data"),
    re.compile(
        r"\b(?:what|which) dates? (?:would you like|do you (?:want|mean)|should (?:i|it)|are you (?:asking|requesting)|shall i)\b[^.!\n]{0,40}\?|\b(?:für welche[ns]? (?:tage?|datum)|quelles? dates?|qué fechas?|que datas?)\b[^.!\n]{0,40}\?"
    ),
    DATED,
    False,
)
# "How many people are travelling?"
PARTY = Field(
    ("how many",),
    re.compile(r"\bhow many (?:people|persons|guests|adults|travell?ers|passengers|of you)\b"),
    re.compile(
        r"\b(?i:\d+|one|two|three|four|five|six|seven|eight|nine|ten) (?i:people|persons|guests|adults|travell?ers|passengers|of us)\b"
    ),
    True,
)
WITHOUT = re.compile(
    r"\b(?:don't|do not|can't|cannot|didn't|forgot|no longer) (?:\w+ ){0,2}?(?:have|remember|recall|know|find|got)|\bnot sure|\[[^\]]{3,40}\]"
)
# Asking again is right when what was given did not work.
WITH_REASON = re.compile(
    r"not found|n't find|unable to (?:find|locate|verify)|could not (?:find|locate|verify)|not (?:find|locate|match|valid|recogni[sz]e)|invalid|"
    r"incorrect|n't match|double[- ]check|mismatch|no (?:user|account|order|record)|another|different|alternative|correct (?:one|email|number)|new "
)


# An agent that speaks to the user by name, and a user who said theirs.
CALLS = re.compile(
    r"(?:^|[.!?\n] ?)(?:Hi|Hello|Thank you|Thanks|Dear|Sorry|Sure|Great|Welcome(?: back)?),? ([A-Z][a-z]{2,20})[,!.]"
)
CALLED = re.compile(r"(?:[Mm]y (?:full |first )?name is|[Nn]ame's|I am called|[Cc]all me) ([A-Z][a-z]{2,20})")
NO_NAMES = frozenset(
    [
        "sir",
        "madam",
        "there",
        "everyone",
        "all",
        "again",
        "team",
        "customer",
        "guest",
        "user",
        "friend",
        "folks",
        "yes",
        "no",
        "absolutely",
        "certainly",
        "great",
        "sure",
        "okay",
        "unfortunately",
        "however",
        "thanks",
        "thank",
        "hello",
        "welcome",
        "sorry",
        "good",
        "please",
        "let",
        "just",
        "what",
        "here",
        "now",
        "well",
    ]
)
# Order numbers, codes: letters and digits, or many digits; not HAT102, of which there is a HAT103 as well.
IDENTIFIER = re.compile(
    r"(?![A-Za-z]{2,3}\d{2,4}$)(?:[a-zA-Z]{0,4}\d{5,}[A-Za-z0-9]*|(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z0-9]{6,16})"
)
AROUND = "#.,;:!?()[]*\"'"
READ = 4000
ANY_ASKED = (*ADDRESS.words, *WHEN.words)


def detect(batch: Batch) -> list[Finding]:
    found = []
    for index, turn in enumerate(batch.turns):
        agent = AGENT.hits(turn.output)
        # Before the first answer nothing was said here that could have been lost.
        user = surest([*USER.hits(turn.input), *already_given(turn.input)]) if turn.previous else []
        lost = _asked_again(turn) + _got_wrong(turn)
        if user or agent or lost:
            score = 1 - (1 - combined(user, turn.input)) * (1 - combined(agent, turn.output)) * (
                1 - 0.7 * bool(lost)
            )
            pieces = evidence("user", turn.input, user) + evidence("assistant", turn.output, agent) + lost
            found.append(Finding(index, score, pieces))
    return found


def _asked_again(turn: Turn) -> list[Evidence]:
    """Where the agent asks for what the user gave, in this conversation or in this very message."""
    text = turn.output.normal
    if (
        "your" not in text
        and "how many" not in text
        and not mentions(turn.output, ANY_ASKED)
        or "?" not in text
        and "please" not in text
        and "need" not in text
    ):
        return []
    requests = [
        (field, request)
        for field in (*FIELDS, ADDRESS, WHEN, PARTY)
        if mentions(turn.output, field.words) and (request := field.asks.search(text))
    ]
    # A new address is asked for without a reason.
    reasons = text.replace("new ", "") if all(field is ADDRESS for field, _ in requests) else text
    if not requests or WITH_REASON.search(reasons) or any(failure(span) for span in turn.spans):
        return []
    return [
        piece("assistant", turn.output, request.start(), request.end())
        for field, request in requests
        if _was_given(turn, field)
    ]


def _was_given(turn: Turn, field: Field) -> bool:
    if WITHOUT.search(turn.input.normal):
        return False
    messages = [exchange.input for exchange in turn.previous] + [turn.input]
    if field is WHEN:
        # Of the message that is answered; an earlier date may be that of something else.
        return _gives(turn.input, field)
    if field.plain:
        return any(_gives(text, field) for text in messages)
    return any(
        field.asks.search(exchange.output.normal) and _gives(reply, field)
        for exchange, reply in zip(turn.previous, messages[1:], strict=True)
    )


def _gives(reply: Text, field: Field) -> bool:
    return field.answer.search(reply.shown[:READ]) is not None and not WITHOUT.search(reply.normal)


def _got_wrong(turn: Turn) -> list[Evidence]:
    """Where the agent contradicts what the user said: calls them by another name, or misquotes an identifier of theirs."""
    messages = [exchange.input for exchange in turn.previous] + [turn.input]
    return (_wrong_names(turn, messages) + _wrong_identifiers(turn, messages))[:3]


def _wrong_names(turn: Turn, messages: list[Text]) -> list[Evidence]:
    if not any("name" in text.normal or "call" in text.normal for text in messages):
        return []
    own = "\n".join(text.shown[:READ] for text in messages)
    if not CALLED.search(own):
        return []
    return [
        piece("assistant", turn.output, match.start(1), match.end(1))
        for match in CALLS.finditer(turn.output.shown[:READ])
        if match[1].lower() not in NO_NAMES and match[1].lower() not in own.lower()
    ]


def _wrong_identifiers(turn: Turn, messages: list[Text]) -> list[Evidence]:
    quoted = _identifiers(turn.output)
    given = {identifier for text in messages for identifier in _identifiers(text)} if quoted else set()
    near = [one for one in quoted if one not in given and any(_misquotes(one, other) for other in given)]
    if not near:
        return []
    known = [text.raw for text in messages] + [exchange.output.raw for exchange in turn.previous]
    known += [part for span in turn.spans for part in (span.input, span.output)]
    places = [
        (turn.output.shown.find(one), len(one)) for one in near if not any(one in text for text in known)
    ]
    return [piece("assistant", turn.output, start, start + length) for start, length in places]


def _identifiers(text: Text) -> list[str]:
    known: list[str] | None = text.notes.get("identifiers")
    if known is None:
        words = [
            word.strip(AROUND) for word in text.shown[:READ].split() if not word.isalpha() and len(word) > 5
        ]
        known = text.notes["identifiers"] = [word for word in words if IDENTIFIER.fullmatch(word)]
    return known


def _misquotes(one: str, other: str) -> bool:
    """As long, and all but one or two neighbouring characters the same."""
    if len(one) != len(other):
        return False
    wrong = [place for place, (a, b) in enumerate(zip(one.lower(), other.lower(), strict=True)) if a != b]
    return len(wrong) == 1 or (len(wrong) == 2 and wrong[1] == wrong[0] + 1)


SIGNAL = BuiltIn(
    "forgetting",
    "Forgetting",
    "The agent lost what the user had told it: the user complains about that, the agent admits it, or it asks again for what it was given.",
    Reads.CONVERSATION,
    Sentiment.NEGATIVE,
    AGENT_SIDE,
)
DETECTOR = Detector("forgetting", 6, detect)
