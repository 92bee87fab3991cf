"""The dimensions by which an issue is defined: they explain it by saying it again."""

from collections import defaultdict

from issues.models import Issue
from issues.models.issues import Follows
from signals.clusters.comes_with import dimensions_of
from signals.dimensions.names import CALLED, FAILED, FIELDS, PARTS, RELEASE, SIGNAL
from signals.search.fields.registry import find_field
from signals.search.language.errors import QueryError
from signals.search.language.nodes import Comparison, Text, leaves
from signals.search.language.parsing import parse


def own_dimensions(issue: Issue) -> set[str]:
    """Of the issue."""
    if issue.follows == Follows.SIGNAL:
        return {SIGNAL + (issue.signal.key if issue.signal else issue.follows_name)}
    if issue.follows == Follows.CLUSTER:
        return dimensions_of(issue.cluster) if issue.cluster else set()
    if issue.follows != Follows.QUERY:
        return set()
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    try:
        for leaf, _ in leaves(parse(issue.query)):
            if isinstance(leaf, Comparison) and (known := find_field(leaf.name)):
                found[known[0].name, known[1]].update(
                    value.text for value in leaf.values if isinstance(value, Text)
                )
    except QueryError:
        return set()
    own = set()
    for (name, key), values in found.items():
        own |= {dimension for dimension, of in FIELDS.items() if of == name}
        own |= {f"{part}.{key}" for part, of in PARTS.items() if of == name}
        own |= {SIGNAL + value for value in values} if name == "signal" else set()
        own |= {FAILED, CALLED} if name in ("tool", "tool.failed", "tool.error") else set()
    return own | ({RELEASE} if "property.release" in own else set())
