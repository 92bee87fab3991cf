"""One problem, once: a tool that fails, what a reader said of the same conversations, and what else is read in them."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Protocol

# So much of the tool's failures that were read are of what the reader said, and of what the reader said so much is with the tool's failures;
# in at least so many conversations. On the demo's ledgerly: 7 of 9 and 7 of 8 (`create_invoice` times out, and duplicates), 6 of 7 and 6 of 13
# (receipts stay in processing); the next pair has 1 of 3.
OF_TOOL, OF_READ, CONVERSATIONS = 0.6, 0.3, 3
# So much of a problem's conversations are those of a failing tool, which by chance alone is so unlikely. On the corpus's products for training
# that holds for six problems (false success, loops, repetition), all of the kind that the tool's own problem is of (docs/benchmarks.md).
INSIDE, CHANCE = 0.8, 0.01


class Told(Protocol):
    id: uuid.UUID
    origin: str
    parent: uuid.UUID | None
    level: int


def join_told_twice(
    drafts: Sequence[Told],
    *,
    units: Mapping[uuid.UUID, set[uuid.UUID]],
    read: set[uuid.UUID],
    alone: set[uuid.UUID],
) -> None:
    """Makes the problem of a failing tool a part of the reader's problem that it is. `units`: by draft its conversations; `read`: those that a
    reader read; `alone`: drafts that stay as they are, because a person did something with them."""
    tops = [one for one in drafts if one.parent is None]
    from_reader = [one for one in tops if one.origin == "facet"]
    for tool in tops:
        mine = units.get(tool.id, set()) & read
        if not tool.origin.startswith("tool ") or tool.id in alone or not mine:
            continue
        common = {one.id: len(mine & units.get(one.id, set())) for one in from_reader}
        same = [
            one
            for one in from_reader
            if common[one.id] >= max(CONVERSATIONS, OF_TOOL * len(mine), OF_READ * len(units[one.id]))
        ]
        if same:
            best = max(same, key=lambda one: (common[one.id], -len(units[one.id])))
            tool.parent = best.id
            _lower(tool, drafts, best.level + 1)


def join_inside(
    drafts: Sequence[Told],
    *,
    units: Mapping[uuid.UUID, set[uuid.UUID]],
    everything: int,
    alone: set[uuid.UUID],
) -> set[uuid.UUID]:
    """Makes a problem that signals tell a part of the failing tool's problem inside of which it lies: what an agent claims and what users say after
    a failure are not further failures. `everything`: all conversations. Returns those that became a part; see join_told_twice."""
    by_id = {one.id: one for one in drafts}
    tools = [one for one in drafts if one.origin.startswith("tool ") and not _is_part_of_tool(one, by_id)]
    found: set[uuid.UUID] = set()
    for one in drafts:
        own = units.get(one.id, set())
        if (
            one.parent is not None
            or one.id in alone
            or one.origin == "facet"
            or one.origin.startswith("tool ")
        ):
            continue
        best = max(tools, key=lambda tool: len(own & units.get(tool.id, set())), default=None)
        if best is not None and own and _is_inside(own, units.get(best.id, set()), everything):
            one.parent = best.id
            _lower(one, drafts, best.level + 1)
            found.add(one.id)
    return found


def _is_part_of_tool(one: Told, by_id: Mapping[uuid.UUID, Told]) -> bool:
    above = by_id.get(one.parent) if one.parent else None
    return above is not None and above.origin == one.origin


def _is_inside(own: set[uuid.UUID], of_tool: set[uuid.UUID], everything: int) -> bool:
    from scipy.stats import hypergeom

    common = len(own & of_tool)
    by_chance = hypergeom.sf(common - 1, everything, len(of_tool), len(own))
    return common >= INSIDE * len(own) and bool(by_chance <= CHANCE)


def _lower(draft: Told, drafts: Sequence[Told], level: int) -> None:
    draft.level = level
    for part in drafts:
        if part.parent == draft.id:
            _lower(part, drafts, level + 1)
