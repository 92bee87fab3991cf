"""The user is pleased: thanks, praise, "it works now".

English; what is said outright in German, Spanish, French and Portuguese (other_languages); and the bare thanks of these, of Italian and of
Japanese ("merci", "gracias").
"""

import re

from signals.detectors.batch import Batch, Detector, Finding, Turn
from signals.detectors.built_in import USER_SIDE, BuiltIn
from signals.detectors.heads import load_head
from signals.detectors.judging import judge, telling_words
from signals.detectors.other_languages import LANGUAGES_READ, united
from signals.detectors.outright import LESS
from signals.detectors.phrases import Hit, Rule, combined, compile_phrases, evidence
from signals.detectors.text import Text
from signals.models.definitions import Reads, Sentiment

PRAISE = Rule(
    strong=[
        "(you're|you are|u r|ur|you were|you've been|you have been) (so |very |really |truly |simply |absolutely |incredibly |extremely |such |just |a |an |the )*(best|amazing|awesome|great|wonderful|fantastic|brilliant|excellent|lifesaver|life saver|star|genius|legend|helpful|angel|rock|king|queen|incredible|hero|good|kind|patient|perfect)",
        "you (rock|rule|nailed it|saved me|saved my (day|life)|made my day|did (great|well|it)|got it right)",
        "(very|so|super|really|extremely|incredibly|most|quite|truly|that was|that's|this is|this was|you've been) (helpful|useful|appreciated|informative|kind of you|impressive|impressed)",
        "(that|this|it|which|everything|your (answer|solution|fix|suggestion|code))( has| have| all| now| finally| actually| just| really)* (works|worked|did it|did the trick|fixed it|solved it|helps|helped|works (now|perfectly|great)|is working( now)?|is fixed|is solved|makes (perfect |total |a lot of )?sense now)( a lot| perfectly| great| well| now| so much| fine)?",
        "(that's|that is|this is|that was|this was|it's|it is|it was|looks|sounds|works|was|is) (just |so |really |absolutely |very |pretty |exactly |truly |quite |all |simply |super )*(great|perfect|perfectly|awesome|amazing|excellent|wonderful|fantastic|brilliant|incredible|exactly what i (wanted|needed|was looking for|asked for|need|want)|lovely|beautiful|superb|outstanding|impressive|spot on|just what i|phenomenal|a (huge|great|big) help|a lifesaver|magic|terrific|marvelous|splendid|the best)",
        "(exactly|just|precisely) what i (wanted|needed|was looking for|asked for|need|want|had in mind)",
        "(i|we) (really |absolutely |just |totally )?(love|loved|adore) (it|this|that|how|your|the (answer|result|design|idea)|what you)",
        "(well done|good job|great job|nice job|nice work|great work|excellent work|awesome job|amazing job|good work|good bot|great answer|good answer|nice answer|great explanation|kudos|bravo|hats off|props to you|five stars|5 stars|10/10|bless you|god bless)",
        "(perfect|awesome|amazing|excellent|brilliant|fantastic|wonderful|superb|terrific|marvelous|magnificent|yay+|woohoo+|hooray|hurray|hallelujah|bingo)( |,|!|\\.|$)",
        "(i'm|i am|we're|we are) (so |very |really |extremely |super |truly |quite |more than )*(happy|pleased|glad|grateful|thankful|impressed|satisfied|delighted|thrilled)( with| that| you| it| for| about| to have)?",
        "(i'm|i am)? ?(grateful|thankful|blessed|indebted)",
        "(great|huge|big|real|lovely|wonderful) (help|success|improvement)",
        "(finally|at last),? it (works|worked|is working)",
        "(problem|issue|bug|error|question) (is |was |has been )?(solved|fixed|resolved|answered)",
    ],
    unless=[
        "(no|nah|nope),? (thanks|thank you|thx)",
        "(not|n't|never|nothing|isn't|wasn't|aren't|no|hardly|less than|far from|neither) (very |so |really |that |too |a |an |the |all |quite |been |be |feel |exactly |at all |particularly |what i'd call |any |as |anything )*(helpful|great|perfect|good|happy|pleased|impressed|satisfied|awesome|amazing|useful|excellent|wonderful|brilliant|fantastic|glad|grateful|thankful|love|appreciate|working|works?|helped|help|fixed|solved|what i (wanted|needed|asked for|want|need)|exactly what i (wanted|needed|asked for|want|need)|the best)",
        "(thanks|thank you|thx) (for nothing|but no( thanks)?|in advance|anyway|anyways|for (wasting|ruining|the (useless|wrong)))",
        "thanks to (the|my|his|her|their|its|this|a|all|our)",
        "(would|should|could|might|'d|will|it'd|that'd) (be |really |greatly |also |very |so |have been )*(great|perfect|awesome|amazing|appreciated?|helpful|wonderful|fantastic|excellent|lovely|good|useful|help)",
        "(i'd|we'd|i'll|would|will) (really |greatly |much |highly |also |certainly |very much )*appreciate",
        "(perfect|amazing|great|excellent|awesome|wonderful|brilliant|fantastic|superb) (for|time|place|day|match|score|storm|barrier|circle|square|number|pitch|condition|tense|gift|movie|book|song|restaurant|hotel|person|britain|wall|deal|location|weather|view)",
        "(nobody|no one|doesn't|didn't|don't|does not|did not|do not|won't|isn't|never|if) (is |it |that |this |you |you're |i'm |they |even |really |actually |seem to )*(perfect|works?|worked|help(s|ed)?|love|loved|appreciate|great|amazing|appreciated?|grateful|thankful|working|solved|fixed|brilliant|awesome)",
        "(yeah|oh),? (great|perfect|wonderful|brilliant),? (another|now|just what|it's broken|more)",
        "(thank|thanks) (god|goodness|heavens|fuck)",
        "(make|making|made|how to|want|need|something|anything) ... (great|perfect|awesome|amazing|excellent)",
        "(was|were) (supposed|meant) to ... (work|help|be great)",
    ],
)
THANKS = Rule(
    strong=[
        "(thank you|thanks|thx|ty|many thanks|thank u) (so |very |sooo+ |ever so )(much|very much|kindly)",
        "(thanks|thank you|many thanks|thx) (a lot|a ton|a bunch|a million|so much|very much|again|heaps|tons|loads|for (all|everything|your help|the help|helping|the quick|your quick|your patience|your assistance|your time|your support|being|fixing|explaining|clarifying|sharing|taking))",
        "(i )?(really |truly |greatly |much |very much |so |sincerely |do )*appreciate (it|this|that|you|your|the|all|everything)",
        "(much|greatly|highly) (appreciated|obliged)",
        "(thank you|thanks+|thankyou|thank u|thnx|thx|tyvm|tysm|ty|tnx|cheers|merci|gracias|danke|grazie|obrigado|arigato|gratitude)",
    ],
    unless=[*PRAISE.unless, "(say|said|saying|told|tell|says) (thank you|thanks)"],
    strong_weight=0.7,
)
# No thanks at all, whatever a head makes of the words.
DENIED = compile_phrases(
    [
        "(no|nah|nope),? (thanks|thank you|thx)",
        "(thanks|thank you|thx) (for nothing|but no( thanks)?|in advance|for (wasting|ruining|the (useless|wrong)))",
        "(thank|thanks) (god|goodness|heavens|fuck)",
    ]
)
# Nor what is wished to others, or answered to their thanks.
WISHES = re.compile(
    r"\b(?:welcome|congrat\w*|good luck|best wishes|all the best|glad (?:you|to hear|someone)|happy (?:for you|i could|birthday)|proud of you)\b"
)
# Thanks that the head only half believes are meant where nothing is asked for beside them: of GoEmotions' comments 6 of 10 that it left out.
PERHAPS, THANKED = 0.3, 0.6
GLAD_FACES = re.compile("[👍🙏❤💯🎉😍🥰🙌👏🤩💖😊💕🫶]|<3")
# Thanks are only manners where they close a request and name nothing to be thankful for, or where a doubt follows.
REQUEST = re.compile(
    r"\?|\b(?:could you|can you|would you|will you|please|i need|i want|i'd like|i would like|what about|how about)\b"
)
DOUBT = re.compile(
    r"\b(?:thanks?|thank you|thx)\b[^.!?\n]{0,40}\b(?:but|although|however|instead|unfortunately|wrong|not what)\b"
)
BARE = re.compile(r"(?:thank you|thanks+|thank u|thx|ty|cheers|merci|gracias|danke)")
# Praise is for the agent once it has said something. In a message that stands alone only where it names the agent's work:
# "you're amazing" may be said to anybody about anything.
ADDRESSED = re.compile(
    r"\b(?:(?:good|great|best|smart|clever|helpful|amazing|awesome) (?:bot|chatbot|ai|assistant|answer|job|work|explanation)|"
    r"(?:your|the|this|that) (?:bot|assistant|answer|solution|explanation|suggestion|fix|code|response|reply)|"
    r"it(?: finally| now| all)? work(?:s|ed)|(?:that|this|it) (?:(?:really|finally|has|is|was) )?(?:worked|helped|helpful|fixed|solved))\b"
)
POLITE = 0.5
LONG = 60
SHORT = 12
HEAD = "gratitude"
TONE = "grateful"
NAMES = ("thanks", "goes on", "short", "glad face", "closing thanks")
CLOSING = re.compile(r"\b(?:thanks?|thank you|thx|cheers)\b[^.?!\n]{0,30}[.!)\s:;^_-]*$")


