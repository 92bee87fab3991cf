"""Reading the stored vectors into numpy."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import psycopg
from django.db import connection

from ingest.models import Project
from raindrop.embedder import AGENT_TONES, TONES
from signals.models.embeddings import DIMENSIONS, EventEmbedding
from signals.vectors.half_vectors import read_matrix

VectorSide = Literal["both", "user", "agent"]
FIRST_ID = uuid.UUID(int=0)
COLUMNS = "event_id, user_vector, agent_vector, user_tones, agent_tones"
Row = tuple[uuid.UUID, bytes | None, bytes | None, bytes | None, bytes | None]


@dataclass(frozen=True, slots=True)
class VectorChunk:
    """Row i of `user` and `agent` ((n, 384) float32, unit length), and of the user's `tones` ((n, len(TONES))), belongs to event
    ids[i]; no text: a row of zeros."""

    ids: list[uuid.UUID]
    user: npt.NDArray[np.float32]
    agent: npt.NDArray[np.float32]
    tones: npt.NDArray[np.float32]
    agent_tones: npt.NDArray[np.float32]  # (n, len(AGENT_TONES))

    def together(self) -> npt.NDArray[np.float32]:
        """As `both_sides` has it."""
        return both_sides(self.user, self.agent)


def both_sides(user: npt.NDArray[np.float32], agent: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(n, 768): both sides (n, 384) of each event, together of unit length; without any text zeros."""
    both = np.hstack([user, agent])
    unit: npt.NDArray[np.float32] = both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-9)
    return unit


def iter_ranges(
    *, project: Project, after: uuid.UUID = FIRST_ID, size: int
) -> Iterator[tuple[uuid.UUID, int]]:
    """The project's embedded events from behind `after` on, in ranges of `size` (the last one has fewer): the last id of each range and its
    number of events. Ids are ordered by time.

    Each range is a query of its own that starts where the last one ended, so that no transaction stays open while the
    caller works, and the caller may write between ranges.
    """
    ids = (
        EventEmbedding.objects.filter(project=project).order_by("event_id").values_list("event_id", flat=True)
    )
    while True:
        behind = ids.filter(event_id__gt=after)
        if full := list(behind[size - 1 : size]):
            after, number = full[0], size
        elif rest := list(behind[:size]):
            after, number = rest[-1], len(rest)
        else:
            return
        yield after, number


def vectors_of(*, project: Project, event_ids: list[uuid.UUID]) -> VectorChunk:
    """The vectors of these events of the project, in the order given; events that are not embedded are left out."""
    found = {
        row[0]: row
        for row in _fetch(
            f"""SELECT {COLUMNS} FROM signals_eventembedding
               WHERE project_id = %s AND event_id = ANY(%s)""",
            [project.id, event_ids],
        )
    }
    return _chunk([found[event_id] for event_id in event_ids if event_id in found])


def vectors_by_event(event_ids: list[uuid.UUID]) -> VectorChunk:
    """For the pipeline, whose batches may span projects: one row per event given, zeros where not embedded."""
    found = {
        row[0]: row
        for row in _fetch(
            f"SELECT {COLUMNS} FROM signals_eventembedding WHERE event_id = ANY(%s)",
            [event_ids],
        )
    }
    return _chunk([found.get(event_id, (event_id, None, None, None, None)) for event_id in event_ids])


def _fetch(sql: str, params: list[Any]) -> list[Row]:
    """Rows in PostgreSQL's binary form. Django's cursor only speaks text, and 384 numbers as text cost 20 times more."""
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(sql, params, binary=True)
        return cursor.fetchall()


def _chunk(rows: list[Row]) -> VectorChunk:
    return VectorChunk(
        [row[0] for row in rows],
        read_matrix([row[1] for row in rows], DIMENSIONS),
        read_matrix([row[2] for row in rows], DIMENSIONS),
        read_matrix([row[3] for row in rows], len(TONES)),
        read_matrix([row[4] for row in rows], len(AGENT_TONES)),
    )
