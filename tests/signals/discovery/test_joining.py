"""Groups that are the same become one, under the name that they were given."""

from dataclasses import replace

import numpy as np
import pytest

from signals.discovery.joining import Join, join_groups
from signals.discovery.problems import Group, group_problems
from tests.signals.discovery.test_grouping import near, seen

AXES = [0, 1, 2, 0, 1, 2]
VECTORS = near(*AXES)


def groups() -> list[Group]:
    found = group_problems([seen(f"Kind{axis} of problem") for axis in AXES], VECTORS)
    assert [group.members for group in found] == [(0, 3), (1, 4), (2, 5)]
    return found


def test_joined_groups_have_all_members_and_the_given_name() -> None:
    first, second = join_groups(groups(), [Join((0, 2), "Wrong in two ways", "Counts when ...")], VECTORS)
    assert (first.members, first.label, first.description) == (
        (0, 2, 3, 5),
        "Wrong in two ways",
        "Counts when ...",
    )
    assert first.centroid @ first.centroid == pytest.approx(1) and first.source == "facet"
    assert second.members == (1, 4)


def test_one_group_alone_is_named_anew() -> None:
    found = join_groups(groups(), [Join((1,), "Better name", "")], VECTORS)
    assert [group.label == "Better name" for group in found] == [False, True, False]
    assert found[1].description == groups()[1].description
    assert np.array_equal(found[1].centroid, groups()[1].centroid)


def test_parents_are_found_again_after_a_join() -> None:
    first, second, third = groups()
    part = replace(third, parent=2, level=1)
    found = join_groups([first, second, third, part], [Join((0, 1), "One", "")], VECTORS)
    assert [group.parent for group in found] == [None, None, 1]


@pytest.mark.parametrize(
    "joins",
    [
        [Join((0, 9), "a", "")],
        [Join((0, 1), "a", ""), Join((1, 2), "b", "")],
        [Join((3,), "a", "")],
        [Join((2,), "a", "")],
    ],
)
def test_what_cannot_be_joined_is_an_error(joins: list[Join]) -> None:
    first, second, third = groups()
    with pytest.raises(ValueError, match="join"):
        join_groups([first, second, third, replace(third, parent=2, level=1)], joins, VECTORS)
