"""What hangs on an event: tool calls, signals, its place in its conversation, how far the pipeline is with it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, ClassVar

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from ingest.models import Event, ProcessingFailure, QueuedEvent, Span
from ingest.models.events import SpanKind, SpanStatus
from signals.models import SignalMatch
from signals.search.comparing import NumberTest, OneOf, Test, TextTest, only_one
from signals.search.fields.columns import text_test
from signals.search.fields.registry import COMPARISONS, Field, Kept, register
from signals.search.language.nodes import Text, Value
from signals.search.scope import Facts, Scope, Step


def _steps(scope: Scope) -> QuerySet[Span]:
    return Span.objects.filter(project=scope.project, event=OuterRef("pk"), kind=SpanKind.TOOL)


@dataclass(frozen=True, kw_only=True)
class ToolText(Field):
    """`column` of the tool calls that pass `among`; `read`: the same off a step, empty where it is none of them."""

    column: str
    among: Q
    read: Callable[[Step], str]

    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        return text_test(value)

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        assert isinstance(test, TextTest)
        return Q(Exists(_steps(scope).filter(self.among, test.q(self.column))))

    def present(self, *, key: str, scope: Scope) -> Q:
        return Q(Exists(_steps(scope).filter(self.among).exclude(**{self.column: ""})))

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        steps = [facts.steps.get(event.id, []) for event in facts.events]
        return [[value for step in mine if (value := self.read(step))] for mine in steps]

    def grouped(self, events: QuerySet[Event], *, key: str, scope: Scope) -> QuerySet[Any] | None:
        steps = Span.objects.filter(
            self.among, project=scope.project, event__in=events.values("pk"), kind=SpanKind.TOOL
        )
        return steps.exclude(**{self.column: ""}).annotate(value=F(self.column))


def _matches(scope: Scope) -> QuerySet[SignalMatch]:
    return SignalMatch.objects.filter(project=scope.project, event=OuterRef("pk"))


@dataclass(frozen=True, kw_only=True)
class SignalField(Field):
    """Signals that hold, by their key, name or id, or by their group's name or id."""

    of_group: bool = False

    kind: ClassVar[str] = "choice"

    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        return OneOf(self.find(value, scope))

    def find(self, value: Value, scope: Scope) -> frozenset[Any]:
        """The signals that the value names. Raises ValueError where it names none."""
        test = text_test(value)
        found = frozenset(signal.id for signal in scope.signals if any(map(test.holds, self._names(signal))))
        if found or (self.of_group and any(map(test.holds, scope.groups))):
            return found
        what = "group of signals" if self.of_group else "signal"
        names = [name for signal in scope.signals for name in self._names(signal)[:2]]
        near = get_close_matches(value.text, names, n=1) if isinstance(value, Text) else []
        hint = f": do you mean {Text(near[0])}?" if near else ""
        raise ValueError(f"names a {what}, and there is no {str(value)[:80]} in this project{hint}")

    def _names(self, signal: Any) -> list[str]:
        if not self.of_group:
            return [signal.key, signal.name, str(signal.id)]
        return [signal.group.name, str(signal.group.id)] if signal.group else []

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        assert isinstance(test, OneOf)
        return Q(Exists(_matches(scope).filter(test.q("signal"))))

    def narrow(
        self, events: QuerySet[Event], tests: Sequence[Test], *, key: str, scope: Scope
    ) -> QuerySet[Event]:
        """One signal by a join, not EXISTS: there is one match per event and signal, and signal_match_recent finds a rare one."""
        kept = self.kept(tests)
        if kept is None:
            return events.filter(self.any_of(tests, key=key, scope=scope))
        return events.filter(signal_matches__signal=kept.subject, signal_matches__project=scope.project)

    def kept(self, tests: Sequence[Test]) -> Kept | None:
        signal = only_one(tests)
        return signal and Kept(signal, SignalMatch._meta.db_table, "signal_id")

    def present(self, *, key: str, scope: Scope) -> Q:
        held = _matches(scope)
        return Q(Exists(held.filter(signal__group__isnull=False) if self.of_group else held))

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        known = {signal.id: signal for signal in facts.scope.signals}
        held = [facts.scores.get(event.id, {}) for event in facts.events]
        if self.of_group:
            return [[one for one in mine if one in known and known[one].group_id] for mine in held]
        return [list(mine) for mine in held]

    def grouped(self, events: QuerySet[Event], *, key: str, scope: Scope) -> QuerySet[Any] | None:
        held = SignalMatch.objects.filter(project=scope.project, event__in=events.values("pk"))
        if self.of_group:
            return held.filter(signal__group__isnull=False).annotate(value=F("signal__group__name"))
        return held.annotate(value=F("signal_id"))

    def names(self, scope: Scope) -> Mapping[Any, Any] | None:
        return None if self.of_group else {signal.id: signal.key for signal in scope.signals}

    def shown(self, value: Any, scope: Scope) -> str:
        for signal in scope.signals:
            if signal.id == value:
                return self._names(signal)[0]
        return str(value)


