"""Rows of numbers on their way into and out of pgvector's halfvec columns, in PostgreSQL's binary form: as text, writing and parsing
them cost 100 µs of processor time an event."""

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from psycopg.adapt import Dumper
from psycopg.pq import Format

NULL = struct.pack(">i", -1)


@dataclass(frozen=True, slots=True)
class HalfVectors:
    """A halfvec[] of the rows of `vectors` ((n, dimensions), finite, below 65,504); a row of zeros becomes null."""

    kind: int  # the type halfvec's oid in this database
    vectors: npt.NDArray[np.float32]

    def binary(self) -> bytes:
        """As array_recv and halfvec_recv read it (PostgreSQL's arrayfuncs.c, pgvector's halfvec.c): all numbers big-endian."""
        count, dimensions = self.vectors.shape
        if not count:
            return struct.pack(">iiI", 0, 0, self.kind)
        layout = np.dtype(
            [("bytes", ">i4"), ("dimensions", ">u2"), ("unused", ">u2"), ("values", ">f2", (dimensions,))]
        )
        rows = np.zeros(count, layout)
        rows["bytes"], rows["dimensions"], rows["values"] = layout.itemsize - 4, dimensions, self.vectors
        some = [bool(row.any()) for row in self.vectors]
        header = struct.pack(">iiIii", 1, not all(some), self.kind, count, 1)
        return header + b"".join(
            row.tobytes() if there else NULL for row, there in zip(rows, some, strict=True)
        )


class HalfVectorsDumper(Dumper):
    """Its type is left to the statement's cast."""

    format = Format.BINARY

    def dump(self, obj: HalfVectors) -> bytes:
        return obj.binary()


def read_matrix(values: list[bytes | None], dimensions: int) -> npt.NDArray[np.float32]:
    """halfvec's binary form is int16 dimensions, int16 unused, then big-endian half floats."""
    matrix = np.zeros((len(values), dimensions), dtype=np.float32)
    present = [i for i, value in enumerate(values) if value is not None]
    if present:
        packed = b"".join(value for value in values if value is not None)
        halves = np.frombuffer(packed, dtype=">f2").reshape(len(present), dimensions + 2)[:, 2:]
        matrix[present] = halves
    return matrix
