"""The events of a project that a query finds: the tree as SQL."""

from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import Q, QuerySet

from ingest.models import Event
from signals.search.binding import bind
from signals.search.fields.registry import find_field
from signals.search.language.errors import QueryError
from signals.search.language.nodes import (
    Ago,
    And,
    Comparison,
    Leaf,
    Meaning,
    Node,
    Not,
    Or,
    Pattern,
    Regex,
    Text,
    all_of,
    conjuncts,
    leaves,
)
from signals.search.regexes import compile_regex
from signals.search.scope import Scope

# What no event passes. Django takes ~Q() for no condition.
NOTHING = Not(And())
_NONE = Q(pk__in=[])


def find_events(node: Node, scope: Scope, *, among: QuerySet[Event] | None = None) -> QuerySet[Event]:
    """Unordered. `among`: events to choose from, all of the project by default. Raises QueryError."""
    check_patterns(node)
    events = Event.objects.all() if among is None else among
    events = events.filter(project=scope.project)
    for part in conjuncts(node):
        bound = bind(part, scope) if isinstance(part, Leaf) else []
        events = bound[0].narrow(events) if len(bound) == 1 else events.filter(condition(part, scope))
    return events


def condition(node: Node, scope: Scope) -> Q:
    """The query as a condition on events of the scope's project. True or false, never null."""
    if isinstance(node, Not):
        return _NONE if node.node == And() else ~condition(node.node, scope)
    if isinstance(node, And):
        found = Q()
        for part in node.nodes:
            found &= condition(part, scope)
        return found
    found = Q()
    for one in node.nodes if isinstance(node, Or) else ():
        found |= condition(one, scope)
    if not isinstance(node, Or):
        for bound in bind(node, scope):
            found |= bound.q()
    return found


def split_meaning(node: Node) -> tuple[Meaning | None, Node]:
    """The first meaning that must hold, by which what is found can be ranked, and the rest of the query."""
    parts = conjuncts(node)
    ranks = next((part for part in parts if isinstance(part, Meaning)), None)
    return ranks, all_of(part for part in parts if part is not ranks)


def looks_into_texts(node: Node) -> bool:
    """Whether a condition reads texts or JSON, or goes by a pattern, which no index serves."""
    return any(_is_slow(leaf) for leaf, _ in leaves(node))


def _is_slow(leaf: Leaf) -> bool:
    if not isinstance(leaf, Comparison):
        return not isinstance(leaf, Ago)
    found = find_field(leaf.name)
    return found is None or found[0].is_slow or not all(isinstance(value, Text) for value in leaf.values)


def check_patterns(node: Node) -> None:
    """Lets PostgreSQL compile the query's regular expressions: it bounds their size in another way than RE2."""
    for leaf, _ in leaves(node):
        values = (
            leaf.values if isinstance(leaf, Comparison) else (leaf.value,) if isinstance(leaf, Regex) else ()
        )
        for value in values:
            if isinstance(value, Pattern):
                _check_pattern(value, leaf)


def _check_pattern(pattern: Pattern, leaf: Leaf) -> None:
    try:
        expression = compile_regex(pattern).for_postgres
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT '' ~ %s", [expression])
    except QueryError as error:
        raise QueryError(error.message, start=leaf.span[0], end=leaf.span[1]) from error
    except OperationalError:
        raise
    except DatabaseError as error:
        reason = str(error).partition("\n")[0][:200]
        raise QueryError(
            f"PostgreSQL does not take this regular expression: {reason}.",
            start=leaf.span[0],
            end=leaf.span[1],
        ) from error
