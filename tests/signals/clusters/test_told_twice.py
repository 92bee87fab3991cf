"""A tool's failures and what a reader said of the same conversations are one problem."""

import uuid
from dataclasses import dataclass, field

import pytest

from signals.clusters.told_twice import join_inside, join_told_twice


@dataclass(slots=True)
class Draft:
    origin: str
    parent: uuid.UUID | None = None
    level: int = 0
    id: uuid.UUID = field(default_factory=uuid.uuid4)


def talks(*numbers: int) -> set[uuid.UUID]:
    return {uuid.UUID(int=n) for n in numbers}


READ = talks(*range(100))


def test_a_tool_of_the_same_conversations_is_a_part_of_what_was_said() -> None:
    tool, facet, other = Draft("tool sync"), Draft("facet"), Draft("facet")
    part = Draft("tool sync", parent=tool.id, level=1)
    units = {
        tool.id: talks(1, 2, 3, 4, 200, 201, 202),
        facet.id: talks(1, 2, 3, 5, 6),
        other.id: talks(4, 7, 8),
    }
    join_told_twice([tool, part, facet, other], units=units, read=READ, alone=set())
    assert (tool.parent, tool.level, part.parent, part.level) == (facet.id, 1, tool.id, 2)
    assert facet.parent is None and other.parent is None


@pytest.mark.parametrize(
    ("tool", "facet"),
    [
        (talks(1, 2, 3, 4, 5, 6), talks(1, 2, 3)),  # half of the failures are something else
        (talks(1, 2, 3), talks(*range(1, 20))),  # much more is said than the tool tells
        (talks(1, 2), talks(1, 2)),  # too few
        (talks(200, 201, 202), talks(1, 2, 3)),  # none was read
    ],
)
def test_others_stay_apart(tool: set[uuid.UUID], facet: set[uuid.UUID]) -> None:
    one, other = Draft("tool sync"), Draft("facet")
    join_told_twice([one, other], units={one.id: tool, other.id: facet}, read=READ, alone=set())
    assert one.parent is None and one.level == 0


def test_what_a_person_touched_and_other_evidence_stay() -> None:
    one, complaint, other = Draft("tool sync"), Draft("complaint"), Draft("facet")
    units = {draft.id: talks(1, 2, 3, 4) for draft in (one, complaint, other)}
    join_told_twice([one, complaint, other], units=units, read=READ, alone={one.id})
    assert one.parent is None and complaint.parent is None


def test_what_lies_inside_a_tools_failures_is_a_part_of_them() -> None:
    tool, claim, far = Draft("tool sync"), Draft("signal false_success"), Draft("complaint")
    template, part = Draft("tool sync", parent=tool.id, level=1), Draft("complaint", parent=far.id, level=1)
    units = {
        tool.id: talks(1, 2, 3, 4, 5),
        template.id: talks(1, 2, 3),
        claim.id: talks(1, 2, 3, 4, 9),
        far.id: talks(1, 2, 3, 8, 9),
        part.id: talks(1, 2, 3),
    }
    drafts = [tool, template, claim, far, part]
    assert join_inside(drafts, units=units, everything=100, alone=set()) == {claim.id}
    assert (claim.parent, claim.level) == (tool.id, 1)
    assert tool.parent is None and far.parent is None and part.parent == far.id


def test_it_goes_where_the_tool_went_with_its_own_parts() -> None:
    facet, tool, claim = Draft("facet"), Draft("tool sync", level=1), Draft("signal refusal")
    tool.parent = facet.id
    part = Draft("signal refusal", parent=claim.id, level=1)
    units = {draft.id: talks(1, 2, 3, 4) for draft in (facet, tool, claim, part)}
    assert join_inside([facet, tool, claim, part], units=units, everything=50, alone=set()) == {claim.id}
    assert (claim.parent, claim.level, part.level) == (tool.id, 2, 3)


@pytest.mark.parametrize(
    ("tool", "other", "everything"),
    [
        (talks(*range(1, 41)), talks(1, 2, 3), 60),  # so common a failure holds others by chance
        (talks(1, 2, 3), talks(1, 2, 4), 100),  # only partly
        (talks(7, 8, 9), talks(1, 2, 3), 100),
        (talks(1, 2, 3), talks(), 100),
    ],
)
def test_what_is_not_inside_stays(tool: set[uuid.UUID], other: set[uuid.UUID], everything: int) -> None:
    one, signal, facet = Draft("tool sync"), Draft("signal refusal"), Draft("facet")
    units = {one.id: tool, signal.id: other, facet.id: talks(1, 2, 3)}
    assert not join_inside([one, signal, facet], units=units, everything=everything, alone=set())
    assert not join_inside([one, facet], units=units, everything=100, alone=set())
    assert (
        not join_inside([one, signal], units=units, everything=100, alone={signal.id}) and not signal.parent
    )
