"""The query language over issues: words of the title and the description, and an issue's own fields."""

from django.db.models import Q

from signals.search.comparing import NumberTest, TextTest
from signals.search.finding import check_patterns
from signals.search.language.errors import QueryError
from signals.search.language.nodes import And, Comparison, Node, Not, Or, Phrase, Regex, Text
from signals.search.language.parsing import parse

# Field -> column.
TEXTS = {
    "title": "title",
    "description": "description",
    "state": "state",
    "substate": "substate",
    "priority": "priority",
    "assignee": "assignee__username",
}
NUMBER = "number"
ALIASES = {"issue": NUMBER}  # as the language has it for events: issue:12


def issues_like(query: str) -> Q:
    """The issues that the query finds. Raises QueryError."""
    node = parse(query.replace("\x00", " "))
    check_patterns(node)
    return _condition(node)


def _condition(node: Node) -> Q:
    if isinstance(node, Not):
        return ~_condition(node.node)
    if isinstance(node, And | Or):
        found = Q()
        for part in node.nodes:
            found = found & _condition(part) if isinstance(node, And) else found | _condition(part)
        return found
    if isinstance(node, Phrase):
        return Q(title__icontains=node.text) | Q(description__icontains=node.text)
    if isinstance(node, Regex):
        test = TextTest.of(node.value)
        return test.q("title") | test.q("description")
    if isinstance(node, Comparison):
        return _compared(node)
    start, end = node.span
    raise QueryError("Issues have no such condition: look for words, or by a field.", start=start, end=end)


def _compared(leaf: Comparison) -> Q:
    name, (start, end) = ALIASES.get(leaf.name.lower(), leaf.name.lower()), leaf.span
    if name not in TEXTS and name != NUMBER:
        raise QueryError(
            f"There is no field {leaf.name[:80]!r} of issues. There are: {', '.join([*TEXTS, NUMBER])}. Words with a colon stand in quotes.",
            start=start,
            end=start + len(leaf.name),
        )
    if leaf.operator and (name != NUMBER or len(leaf.values) > 1):
        raise QueryError(f"{name} takes no {leaf.operator} here.", start=start, end=end)
    found = Q()
    try:
        for value in leaf.values:
            if name == NUMBER:
                found |= NumberTest.of(value, leaf.operator).q(NUMBER)
            elif value == Text(""):
                raise ValueError("takes a value")
            else:
                found |= TextTest.of(value).q(TEXTS[name])
    except QueryError as error:
        raise QueryError(error.message, start=start, end=end) from error
    except ValueError as error:
        raise QueryError(f"{name} {error}.", start=start, end=end) from error
    return found
