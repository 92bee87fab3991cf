"""The user turns down or corrects what the agent said: "no, I meant Tuesday", "none of those", "that's not right". English; what is
said outright in German, Spanish, French and Portuguese (other_languages); in others it stays silent.

Also asked by user_frustration, at a higher bar: being misunderstood, offered the wrong thing, or told that it failed is what a
dissatisfied user has in common with a correction.
"""

import re

from signals.detectors import other_languages
from signals.detectors.answers import LAST_WORDS, turns_down
from signals.detectors.batch import Batch, Detector, Evidence, Finding, Turn
from signals.detectors.built_in import USER_SIDE, BuiltIn
from signals.detectors.heads import load_head
from signals.detectors.judging import WORTH_SHOWING, judge, telling_words
from signals.detectors.other_languages import LANGUAGES_READ
from signals.detectors.other_value import gives_another
from signals.detectors.outright import LESS, OUTRIGHT
from signals.detectors.pattern_set import PatternSet
from signals.detectors.phrases import Hit, compile_phrases, piece
from signals.models.definitions import Reads, Sentiment

HEAD = "dissatisfaction"
TONE = "dissatisfied"
READ = 600
USER = {
    name: re.compile(pattern)
    for name, pattern in {
        "opens with no": r"^\W*(?:no|nope|nah|negative|not|nay|never|wrong|none|neither)\b",
        "closes with no": r"^\W*(?:no|nope|nah|not)\b[,. ]{0,3}(?:thanks|thank you|thx|that'?s (?:all|it|everything|good|fine)|that is (?:all|it|everything)|"
        r"that will be|that'?ll be|nothing|i'?m (?:good|all set|done|fine)|i am (?:good|all set|done|fine)|not right now|not now|not at|not yet|"
        r"i don'?t need any|i do not need any|i'?m okay|problem|worries|need)",
        "declines": r"\b(?:not (?:right )?now|not yet|not at th(?:e|is) (?:moment|time)|maybe later|later|i'?ll pass|hold off|don'?t (?:need|want|do|book|buy|reserve|like)|"
        r"do not (?:need|want|do|like)|not interested|no need|not necessary|rather not|not today|not for now)\b",
        "asks for another": r"\b(?:other|others|another|else|different|alternatives?|any more|some more|instead|next one|besides|other than)\b",
        "dislikes": r"\b(?:not (?:really )?(?:a |my |into |that |the |very |so )?(?:big |huge )?(?:fan|style|thing|cup|type|interested|good|great|into|like|what|work|fond)|"
        r"don'?t (?:really )?(?:like|care|think|enjoy|love|want)|did(?:n'?t| not) (?:really )?(?:like|care|enjoy|love)|hate|hated|boring|bad|terrible|awful|stupid|dumb|"
        r"weird|horrible|worst|sucks?|sucked|ugh|too (?:scary|late|early|expensive|far|long|much|old)|disliked?|can'?t stand|never cared?)\b",
        "changes": r"\b(?:actually|instead|rather|change|changed my mind|make (?:it|that)|i said|i meant|i mean|i asked|i told|i want(?:ed)?|i prefer|i'?d prefer|should be|"
        r"correct(?:ion)?|wrong|not (?:right|correct)|incorrect|mistake|sorry)\b",
        "unknown": r"\b(?:never ?mind|forget it|never heard|haven'?t (?:seen|heard)|have not (?:seen|heard)|seen (?:it|that|both|all|them)|already (?:seen|saw|watched|have|said|told)|"
        r"don'?t know|not sure|can'?t|cannot|not)\b",
        "but": r"\b(?:but|although|though|however|unfortunately|except)\b",
        "pleased": r"\b(?:great|perfect|good|nice|awesome|cool|excellent|sounds|love|loved|like|wonderful|amazing|fantastic|yes|yeah|yep|sure|ok|okay|fine|right|correct|lovely|"
        r"interesting|lol|haha)\b",
        "thanks": r"\b(?:thanks?|thank you|thx|appreciate|bye|goodbye|have a (?:good|nice|great))\b",
        "asks": r"\?",
        "exclaims": r"!",
        "opens with yes": r"^\W*(?:yes|yeah|yep|sure|ok|okay|great|perfect|sounds|that|correct|right|fine|cool|good|nice|awesome)\b",
        "hesitates": r"\b(?:hmm+|um+|uh+|well|eh|meh|i guess|whatever)\b",
        "doubts": r"\b(?:why|how come|what do you mean|are you sure)\b|\b(?:what|huh|really|hello)\?",
    }.items()
}
AGENT = {
    name: re.compile(pattern)
    for name, pattern in {
        "agent asks to confirm": r"\b(?:confirm|correct\?|right\?|is that (?:right|correct|okay|ok)|please verify|would you like|do you want|should i|shall i|you'?d like|"
        r"you want|do you wish|want me to)\b",
        "agent failed": r"\b(?:sorry|unfortunately|couldn'?t|could not|unable|can'?t|cannot|wasn'?t|unavailable|failed|no longer|apolog|didn'?t|don'?t have|do not have|isn'?t|"
        r"aren'?t|not)\b",
        "agent offers": r"\b(?:how about|what about|have you seen|i found|there (?:is|are)|i have|recommend|suggest|try|maybe|check out|do you like)\b",
        "agent asks for more": r"\b(?:anything else|something else|any other|what else|else i can|further|assist you)\b",
        "agent did it": r"\b(?:has been|have been|is (?:set|booked|reserved|confirmed|made|done)|success|i'?ve (?:booked|made|reserved|set|added)|"
        r"was (?:made|booked|successful)|enjoy)\b",
        "agent asks": r"\?",
    }.items()
}
NEGATIVES = re.compile(r"\b(?:not|no|never|none|nothing)\b|n't\b")
WORD = re.compile(r"[a-z0-9']+")
COMMON = frozenset(
    [
        "the",
        "a",
        "an",
        "i",
        "you",
        "it",
        "to",
        "is",
        "and",
        "of",
        "for",
        "in",
        "on",
        "that",
        "me",
        "my",
        "at",
        "please",
        "do",
        "with",
        "there",
        "what",
        "can",
        "be",
        "are",
        "have",
        "this",
    ]
)
BEFORE = ("opens with no", "dislikes", "asks for another", "changes")
USER_SET, AGENT_SET = PatternSet(list(USER.values())), PatternSet(list(AGENT.values()))
BEFORE_SET = PatternSet([USER[name] for name in BEFORE])
NAMES = (
    *USER,
    *AGENT,
    "words of the agent's",
    "words of the message before",
    "agent repeats itself",
    "length",
    "short",
    "first",
    "place",
    "negatives",
    *(f"before: {name}" for name in BEFORE),
)
# "I don't remember my booking number".
HAS_NOT = re.compile(
    r"\bi(?:'m afraid i)? (?:don'?t|do not|can'?t|cannot) (?:actually |really |quite |currently )?(?:have|remember|recall|find)\b"
    r" (?:(?:it|them|that|those|these|one)\b|(?:the|my|any|that|those|which)\b(?: \S+){0,4}?"
    r" (?:ids?|numbers?|codes?|e-?mails?|details?|address|information|password|reference)\b)"
)
# "My bad, I typed September": users who correct themselves.
OWN_SLIP = re.compile(
    r"\b(?:my (?:bad|mistake|fault|error)|i (?:misread|mistyped|misspoke|misremembered|typed|meant to (?:say|type|write)|(?:got|had) (?:it|that|them) wrong|mixed (?:it |that |them |those )?up)|"
    r"typo|i(?:'ve| have)? changed my mind)\b"
)
# "I don't care, either is fine", "leave it", "I'd rather not", "please try again": it leaves the choice to the agent, or lets the matter go.
LETS_GO = re.compile(
    r"^\W*(?:(?:no|oh|ok|okay|um|well|then|sorry|please|just|can you|could you)\W+)*"
    r"(?:(?:i )?(?:really )?(?:don'?t|do not) (?:really )?(?:care|mind)\b(?! (?:about|for) (?:your|these|those|this|that)\b)|"
    r"(?:either|any|both|whichever|whatever)(?: one| of them| of those)? (?:is|are|works?|would be|will|you)\b|"
    r"leave it\b|i(?:'d| would) rather not\b|try (?:it |that )?(?:once more|again)\b)"
)
# "No wait, can you make it half past one?": a second thought. "No." and "No, none.": an answer.
SECOND_THOUGHT = re.compile(
    r"^\W*(?:(?:no|oh|argh|sorry|ah)\W+)*(?:wait|hang on|on second thoughts?|actually,? (?:can|could))\b"
)
BARE_NO, NONE = re.compile(r"\W*(?:no|nope|nah)\W*"), re.compile(r"^\W*no,? (?:none|nothing|nope)\b")
LETS_GO_WORDS = 16  # at most: of a longer message this is the beginning
# What surely corrects, in the order of what is shown as evidence.
SURE = compile_phrases(
    [
        "(no|nope|nah|wrong|not that|incorrect),? (that's|that is|it's|it is|i|i'm|the|my|make|not|please|this|you)",
        "(that's|that is|this is|it's|you're|you are) (still |just |all |completely |totally )*(wrong|incorrect|not (right|correct|true|what i (asked|want|wanted|said|meant|need|needed)))",
        "(i|what i) (meant|actually meant|was asking|actually asked|actually wanted|specifically asked|said)",
        "not what i (asked|want|wanted|said|meant|need|needed)( for)?",
        "(you|you've) (misunderstood|misread|got (it|that|this) wrong|mixed up|confused)",
        "(none of (these|those|them|that)|neither( of (these|those|them))?)",
        "(let me|i'd like to|i need to|i have to) (correct|rephrase|clarify)",
    ]
)
SURE_WEIGHT = 0.7
# "No, I meant the blue one": no model need weigh that, which would go by the letter case too (4 of 4 such turns of the corpus and our own hands).
INSISTS = re.compile(
    r"^\W*(?:(?:no+|nope|nah|wait|sorry|oh|um+|uh|well|hey|but)\W+)*(?:no|nope|nah)\W+(?:(?:sorry|wait|actually)\W+)*"
    r"(?:what )?i (?:actually |clearly |just |specifically )?(?:meant|said|asked for|wanted|wrote|told you)\b(?! to (?:say|type|write)\b)"
)
# Of an offer turned down: no match, but the nearest miss there is (people call it dissatisfied more often than other turns).
DECLINED = 0.5


