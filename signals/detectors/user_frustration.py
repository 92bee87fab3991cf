"""The user is annoyed with the agent: says so, insults it, repeats what was said before, shouts.

English; what is said outright in German, Spanish, French and Portuguese (other_languages), and a few more of their words (complaints.py); in
other languages only angry faces, marks like "?!", capitals, and a request that is repeated word by word.
"""

import re

from signals.detectors import complaints, feelings
from signals.detectors.answers import says_no, turns_down
from signals.detectors.batch import Batch, Detector, Evidence, Finding, Turn
from signals.detectors.built_in import USER_SIDE, BuiltIn
from signals.detectors.correction import DECLINED, closes, corrected, dissatisfied
from signals.detectors.heads import load_head
from signals.detectors.judging import WORTH_SHOWING, judge, telling_words
from signals.detectors.other_languages import LANGUAGES_READ, united
from signals.detectors.outright import LESS, MOST_WORDS, OUTRIGHT, said_outright
from signals.detectors.phrases import Rule, combined, evidence, piece, surest
from signals.detectors.text import Text
from signals.detectors.user_repetition import likeness
from signals.models.definitions import Reads, Sentiment

RULE = Rule(
    strong=[
        "(this|that|it|you)( is|'s| are|'re|'s getting| is getting) (so |really |very |just |absolutely |completely |totally |beyond |quite |getting |extremely |incredibly )*(frustrating|ridiculous|useless|unacceptable|absurd|annoying|infuriating|exhausting|terrible|horrible|awful|pathetic|garbage|trash|a joke|bullshit|nonsense|stupid|dumb|idiotic|outrageous|insane|maddening|hopeless|worthless|disgraceful|a nightmare|incompetent)",
        "(how|what an?|so|very|really|extremely|incredibly) (frustrating|ridiculous|infuriating|annoying|exasperating|absurd|disappointing|unhelpful|aggravating|irritating)",
        "(i'm|i am|i feel|i'm getting|i am getting|i'm feeling|i was|left me|makes me|making me|made me|has me) (just |so |really |very |extremely |quite |pretty |getting |feeling |a bit |a little |rather |incredibly |truly |deeply |now |beyond |more and more )*(frustrated|annoyed|angry|upset|disappointed|furious|irritated|pissed|pissed off|mad|livid|disgusted|fed up|unhappy|dissatisfied|exasperated|outraged|fuming|appalled)",
        "(getting|very|really|so|extremely|quite) (frustrated|annoyed|angry|upset|irritated|impatient)",
        "(i )?(can't|cannot) believe (this|that you|you|how|i have to|it's still)",
        "(i've|i have|i) (already )(told|said|asked|gave|given|explained|answered|mentioned|provided|sent|tried)",
        "(i|i've) just (told|said|explained|answered) (you|that|this)",
        "(as|like) i('ve)? (already |just |have |previously )*(said|told|mentioned|explained)",
        "how many times ... (i|we|you|should|must|will|does|is|are)",
        "(what|why|how|who) the (hell|fuck|heck|f|fck|f\\*+k)",
        "(wtf|ffs|omfg|smh|for fuck's sake|for god's sake|for christ's sake|goddamn|god damn it|damn it|dammit|fuck this|fuck you|screw this|screw you|shut up|piss off)",
        "(are you|you must be|you've got to be|you have got to be|gotta be) (even |fucking |freaking |just |absolutely )?(kidding|joking|serious|stupid|dumb|deaf|blind|listening|reading|crazy|broken|insane)( me)?",
        "do you (even|ever|actually) (read|listen|understand|work|know|care)",
        "(you're|you are|your|u r|ur) (so |really |just |completely |totally |absolutely |being |still |a |an |such an? )*(useless|worthless|not helping|no help|not listening|not being helpful|not helpful|unhelpful|terrible|horrible|awful|pathetic|idiot|moron|stupid|dumb|incompetent|an idiot|a moron|lying|broken|wasting my time|missing the point|going in circles|not understanding|not getting it|annoying)",
        "(useless|stupid|dumb|terrible|worthless|damn|fucking|idiotic|shitty|crappy) (bot|chatbot|ai|assistant|machine|robot|agent|thing|system|program|app|service|answer|response)",
        "(worst|terrible|horrible|awful|poor|lousy|shitty) (customer )?(service|experience|support|assistant|bot|chatbot|ai|answer|response|app)( ever)?",
        "(complete|total|huge|such a|absolute|utter)? ?waste of (my |our )?(time|money)",
        "(you're|you are|stop|keep|kept|keeps) wasting my time",
        "(fed up|sick of|sick and tired|tired of (this|you|your|having|repeating|being)|had enough|enough of this|losing (my )?patience|lost (my )?patience|at my wits' end|driving me (crazy|nuts|insane|mad)|running out of patience)",
        "(please |can you |just |would you )?stop (repeating|asking|saying|doing|giving|telling|making|ignoring|apologizing|lying|sending|changing|being)( me| the| that| this| it| up| so)?",
        "(you|it|this|that)('re| are)? (keep|keeps|kept|always|constantly|just keep|still keep) (repeating|asking|saying|doing|giving|telling|making|ignoring|giving|failing|crashing|getting|sending|changing|apologizing|misunderstanding|forgetting|telling)",
        "you (completely |totally |just |still |clearly |obviously |even )*(ignored|misunderstood|forgot|missed|failed|messed|screwed|broke|didn't (listen|read|answer|understand|do|help|follow|even))( up)?",
        "you (are|were)?( still)? ?(not|n't|don't|didn't|do not|did not|aren't) (listening|answering|answer|understand|understanding|getting|get|reading|listen|helping)( to me| me| it| my question| what i| the question)",
        "(that's|that is|this is|it's|you're|you are) (still |completely |totally |just |again |all |also |definitely )*(wrong|incorrect|not (right|correct|true|what i (asked|want|wanted|said|meant|need|needed|requested|am asking))|not even close|not working|not helpful|not helping|not an answer|not the answer|not good enough)",
        "(wrong|incorrect)( |, )?(again|answer)",
        "not what i (asked|want|wanted|said|meant|need|needed|requested|was asking|am asking|was looking)( for)?",
        "(that |this |it |which |your (answer|code|solution|fix|response|suggestion|link) )?(still|again) (doesn't|does not|isn't|not|didn't|won't|fails|failing|broken|wrong|can't|hasn't|the same (error|problem|issue|thing|answer|result))( work| working| right| correct| help| fixed)?",
        "(that|this|it) (didn't|doesn't|did not|does not) (help|work|answer|make (any )?sense|solve|fix|even)( at all| my question| anything| the problem)?",
        "(none of (this|that|these|those|it)|nothing) (works|worked|helps|helped|is working|you (say|said|suggest|suggested))",
        "(i give up|forget it|never mind,? (i'll|this|you)|i'm done( with (this|you))?|i'm out|what's the point|what is the point|this is going nowhere|we're going in circles|going (around|round) in circles|leave me alone)",
        "(let me |i want to |i need to |just |can i |please )*(speak|talk|connect me|transfer me|get me) (to|with)? ?(a|an|your|the|some)? ?(manager|supervisor|real (person|human|agent)|actual (person|human))",
        "(this|that|it|the whole thing) (really |totally |just |fucking )?(sucks|stinks|blows|is bs|is shit|is crap|is bull)",
        "(how|why) (can|could|would|do|did|are|is) (you|it|this) (still |even |possibly |be )*(not|so hard|so difficult|n't|fail|wrong|keep|mess)",
        "i (really |just |absolutely |do )?(hate|despise|can't stand) (this|it|you|that|when|your|dealing)",
        "(it's|it is) (really )?not that (hard|difficult|complicated)",
        "(is it|why is it|how is it) (really |so |that )*(hard|difficult) (to|for you)",
        "(disappointing|disappointed|unacceptable|ridiculous|frustrating|annoying|infuriating|outrageous|useless|pathetic|bullshit|unbelievable|ugh+|argh+|grr+|aargh+)",
    ],
    weak=[
        "(no|nope|wrong|incorrect|not that|negative)( |, |\\. |! |- )(i |that's|that is|you |it |the |this |not |wrong|please |make |my |don't )",
        "i (said|meant|asked|told you|wanted|asked for|specifically (said|asked))",
        "(but |and )?you (just )?said",
        "(try|do|check|read|look at|look) (it |that |this )?again",
        "(don't|do not) (want|like|need) (that|this|it|those|these)( one)?",
        "(still|yet) (waiting|no|nothing|not|don't|doesn't|isn't)",
        "(come on|seriously|really)\\s?[?!]+",
        "(not (helpful|good|useful|happy|satisfied|impressed)|unhelpful|makes no sense|doesn't make (any )?sense)",
        "(again|wrong|no|hello|why|what|anyone there)\\s?([!?]\\s?){2,10}",
        "(problem|error|issue|mistake|fail(ed|s|ure)?|broken|terrible|awful|horrible|hate|worst|nonsense|absurd|stupid|shit|crap|damn|hell|fuck(ing)?|bullshit|sucks|idiot|moron|jerk|disgusting|gross|pathetic|sad|shame|sick|annoyed|angry|mad|furious|upset)",
    ],
    unless=[
        "(no|not a|without( a| any)?|isn't a|not an|wasn't a|any|small|little|the|this|a|an|my|that|same|main|math|solve|fix) (big )?(problem|issue|error|mistake)s?",
        "(don't|do not|can't|cannot|no need to|won't|didn't|not|wasn't|isn't|aren't|weren't|never|hardly|nothing|without being|i'm no longer|i am no longer|no longer) (be |been |get |feel |that |so |very |really |at all |being |getting |feeling |too |even )*(frustrated|frustrating|annoyed|annoying|angry|upset|disappointed|disappointing|mad|furious|irritated|ridiculous|useless|stupid|bad|terrible|worst|hate|sad|fed up|wrong|broken|unacceptable|hopeless)",
        "(can't|cannot) (wait|thank you|thank|complain)",
        "(i )?can't believe (how (good|great|well|fast|easy|quick|helpful|amazing|much better)|it (works|worked)|it's (working|finally|so good))",
        "(sorry|apologies|apologize|apologise) (for|if|to) (being|be|i'm|i am|my|the|any|all|i was|i) ?(so |a |too |being |such )*(annoying|bother|confusion|frustrat(ed|ing)|stupid|dumb|mistake|problem|error|wrong)",
        "(stupid|dumb|silly) question",
        "(what|how) (is|are|does|do|can) ... (frustration|anger|angry|frustrating|annoying) (mean|feel|work)",
        "as i (said|mentioned) (in|at) (the|my) (interview|meeting|title|presentation)",
        "(sick|mad) (leave|day|days|note|max|men|scientist|person|child|today|with the flu)",
        "(shame|sad) (on|song|songs|movie|movies|story)",
        "error (message|code|handling|log|logs|rate|bar|bars|margin|type|types|correction)s?",
        "(try|check|search|look|start|read|run) (it |that |this )?again (for|with|at|on|in|later|tomorrow|please)",
        "what the hell's kitchen",
        "hell's kitchen",
        "never mind,? i (got|figured|found|solved|fixed) it",
        "forget it,? i (got|figured|found|solved|fixed) it",
        "i('ve)? already (tried|sent|provided|gave|asked|said) (it |that |this )?(and|,) (it )?(works|worked|it's fine)",
    ],
)

