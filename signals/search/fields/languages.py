"""The language of what is said (signals/vectors/embedding.py: read_language)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, ClassVar

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from ingest.models import Event
from signals.detectors.language_mismatch import CODES, NAMES
from signals.models import EventText
from signals.search.comparing import Test, TextTest
from signals.search.fields.registry import Field, register
from signals.search.language.nodes import Text, Value
from signals.search.scope import Facts, Scope

_CODES = {name.lower(): code for name, code in CODES.items()}


@dataclass(frozen=True, kw_only=True)
class Language(Field):
    """By its code or its name. Events have one once the pipeline has indexed them."""

    kind: ClassVar[str] = "choice"

    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        if not isinstance(value, Text):
            raise ValueError("takes a language such as de or German, not a pattern")
        name = value.text.lower()
        code = name if name in NAMES else _CODES.get(name)
        if code is None:
            near = get_close_matches(name, _CODES, n=1)
            hint = f": do you mean {NAMES[_CODES[near[0]]]}?" if near else ""
            raise ValueError(f"takes a language such as de or German, not {value.text[:40]!r}{hint}")
        return TextTest.of(Text(code))

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        return Q(Exists(_texts(scope).filter(test.q("language"))))

    def present(self, *, key: str, scope: Scope) -> Q:
        return Q(Exists(_texts(scope).filter(language__gt="")))

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        return [[code] if (code := facts.languages.get(event.id)) else [] for event in facts.events]

    def grouped(self, events: QuerySet[Event], *, key: str, scope: Scope) -> QuerySet[Any] | None:
        texts = EventText.objects.filter(project=scope.project, language__gt="")
        return texts.filter(event__in=events.values("pk")).annotate(value=F("language"))


def _texts(scope: Scope) -> QuerySet[EventText]:
    return EventText.objects.filter(project=scope.project, event=OuterRef("pk"))


register(
    Language(
        name="language",
        title="the language that the user writes (where that cannot be told, the agent), by its code or its name",
        example="language:de",
        aliases=("lang",),
    )
)
