"""What the reader adds to the query language: `went_wrong:"..."`, words of what it said went wrong in an event's conversation."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from django.contrib.postgres.search import SearchVector
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet

from ingest.models import Project
from signals.models import Facet
from signals.reader.facets import facets_of_events
from signals.search.comparing import Test, TextTest
from signals.search.fields.columns import text_test
from signals.search.fields.registry import Field, register
from signals.search.fields.texts import Matches, WordsTest
from signals.search.language.nodes import Value
from signals.search.scope import Facts, Scope
from signals.search.tokens import words_of
from signals.vectors.text_search import SpacedText, phrase_query

Column = Literal["intent", "went_wrong"]


def words_test(value: Value) -> Test:
    """Of a text its words, one behind the other; a pattern as it is. Raises ValueError for a text without words."""
    test = text_test(value)
    if test.exact is None:
        return test
    if not words_of(test.exact):
        raise ValueError("takes words: there is no letter and no digit in it")
    return WordsTest(test.exact)


def said_q(column: Column, test: Test, project: Project) -> Q:
    """The events of conversations of which the reader said so."""
    rows = Facet.objects.filter(project=project)
    if isinstance(test, WordsTest):
        vector = SearchVector(SpacedText(column), config="simple")
        words = ExpressionWrapper(Matches(vector, phrase_query(test.phrase)), output_field=BooleanField())
        return _of_events(rows.filter(words))
    assert isinstance(test, TextTest)
    return _of_events(rows.filter(test.q(column)).exclude(**{column: ""}))


def said_at_all(column: Column, project: Project) -> Q:
    """The events of conversations of which the reader said anything there."""
    return _of_events(Facet.objects.filter(project=project).exclude(**{column: ""}))


def holds_in(text: str, test: Test) -> bool:
    """As `said_q`, on one text in memory."""
    if isinstance(test, WordsTest):
        return test.holds(words_of(text))
    assert isinstance(test, TextTest)
    return text != "" and test.holds(text)


def _of_events(rows: QuerySet[Facet]) -> Q:
    own = rows.filter(conversation=None, event=OuterRef("pk"))
    return Q(Exists(rows.filter(conversation=OuterRef("conversation_id")))) | Q(Exists(own))


@dataclass(frozen=True, kw_only=True)
class SaidField(Field):
    """`column`: of the facet."""

    column: Column

    kind: ClassVar[str] = "words"

    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        return words_test(value)

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        return said_q(self.column, test, scope.project)

    def present(self, *, key: str, scope: Scope) -> Q:
        return said_at_all(self.column, scope.project)

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        found = facets_of_events(facts.events)
        return [
            [text for facet in found.get(event.id, ()) if (text := getattr(facet, self.column))]
            for event in facts.events
        ]

    def holds(self, value: Any, test: Test) -> bool:
        return holds_in(value, test)


register(
    SaidField(
        name="went_wrong", title="words of what the reader says went wrong in the conversation", example='went_wrong:"wrong date"',
        column="went_wrong",
    )
)  # fmt: skip