SHOUTED_WORD = re.compile(r"\b[A-Z]{2,}(?:'[A-Z]+)?\b")
CAPITALS = re.compile(r"[A-Z]{2}")
LETTERS = re.compile(r"[^\W\d_]")
LOUD = re.compile(r"[!?]{3,}|\?!|!\?")
ANGRY_FACES = re.compile("[😠😡🤬😤🙄👿🤦💢👎]|>:\\(|:-?@")
# Shared words among all the words of the two messages.
AGAIN = 0.85


# A correction or a rejection alone ("no, make it two") is no frustration yet, see correction.py: only a sure one counts.
FROM_REJECTION = 0.6
IN_ANSWERS = 0.7
# So few words that stand alone ("no way", "I don't have one") are a match by the head from this score on. It has learned from comments, where the
# like is annoyed. The score was chosen on what users say to agents, the words by what comments lose (docs/benchmarks.md).
FEW_WORDS, SURE_ALONE = 4, 0.82
COURTEOUS = re.compile(r"\b(?:please|thanks?|sorry|could you|would you|i'd like|i would like)\b")
HEAD = "frustration"
TONE = "annoyed"
NAMES = ("rule", *feelings.NAMES, "shouts", "marks", "angry face", "asks", "short", "length")


def detect(batch: Batch) -> list[Finding]:
    read = [_read(turn) for turn in batch.turns]
    judged = judge(load_head(HEAD), batch, "user", facts, tone=TONE)
    rejected = dissatisfied(batch)
    found = []
    for index, (turn, (by_rule, pieces)) in enumerate(zip(batch.turns, read, strict=True)):
        if complaints.only_retries(turn.input):
            continue
        head = judged.get(index, 0.0)
        rejection = rejected.get(index, 0.0) * FROM_REJECTION if turn.previous and not closes(turn) else 0.0
        if rejection >= WORTH_SHOWING and COURTEOUS.search(turn.input.normal):
            rejection = 0.0
        angry, let_down, _, displeased, _ = feelings.feelings(turn.input)
        if turn.previous and not (pieces or angry or let_down or displeased):
            # An answer to the agent, without a word of feeling: a head that learned from lone comments makes too much of it.
            head *= DECLINED if says_no(turn) else IN_ANSWERS
        if head < SURE_ALONE and turn.input.words <= FEW_WORDS and not turn.previous and turn.output.is_blank:
            head *= DECLINED
        if head >= WORTH_SHOWING and not pieces and _elsewhere(turn.input, angry=angry):
            head *= DECLINED
        score = max(by_rule, head, rejection)
        outright = said_outright(turn) or (pieces if _in_every_way(turn.input) else [])
        if score >= WORTH_SHOWING and not (angry or let_down) and turns_down(turn):
            score *= DECLINED
        if not pieces and score >= WORTH_SHOWING:
            pieces = (
                corrected(turn, [])
                if rejection > head
                else telling_words(load_head(HEAD), turn.input, "user")
            )
        if outright:
            found.append(Finding(index, OUTRIGHT, outright))
        elif pieces:
            found.append(Finding(index, min(score, LESS), pieces))
    return found