def detect(batch: Batch) -> list[Finding]:
    judged = judge(load_head(HEAD), batch, "user", facts, tone=TONE)
    found = []
    for index, turn in enumerate(batch.turns):
        text = turn.input
        if text.is_blank:
            continue
        praise, thanks = _praise(turn), THANKS.hits(text)
        thanks = [hit for hit in thanks if not any(hit.start < p.end and p.start < hit.end for p in praise)]
        grateful = _meant(thanks, text)
        if index in judged:
            # The head has read thousands of thanks: sarcasm, "no thanks", "thanks to the rain", "cheers".
            grateful = judged[index] * (POLITE if thanks and _manners(thanks, text) else 1.0)
            if not thanks and (DENIED.search(text.normal) or WISHES.search(text.normal)):
                grateful = 0.0
            elif (
                thanks
                and grateful >= PERHAPS
                and not REQUEST.search(text.normal)
                and not DOUBT.search(text.normal)
            ):
                grateful = max(grateful, THANKED)
        score = 1 - (1 - combined(praise, text)) * (1 - grateful)
        if not score:
            continue
        score = 1 - (1 - score) * (0.7 if GLAD_FACES.search(text.normal) else 1.0)
        pieces = evidence("user", text, praise + thanks) or telling_words(load_head(HEAD), text, "user")
        found.append(Finding(index, min(score, LESS), pieces))
    return found


