"""Problems, signals and issues by intent: counts that the query finds again, lift with its interval."""

from typing import Any

import pytest
from django.test import Client

from ingest.models import Event, Project, User
from issues.actions import create_issue
from issues.models import IssueMatch
from raindrop.statistics import Z90, wilson
from signals.clusters import matrix as matrices
from signals.clusters.matrix import make_matrix, row_kinds
from signals.search.finding import find_events
from signals.search.language.parsing import parse
from signals.search.scope import Scope
from tests.signals.clusters.test_refresh import find


def count(project: Project, query: str) -> int:
    return find_events(parse(query), Scope(project)).count()


def test_each_cell_is_what_its_query_finds(project: Project, broken: list[Event]) -> None:
    find(project)
    for rows in ("problem", "signal"):
        matrix = make_matrix(project, rows=rows)
        assert matrix.cells and len(matrix.columns) == 2
        for cell in matrix.cells:
            query = f"{cell.row.field}:{cell.row.value} {cell.column.field}:{cell.column.value}"
            assert cell.events == count(project, query), query
    [sync] = [line for line in make_matrix(project, rows="problem").rows if "sync" in line.label]
    cells = [cell for cell in make_matrix(project, rows="problem").cells if cell.row == sync]
    assert sum(cell.events for cell in cells) == 6 == sync.events


def test_of_many_events_the_last_days_count(
    project: Project, broken: list[Event], query_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(project)
    assert make_matrix(project, rows="problem").since is None
    monkeypatch.setattr(matrices, "MOST", 19)
    matrix = make_matrix(project, rows="problem")
    newest = [event for event in broken if matrix.since and event.timestamp >= matrix.since]
    assert 19 <= len(newest) < len(broken) and matrix.events == len(newest)
    for line in (*matrix.rows, *matrix.columns):
        assert line.events == count(project, f"{line.field}:{line.value} since:{matrix.since:%Y-%m-%d}") > 0
    for cell in matrix.cells:
        assert cell.events == count(project, cell.query), cell.query
    client = Client(headers={"Authorization": f"Bearer {query_key}"})
    assert client.get("/api/matrix/?rows=problem").json()["since"]


def test_the_lift_is_the_rate_over_the_usual_rate(project: Project, broken: list[Event]) -> None:
    find(project)
    matrix = make_matrix(project, rows="problem")
    cell = next(cell for cell in matrix.cells if cell.events)
    usual = cell.row.events / 24
    interval = wilson(cell.events, cell.column.events, z=Z90)
    assert interval and cell.lift == pytest.approx(cell.events / cell.column.events / usual)
    assert (cell.low, cell.high) == (pytest.approx(interval[0] / usual), pytest.approx(interval[1] / usual))


def test_issues_are_rows_too(project: Project, broken: list[Event], member: User) -> None:
    assert [kind.name for kind in row_kinds()] == ["signal", "problem", "issue"]
    find(project)
    create_issue(project=project, title="Sync is down", description="", user=member)
    assert make_matrix(project, rows="issue").rows == []  # no match yet
    assert IssueMatch.objects.count() == 0


def test_the_api(query_key: str, project: Project, broken: list[Event]) -> None:
    client = Client(headers={"Authorization": f"Bearer {query_key}"})
    assert client.get("/api/matrix/?rows=problem&columns=intent").json()["cells"] == []
    find(project)
    answer: Any = client.get("/api/matrix/?rows=signal&columns=intent").json()
    assert answer["next"] is None and answer["results"] == answer["cells"]
    assert {"row", "column", "events", "lift", "low", "high"} == set(answer["cells"][0])
    assert (
        "tool_failure" in {cell["row"] for cell in answer["cells"]} == {line["id"] for line in answer["rows"]}
    )
    for bad in ("rows=user", "columns=model"):
        assert client.get(f"/api/matrix/?{bad}").status_code == 400
