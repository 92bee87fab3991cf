"""The agent says that it is done, but the tool that does it failed, said no or only queued it, and nothing made up for it.

Called a false success, a false completion claim or a hallucinated completion elsewhere. What counts is the agent's own claim ("I've booked
it", "your order has been cancelled", "Done!", "all tests pass") beside the last word of its tools. It is none when the agent owns up to the failure
anywhere in its answer, when a call of the same kind succeeded (a retry, another tool for it), or when the claim is of another
kind than the tool: "I've updated the address" after a failed search. The call may be one of an earlier turn, when this turn calls nothing
and the claim names the act. English; and the plainest claims of German, French, Spanish and Portuguese.
"""

import re

from signals.detectors import acts, task_failure
from signals.detectors.batch import Batch, Detector, Finding, SpanFacts, Turn, measured
from signals.detectors.built_in import AGENT_SIDE, BuiltIn
from signals.detectors.phrases import Hit, evidence, is_asked, sentence_start
from signals.detectors.tool_failure import error_words, failure
from signals.detectors.tool_results import is_waiting, says_no
from signals.models.definitions import Reads, Sentiment

# Kinds of acts: the parts of a tool's name that tell one, and the words of who claims it. A word may be of several kinds.
KINDS = {
    "book": (
        "book reserve schedule order purchase buy checkout place rebook",
        "booked rebooked reserved scheduled ordered purchased bought placed confirmed",
    ),
    "cancel": ("cancel void revoke unsubscribe terminate", "cancelled canceled revoked unsubscribed terminated"),
    "refund": (
        "refund reimburse credit reverse return exchange",
        "refunded reimbursed credited reversed returned exchanged issued processed",
    ),
    "pay": ("pay payment charge transfer withdraw deposit", "paid charged transferred withdrawn deposited processed"),
    "change": (
        "change update modify edit set move mark reschedule rename switch adjust patch replace upgrade configure enable disable reset write assign",
        "changed updated modified edited set moved marked rescheduled renamed switched adjusted patched replaced upgraded configured enabled disabled reset "
        "written rewritten saved assigned fixed refactored implemented",
    ),
    "send": (
        "send email mail notify post message share publish submit forward sms invite reply",
        "sent emailed e-mailed mailed notified posted messaged shared published submitted forwarded invited replied",
    ),
    "create": (
        "create add insert make generate export open register upload save store write submit file post publish put log append",
        "created added inserted made generated opened registered uploaded saved stored written submitted filed posted published logged appended implemented",
    ),
    "delete": ("delete remove clear drop erase purge", "deleted removed cleared dropped erased purged"),
    "block": ("block lock unlock freeze suspend bolt pair connect", "blocked locked unlocked frozen suspended paired connected"),
    "run": (
        "run exec execute bash shell terminal command python pytest test build deploy install migrate push commit merge restart compile apply",
        "run ran executed built deployed installed migrated pushed committed merged restarted compiled applied tested fixed",
    ),
    "read": (
        "get find search list query read fetch look lookup retrieve select check browse",
        "found retrieved fetched checked pulled looked",
    ),
}  # fmt: skip
_TOOLS: dict[str, set[str]] = {}
_CLAIMED: dict[str, set[str]] = {}
for _kind, (_names, _words) in KINDS.items():
    for _name in _names.split():
        _TOOLS.setdefault(_name, set()).add(_kind)
    for _word in _words.split():
        _CLAIMED.setdefault(_word, set()).add(_kind)
# In a name that reads ("get_order", "email_search") these are what is read.
_THINGS = "book command credit email file forward invite log mail message order payment post return schedule sms store test"
THINGS = frozenset(_THINGS.split())
PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

