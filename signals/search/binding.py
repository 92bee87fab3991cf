"""Binds a query's conditions to the fields of a project. Unknown names and values that do not fit raise QueryError here."""

import pkgutil
from dataclasses import dataclass
from importlib import import_module

from django.db.models import Q, QuerySet

from ingest.models import EndUser, Event
from signals.search import fields
from signals.search.comparing import Test, TimeTest, moment_ago
from signals.search.fields.meaning import MEANING
from signals.search.fields.registry import Field, Kept, find_field, nearest_names
from signals.search.fields.texts import TEXT, WordsTest
from signals.search.language.errors import QueryError
from signals.search.language.nodes import (
    Ago,
    Comparison,
    Leaf,
    Meaning,
    Phrase,
    Regex,
    Span,
    Text,
    Value,
    quoted,
)  # fmt: skip
from signals.search.scope import Facts, Scope

for _module in pkgutil.iter_modules(fields.__path__):
    import_module(f"{fields.__name__}.{_module.name}")  # registers its fields

HAS = "has"
NEWEST = 2000  # events in which a bare name is looked for among the properties


@dataclass(frozen=True, slots=True)
class Bound:
    """One condition: an event's value passes one of `tests`; without tests, it has a value."""

    field: Field
    key: str
    tests: tuple[Test, ...]
    scope: Scope

    def q(self) -> Q:
        if not self.tests:
            return self.field.present(key=self.key, scope=self.scope)
        return self.field.any_of(self.tests, key=self.key, scope=self.scope)

    def narrow(self, events: QuerySet[Event]) -> QuerySet[Event]:
        if not self.tests:
            return events.filter(self.q())
        return self.field.narrow(events, self.tests, key=self.key, scope=self.scope)

    def kept(self) -> Kept | None:
        """Where what it finds is counted already."""
        return self.field.kept(self.tests) if self.tests else None

    def holds(self, facts: Facts) -> list[bool]:
        """One an event."""
        values = self.field.values(facts, key=self.key)
        if not self.tests:
            return [len(mine) > 0 for mine in values]
        return [
            any(self.field.holds(value, test) for value in mine for test in self.tests) for mine in values
        ]


def bind(leaf: Leaf, scope: Scope) -> list[Bound]:
    """The conditions, one of which must hold. Raises QueryError."""
    if isinstance(leaf, Phrase):
        _check_forgotten(leaf)
        return [Bound(TEXT, "", (WordsTest(leaf.text),), scope)]
    if isinstance(leaf, Regex):
        return [_bound(TEXT, "", "", (leaf.value,), leaf.span, scope, name="a search")]
    if isinstance(leaf, Ago):
        [(field, key)] = _fields("since", leaf.span, scope)
        return [Bound(field, key, (TimeTest(moment_ago(leaf, now=scope.now), None),), scope)]
    if isinstance(leaf, Meaning):
        return [_bound(MEANING, "", "", (Text(leaf.text),), leaf.span, scope, name="a meaning")]
    if leaf.name.lower() == HAS:
        return [bound for value in leaf.values for bound in _has(leaf, value, scope)]
    return [
        _bound(field, key, leaf.operator, leaf.values, leaf.span, scope, name=leaf.name)
        for field, key in _fields(leaf.name, leaf.span, scope)
    ]


def _has(leaf: Comparison, value: Value, scope: Scope) -> list[Bound]:
    if leaf.operator or not isinstance(value, Text):
        raise QueryError(
            "has: takes the name of a field, such as has:user.", start=leaf.span[0], end=leaf.span[1]
        )
    found = _fields(value.text, leaf.span, scope, whole=True)
    try:
        for field, key in found:
            field.check_key(key, scope)
    except ValueError as error:
        raise QueryError(_sentence(f"{value.text} {error}"), start=leaf.span[0], end=leaf.span[1]) from error
    return [Bound(field, key, (), scope) for field, key in found]


def _fields(name: str, span: Span, scope: Scope, *, whole: bool = False) -> list[tuple[Field, str]]:
    """The fields that `name` may mean: the field itself, else the property and the trait of that name that the project has.

    Raises QueryError at `span`: at all of it if `whole`, else at the name alone.
    """
    if found := find_field(name):
        return [found]
    if kinds := _attributes(name, scope):
        return [found for kind in kinds if (found := find_field(f"{kind}.{name}"))]
    raise QueryError(_unknown(name), start=span[0], end=span[1] if whole else span[0] + len(name))


def _attributes(name: str, scope: Scope) -> list[str]:
    """Of "prop" and "trait", which have that name on the newest events or end users."""
    if "." in name and find_field(name.partition(".")[0] + ".x"):
        return []
    events = Event.objects.filter(project=scope.project).order_by("-timestamp", "-id")[:NEWEST]
    people = EndUser.objects.filter(project=scope.project).order_by("-last_seen")[:NEWEST]
    found = []
    if Event.objects.filter(pk__in=events.values("pk"), properties__has_key=name).exists():
        found.append("prop")
    if EndUser.objects.filter(pk__in=people.values("pk"), traits__has_key=name).exists():
        found.append("trait")
    return found


def _unknown(name: str) -> str:
    base = name.partition(".")[0]
    if (field := find_field(f"{base}.x")) and field[1]:
        return f"{name} needs a name behind its dot, such as {field[0].example}."
    if (field := find_field(base)) and base != name:
        return f"There is no field {name!r}; there is {base}, such as {field[0].example}."
    near = nearest_names(name)
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"There is no field {name[:80]!r}.{meant} A property is written prop.{name[:80]}:value, words with a colon in them stand in quotes."


def _bound(
    field: Field, key: str, operator: str, values: tuple[Value, ...], span: Span, scope: Scope, *, name: str
) -> Bound:
    start, end = span
    if operator not in field.operators:
        raise QueryError(f"{name} knows no {operator}: it is written {field.example}.", start=start, end=end)
    if operator and len(values) > 1:
        raise QueryError(f"{name}:{operator} takes one value.", start=start, end=end)
    try:
        field.check_key(key, scope)
        tests = tuple(field.test(value, operator=operator, key=key, scope=scope) for value in values)
    except QueryError as error:
        raise QueryError(error.message, start=start, end=end) from error
    except ValueError as error:
        raise QueryError(_sentence(f"{name} {error}"), start=start, end=end) from error
    return Bound(field, key, tests, scope)


def _sentence(text: str) -> str:
    return text if text.endswith("?") else f"{text}."


def _check_forgotten(phrase: Phrase) -> None:
    """`signal: x` would look for the word "signal"."""
    name = phrase.text[:-1]
    length = phrase.span[1] - phrase.span[0]
    if phrase.text.endswith(":") and length == len(phrase.text) and (name.lower() == HAS or find_field(name)):
        raise QueryError(
            f"{phrase.text} needs a value right behind the colon. To look for the word, write {quoted(phrase.text)}.",
            start=phrase.span[0],
            end=phrase.span[1],
        )
