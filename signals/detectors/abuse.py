"""The user insults, threatens or harasses: the agent, its makers, or other people. Strong words about things are none.

English; in other languages only insults that are spelt alike ("Du Idiot").
"""

import re

from signals.detectors import feelings
from signals.detectors.batch import Batch, Detector, Finding, Turn
from signals.detectors.built_in import USER_SIDE, BuiltIn
from signals.detectors.heads import load_head
from signals.detectors.judging import WORTH_SHOWING, judge, telling_words
from signals.detectors.outright import LESS, OUTRIGHT, insults_outright
from signals.detectors.phrases import Hit, Rule, combined, compile_phrases, evidence, in_own_words
from signals.detectors.text import Text
from signals.models.definitions import Reads, Sentiment

HEAD = "abuse"
TONE = "offensive"
MOCK = (
    "(stupid|dumb|idiotic|moronic|retarded|brain-?dead|pathetic|worthless|useless|disgusting|filthy|ugly|fat|fucking|goddamn|lying|ignorant|dirty|lazy|sick|"
    "damn|bloody|dumbest|stupidest|incompetent|shitty|crappy|lame)"
)
FILLER = (
    "(such|a|an|the|most|biggest|so|really|very|just|nothing but|full of|all|kind of|absolute|complete|total|little|piece of|of|and|as|being|old|big|"
    "also|still|like|my|ever|always|" + MOCK[1:]
)
NAME = (
    "(idiots?|morons?|imbeciles?|cretins?|retards?|dumbass(es)?|dipshits?|assholes?|arseholes?|bastards?|bitch(es)?|cunts?|whores?|sluts?|skanks?|dickheads?|"
    "pricks?|wankers?|twats?|jackass(es)?|douchebags?|scum(bags?)?|shitheads?|fuckers?|motherfuckers?|losers?|clowns?|pigs?|trash|garbage|shit|crap|"
    "vermin|parasites?|subhumans?|freaks?|fools?|dimwits?|simpletons?|nitwits?|liars?|dummy|dummies|pervert|creep)"
)
# Without what things are called as well.
PERSON = NAME.replace("trash|garbage|shit|crap|", "")
# Of oneself, of a thing, or denied.
UNMEANT = [
    "i('m| am| was| feel| felt) (such |so |a |an |the |really |very |just |being |like |feeling |too |as )*(stupid|dumb|idiot|moron|fool|loser|clown|ugly|fat|pathetic|useless|worthless|trash|garbage|crap|shit)",
    "(git|life|karma|payback|mondays?|this|that|it|(css|code|printer|phone|car|weather|traffic|website|app|game|laptop|job))('s| is| was| can be) (a|such a) (real |total |pain in the )*(bitch|pig|killer|freak|bastard|ass|arse)( to [a-z]{2,15})?",
    "(not|isn't|aren't|never|don't be|wasn't|weren't|no) (a |an |so |that |such |being |really |too )*(stupid|dumb|idiot|moron|idiots|morons|ugly|fat|pathetic|useless|worthless|trash|garbage|loser|losers)",
]
RULE = Rule(
    strong=[
        f"(you|u|ur|you're|you are|u r|you people are) (are )?({FILLER} ){{0,5}}{NAME}",
        f"(you're|you are|ur|u r|you) ({FILLER} ){{0,4}}(stupid|dumb|retarded|moronic|idiotic|pathetic|worthless|disgusting|ugly|braindead|subhuman|a joke of a|the worst kind of)",
        f"{MOCK} ({FILLER} ){{0,2}}(bot|chatbot|ai|robot|machine|computer|assistant|{PERSON})",
        "(shut|stfu|shut the (hell|fuck)|just shut|shut your) (up|it|mouth|trap|face|pie ?hole)( up)?",
        "(stfu|gtfo|kys|foad)",
        "(fuck|screw|damn|f\\*+k|fck|f\\*\\*\\*) (you|u|off|yourself|them|him|her|your|ya|all of you)( .{0,20}\\b(mother|face|off))?",
        "(go|just|please|should|hope you|hope he|hope she|hope they|why don't you) (to hell|fuck yourself|die|kill yourself|drown|rot|hang yourself|choke|burn in hell|jump off a)",
        "(eat shit|suck my|suck a|suck (it|on)|blow me|lick my|kiss my ass|bite me|up yours|piece of shit|pieces of shit|piece of crap|piece of garbage|son of a bitch|sons of bitches|full of shit)",
        "i('ll| will| am going to|'m going to|'m gonna| wanna| want to) (fucking )?(kill|murder|hurt|find|beat|smash|break|punch|strangle|rape|destroy|stab|shoot) (you|u|your|him|her|them)( up)?",
        "(send (me )?nudes|show me your (tits|boobs|breasts|pussy|ass|dick|body)|(have|having|do|make) (sex|love) with (me|you)|wanna fuck|want to fuck|fuck me|talk dirty|take (off )?your clothes( off)?|(sit on|lick|suck|ride) (my|your) (face|dick|cock|pussy|balls|tits)|what are you wearing|are you (horny|wet|a virgin)|bra size|sex slave|let's (have sex|fuck))",
        "your (mom|mother|momma|mama)( is|'s)? ?(a |so )?(whore|bitch|slut|fat|ugly|stupid|dumb)?",
        f"(what|such|he's|she's|they're|he is|she is|they are|these|those|all|bunch of|buncha|is|are|was|by|like|only) ({FILLER} ){{0,4}}{PERSON}",
        f"{PERSON}( like (you|him|her|them|that))",
        "(how|are you|is he|is she|are they) (so |really |always |this |that )*(stupid|dumb|retarded|thick|deaf or|deaf and)",
    ],
    weak=[
        "(i )?(really |fucking |so )?(hate|despise) (you|u|them|him|her|these people|those people)",
        "(stupid|dumb|idiot|idiotic|moron|moronic|retard|retarded|bitch|bastard|asshole|slut|whore|cunt|dickhead|faggot|fag|dyke|tranny|nigger|nigga|chink|spic|kike|paki|gook|coon|wetback|towelhead|scum|vermin|douche|prick|twat|wanker|jackass|dumbass|pussy|cock|tits|boobs|horny|porn|nudes)s?",
        "(fuck|fucking|fucked|fuckin|shit|shitty|bullshit|crap|ass|damn|hell|sucks?|trash|garbage|pathetic|disgusting|ugly|worthless|useless|loser|liar|clown)",
        "(you|u) (suck|stink|bore me|disgust me|make me sick|talk too much)",
        "(women|blacks|whites|jews|muslims|gays|immigrants|mexicans|men|liberals|conservatives|foreigners) (are all|are just|are|belong|should|don't deserve|deserve)",
        "(nobody|no one) (likes|loves|asked|cares about|wants) you",
        "(mentally|brain) (ill|sick|damaged|dead|challenged)",
        "(cry about it|snowflake|libtard|feminazi|incel|simp|cuck|soyboy|degenerate|thug|terrorist|traitor|psycho|lunatic|nutjob|whack ?job)",
    ],
    unless=[
        *UNMEANT,
        "(meaning|definition|word|words|term|spell|say|called|calls|calling|call) (of |me |us |him |her |them |for )?(the |a |an |my |\" ?|' ?)*(word |term )?(\" ?|' ?)?(stupid|dumb|idiot|moron|bastard|bitch|asshole|ugly|fat|loser|retarded|shut up|liar)",
        "(holy|oh|no|the|hot|tough|good|cool|weird|crazy|some|this|that|bad|same|any|lots of|bunch of) (shit|crap|fuck|hell|damn)",
        "(what|how|who|why|where|when) the (hell|fuck|heck)",
        "(as|like|one|hell|damn) (hell|of a)",
        "(fucking|fuckin|damn|goddamn) (good|great|love|awesome|amazing|beautiful|right|cool|brilliant|hilarious|funny|proud|legend|perfect|fantastic|happy)",
        "(hell|fuck|damn) (yeah|yes|yea)",
        "(sucks|sucked) ass",
        "(guinea|cast|roast|pot-?bellied|pulled) (pig|pigs|iron)",
    ],
    weak_weight=0.3,
)
IS_UNMEANT = compile_phrases(UNMEANT)
ONE_NAME = re.compile(PERSON.replace("(", "(?:"))
SHORT = 4
HIDDEN_WEIGHT = 0.5
CAPITAL, LETTER = re.compile(r"[A-Z]"), re.compile(r"[A-Za-z]")
HIDDEN_SWEARING = re.compile(
    r"\b(?:f+[*@#.\-_]+c?k?\w*|f u c k|s[*@#$]+t|sh[*!1]t|b[*!1]+tch|a[$*@]{2}(?:hole)?|d[*1!]ck|c[*@]nt|bi[*]ch)"
)
NAMES = (
    "rule",
    "sure",
    *feelings.NAMES,
    "hidden swearing",
    "says you",
    "shouts",
    "short",
    "length",
    "asks",
)
BRIEF = 12
THINGS = 0.6
# What a brief text of nothing else gets at most: "you're not dumb".
AT_MOST = 0.45
# So few words that stand alone and name nobody ("I'd kill for a pizza") are abuse by the head from this score on, or where the rules say so. Chosen on
# what users say to agents (docs/benchmarks.md).
FEW_WORDS, SURE_ALONE, SURE_RULES = 8, 0.7, 0.5
THING = re.compile(
    r"\W*(?:(?:well|wow|man|ugh|ok|damn|oh|so|but|and|my|what)\W+)?(?:(?:this|that|it)(?:'s)?|(?:the|my) [a-z]+)\b(?: [a-z]+){0,3}? "
    r"(?:is|was|sucks?|sucked|hell|fuck|heck|looks?|works?|are|were)\b|\W*(?:this|that|it) (?:sucks?|sucked|is|was)\b|\W*(?:that|this|it)'s\b|"
    r"\W*what the (?:hell|heck|fuck)\b"
)
SOMEBODY = re.compile(
    r"\b(?:you|your|ur|u|yourself|he|she|they|him|her|them|his|their|people|man|woman|guys?|girls?|bots?|[a-z]+(?:man|men|woman|women))\b"
)
YOU = re.compile(r"\b(?:you|your|you're|ur|u)\b")


