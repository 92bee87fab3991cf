"""How the phrases of other languages are written: as in signals/detectors/phrases.py, with their accents, which people may leave out."""

import re
import unicodedata
from dataclasses import dataclass, field

# The clause ends here: what follows does not turn its sense.
END = "( ?[.,;:!\n]| ?$)"
_LETTERS = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "œ": "oe"}
_ODD = re.compile(r"[^\x00-\x7f]")


@dataclass(frozen=True, slots=True)
class Wording:
    """Phrases of one language that say one thing outright, and what takes them away."""

    phrases: list[str]
    unless: list[str] = field(default_factory=list)


def loose(phrase: str) -> str:
    """The phrase, to be found without its accents too ("não", "nao"), spelt out ("können", "koennen"), or with its accents as marks of
    their own, as some keyboards send them."""
    return _ODD.sub(_loose, phrase)


def _loose(match: re.Match[str]) -> str:
    letter = match[0]
    bare = unicodedata.normalize("NFD", letter)[0]
    forms = [letter] + ([_LETTERS[letter]] if letter in _LETTERS else [])
    if bare != letter:
        forms.append(bare + "[\u0300-\u0327]?")
    return "(" + "|".join(forms) + ")"
