"""The user shows despair, thoughts of self-harm or suicide, or fear for their safety. English, German, French, Spanish, Portuguese.

A signal of its own, so that nobody takes it for abuse or mere frustration. Headaches that kill, jokes and questions about prevention
are kept out by `unless`.
"""

from signals.detectors.batch import Batch, Detector, Finding
from signals.detectors.built_in import USER_SIDE, BuiltIn
from signals.detectors.phrases import Rule, detect_rule
from signals.models.definitions import Reads, Sentiment

RULE = Rule(
    strong=[
        "(i )?(want|wanna|wanted|going|plan|planning|decided|ready|tempted) (to )?(die|kill myself|end (it all|my life|everything|things for good)|hurt myself|harm myself|take my (own )?life|not be here anymore|disappear forever|commit suicide)",
        "(kill|killing|hurt|hurting|harm|harming|cut|cutting|starve|starving) myself",
        "(i'm|i am|been|feeling|feel) (so |really |actively |very )?(suicidal|hopeless|worthless and alone)",
        "(suicidal|dark) thoughts",
        "thoughts? (of|about) (suicide|killing myself|ending (it|my life)|dying|not being here)",
        "(don't|do not|didn't|can't|cannot) (want|wanna|see|go|face) (to )?(live|be alive|wake up|exist|go on|be here|keep living|a (reason|point) (to|in) (live|living|go(ing)? on))( anymore| any more| any longer)?",
        "(no|any) (reason|point|will) (to|in) (live|living|go on|going on|be here|being here)",
        "(better off|world would be better) (dead|without me)",
        "(everyone|everybody|they|my (family|kids|wife|husband|mum|mom))('d| would| will)? (be )?better off without me",
        "(i )?(wish|wished) (i|that i) (was|were|wasn't|weren't|had never been|hadn't been|would) (dead|born|here|alive|not wake up)",
        "(tired|sick) of (living|being alive|life)",
        "(i )?(can't|cannot) (take|do|bear) (it|this|life) (any ?more|any longer)( i| and| i'd|,)",
        "(my )?(husband|wife|partner|boyfriend|girlfriend|father|dad|ex|he|she)('s| is| has| will)? ... (hits?|hit|beats?|beaten|beating|chokes?|choked|hurts?|hurt|threatens?|threatened|going to kill|kill) me",
        "(afraid|scared|terrified|frightened) (of|to go home to|that) (him|her|my (husband|wife|partner|boyfriend|father|ex)|he('ll| will)|she('ll| will))",
        "(will|going to|gonna|want to|could) (jump off|jump from) (the|a|this|my) (bridge|roof|building|balcony)",
        "(swallow|swallowed|take|took|taking) (all|every one) ... (pills|tablets|sleeping pills|meds)",
        "(ich )?(will|möchte|mag|kann) (nicht mehr|nimmer) (leben|da sein|weiterleben|aufwachen)",
        "(mich|mir) (umbringen|das leben nehmen|etwas antun|was antun)",
        "(je|j'ai) (veux|voudrais|envie d[e'] ?) ?(mourir|en finir|me tuer|disparaître)",
        "(plus envie de|envie de plus) (vivre|rien)",
        "(me )?(quiero|quisiera|prefiero|ganas de) (morir|morirme|matarme|desaparecer|quitarme la vida)",
        "no (quiero|puedo) (vivir|seguir viviendo|seguir así ni un día)( más)?",
        "(quero|queria|vontade de|pensando em) (morrer|me matar|sumir|acabar com tudo|tirar (a )?minha vida)",
        "não (quero|aguento) (mais )?(viver|existir)( mais)?",
    ],
    weak=[
        "(hopeless|worthless|unbearable|trapped|no way out|nobody would (miss|notice|care)|can't go on|what's the point of (anything|it all)|not safe at home|he finds me|she finds me)",
        "(suicide|self-harm|self harm|overdose|selbstmord|suizid|suicidio|suicídio)",
    ],
    unless=[
        "(kill|killing|hurt|hurting) myself (laughing|at the gym|with (work|study|laughter))",
        "(headache|back|feet|knees?|traffic|heat|job|boss|exam|homework|dress|shoes|work|laughter|laughing|deadline|commute|monday)s? (is|are|was|were) killing me",
        "(suicide|self-harm|self harm) (prevention|squad|awareness|hotline|leaflet|rates?|statistics|note in|mission)",
        "(could|i'd|would|gonna|going to) (kill|die) for (a|an|some|that|this)",
        "(die|died|dying) (of|from) (boredom|laughter|laughing|embarrassment|curiosity|hunger|shame)",
        "dying to (know|see|try|hear|go|meet)",
    ],
)


def detect(batch: Batch) -> list[Finding]:
    return detect_rule(batch, RULE, "user")


SIGNAL = BuiltIn(
    "distress",
    "Distress",
    "The user shows despair, thoughts of self-harm or suicide, or fear for their safety. Ordinary sadness and stress, a figure of speech "
    "and a dark joke do not count. Somebody should look at these soon.",
    Reads.USER,
    Sentiment.NEGATIVE,
    USER_SIDE,
)
DETECTOR = Detector("distress", 1, detect)