def detect(batch: Batch) -> list[Finding]:
    judged = judge(load_head(HEAD), batch, "user", facts, tone=TONE)
    found = []
    for index, turn in enumerate(batch.turns):
        text = turn.input
        if text.is_blank:
            continue
        if insults := insults_outright(text):
            found.append(Finding(index, OUTRIGHT, insults))
            continue
        hits = _hits(text)
        score = judged.get(index, combined(hits, text))
        if score >= WORTH_SHOWING and _is_about_a_thing(text, hits):
            score *= THINGS
        elif score >= WORTH_SHOWING and (
            (not hits and text.words <= BRIEF and IS_UNMEANT.search(text.normal))
            or (score < SURE_ALONE and _names_nobody(turn, hits))
        ):
            score = min(score, AT_MOST)
        if hits:
            found.append(Finding(index, min(score, LESS), evidence("user", text, hits)))
        elif score >= WORTH_SHOWING:
            found.append(Finding(index, min(score, LESS), telling_words(load_head(HEAD), text, "user")))
    return found


def _is_about_a_thing(text: Text, hits: list[Hit]) -> bool:
    """ "This is stupid", "the movie was shit, but ...": short, swears at no one."""
    return (
        text.words <= BRIEF
        and not any(hit.weight > 0.8 for hit in hits)
        and THING.match(text.normal) is not None
        and SOMEBODY.search(text.normal) is None
    )