def facts(turn: Turn) -> list[float]:
    """In the order of NAMES."""
    message = turn.input.normal[:READ]
    answered = [exchange for exchange in turn.previous if not exchange.output.is_blank]
    agent = answered[-1].output.normal[:READ] if answered else ""
    agent_before = answered[-2].output.normal[:READ] if len(answered) > 1 else ""
    before = turn.previous[-1].input.normal[:READ] if turn.previous else ""
    found = WORD.findall(message)
    words, total = set(found) - COMMON, len(found)
    agent_words = _words(agent)
    return [
        *USER_SET.found(message),
        *AGENT_SET.found(agent),
        _shared(words, agent_words),
        _shared(words, _words(before)),
        _shared(agent_words, _words(agent_before)),
        min(total, 40) / 20,
        float(total <= 3),
        float(not turn.previous),
        min(len(turn.previous), 6) / 6,
        min(len(NEGATIVES.findall(message)), 4) / 2,
        *BEFORE_SET.found(before),
    ]


def _words(text: str) -> set[str]:
    return set(WORD.findall(text)) - COMMON


def _shared(words: set[str], others: set[str]) -> float:
    return len(words & others) / max(1, len(words))


def dissatisfied(batch: Batch) -> dict[int, float]:
    """How probably the user is dissatisfied with what the agent said before, by place in the batch. Worked out once a batch."""
    known: dict[int, float] | None = batch.notes.get(HEAD)
    if known is None:
        known = batch.notes[HEAD] = judge(load_head(HEAD), batch, "user", facts, tone=TONE)
    return known


