"""What was said: words, phrases and regular expressions in the input, the output, or either."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import BooleanField, Exists, ExpressionWrapper, Func, OuterRef, Q, QuerySet
from django.db.models.functions import Left

from ingest.models import Event
from signals.models import EventText
from signals.search.comparing import Test, TextTest
from signals.search.fields.columns import text_test
from signals.search.fields.registry import Field, register
from signals.search.language.nodes import Glob, Value
from signals.search.scope import Facts, Scope
from signals.search.tokens import document, holds_phrase, words_of
from signals.vectors.text_search import SpacedText, phrase_query

# As much of one side as its words are looked for in when only that side counts (a tsvector holds 1 MiB).
SIDE_CHARACTERS = 100_000
TextColumn = Literal["input", "output"]


@dataclass(frozen=True, slots=True)
class WordsTest:
    """Words that follow each other."""

    phrase: str

    def holds(self, words: list[str]) -> bool:
        return holds_phrase(words, words_of(self.phrase))

    def q(self, column: str) -> Q:
        return Q(**{column: phrase_query(self.phrase)})


class Matches(Func):
    """document @@ words"""

    template = "%(expressions)s"
    arg_joiner = " @@ "
    output_field = BooleanField()


@dataclass(frozen=True)
class EventTexts:
    """One event's texts, their words read when they are asked for."""

    texts: tuple[str, ...]
    indexed: str

    def words(self) -> list[str]:
        return words_of(self.indexed)


@dataclass(frozen=True, kw_only=True)
class TextField(Field):
    """`sides`: which texts it reads. Events are found by words once the pipeline has indexed them."""

    sides: tuple[TextColumn, ...]

    kind: ClassVar[str] = "words"
    has_facets: ClassVar[bool] = False
    is_slow: ClassVar[bool] = True
    reads_texts: ClassVar[bool] = True

    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        if isinstance(value, Glob):
            raise ValueError("looks for whole words; for parts of words there is /a regular expression/")
        test = text_test(value)
        if test.exact is None:
            return test
        if not words_of(test.exact):
            raise ValueError("takes words: there is no letter and no digit in it")
        return WordsTest(test.exact)

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        if isinstance(test, WordsTest):
            indexed = EventText.objects.filter(
                test.q("document"), event=OuterRef("pk"), project=scope.project
            )
            return Q(Exists(indexed)) & self._on_the_side(phrase_query(test.phrase))
        assert isinstance(test, TextTest)
        found = Q()
        for side in self.sides:
            found |= test.q(side)
        return found

    def narrow(
        self, events: QuerySet[Event], tests: Sequence[Test], *, key: str, scope: Scope
    ) -> QuerySet[Event]:
        """Words by a join with the index's rows, which the index finds."""
        if not all(isinstance(test, WordsTest) for test in tests):
            return events.filter(self.any_of(tests, key=key, scope=scope))
        words: SearchQuery | None = None
        for test in tests:
            assert isinstance(test, WordsTest)
            one = phrase_query(test.phrase)
            words = one if words is None else words | one
        assert words is not None, "a comparison has a value"
        return events.filter(
            self._on_the_side(words), search_text__document=words, search_text__project=scope.project
        )

    def _on_the_side(self, words: SearchQuery) -> Q:
        """The index does not tell the sides apart: what it finds is looked at again."""
        if len(self.sides) > 1:
            return Q()
        vector = SearchVector(SpacedText(Left(self.sides[0], SIDE_CHARACTERS)), config="simple")
        return Q(ExpressionWrapper(Matches(vector, words), output_field=BooleanField()))

    def present(self, *, key: str, scope: Scope) -> Q:
        found = Q()
        for side in self.sides:
            found |= ~Q(**{side: ""})
        return found

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        return [[texts] if any((texts := self._texts(event)).texts) else [] for event in facts.events]

    def _texts(self, event: Event) -> EventTexts:
        texts = tuple(getattr(event, side) for side in self.sides)
        whole = len(self.sides) > 1
        return EventTexts(texts, document(event.input, event.output) if whole else texts[0][:SIDE_CHARACTERS])

    def holds(self, value: Any, test: Test) -> bool:
        assert isinstance(value, EventTexts)
        if isinstance(test, WordsTest):
            return test.holds(value.words())
        assert isinstance(test, TextTest)
        return any(text != "" and test.holds(text) for text in value.texts)

    def known(
        self, scope: Scope, *, key: str = "", starts: str = "", limit: int = 20
    ) -> list[tuple[str, int]]:
        return []


TEXT = TextField(name="text", title="words of either side; the same as words without a field", example='text:"my money back"', sides=("input", "output"))  # fmt: skip
register(
    TEXT,
    TextField(name="input", title="words that the user said", example="input:refund", aliases=("user_input",), sides=("input",)),
    TextField(name="output", title="words that the agent said", example="output:/as an ai/i", aliases=("assistant_output",), sides=("output",)),
)  # fmt: skip
