"""One problem, once: a tool that fails, and what a reader said of the same conversations."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Protocol

# So much of the tool's failures that were read are of what the reader said, and of what the reader said so much is with the tool's failures;
# in at least so many conversations. On the demo's ledgerly: 7 of 9 and 7 of 8 (`create_invoice` times out, and duplicates), 6 of 7 and 6 of 13
# (receipts stay in processing); the next pair has 1 of 3.
OF_TOOL, OF_READ, CONVERSATIONS = 0.6, 0.3, 3


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


def _lower(draft: Told, drafts: Sequence[Told], level: int) -> None:
    draft.level = level
    for part in drafts:
        if part.parent == draft.id:
            _lower(part, drafts, level + 1)