def _read(turn: Turn) -> tuple[float, list[Evidence]]:
    """What the rules alone say."""
    text = turn.input
    if text.is_blank:
        return 0.0, []
    hits = complaints.calmed(RULE.hits(text), text)
    if beside := complaints.complaints(turn):
        hits = surest([*hits, *beside])
    calm = 1 - combined(hits, text)
    pieces = evidence("user", text, hits)
    for weight, more in (_shouting(text), _faces(text), _repeats(turn)):
        if more:
            calm *= 1 - weight
            pieces = [*pieces, *more]
    return 1 - calm, pieces


def _elsewhere(text: Text, *, angry: float) -> bool:
    """What the head takes for annoyance is about somebody else, curious, or the words of a request."""
    normal = text.normal
    return (
        complaints.of_others(text)
        or complaints.CURIOUS.search(normal) is not None
        or (not angry and complaints.ASKS.match(normal) is not None)
    )


def facts(turn: Turn) -> list[float]:
    """In the order of NAMES."""
    text = turn.input
    return [
        combined(RULE.hits(text), text),
        *feelings.feelings(text),
        float(_shouting(text)[0] > 0.5),
        float(LOUD.search(text.normal) is not None),
        float(ANGRY_FACES.search(text.normal) is not None),
        float("?" in text.normal),
        float(text.words <= 4),
        min(text.words, 40) / 40,
    ]


