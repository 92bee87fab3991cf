"""On which events of a batch a query holds: the tree in memory, to the same answer as in SQL (finding.py)."""

from signals.search.binding import bind
from signals.search.language.nodes import And, Node, Not, Or
from signals.search.scope import Facts


def holds(node: Node, facts: Facts) -> list[bool]:
    """One an event; an event of another project passes no query. Raises QueryError."""
    mine = [event.project_id == facts.scope.project.id for event in facts.events]
    return [held and own for held, own in zip(_holds(node, facts), mine, strict=True)]


def _holds(node: Node, facts: Facts) -> list[bool]:
    if isinstance(node, Not):
        return [not held for held in _holds(node.node, facts)]
    if isinstance(node, And | Or):
        each = [_holds(part, facts) for part in node.nodes]
        whole = all if isinstance(node, And) else any
        return [whole(column[at] for column in each) for at in range(len(facts.events))]
    each = [bound.holds(facts) for bound in bind(node, facts.scope)]
    return [any(column[at] for column in each) for at in range(len(facts.events))]
