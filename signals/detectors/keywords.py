"""The keyword lists that are the floor of each signal (keywords.json: written in ten minutes, never tuned).

A signal must not be worse than its list. So the lists are facts of the turn models, and stand beside every published figure.
"""

import json
from pathlib import Path
from typing import Any

import re2

from signals.detectors.text import Text

LISTS: dict[str, list[str]] = json.loads(Path(__file__).with_name("keywords.json").read_text())["lists"]
REFUSAL, DISSATISFIED, ABUSE, WIN = "refusal", "user_frustration (dissatisfied)", "abuse", "win"
ANNOYED, TASK_FAILURE = "user_frustration (annoyed)", "task_failure"
USER = (DISSATISFIED, ANNOYED, ABUSE, WIN)
AGENT = (REFUSAL, TASK_FAILURE)
# As the lists' own note says: a refusal is looked for at the beginning.
READ = {REFUSAL: 300}
MOST = 4000  # characters of a text


def hits(name: str, text: Text) -> bool:
    """Whether the list finds anything in the text."""
    key = ("keywords", name)
    known: bool | None = text.notes.get(key)
    if known is None:
        known = text.notes[key] = finds(name, text.normal[: READ.get(name, MOST)])
    return known


def finds(name: str, words: str) -> bool:
    """Whether the list finds anything in words in lower case (Text.normal), wherever they stand."""
    return bool(_automaton(name).Match(words))


_automata: dict[str, Any] = {}


def _automaton(name: str) -> Any:
    automaton = _automata.get(name)
    if automaton is None:
        options = re2.Options()
        options.never_capture = True
        automaton = re2.Set.SearchSet(options)
        for pattern in LISTS[name]:
            automaton.Add(pattern)
        automaton.Compile()
        _automata[name] = automaton
    return automaton
