"""Memory that requests take while they are read and stored: bounded for the process, and for each project."""

import uuid
from collections import Counter
from dataclasses import dataclass, field

from ingest.limits.quotas import overloaded
from ingest.limits.weight import MAX_WEIGHT, MIB

# Bytes that no project takes alone, so that others find room beside it; and all that visitors of pages may send at once.
KEPT_FREE = 64 * MIB
# Each request counts for so much more than its body: its headers, its task, its place in the queue.
REQUEST_BYTES = 4096


@dataclass
class Memory:
    """Of one event loop."""

    most: int = MAX_WEIGHT + KEPT_FREE
    held: int = 0
    by_project: Counter[uuid.UUID | None] = field(default_factory=Counter)

    def hold(self, size: int, project: uuid.UUID | None) -> None:
        """Raises ApiError 503 where there is no room: the sender comes again. `project`: None for a page's visitor."""
        most = self.most - KEPT_FREE if project else KEPT_FREE
        if self.held + size > self.most or self.by_project[project] + size > most:
            raise overloaded()
        self.held += size
        self.by_project[project] += size

    def give_back(self, size: int, project: uuid.UUID | None) -> None:
        self.held -= size
        self.by_project[project] -= size
        if not self.by_project[project]:
            del self.by_project[project]


class Hold:
    """What one request holds. To be closed at its end."""

    def __init__(self, memory: Memory, project: uuid.UUID | None) -> None:
        self._memory, self._project = memory, project
        self.size = 0
        self._first = REQUEST_BYTES  # held with what comes first: each hold costs a small request 2 µs

    def add(self, size: int) -> None:
        """Holds so much more. Raises ApiError 503."""
        if size or self._first:
            self._memory.hold(size + self._first, self._project)
            self.size += size + self._first
            self._first = 0

    def becomes(self, size: int) -> None:
        """Holds so much for the body in place of what it was counted for until now. Raises ApiError 503."""
        self.add(max(0, size + REQUEST_BYTES - self.size))

    def close(self) -> None:
        if self.size:
            self._memory.give_back(self.size, self._project)
            self.size = 0