@dataclass(frozen=True, kw_only=True)
class Score(Field):
    """Of a signal's match: of any signal, or with a key of the signal of that name."""

    takes_key: bool = True

    kind: ClassVar[str] = "number"
    operators: ClassVar[tuple[str, ...]] = COMPARISONS

    def check_key(self, key: str, scope: Scope) -> None:
        if key:
            _SIGNAL.find(Text(key), scope)

    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        return NumberTest.of(value, operator)

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        assert isinstance(test, NumberTest)
        return Q(Exists(self._rows(key, scope).filter(test.q("score"))))

    def present(self, *, key: str, scope: Scope) -> Q:
        return Q(Exists(self._rows(key, scope)))

    def _rows(self, key: str, scope: Scope) -> QuerySet[SignalMatch]:
        return _matches(scope).filter(signal__in=_SIGNAL.find(Text(key), scope)) if key else _matches(scope)

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        held = [facts.scores.get(event.id, {}) for event in facts.events]
        if not key:
            return [list(mine.values()) for mine in held]
        ids = _SIGNAL.find(Text(key), facts.scope)
        return [[score for one, score in mine.items() if one in ids] for mine in held]


@dataclass(frozen=True, kw_only=True)
class Turns(Field):
    """Turns of the conversation up to and with this one; 1 outside of a conversation."""

    kind: ClassVar[str] = "number"
    operators: ClassVar[tuple[str, ...]] = COMPARISONS

    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        return NumberTest.of(value, operator)

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        assert isinstance(test, NumberTest)
        before = Q(timestamp__lt=OuterRef("timestamp")) | Q(
            timestamp=OuterRef("timestamp"), pk__lt=OuterRef("pk")
        )
        earlier = Event.objects.filter(
            before, conversation=OuterRef("conversation_id"), project=scope.project, is_pending=False
        )
        count = earlier.order_by().values("conversation").annotate(n=Count("pk")).values("n")
        return test.on(Coalesce(Subquery(count, output_field=IntegerField()), 0) + 1)

    def present(self, *, key: str, scope: Scope) -> Q:
        return Q(pk__isnull=False)

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        return [[facts.turns.get(event.id, 1)] for event in facts.events]


STATES = {
    "pending": "Partial, more is to come",
    "queued": "Waiting for the pipeline",
    "failed": "Failed in the pipeline",
}


@dataclass(frozen=True, kw_only=True)
class State(Field):
    kind: ClassVar[str] = "choice"

    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        if not isinstance(value, Text) or value.text not in STATES:
            raise ValueError(f"is one of {', '.join(STATES)}")
        return TextTest.of(value)

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        assert isinstance(test, TextTest)
        return {
            "pending": Q(is_pending=True),
            "queued": Q(Exists(QueuedEvent.objects.filter(event=OuterRef("pk"), project=scope.project))),
            "failed": Q(
                Exists(ProcessingFailure.objects.filter(event=OuterRef("pk"), project=scope.project))
            ),
        }[test.exact or ""]

    def present(self, *, key: str, scope: Scope) -> Q:
        found = Q()
        for state in STATES:
            found |= self.where(TextTest(exact=state), key=key, scope=scope)
        return found

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        mine = {"project": facts.scope.project, "event__in": facts.ids}
        queued = set(QueuedEvent.objects.filter(**mine).values_list("event", flat=True))
        failed = set(ProcessingFailure.objects.filter(**mine).values_list("event", flat=True))
        return [
            ["pending"] * event.is_pending
            + ["queued"] * (event.id in queued)
            + ["failed"] * (event.id in failed)
            for event in facts.events
        ]


_SIGNAL = SignalField(
    name="signal", title="a signal that holds, by its key", example="signal:user_frustration"
)
_FAILED = Q(status=SpanStatus.ERROR)
register(
    _SIGNAL,
    SignalField(name="signal.group", title="a group, one of whose signals holds", example='signal.group:"Task failure"', aliases=("signal_group",), of_group=True),
    Score(name="score", title="the score of a signal's match; score.KEY of that signal's", example="score.user_frustration:>0.8"),
    ToolText(name="tool", title="a tool that was called", example="tool:book_flight", aliases=("tool.called",), column="name", among=Q(), read=lambda step: step.name),
    ToolText(name="tool.failed", title="a tool that failed", example="tool.failed:book_flight", column="name", among=_FAILED, read=lambda step: step.name if step.failed else ""),
    ToolText(name="tool.error", title="what a tool said when it failed: all of it, or a part between stars", example="tool.error:*refused*", column="error", among=_FAILED, read=lambda step: step.error if step.failed else ""),
    Turns(name="turns", title="turns of the conversation so far", example="turns:>=5", aliases=("turn",)),
    State(name="state", title="how far the pipeline is: pending, queued or failed", example="state:failed"),
)  # fmt: skip
