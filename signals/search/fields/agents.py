"""The agents that took part in an event: the one that the app names in the property `agent`, and those of its spans, which were handed to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.lookups import IsNull

from ingest.models import Span
from ingest.models.events import AGENT_NAME, SpanKind
from signals.search.comparing import Test, TextTest
from signals.search.fields.columns import text_test
from signals.search.fields.json_values import JsonKey, JsonTest
from signals.search.fields.registry import Field, register
from signals.search.language.nodes import Value
from signals.search.scope import Facts, Scope

NAME = "agent"
FEW = 5000  # spans of an agent: their events are looked up first. Of more each event is asked for its own, which a page of them soon has
_PROPERTY = JsonKey(
    name=NAME, title="", example="", column="properties", takes_key=False, needs_key=False, fixed_key=NAME
)


@dataclass(frozen=True, slots=True)
class AgentTest:
    named: JsonTest
    of_spans: TextTest

    def holds(self, value: Any) -> bool:
        return self.named.holds(value) or (
            isinstance(value, str) and value != "" and self.of_spans.holds(value)
        )

    def q(self, column: str) -> Q:
        return self.of_spans.q(column)


@dataclass(frozen=True, kw_only=True)
class Agent(Field):
    """Of the spans by an index of their agents (span_of_agent)."""

    is_slow: ClassVar[bool] = True

    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        of_spans = text_test(value)
        named = _PROPERTY.test(value, operator=operator, key=key, scope=scope)
        assert isinstance(named, JsonTest)
        return AgentTest(named, of_spans)

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        assert isinstance(test, AgentTest)
        named = _PROPERTY.where(test.named, key=key, scope=scope)
        spans = _agents(scope).filter(test.q("agent"))
        if test.of_spans.exact is None:
            return named | Q(Exists(spans.filter(event=OuterRef("pk"))))
        events = list(spans.values_list("event", flat=True).order_by()[: FEW + 1])
        if len(events) <= FEW:
            return named | Q(pk__in=RawSQL("SELECT unnest(%s::uuid[])", [events]))
        # Not Exists: beside OR, PostgreSQL would read all of a common agent's spans before the first event.
        return named | Q(IsNull(Subquery(spans.filter(event=OuterRef("pk")).values("pk")[:1]), False))

    def present(self, *, key: str, scope: Scope) -> Q:
        return _PROPERTY.present(key=key, scope=scope) | Q(
            Exists(_agents(scope).filter(event=OuterRef("pk")))
        )

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        named = _PROPERTY.values(facts, key=key)
        return [
            [
                *mine,
                *sorted(facts.agents.get(event.id, set()) - {one for one in mine if isinstance(one, str)}),
            ]
            for event, mine in zip(facts.events, named, strict=True)
        ]

    def shown(self, value: Any, scope: Scope) -> str:
        return _PROPERTY.shown(value, scope)


def _agents(scope: Scope) -> QuerySet[Span]:
    spans = Span.objects.filter(project=scope.project, event__isnull=False, kind=SpanKind.AGENT)
    return spans.annotate(agent=AGENT_NAME)


register(
    Agent(name=NAME, title="an agent that took part, also one that was handed to", example="agent:refunds")
)
