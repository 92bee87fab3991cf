"""Storing many spans at once: those that are there already are replaced, whichever way the new ones take."""

import datetime as dt

import pytest

from ingest.incoming.values import IncomingSpan
from ingest.models import Project, Span
from ingest.store.rows import COPY_FROM
from ingest.store.spans import store_spans

TRACE = "a" * 32
NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


def store(project: Project, numbers: range, *, name: str) -> set[int]:
    """Stores spans with these numbers; returns those that were written."""
    spans = [IncomingSpan(name=name, trace_id=TRACE, span_id=f"{n:016x}", started_at=NOW) for n in numbers]
    written: set[tuple[str, str]] = set()
    store_spans(project, ((None, span) for span in spans), written=written)
    return {int(span_id, 16) for _, span_id in written}


@pytest.mark.django_db
def test_many_spans_of_which_some_are_known(project: Project) -> None:
    many = 2 * COPY_FROM
    assert store(project, range(many), name="first") == set(range(many))
    assert store(project, range(many), name="first") == set()
    assert store(project, range(many - 5, 2 * many), name="second") == set(range(many - 5, 2 * many))
    names = dict(Span.objects.filter(project=project).values_list("span_id", "name"))
    assert len(names) == 2 * many
    assert {int(span_id, 16) for span_id, name in names.items() if name == "first"} == set(range(many - 5))
