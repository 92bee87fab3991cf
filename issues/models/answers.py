"""What people answered of issues' events. The labels lie in an upper app, which registers itself here when it is ready."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answered:
    """An event of an issue that people settled. `is_random`: it was drawn at random from all events; `weight`: how many events it stands for
    then (1 / the probability of the draw; 1 where that was not kept)."""

    event: uuid.UUID
    is_match: bool
    is_random: bool
    weight: float = 1.0


class Answers(Protocol):
    """By majority, "unsure" and ties left out."""

    def of(
        self, issues: Collection[uuid.UUID], events: Collection[uuid.UUID] | None = None
    ) -> Mapping[tuple[uuid.UUID, uuid.UUID], bool]:
        """(issue, event) -> is it a match; without those that nobody settled. `events`: None for all."""

    def all_of(self, issues: Collection[uuid.UUID]) -> Mapping[uuid.UUID, list[Answered]]:
        """By issue; without those of which nobody settled anything."""


_registered: list[Answers] = []


def register_answers(source: Answers) -> None:
    """In place of what was registered before. For `AppConfig.ready()`."""
    _registered[:] = [source]


def answers() -> Answers:
    """Raises LookupError when no app has registered any."""
    if not _registered:
        raise LookupError("No app has registered what people answered (register_answers).")
    return _registered[0]
