"""Making one group of several that are the same, under a name that somebody gave. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from signals.discovery.naming import LONGEST, cut
from signals.discovery.observations import Floats
from signals.discovery.problems import Group, unit

DESCRIPTION = 400  # characters


@dataclass(frozen=True, slots=True)
class Join:
    """The groups at `places` of a list are one, with this name and description; one place alone is named anew."""

    places: tuple[int, ...]
    label: str
    description: str


def join_groups(groups: Sequence[Group], joins: Sequence[Join], vectors: Floats) -> list[Group]:
    """The groups in their order; a joined one stands where its first stood. `vectors` (n, 384): of the observations that the groups' members
    index. Raises ValueError where a place is none, is joined twice, or has parts or is one."""
    places = [place for join in joins for place in join.places]
    with_parts = {group.parent for group in groups}
    if len(set(places)) != len(places):
        raise ValueError("a group is joined twice")
    for place in places:
        if not 0 <= place < len(groups) or groups[place].parent is not None or place in with_parts:
            raise ValueError(f"group {place} cannot be joined")
    made = {
        min(join.places): _joined([groups[place] for place in sorted(join.places)], join, vectors)
        for join in joins
        if join.places
    }
    gone = set(places) - made.keys()
    moved: dict[int, int] = {}
    found: list[Group] = []
    for place, group in enumerate(groups):
        if place not in gone:
            moved[place] = len(found)
            found.append(made.get(place, group))
    return [group if group.parent is None else replace(group, parent=moved[group.parent]) for group in found]


def _joined(groups: Sequence[Group], join: Join, vectors: Floats) -> Group:
    members = tuple(sorted({member for group in groups for member in group.members}))
    centroid = groups[0].centroid if len(groups) == 1 else unit(vectors[np.array(members)].mean(axis=0))
    sources, keys = {group.source for group in groups}, {group.key for group in groups}
    words = dict.fromkeys(word for group in groups for word in group.keywords)
    return replace(
        groups[0],
        members=members,
        label=cut(join.label, LONGEST),
        description=cut(join.description, DESCRIPTION) or groups[0].description,
        keywords=tuple(words)[: max(3, len(groups[0].keywords))],
        centroid=centroid,
        source=sources.pop() if len(sources) == 1 else "",
        key=keys.pop() if len(keys) == 1 else "",
        origins=tuple(dict.fromkeys(origin for group in groups for origin in group.origins)),
    )
