"""The agent contradicts what the user gave, or what it said itself, where that can be read.

- Another currency: the user speaks of dollars, and the same figures come back in euros.
- Another number of people: "five adults" becomes "four adults".
- Its own word: the agent says that what it told before was untrue ("the earlier promises were wrong", "I told you otherwise").

Values that a tool's result or a message holds are no contradiction; nor is what the user changed. English, German, French, Spanish and
Portuguese; the last kind English.
"""

import re

from signals.detectors.batch import Batch, Detector, Evidence, Finding, Turn, measured
from signals.detectors.built_in import AGENT_SIDE, BuiltIn
from signals.detectors.numbers import CURRENCIES, amounts, currencies, values
from signals.detectors.phrases import Rule, evidence, piece
from signals.detectors.text import Text
from signals.models.definitions import Reads, Sentiment

SCORE = 0.8
READ = 4000
CONVERTS = re.compile(
    r"\b(?:convert|conversion|exchange rate|in (?:euros?|dollars?|pounds?|eur|usd|gbp|chf)|umrechn|wechselkurs|taux|cambio|câmbio|rate of|worth)"
)
OWN_WORD = Rule(
    strong=[
        "i (had )?(told|promised|said to) you (otherwise|something else|the opposite)",
        "(the|my) (earlier|previous|first) (promises?|answers?|statements?|claims?|confirmations?|numbers?|figures?|replies|reply) (was|were) (wrong|incorrect|false|not (true|right|correct))",
        "what i (said|told you|wrote|promised) (before|earlier|above|yesterday) (was|is) (wrong|not true|incorrect|false)",
        "contrary to what i (said|told you|wrote)",
        "i (said|told you) ... (earlier|before), (but|and) (that|it) (was|is)(n't| not) (true|right|correct|the case)",
    ],
)
_NUMBERS = (
    "one two three four five six seven eight nine ten", "ein zwei drei vier fünf sechs sieben acht neun zehn",
    "un deux trois quatre cinq six sept huit neuf dix", "uno dos tres cuatro cinco seis siete ocho nueve diez",
    "um dois três quatro cinco seis sete oito nove dez",
)  # fmt: skip
NUMBER_OF = {word: place for words in _NUMBERS for place, word in enumerate(words.split(), 1)} | {
    "una": 1,
    "uma": 1,
    "eine": 1,
    "une": 1,
    "duas": 2,
}
HEADS = {
    "adults": "adults? erwachsenen? adultes? adultos?", "children": "children child kids? kinder kind enfants? niños? crianças?",
    "people": "people persons? guests? travell?ers? passengers? personen person personnes? voyageurs? personas? pessoas?",
    "nights": "nights? nächten? nuits? noches? noites?",
}  # fmt: skip
HEAD_OF = {form: head for head, forms in HEADS.items() for form in forms.split()}
_FORMS = "|".join(HEAD_OF)
COUNT = re.compile(
    rf"(?<![\w.,-])(?P<n>\d{{1,2}}|{'|'.join(sorted(NUMBER_OF, key=len, reverse=True))})[ -](?:more )?(?P<head>{_FORMS})\b(?![ -](?:each|per|free|under|over))"
)
DONE = re.compile(
    r"\b(?:booked|reserved|confirmed|all set|ordered|scheduled|gebucht|reserviert|bestätigt|réservée?|confirmée?|reservad[oa]|confirmad[oa])\b"
)
CHANGED = re.compile(
    r"\b(?:instead|actually|change|another|different|other|flexible|earliest|available|next|first|alternative|any|otherwise|or)\b"
)


def detect(batch: Batch) -> list[Finding]:
    found = []
    for index, turn in enumerate(batch.turns):
        if turn.output.is_blank:
            continue
        pieces = _other_currency(turn) + _other_count(turn)
        own = OWN_WORD.hits(turn.output) if turn.previous else []
        pieces += evidence("assistant", turn.output, own)
        if pieces:
            found.append(Finding(index, SCORE, pieces[:5]))
    return found


def _said(turn: Turn) -> list[Text]:
    return [*(old.input for old in turn.previous), turn.input]


def _other_currency(turn: Turn) -> list[Evidence]:
    """All amounts of the answer are in a currency that nobody named, and one is a figure that was given in another."""
    if not turn.previous or not (money := amounts(turn.output)):
        return []
    shown = {one.currency for one in money}
    if len(shown) != 1:
        return []
    statements = [text.normal for text in _said(turn)]
    given = set().union(*(_currencies(text) for text in _said(turn)))
    if len(given) != 1 or given == shown or any(CONVERTS.search(text) for text in statements[-1:]):
        return []
    if any(shown & _currencies(old.output) for old in turn.previous) or _tool_named(turn, shown):
        return []
    texts = [*_said(turn), *(old.output for old in turn.previous)]
    before = {
        value
        for text in texts
        for one in amounts(text)
        if {one.currency} == given
        for value in values(one.words)
    }
    same = [one for one in money if values(one.words) & before]
    if not same:
        return []
    sentence = f"Before, it was {next(iter(given)).upper()}."
    return [*(piece("assistant", turn.output, one.start, one.end) for one in same[:2]), measured(sentence)]


def _currencies(text: Text) -> set[str]:
    known: set[str] | None = text.notes.get("currencies")
    if known is None:
        known = text.notes["currencies"] = currencies(text.normal)
    return known


def _tool_named(turn: Turn, shown: set[str]) -> bool:
    """A tool brought the currency in that was not told to use it."""
    names = {name for code in shown for name in CURRENCIES[code]}
    spans = [*turn.spans, *(span for old in turn.previous for span in old.spans)]
    return any(
        any(name in span.output[:READ].lower() for name in names if len(name) > 2 or not name.isalpha())
        and not any(name in span.input.lower() for name in names)
        for span in spans
    )


def _other_count(turn: Turn) -> list[Evidence]:
    """ "Booked for one person", where the user and the agent had spoken of three."""
    normal = turn.output.normal[:READ]
    if not DONE.search(normal):
        return []
    mine = _counts(normal)
    if not mine:
        return []
    given: dict[str, set[int]] = {}
    for text in [*(text.normal for text in _said(turn)), *(old.output.normal for old in turn.previous)]:
        for head, number, _, _ in _counts(text):
            given.setdefault(head, set()).add(number)
    if CHANGED.search(turn.input.normal):
        return []
    for head, number, start, end in mine:
        before = given.get(head, set())
        if len(before) == 1 and number not in before and sum(one[0] == head for one in mine) == 1:
            sentence = f"Before, it was {next(iter(before))}."
            return [piece("assistant", turn.output, start, end), measured(sentence)]
    return []


def _counts(normal: str) -> list[tuple[str, int, int, int]]:
    return [
        (
            _head(match["head"]),
            int(match["n"]) if match["n"].isdigit() else NUMBER_OF[match["n"]],
            *match.span(),
        )
        for match in COUNT.finditer(normal)
    ]


def _head(word: str) -> str:
    return next(head for form, head in HEAD_OF.items() if re.fullmatch(form, word))


SIGNAL = BuiltIn(
    "contradiction",
    "Contradiction",
    "The agent contradicts what the user gave, or itself: another currency, another number of people, “what I told you before was wrong”. What the "
    "user changed, and what a tool's result says, do not count.",
    Reads.CONVERSATION,
    Sentiment.NEGATIVE,
    AGENT_SIDE,
    enabled=False,
)
DETECTOR = Detector("contradiction", 1, detect)
