"""A text's words as the search's index holds them (signals/vectors): what PostgreSQL's parser makes of a text whose signs are spaces.

PostgreSQL knows letters by the database's locale; this goes by Unicode. They differ on signs that hardly anybody searches for.
"""

import unicodedata
from collections.abc import Iterator

from signals.vectors.embedding import DOCUMENT_CHARACTERS, DOCUMENT_CHARACTERS_WIDE
from signals.vectors.text_search import spaced

# Marks and signs without width do not end a word.
_WITHIN = frozenset(["Mn", "Me", "Cf"])
LONGEST = 2046  # bytes of an indexed word


def words_of(text: str) -> list[str]:
    """In order, in lower case."""
    return [word for word in _words(spaced(text)) if len(word.encode()) <= LONGEST]


def document(input: str, output: str) -> str:
    """As much of an event's two texts as is indexed."""
    whole = f"{input} {output}"[:DOCUMENT_CHARACTERS]
    wide = len(whole.encode("utf-8", "surrogatepass")) > 2 * DOCUMENT_CHARACTERS
    return whole[:DOCUMENT_CHARACTERS_WIDE] if wide else whole


def holds_phrase(words: list[str], phrase: list[str]) -> bool:
    """Whether the phrase's words follow each other. An empty phrase is nowhere."""
    if not phrase:
        return False
    first, length = phrase[0], len(phrase)
    return any(word == first and words[at : at + length] == phrase for at, word in enumerate(words))


def _words(text: str) -> Iterator[str]:
    word: list[str] = []
    for character in text:
        if _is_letter(character) or (word and unicodedata.category(character) in _WITHIN):
            word.append(character.lower()[0])
        elif word:
            yield "".join(word)
            word = []
    if word:
        yield "".join(word)


def _is_letter(character: str) -> bool:
    return character.isalpha() or character.isdecimal()
