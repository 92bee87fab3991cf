import numpy as np
import psycopg
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from signals.vectors.half_vectors import HalfVectors, HalfVectorsDumper

VECTORS = st.tuples(st.integers(0, 5), st.integers(1, 6)).flatmap(
    lambda shape: arrays(np.float32, shape, elements=st.floats(-60_000, 60_000, width=16))
)


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(vectors=VECTORS)
def test_the_database_reads_what_was_written(vectors: np.ndarray) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 'halfvec'::regtype::oid")
        [kind] = cursor.fetchone()
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.adapters.register_dumper(HalfVectors, HalfVectorsDumper)
        rows = cursor.execute(
            "SELECT v::real[] FROM unnest(%s::halfvec[]) WITH ORDINALITY AS g(v, n) ORDER BY n",
            [HalfVectors(kind, vectors)],
        ).fetchall()
    assert [row for [row] in rows] == [list(vector) if vector.any() else None for vector in vectors]