def _shouting(text: Text) -> tuple[float, list[Evidence]]:
    """Four words or more, nearly all in capitals; or marks like "?!" and "!!!"."""
    shown = text.shown
    if not CAPITALS.search(shown[:2000]):
        marks = LOUD.search(text.normal)
        return (0.2, [piece("user", text, marks.start(), marks.end())]) if marks else (0.0, [])
    words = list(SHOUTED_WORD.finditer(shown[:2000]))
    if len(words) >= 4 and sum(len(word[0]) for word in words) > 0.7 * len(LETTERS.findall(shown[:2000])):
        return 0.6, [piece("user", text, words[0].start(), words[-1].end())]
    if marks := LOUD.search(text.normal):
        return 0.2, [piece("user", text, marks.start(), marks.end())]
    return 0.0, []


def _faces(text: Text) -> tuple[float, list[Evidence]]:
    face = ANGRY_FACES.search(text.normal)
    return (0.6, [piece("user", text, face.start(), face.end())]) if face else (0.0, [])


def _in_every_way(text: Text) -> bool:
    """A complaint, in capitals, with an angry face, in a short message of the user's own: no model needs to weigh that."""
    is_short = text.words <= MOST_WORDS and not complaints.of_others(text)
    return is_short and _shouting(text)[0] > 0.5 and bool(_faces(text)[1]) and bool(RULE.hits(text))


def _repeats(turn: Turn) -> tuple[float, list[Evidence]]:
    """The same request again, nearly word by word, although the agent answered in between."""
    text = turn.input
    if likeness(turn) < AGAIN:
        return 0.0, []
    return 0.55, [piece("user", text, 0, min(len(text.normal.rstrip()), 200))]


SIGNAL = BuiltIn(
    "user_frustration",
    "User frustration",
    "The user is annoyed with the agent or its work: says so, insults it, has to repeat things, shouts, plainly rejects what it did. A "
    "problem that the user merely describes does not count.",
    Reads.USER,
    Sentiment.NEGATIVE,
    USER_SIDE,
    languages=LANGUAGES_READ,
)
DETECTOR = Detector("user_frustration", 9, united("user_frustration", detect))