def _names_nobody(turn: Turn, hits: list[Hit]) -> bool:
    """A few words that stand alone, without anybody whom they could insult."""
    text = turn.input
    return (
        text.words <= FEW_WORDS
        and not turn.previous
        and turn.output.is_blank
        and combined(hits, text) < SURE_RULES
        and SOMEBODY.search(text.normal) is None
    )


def _hits(text: Text) -> list[Hit]:
    known: list[Hit] | None = text.notes.get(HEAD)
    if known is None:
        known = text.notes[HEAD] = _find(text)
    return known


def _find(text: Text) -> list[Hit]:
    hits = in_own_words(RULE.hits(text), text)
    if text.words <= SHORT:
        # Nothing else is said: "bitch", "answer me, asshole".
        hits = [Hit(hit.start, hit.end, max(hit.weight, 0.6)) if _is_name(text, hit) else hit for hit in hits]
    hidden = [match.span() for match in HIDDEN_SWEARING.finditer(text.normal)][:5]
    return hits + [Hit(start, end, HIDDEN_WEIGHT) for start, end in hidden]


def _is_name(text: Text, hit: Hit) -> bool:
    return ONE_NAME.fullmatch(text.normal[hit.start : hit.end]) is not None


def facts(turn: Turn) -> list[float]:
    """In the order of NAMES."""
    text = turn.input
    hits = _hits(text)
    shown = text.shown[:1000]
    capitals = len(CAPITAL.findall(shown))
    return [
        combined(hits, text),
        float(any(hit.weight > 0.8 for hit in hits)),
        *feelings.feelings(text),
        float(any(hit.weight == HIDDEN_WEIGHT for hit in hits)),
        float(YOU.search(text.normal[:1000]) is not None),
        float(capitals > 8 and capitals > 0.7 * len(LETTER.findall(shown))),
        float(text.words <= 4),
        min(text.words, 60) / 60,
        float("?" in text.normal),
    ]


SIGNAL = BuiltIn(
    "abuse",
    "Abuse",
    "The user insults, threatens or harasses the agent or other people. Strong words about things, and a complaint in plain words, do not "
    "count.",
    Reads.USER,
    Sentiment.NEGATIVE,
    USER_SIDE,
)
DETECTOR = Detector("abuse", 4, detect)