DID = "(" + "|".join(sorted(map(re.escape, _CLAIMED), key=len, reverse=True)) + ")"
NOW = r"(?:(?:just|now|already|also|all|successfully|finally|gone ahead and|went ahead and) ){0,2}"
CLAIM = re.compile(
    rf"\b(?:i|we)(?:'ve| have)? {NOW}{DID}\b|\b(?:has|have) {NOW}been {NOW}{DID}\b|\bwas successfully {DID}\b|\b{DID} (?:it |that |them )?successfully\b|"
    rf"\b(?:successfully|and) {NOW}{DID}\b|\b(?:(?:your|this|the) (?:[\w'#-]{{1,30}} ){{1,8}}?(?:is|are)|it's|it is|that's|they're|they are|everything is) {NOW}{DID}\b(?! (?:by|to|on the)\b)|"
    rf"(?:^|[.!\n] ?)(?!set\b|reset\b|run\b){DID}(?=[ .!:,])"
)
# What claims success without a word for what was done.
DONE = re.compile(
    r"(?:^|[.!\n] ?)(?:all )?done(?=[ .!,:\n]|$)|\b(?:you're|you are|we're|everything is|everything's|that's|it's|it is|that is) (?:all )?(?:set|done|taken care of|completed?)\b|"
    r"(?:^|[.!\n,] ?)(?:all set|success|all booked|counting down|ticking away|(?:listo|hecho|feito|prontinho|erledigt|c'est (?:fait|réservé|annulé|envoyé|noté))(?=[ .!,:]))|\b(?:(?:it's|it has|has) gone through|went through|(?:has|have) been (?:successfully )?completed|(?:completed|worked|finished) successfully|was successful|were successful)\b"
)
PASSES = re.compile(
    r"\b(?:(?:all|the|your|\d+)(?: of the)? (?:\w+ )?(?:tests?|checks?|build|suite|pipeline)(?: suite)?) (?:is |are |now |all |have |has )*(?:pass(?:es|ed|ing)?|succeed(?:s|ed)?|green|successful)\b"
)
# In the sentence, before the claim: then it is no claim, or of another time.
SUPPOSED = re.compile(
    r"\b(?:if|once|when|whenever|after|until|till|before|whether|unless|as soon as|should|would|could|can|will|may|might|in case|not|never|nothing|no (?!problem|worries)|none|hardly|"
    r"(?:that|which) (?:was|were|had)|yesterday|last (?:week|month|year|time))\b|n't\b"
)
CONDITION = re.compile(r"\b(?:if|in case|should (?:you|it|there)|unless|when|whenever|once)\b[^.;!?\n]*")
MENDED = re.compile(
    r"\b(?:fixe[sd]|fixing|resolve[sd]|solved|corrected|handle[sd]|catch(?:es)?|no|without(?: any)?|zero|for (?:the|any)) (?:(?:the|an?|any|all|your|that|more|further|\w+) ){0,3}?"
    r"(?:errors?|issues?|problems?|failures?|bugs?|troubles?|failing|failed)\b"
)
OWNS_UP = re.compile(
    r"\b(?:fail(?:s|ed|ing|ure|ures)?|errors?|timed? ?out|time-?outs?|unsuccessful(?:ly)?|unavailable|rejected|declined|denied|unfortunately|trouble|issues?|problems?|unable|"
    r"(?:did|was|were|is|are|has|have|do|does|could|can)(?: ?not|n't)|cannot|not (?:yet|possible|able)|invalid|refused|blocked|crash(?:ed|es)?|try again|retry)\b"
)
# Of other languages than English: that it did not work.
OWNS_UP_ELSEWHERE = re.compile(
    r"\b(?:leider|nicht|konnte|fehler|fehlgeschlagen|désolée?|malheureusement|n'a pas|n'ai pas|échoué|impossible|no se|no (?:pude|pudo|fue|he|hay)|problema|falló|error|lamentablemente|infelizmente|não|erro|falhou)\b"
)
# "Ernest is down for Monday" is booked, not broken.
DOWN_FOR = re.compile(r"\bis down for\b")
# Where an answer says one of these, it may tell how things stand, or offer another way.
NO_CLAIM = re.compile(
    r"[?？]|\b(?:still|yet|instead|later|wait|only|but|however|although|sorry|apolog\w*|because|since|until|first|need(?:s|ed)?|must|should|would|could|may|might|can|please|let me|i'll|i will|"
    r"already|another|other|no|not|none|never|without|limit|full|exceed\w*|reached|requires?|required|pending|queued?|aber|erst|noch|bitte|kein\w*|mais|encore|pero|todavía|por favor|mas|ainda)\b|n't\b"
)
SHORT, SHOWN = 300, 120  # characters of an answer; of what is shown of it
ACTS = set(KINDS) - {"read"}
READ = 4000
BEFORE = 80  # characters
QUEUED = 200  # characters of a result
SURE, LIKELY = 0.9, 0.75


def detect(batch: Batch) -> list[Finding]:
    found = []
    for index, turn in enumerate(batch.turns):
        if turn.output.is_blank:
            continue
        own = [span for span in turn.spans if span.kind == "tool"]
        match = _contradicted(turn, own) if own else _of_earlier(turn)
        if match:
            span, claim = match
            score = SURE if span.status == "error" else LIKELY
            shown = error_words(span)
            pieces = evidence("assistant", turn.output, [claim])
            # Words of an earlier turn's span have no place in this event: they stand as they were read.
            if shown and not own:
                text = f"{span.name}, in an earlier turn: {shown['text']}"
                shown = measured(text)
            found.append(Finding(index, score, [*pieces, *([shown] if shown else [])]))
    return found


def _did_not(span: SpanFacts) -> bool:
    """It failed, said no, or only queued the work."""
    return failure(span) > 0 or says_no(span) or _queued(span)


def _queued(span: SpanFacts) -> bool:
    """A short result that tells of nothing but work in a queue. "pending" is also how a done order is called."""
    kinds = _kinds(span.name)
    short = len(span.output) <= QUEUED and "pending" not in span.output.lower()
    return short and is_waiting(span) and (not kinds or bool(kinds & ACTS))


def _contradicted(turn: Turn, tools: list[SpanFacts]) -> tuple[SpanFacts, Hit] | None:
    """The failed call of this turn, and the claim that it makes untrue."""
    failed = [_did_not(span) for span in tools]
    if not any(failed):
        return None
    kinds = [_kinds(span.name) for span in tools]
    if _owns_up(turn, set().union(*(kinds[place] for place, did_not in enumerate(failed) if did_not))):
        return None
    for claim, claimed in _claims(turn.output.normal[:READ]):
        for place in reversed(range(len(tools))):
            if failed[place] and _unmended(place, claimed, kinds, failed):
                return tools[place], claim
    return _in_silence(turn, tools, kinds, failed)