def detect(batch: Batch) -> list[Finding]:
    scores = dissatisfied(batch)
    found = []
    for index, turn in enumerate(batch.turns):
        if not turn.previous or turn.input.is_blank:
            continue  # nothing was said yet that could be corrected
        if closes(turn):
            continue
        if another := gives_another(turn):
            found.append(Finding(index, OUTRIGHT, another))
            continue
        if insists := INSISTS.search(turn.input.normal[:READ]):
            found.append(Finding(index, OUTRIGHT, [piece("user", turn.input, *insists.span())]))
            continue
        sure = [Hit(match.start(), match.end(), SURE_WEIGHT) for match in SURE.finditer(turn.input.normal)]
        score = max(scores.get(index, 0.0), SURE_WEIGHT if sure else 0.0)
        if score >= WORTH_SHOWING and turns_down(turn):
            score *= DECLINED
        if score >= WORTH_SHOWING:
            found.append(Finding(index, min(score, LESS), corrected(turn, sure)))
    return found


def closes(turn: Turn) -> bool:
    """ "No, that's all, thanks", "not right now": it turns down more help, or an offer, not what was done. "I don't have the number", "no"
    to a question: an answer. "Either is fine", "my mistake": nobody is corrected but the user."""
    message = turn.input.normal[:READ]
    if OWN_SLIP.search(message) or (not SURE.search(message) and _lets_go(turn, message)):
        return True
    polite = USER["closes with no"].search(message) is not None
    return (
        turns_down(turn)
        or other_languages.closes(turn.input)
        or (polite and not USER["dislikes"].search(message))
    )


def _lets_go(turn: Turn, message: str) -> bool:
    return (
        HAS_NOT.search(message) is not None
        or SECOND_THOUGHT.search(message) is not None
        or NONE.search(message) is not None
        or (turn.input.words <= LETS_GO_WORDS and LETS_GO.search(message) is not None)
        or (
            bool(turn.previous)
            and BARE_NO.fullmatch(message) is not None
            and "?" in turn.previous[-1].output.normal[-LAST_WORDS:]
        )
    )


def corrected(turn: Turn, sure: list[Hit]) -> list[Evidence]:
    """The correcting words, else the words of rejection, else the sentence."""
    text = turn.input
    if sure:
        return [piece("user", text, hit.start, hit.end) for hit in sure[:3]]
    for name in ("dislikes", "opens with no", "asks for another", "changes", "declines"):
        if match := USER[name].search(text.normal[:READ]):
            start = match.start() + len(match[0]) - len(match[0].lstrip())
            if match.end() > start:
                return [piece("user", text, start, match.end())]
    return telling_words(load_head(HEAD), text, "user")


SIGNAL = BuiltIn(
    "correction",
    "Correction",
    "The user turns down or corrects what the agent said: “no, I meant Tuesday”, “none of those”, “that's not right”. A first message "
    "corrects nothing.",
    Reads.CONVERSATION,
    Sentiment.NEGATIVE,
    USER_SIDE,
    languages=LANGUAGES_READ,
)
DETECTOR = Detector("correction", 8, other_languages.united("correction", detect))