def _praise(turn: Turn) -> list[Hit]:
    hits = PRAISE.hits(turn.input)
    answered = any(not exchange.output.is_blank for exchange in turn.previous)
    alone = turn.input.words <= SHORT and ADDRESSED.search(turn.input.normal) is not None
    return hits if hits and (answered or alone) else []


def _meant(thanks: list[Hit], text: Text) -> float:
    """How much thanks say by the rules alone: less as mere manners, or in a long message."""
    weight = combined(thanks, text)
    return weight * POLITE if thanks and (_manners(thanks, text) or text.words > LONG) else weight


def _manners(thanks: list[Hit], text: Text) -> bool:
    if DOUBT.search(text.normal) is not None:
        return True
    bare = all(BARE.fullmatch(text.normal[hit.start : hit.end]) for hit in thanks)
    return bare and REQUEST.search(text.normal, 0, thanks[0].start) is not None


def is_no_win_by_definition(text: str) -> bool:
    """Whether a message asks for something, answers thanks or wishes others well: its thanks are manners. `text` is normalised."""
    return REQUEST.search(text) is not None or WISHES.search(text) is not None


def facts(turn: Turn) -> list[float]:
    """In the order of NAMES."""
    text = turn.input
    hits = THANKS.hits(text)
    return [
        combined(hits, text),
        float(bool(hits) and REQUEST.search(text.normal) is not None),
        float(text.words <= 4),
        float(GLAD_FACES.search(text.normal) is not None),
        float(CLOSING.search(text.normal[-200:]) is not None),
    ]


SIGNAL = BuiltIn(
    "win",
    "Win",
    "The user is pleased: praise, heartfelt or closing thanks, “it works now”. Thanks in passing before the next request do not count.",
    Reads.USER,
    Sentiment.POSITIVE,
    USER_SIDE,
    languages=LANGUAGES_READ,
)
DETECTOR = Detector("win", 4, united("win", detect))
