"""The agent states a day, a time or a number to be checked, and the user says no and gives another: "A table for two on Friday, right?",
"No, Saturday" corrects, in however friendly words. English."""

import re

from signals.detectors.answers import LAST_WORDS
from signals.detectors.batch import Evidence, Turn
from signals.detectors.phrases import is_asked, piece

READ = 300  # characters of the message
WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NUMBER = rf"(?:\d{{1,3}}|{'|'.join(WORDS)})"
MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
VALUES = (
    re.compile(
        rf"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|today|tomorrow|tonight|{MONTH}\.? (?:the )?\d{{1,2}}(?:st|nd|rd|th)?|\d{{1,2}}(?:st|nd|rd|th))\b"
    ),
    re.compile(
        r"\b(?:\d{1,2}(?::\d\d)? ?(?:am|pm|a\.m\.|p\.m\.|o'?clock)|\d{1,2}:\d\d|noon|midnight|morning|afternoon|evening)(?!\w)"
    ),
    re.compile(
        rf"\b{NUMBER} (?:more |other |economy |business |flexible )?(?:people|persons?|guests?|adults?|rooms?|tickets?|seats?|nights?|days?|weeks?|hours?|passengers?|of us|copies|items?|pieces?|boxes|bags?)\b"
        rf"|\bfor {NUMBER}\b(?! ?(?:am|pm|:))"
    ),
)
# What the agent says of a value that the user shall look at: a question, or what it understood, plans or did.
CHECKS = re.compile(
    r"\?\W*$|confirm|\b(?:you(?:'d| would) like|you(?:'ll| will| are| need| want|'re)|booking|booked|reservations?|appointment|schedul\w+|order|starting|so)\b"
)
# "No problem" and "no diabetes" say no to nothing: the no stands alone, or what follows begins a clause.
OPENS = (
    r"^\W*(?:(?:actually|oh|um+|hm+|uh|well|sorry|wait)\W+)*"
    r"(?:(?:no+|nope|nah|negative)(?=\W*$| ?[,.;:!…-]| (?:i|i'm|i'd|it|it's|its|that|that's|make|please|can|change|actually|sorry|next|on|at|for|from|play|book|set|use|wait|let's|we|we're|they|just|only|the|my|not)\b)"
    r"|(?:that|it|this)(?:'s| is) (?:not (?:right|correct)|wrong|incorrect)|wrong|incorrect|not right|not correct)"
)
NO = re.compile(OPENS)
# "No, play it on the other speaker": another way to do it than the one that was checked.
INSTEAD = re.compile(
    OPENS + r"\W+(?:(?:actually|sorry|please|just|can you|could you)\W+)*"
    r"(?:(?:make|change|play|book|set|put|move|send|switch|start) (?:it|that|them|this|me)|i(?:'d| would)? (?:actually |only |just )?(?:want|need|like|prefer)(?: to (?:watch|play|hear|have|book|send|share))? (?:it|that|them|this))\b"
    r"(?: \w+){0,2}? (?:for|on|to|with|in|at|from|without|under)\b"
)
# Users who change their minds, or mistyped, correct themselves. And a no to an offer of more help goes on to something else.
THEIR_OWN = re.compile(
    r"\b(?:changed? my mind|my (?:bad|mistake|fault|error)|i(?:'m| am) (?:such )?an idiot|i (?:mistyped|misread|mixed up|typed))\b"
)
CONTENT = re.compile(
    r"\b(?:that'?s|that is|it'?s|is|are) (?:right|correct|fine|perfect|great|good|ok|okay|all)\b|\b(?:works for me|sounds good|see you|talk to you)\b"
)
ANYTHING_ELSE = re.compile(
    r"\b(?:anything|something|what) else\b|\b(?:any|more) (?:other|further|help)\b|\b(?:help|assist) (?:you )?with\b"
)
ASKS = re.compile(r"\b(?:(?:can|could|would) you|please)\b")

# "Friday, not Thursday!": nothing else stands in the message. English, German, Spanish, French, Portuguese.
INSTEAD_OF = re.compile(
    r"\W*(?:(?:no+|nope|nein|non|não|nao|sorry|actually|but|aber|pero|mais|mas|i said|i meant|i wrote|ich sagte|ich meinte|dije|he dicho|quise decir|j'ai dit|eu disse|disse)\W+)*"
    r"(?P<mine>[\w€$£%][^,;.!?\n]{0,40}?)\s?[,;–—-]+\s?(?:and |und |y |et |e )?(?:not|nicht|kein\w{0,2}|no|pas|não|nao) (?P<theirs>[\w€$£%][^,;.!?\n]{0,30}?)\s?[.!]*\W*"
)
MOST_INSTEAD = 4  # words on each side
# What is only wished, or preferred, corrects nothing.
WISHES = re.compile(
    r"\b(?:prefer\w*|rather|please|would|better|works|lieber|liebsten|bitte|besser|würde|hätte|prefiero|mejor|por favor|quisiera|préfère|plutôt|mieux|svp|s'il|prefiro|melhor|gostaria|antes)\b"
)


def gives_another(turn: Turn) -> list[Evidence]:
    """The words that put another value in place of the agent's; none where the user does no such thing."""
    message = turn.input.normal[:READ]
    if contrast := _in_place_of(turn):
        return contrast
    if not turn.previous or not NO.search(message) or THEIR_OWN.search(message) or CONTENT.search(message):
        return []
    checked = turn.previous[-1].output.normal[-2 * LAST_WORDS :]
    asked_last = checked.rstrip(" ?!.").rpartition(". ")[2]
    if not CHECKS.search(checked) or ANYTHING_ELSE.search(asked_last):
        return []
    if "?" in message and not ASKS.search(message):
        return []
    for values in VALUES:
        theirs = {_plain(found[0]) for found in values.finditer(checked)}
        others = [found for found in values.finditer(message) if _plain(found[0]) not in theirs]
        if theirs and others:
            return [piece("user", turn.input, found.start(), found.end()) for found in others[:3]]
    instead = INSTEAD.search(message)
    return [piece("user", turn.input, instead.start(), instead.end())] if instead else []


def _in_place_of(turn: Turn) -> list[Evidence]:
    """ "Friday, not Thursday!" after the agent stated, and did not ask for, Thursday."""
    found = INSTEAD_OF.fullmatch(turn.input.normal) if turn.input.words <= 3 * MOST_INSTEAD else None
    if not turn.previous or not found or WISHES.search(turn.input.normal):
        return []
    mine, theirs = found["mine"], found["theirs"]
    if max(len(mine.split()), len(theirs.split())) > MOST_INSTEAD:
        return []
    stated = turn.previous[-1].output.normal
    at = re.search(rf"(?<!\w){re.escape(theirs)}(?!\w)", stated)
    if at is None or is_asked(stated, at.end() - 1) or re.search(rf"(?<!\w){re.escape(mine)}(?!\w)", stated):
        return []
    return [piece("user", turn.input, found.start("mine"), found.end("theirs"))]


def _plain(value: str) -> str:
    """ "1 p.m." and "1pm", "two tickets" and "2 ticket" are alike."""
    words = [str(WORDS.index(word) + 1) if word in WORDS else word for word in re.findall(r"\w+", value)]
    return "".join(words).rstrip("s")
