"""What is said outright in German, Spanish, French and Portuguese, for the signals whose detectors read English else.

The embedder and the turn model know English, and little of these languages. So only plain phrases are read here, which mean their signal
wherever they stand in a message to or of an agent, and no model is asked: a hit scores OUTRIGHT. What is only hinted at is not found.

One file a language holds its phrases and their hard negatives (`Wording`, wording.py) by signal; `thanks` are a win where they close a message
and ask for nothing more, `closes` is "no, that's all", which corrects nothing.
"""

import re
from collections.abc import Callable

from signals.detectors.batch import Batch, Evidence, Finding, Side, Turn
from signals.detectors.other_languages import french, german, portuguese, spanish
from signals.detectors.other_languages.wording import loose
from signals.detectors.outright import OUTRIGHT
from signals.detectors.phrases import Gate, Hit, Rule, evidence, in_own_words, is_asked
from signals.detectors.text import Text

# Codes of the languages that a detector reads which is united with this.
LANGUAGES_READ = ("en", "de", "es", "fr", "pt")
SIDES: dict[str, Side] = {
    "user_frustration": "user",
    "correction": "user",
    "human_request": "user",
    "win": "user",
    "refusal": "assistant",
    "task_failure": "assistant",
}
LANGUAGES = {"de": german.WORDINGS, "es": spanish.WORDINGS, "fr": french.WORDINGS, "pt": portuguese.WORDINGS}
# Of a phrase that takes others away: the rest of the clause.
REST = "( [^\\s.!?]{1,30}){0,8}"
# Longer messages tell of others more often than they complain of the agent.
MOST_WORDS = 40
# Thanks that close a message say little else.
THANKS_WORDS = 15

GATE = Gate()


def _rule(signal: str) -> Rule:
    """One for all languages: to ask each by itself costs four times as much."""
    wordings = [language[signal] for language in LANGUAGES.values()]
    return Rule(
        strong=[loose(phrase) for part in wordings for phrase in part.phrases],
        unless=[
            loose(phrase[: -len(" ...")] + REST if phrase.endswith(" ...") else phrase)
            for part in wordings
            for phrase in part.unless
        ],
        strong_weight=OUTRIGHT,
        gate=GATE,
    )


RULES = {signal: _rule(signal) for signal in SIDES}
THANKS, CLOSES = _rule("thanks"), _rule("closes")

# The user has a text written or translated: its words are nobody's own.
DICTATES = re.compile(
    r"(?:^|[.!?:\n]\s*|\b(?:bitte|please|por favor|kannst du|can you|puedes|peux-tu|pouvez-vous|você pode|pode)\s+)"
    r"(?:(?:mir|me|for me|bitte|uns)\s+)?"
    r"(?:übersetz\w*|schreib\w{0,2}|formulier\w*|verfass\w*|korrigier\w*|translate|write|rewrite|rephrase|proofread|traduce\w*|tradúce\w*|traducir|escrib\w+|escríb\w+|redact\w+|reescrib\w+|"
    r"traduis\w*|traduire|traduisez|écris\w*|écrire|écrivez|rédige\w*|rédiger|reformule\w*|traduz\w*|traduzir|traduza|escreve\w*|escreva\w*|redija\w*|corrig\w+|corrij\w+)\b"
    r"|\b(?:wie (?:sagt|heißt|schreibt) man|was (?:heißt|bedeutet)|how do (?:you|i) say|what does|cómo se (?:dice|escribe)|qué significa|comment (?:dit|écrit)-on|que (?:veut dire|signifie)|como se (?:diz|escreve)|o que significa)\b"
)
# The agent gives a letter, or a text for the user to send.
LETTER = re.compile(
    r"\b(?:sehr geehrte[rs]?|betreff:|mit freundlichen grüßen|estimad[oa]s?\b|asunto:|atentamente|cordialmente|madame, monsieur|objet ?:|cordialement|prezad[oa]s?|assunto:|atenciosamente|subject:|dear )"
)
# After thanks: there is more to do.
GOES_ON = re.compile(
    r"\?|\b(?:kannst du|können sie|könnten|könntest|bitte|ich (?:brauche|möchte|hätte|muss)|noch ein|noch was|außerdem|aber|leider|trotzdem|"
    r"puedes|podrías|puede|podría|necesito|quiero|quisiera|por favor|también|pero|ahora|"
    r"peux-tu|peut-on|pouvez-vous|pourriez|pourrais|s'il (?:vous|te) pla[iî]t|svp|j'aimerais|je (?:voudrais|dois)|il me faut|aussi|mais|maintenant|par contre|"
    r"pode|poderia|preciso|quero|gostaria|também|mas|agora|porém)\b"
)
# After success: not all of it.
DOUBT = re.compile(
    r"[^.!?\n]{0,60}\b(?:aber|jedoch|allerdings|nur dass|bis auf|pero|sin embargo|salvo que|mais|cependant|sauf|par contre|mas|porém|só que)\b"
)


def united(signal: str, detect: Callable[[Batch], list[Finding]]) -> Callable[[Batch], list[Finding]]:
    """What `detect` finds, and what is said outright in the other languages; of a turn with both, the latter."""

    def detect_all(batch: Batch) -> list[Finding]:
        found = {one.index: one for one in detect(batch)}
        for index, turn in enumerate(batch.turns):
            if pieces := evidence_in(signal, turn):
                found[index] = Finding(index, OUTRIGHT, pieces)
        return [found[index] for index in sorted(found)]

    return detect_all


def evidence_in(signal: str, turn: Turn) -> list[Evidence]:
    """The words of the turn that say it; none where they do not."""
    side = SIDES[signal]
    text = turn.text(side)
    hits = RULES[signal].hits(text)
    if signal == "win":
        hits = [hit for hit in hits if _succeeded(text, hit)] or _thanks(text)
    hits = in_own_words(hits, text)
    if not hits or _not_of_their_own(turn, side):
        return []
    if signal == "correction" and not any(not exchange.output.is_blank for exchange in turn.previous):
        return []  # nothing was said yet that could be corrected
    if signal == "user_frustration" and text.words > MOST_WORDS:
        return []
    return evidence(side, text, [_trimmed(text, hit) for hit in hits])


def closes(text: Text) -> bool:
    """ "No, that's all", "no, thanks", "no, I don't have the number": it turns down more help or an offer, or answers; it corrects nothing."""
    return bool(CLOSES.hits(text))


def dictates(text: Text) -> bool:
    """The user has a text written or translated."""
    return DICTATES.search(text.normal) is not None


def _succeeded(text: Text, hit: Hit) -> bool:
    """Neither asked nor in doubt."""
    return not is_asked(text.normal, hit.end - 1) and DOUBT.match(text.normal, hit.end) is None


def _thanks(text: Text) -> list[Hit]:
    """Thanks that close a message."""
    hits = THANKS.hits(text)
    if not hits or text.words > THANKS_WORDS or GOES_ON.search(text.normal):
        return []
    return hits


def _not_of_their_own(turn: Turn, side: Side) -> bool:
    if side == "user":
        return dictates(turn.input)
    return LETTER.search(turn.output.normal) is not None


def _trimmed(text: Text, hit: Hit) -> Hit:
    """Without the mark that ends its clause."""
    return Hit(hit.start, hit.start + len(text.normal[hit.start : hit.end].rstrip(" \n.,;:!?")), hit.weight)
