"""What a field is, and which there are."""

import difflib
import uuid
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import Q, QuerySet

from ingest.models import Event
from signals.search.comparing import Test
from signals.search.language.nodes import Value
from signals.search.scope import Facts, Scope

NEWEST = 2000  # of the newest events, for known values
COMPARISONS = ("", ">", ">=", "<", "<=")


@dataclass(frozen=True, slots=True)
class Kept:
    """`subject` of the roll-ups, and the table of its matches: one for each of its events, with the event's user, conversation and time;
    `column` is the subject."""

    subject: uuid.UUID
    table: str
    column: str


@dataclass(frozen=True, kw_only=True)
class Field(ABC):
    """A name that stands before a colon. `key` is what stands behind its dot (`prop.plan`: "plan"), "" for a field without."""

    name: str
    title: str  # what it is, as in a table
    example: str
    aliases: tuple[str, ...] = ()
    takes_key: bool = False
    needs_key: bool = False

    kind: ClassVar[str] = "text"
    has_facets: ClassVar[bool] = True  # whether events can be counted by its values
    operators: ClassVar[tuple[str, ...]] = ("",)
    is_slow: ClassVar[bool] = False  # its query reads texts or JSON, which may take long
    reads_texts: ClassVar[bool] = (
        False  # `values` reads the events' input or output: else they are not loaded for `known`
    )

    def check_key(self, key: str, scope: Scope) -> None:  # noqa: B027  # nothing to check is what most fields have
        """Raises ValueError for a key that names nothing. Its message goes on from the field's name ("score names a signal that ...").
        By default any key will do."""

    @abstractmethod
    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        """The value of a comparison, made ready. Raises ValueError with what is wrong, as `check_key`, which has passed, does."""

    @abstractmethod
    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        """The events on which the test holds. True or false, never null."""

    @abstractmethod
    def present(self, *, key: str, scope: Scope) -> Q:
        """The events that have a value at all."""

    @abstractmethod
    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        """Each event's values, each of which `holds` asks a test about. Empty: no value. Of tools and signals there may be several."""

    def narrow(
        self, events: QuerySet[Event], tests: Sequence[Test], *, key: str, scope: Scope
    ) -> QuerySet[Event]:
        """The events on which one of the tests holds. It is asked where only ANDs stand around the condition. Override it where a
        faster query exists than `where` makes."""
        return events.filter(self.any_of(tests, key=key, scope=scope))

    def any_of(self, tests: Sequence[Test], *, key: str, scope: Scope) -> Q:
        found = Q()
        for test in tests:
            found |= self.where(test, key=key, scope=scope)
        return found

    def holds(self, value: Any, test: Test) -> bool:
        return test.holds(value)

    def grouped(self, events: QuerySet[Event], *, key: str, scope: Scope) -> QuerySet[Any] | None:
        """The events, or rows of what hangs on them that have an `event`, each with its `value`; an event with several values is there
        several times. None for a field whose values are counted one by one (signals/search/faceting.py)."""
        return None

    def names(self, scope: Scope) -> Mapping[Any, Any] | None:
        """What the values of `grouped` are called, where these are ids: a merge join with the names can have PostgreSQL read all matches of a project.
        None where they are the values themselves."""
        return None

    def kept(self, tests: Sequence[Test]) -> Kept | None:
        """Where the events on which one of the tests holds are kept and counted already: a match of the thing for each. None where no
        such thing has exactly these events."""
        return None

    def shown(self, value: Any, scope: Scope) -> str:
        """A value as it is written in a query."""
        return str(value)

    def known(
        self, scope: Scope, *, key: str = "", starts: str = "", limit: int = 20
    ) -> list[tuple[str, int]]:
        """Values that the NEWEST newest events have, each with how many of them have it, most first. For completion."""
        newest = Event.objects.filter(project=scope.project).select_related("end_user", "conversation")
        if not self.reads_texts:  # they may be long
            newest = newest.defer("input", "output")
        facts = Facts(list(newest.order_by("-timestamp", "-id")[:NEWEST]), scope)
        # By type as well: 1 and true are equal, and shown otherwise. Each value is shown once, which may take a query.
        by_value = Counter(
            (type(value), value) for values in self.values(facts, key=key) for value in set(values)
        )
        counts: Counter[str] = Counter()
        for (_, value), n in by_value.items():
            counts[self.shown(value, scope)] += n
        found = [(value, n) for value, n in counts.items() if value.lower().startswith(starts.lower())]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:limit]


_FIELDS: dict[str, Field] = {}
_ALIASES: dict[str, Field] = {}


def register(*fields: Field) -> None:
    """Adds fields. From `AppConfig.ready()` or at import. Raises ValueError for a name that another field has."""
    for field in fields:
        for name in (field.name, *field.aliases):
            if _ALIASES.get(name, field) != field:
                raise ValueError(f"Two fields are called {name!r}.")
        _FIELDS[field.name] = field
        for name in (field.name, *field.aliases):
            _ALIASES[name] = field


def all_fields() -> Iterator[Field]:
    """By name."""
    return iter(sorted(_FIELDS.values(), key=lambda field: field.name))


def find_field(name: str) -> tuple[Field, str] | None:
    """The field of that name and its key: `prop.plan` is (the properties' field, "plan"). Case of a field's own name does not count."""
    field = _ALIASES.get(name.lower())
    if field and not field.needs_key:
        return field, ""
    base, _, key = name.partition(".")
    field = _ALIASES.get(base.lower())
    return (field, key) if field and field.takes_key and key else None


def nearest_names(name: str) -> list[str]:
    """Fields that are spelt nearly so."""
    return difflib.get_close_matches(name.lower(), [*_ALIASES], n=2, cutoff=0.75)