def _in_silence(
    turn: Turn, tools: list[SpanFacts], kinds: list[set[str]], failed: list[bool]
) -> tuple[SpanFacts, Hit] | None:
    """The same without a word for what was done ("Back door's locked.", "Kevin it is."): a short answer that neither asks nor promises
    nor tells of anything but success, beside a call that was to do something, failed, and was the last."""
    normal = turn.output.normal
    if (
        len(normal) > SHORT
        or not kinds[-1] & ACTS
        or kinds[-1] <= {"run"}
        or NO_CLAIM.search(normal)
        or SUPPOSED.search(normal)
    ):
        return None
    last = tools[-1]
    if not (failed[-1] and _unmended(len(tools) - 1, kinds[-1] & ACTS, kinds, failed)) or _queued(last):
        return None
    return last, Hit(0, min(len(normal), SHOWN), LIKELY)


def _of_earlier(turn: Turn) -> tuple[SpanFacts, Hit] | None:
    """The same of an earlier turn's call, where nothing of its kind was called since and the claim names the act."""
    tools = [span for old in turn.previous for span in old.spans if span.kind == "tool"]
    if not tools:
        return None
    failed = [_did_not(span) for span in tools]
    if not any(failed):
        return None
    claims = [
        (claim, claimed) for claim, claimed in _claims(turn.output.normal[:READ]) if claimed - {"read", "run"}
    ]
    kinds = [_kinds(span.name) for span in tools]
    if not claims or _owns_up(turn, set().union(*kinds)):
        return None
    for claim, claimed in claims:
        for place in reversed(range(len(tools))):
            if failed[place] and kinds[place] & claimed & ACTS and _unmended(place, claimed, kinds, failed):
                return tools[place], claim
    return None


def _unmended(place: int, claimed: set[str], kinds: list[set[str]], failed: list[bool]) -> bool:
    """Whether this failed call was to do what is claimed, and no other call did. Without a word for what was done, or without a
    name that tells what the tool does, that is whatever acts.

    A command's success says nothing of the next command, so of commands only later ones count."""
    own = kinds[place]
    acts = own & claimed if own and claimed else claimed or (ACTS if not own or own & ACTS else set())
    others = range(place + 1 if acts == {"run"} else 0, len(kinds))
    return bool(acts) and not any(not failed[i] and (not kinds[i] or kinds[i] & acts) for i in others)


def _claims(normal: str) -> list[tuple[Hit, set[str]]]:
    found = []
    for pattern in (CLAIM, PASSES, DONE):
        for match in pattern.finditer(normal):
            if not _supposed(normal, match):
                word = next((word for word in match.groups() if word), "")
                kinds = {"run"} if pattern is PASSES else _CLAIMED.get(word, set())
                start = match.start() + len(match[0]) - len(match[0].lstrip(".!, \n"))
                found.append((Hit(start, match.end(), SURE), kinds))
    if not normal.isascii():
        found += [(Hit(claim.start, claim.end, SURE), set()) for claim in acts.claims(normal)]
    return found


def _supposed(normal: str, match: re.Match[str]) -> bool:
    start = max(sentence_start(normal, match.start(), ".!?\n;"), match.start() - BEFORE)
    return is_asked(normal, match.end()) or SUPPOSED.search(normal, start, match.start()) is not None


def _owns_up(turn: Turn, kinds: set[str]) -> bool:
    """`kinds`: of the calls that failed. A card that "is blocked" is no trouble where that was asked for."""
    answer = MENDED.sub(" ", CONDITION.sub(" ", turn.output.normal[:READ]))
    if "block" in kinds:
        answer = answer.replace("blocked", " ")
    if OWNS_UP.search(answer) or OWNS_UP_ELSEWHERE.search(answer):
        return True
    down = [match.span() for match in DOWN_FOR.finditer(turn.output.normal)]
    return any(
        hit.weight > 0.5 and not any(start <= hit.start < end for start, end in down)
        for hit in task_failure.RULE.hits(turn.output)
    )


def _kinds(name: str) -> set[str]:
    """Of a tool, by the parts of its name; none when they say nothing."""
    parts = [part.lower() for part in PART.findall(name[:200])]
    if any(_TOOLS.get(part) == {"read"} for part in parts):
        parts = [part for part in parts if part not in THINGS]
    return set().union(*(_TOOLS.get(part, set()) for part in parts))


SIGNAL = BuiltIn(
    "false_success",
    "False success",
    "The agent says that it is done (“I've booked it”, “all tests pass”), but the tool that does it failed, said no or only queued it, in this "
    "event or before, and no other call made up for it. An answer that owns up to the failure does not count.",
    Reads.CONVERSATION,
    Sentiment.NEGATIVE,
    AGENT_SIDE,
)
DETECTOR = Detector("false_success", 3, detect)
