"""What an import says it did, on its line and on the page "Ingest health"."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from ingest.health.counts import IMPORT, flush
from ingest.models import IngestCount, Project
from tests.html import html_of
from tests.ingest.fixtures.otlp import traces

pytestmark = pytest.mark.django_db
EVENTS = [
    {"event_id": "e1", "event": "chat", "user_id": "ada", "timestamp": "2026-11-20T10:00:00Z", "ai_data": {"input": "hi", "output": "yo"},
     "signals": [{"signal_name": "thumbs_up", "timestamp": "2026-11-20T10:01:00Z"}]},
    {"event_id": "e2", "event": "chat", "user_id": "bob", "timestamp": "2026-11-20T10:02:00Z", "ai_data": {"input": "and", "output": "so"}},
]  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    lines = [*map(json.dumps, EVENTS), json.dumps(traces.generation_c())]
    path = tmp_path / "mixed.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def run(path: Path, capsys: Any) -> str:
    call_command("import_events", str(path), project="acme")
    out: str = capsys.readouterr().out
    return out.strip()


def counts() -> dict[tuple[str, str], int]:
    flush()
    rows = IngestCount.objects.filter(scope=IMPORT, key=None, project__slug="acme")
    return {(row.outcome, row.reason): row.count for row in rows}


def test_the_same_file_twice(project: Project, file: Path, capsys: Any) -> None:
    assert run(file, capsys) == "mixed.jsonl: 3 events, 4 spans, 1 signal from 3 lines."
    assert counts() == {("accepted", ""): 7}
    assert run(file, capsys) == (
        "mixed.jsonl: 3 events (3 already there), 4 spans (4 already there), 1 signal (1 already there) from 3 lines."
    )
    assert counts() == {("accepted", ""): 7, ("duplicate", ""): 7}


def test_a_file_that_has_grown(project: Project, file: Path, capsys: Any) -> None:
    run(file, capsys)
    with file.open("a") as lines:
        lines.write(json.dumps(EVENTS[1] | {"event_id": "e3"}) + "\n")
        lines.write(json.dumps(EVENTS[1] | {"ai_data": {"input": "and", "output": "changed"}}) + "\n")
    assert run(file, capsys).startswith("mixed.jsonl: 5 events (2 already there), ")
    assert counts() == {("accepted", ""): 10, ("duplicate", ""): 6}


def test_a_span_that_is_refused_makes_no_duplicates_of_the_others(
    project: Project, file: Path, capsys: Any
) -> None:
    other = traces.generation_c()
    scope = other["resourceSpans"][0]["scopeSpans"][0]
    scope["spans"] = [span] = scope["spans"][:1]
    span["attributes"].append({"key": "raindrop.project_id", "value": {"stringValue": "elsewhere"}})
    with file.open("a") as lines:
        lines.write(json.dumps(other) + "\n")
    assert run(file, capsys).startswith("mixed.jsonl: 3 events, 4 spans, 1 signal from 4 lines")
    found = counts()
    [(reason, refused)] = [(reason, n) for (outcome, reason), n in found.items() if outcome == "rejected"]
    assert "another project" in reason and refused == 1
    assert found["accepted", ""] == 7 and ("duplicate", "") not in found


def test_rejections_are_counted_with_their_reasons(
    project: Project, tmp_path: Path, capsys: Any, client: Any, member: Any
) -> None:
    path = tmp_path / "bad.jsonl"
    secret = "4111 1111 1111 1111"
    path.write_text(
        "\n".join(
            [
                json.dumps(EVENTS[0]),
                f"not json {secret}",
                "[1]",
                "[2]",
                json.dumps(EVENTS[1] | {"event_id": ""}),
            ]
        )
    )
    run(path, capsys)
    found = counts()
    assert found[("accepted", "")] == 2
    assert found[("rejected", "a JSON array")] == 2
    assert found[("rejected", "event_id: Missing")] == 1
    assert sum(n for (outcome, _), n in found.items() if outcome == "rejected") == 4
    client.force_login(member)
    html = html_of(client.get("/p/acme/settings/ingest/"))
    assert "Imported files" in html and "a JSON array" in html and "rejects.jsonl" in html
    assert "A key that is no more" not in html and "4111" not in html


def test_spans_that_a_line_holds_in_vain(project: Project, tmp_path: Path, capsys: Any) -> None:
    made = traces.generation_c()
    made["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["spanId"] = ""
    path = tmp_path / "part.jsonl"
    path.write_text(json.dumps(made))
    run(path, capsys)
    found = counts()
    assert found[("accepted", "")] == 3
    assert [(outcome, n) for (outcome, reason), n in found.items() if "span_id" in reason] == [
        ("rejected", 1)
    ]
