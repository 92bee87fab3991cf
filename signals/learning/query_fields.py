"""What learning adds to the query language: the sentiment of an event's signals."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Q

from signals.learning.standing import headline
from signals.models import SignalMatch
from signals.models.definitions import Sentiment
from signals.search.comparing import OneOf, Test
from signals.search.fields.registry import Field, register
from signals.search.language.nodes import Text, Value
from signals.search.scope import Facts, Scope


@dataclass(frozen=True, kw_only=True)
class SentimentField(Field):
    """Of a signal that is on, not muted and not tentative: those that the overview's totals stand on."""

    kind: ClassVar[str] = "choice"

    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        if not isinstance(value, Text) or value.text not in Sentiment.values:
            raise ValueError(f"is one of {', '.join(Sentiment.values)}")
        return OneOf(frozenset([value.text]))

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        return self._holds(
            [id for id, sentiment in self._shown(scope).items() if test.holds(sentiment)], scope
        )

    def present(self, *, key: str, scope: Scope) -> Q:
        return self._holds(list(self._shown(scope)), scope)

    def _holds(self, signals: list[Any], scope: Scope) -> Q:
        held = SignalMatch.objects.filter(event=OuterRef("pk"), project=scope.project, signal__in=signals)
        return Q(Exists(held))

    def _shown(self, scope: Scope) -> dict[Any, str]:
        """Sentiments, by signal."""
        found = headline(one for one in scope.signals if one.enabled and not one.muted)
        return {signal.id: signal.sentiment for signal in found}

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        shown = self._shown(facts.scope)
        return [
            {shown[signal] for signal in facts.scores.get(event.id, {}) if signal in shown}
            for event in facts.events
        ]


register(
    SentimentField(
        name="sentiment",
        title="a signal that is negative, positive or neutral, and counts in the overview",
        example="sentiment:negative",
    )
)
