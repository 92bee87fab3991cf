"""Words that no text holds, and that are the name of something: `check_insurance` is a tool, so `tool:check_insurance` is meant."""

import datetime as dt
import re
from contextlib import suppress
from dataclasses import dataclass

from signals.read_api.page import TakesTooLong, time_limit
from signals.search.fields.registry import find_field
from signals.search.language.nodes import Comparison, Node, Phrase, Text, all_of, conjuncts
from signals.search.scope import Scope

FIELDS = ("tool", "model", "release", "intent", "signal")
KNOWN = 1000  # values of a field that are looked at
SHORTEST = 3  # characters: "to" begins too many names
MOST = 4  # suggestions
TIME = dt.timedelta(seconds=1)  # they are a hint


@dataclass(frozen=True, slots=True)
class Named:
    """`condition` is what the words stand for, `query` the whole query with it in their place."""

    condition: str
    query: str


def named_so(query: Node, scope: Scope) -> list[Named]:
    """For the words that must stand in the texts: all of them together, then each. What is named just so comes before what begins so.
    Nothing where the values cannot be read within a second."""
    parts = conjuncts(query)
    words = [part for part in parts if isinstance(part, Phrase)]
    tried = [words, *([word] for word in words)] if len(words) > 1 else [words]
    found: dict[str, tuple[bool, Named]] = {}
    with suppress(TakesTooLong), time_limit(TIME):
        values = _values(scope) if words else []
        for taken in tried:
            name = _plain(" ".join(word.text for word in taken))
            for field, value, known_as in values:
                if len(name) < SHORTEST or not f"{known_as} ".startswith(f"{name} "):
                    continue
                condition = Comparison(field, "", (Text(value),))
                rest = all_of(
                    condition if part is taken[0] else part
                    for part in parts
                    if part is taken[0] or not any(part is word for word in taken)
                )
                found.setdefault(str(condition), (known_as != name, Named(str(condition), str(rest))))
    return [named for _, named in sorted(found.values(), key=lambda pair: pair[0])][:MOST]


def _values(scope: Scope) -> list[tuple[str, str, str]]:
    """(field, value, name): what the fields' values are called, in plain words."""
    values = []
    for name in FIELDS:
        field = find_field(name)
        assert field is not None, "the field is registered"
        values += [(name, value, _plain(value)) for value, _ in field[0].known(scope, limit=KNOWN)]
    return values + [("signal", one.key, _plain(one.name)) for one in scope.signals if one.enabled]


def _plain(name: str) -> str:
    """Check_Insurance, check-insurance and "check insurance" are one name."""
    return " ".join(re.findall(r"[^\W_]+", name.casefold()))
