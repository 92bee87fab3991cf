"""Facets: taken in from a file, answered by the API, kept apart by project, and what becomes of them."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from ingest.models import Event, Project
from signals.matching.merged_events import move_observations
from signals.models import Facet
from signals.reader.shipped import import_facets

MakeEvent = Callable[..., Event]
ROW = {
    "id": "c1",
    "intent": "Get a refund",
    "went_wrong": "Refuses a refund without giving a reason",
    "quote": "cannot  do that",
    "where": "assistant",
    "severity": 2,
    "user_noticed": True,
    "resolved": False,
}
FINE = ROW | {
    "id": "c2", "intent": "Say hello", "went_wrong": None, "quote": None, "where": None, "severity": 0, "user_noticed": None, "resolved": None,
}  # fmt: skip


@pytest.fixture
def talks(make_event: MakeEvent) -> list[Event]:
    return [
        make_event(event_id="e1", convo_id="c1", input="I want my money back", output="I cannot do that."),
        make_event(event_id="e2", convo_id="c1", input="Why?", output="It is so."),
        make_event(event_id="e3", convo_id="c2", input="Hello", output="Hello!"),
        make_event(event_id="e4", input="Alone", output="Yes."),
    ]


def lines(*rows: dict[str, Any]) -> list[str]:
    return [json.dumps(row) for row in rows]


def get(client: Client, key: str, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/api/facets/?{query}", headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert body["next"] is None
    found: list[dict[str, Any]] = body["results"]
    return found


def test_the_api_says_what_was_read(
    client: Client, project: Project, talks: list[Event], query_key: str
) -> None:
    assert get(client, query_key, "event_id=e1") == []
    done = import_facets(project=project, lines=lines(ROW, FINE))
    assert (done.taken, done.unquoted, done.missing, done.bad) == (2, 0, 0, [])
    [wrong] = get(client, query_key, "event_id=e2")
    assert wrong.pop("read_at")
    assert wrong == {
        "event_id": "e1", "convo_id": "c1", "intent": "Get a refund", "went_wrong": "Refuses a refund without giving a reason",
        "quote": "cannot do that", "where": "assistant", "severity": 2, "user_noticed": True, "resolved": False,
        "model": None, "source": "shipped", "sampled": "random", "probability": 1.0,
    }  # fmt: skip
    assert get(client, query_key, "convo_id=c1")[0]["event_id"] == "e1"
    [fine] = get(client, query_key, "convo_id=c2")
    assert (fine["went_wrong"], fine["quote"], fine["where"], fine["severity"]) == (None, None, None, 0)
    assert get(client, query_key, "event_id=e4") == get(client, query_key, "convo_id=nothing") == []
    assert get(client, query_key, "event_id=e1&convo_id=c2") == []
    assert len(get(client, query_key)) == 2


def test_an_events_answer_has_its_facets(
    client: Client, project: Project, talks: list[Event], query_key: str
) -> None:
    import_facets(project=project, lines=lines(ROW))
    headers = {"authorization": f"Bearer {query_key}"}
    assert client.get("/api/events/e2/", headers=headers).json()["facets"][0]["intent"] == "Get a refund"
    assert client.get("/api/events/e4/", headers=headers).json()["facets"] == []


def test_it_is_the_projects_own(
    client: Client, project: Project, other_project: Project, talks: list[Event], make_event: MakeEvent, query_key: str
) -> None:  # fmt: skip
    make_event(of=other_project, event_id="e1", convo_id="c1", input="I want my money back", output="No.")
    done = import_facets(project=other_project, lines=lines(ROW, FINE))
    assert (done.taken, done.missing, done.unquoted) == (1, 1, 1)
    assert get(client, query_key) == [] and Facet.objects.get().project_id == other_project.id


def test_a_quote_that_is_not_there_is_dropped(project: Project, talks: list[Event]) -> None:
    done = import_facets(project=project, lines=lines(ROW | {"quote": "I will never do that"}))
    facet = Facet.objects.get()
    assert done.unquoted == 1 and facet.went_wrong == ROW["went_wrong"]
    assert (facet.quote, facet.where, facet.event_id) == ("", "", talks[1].id)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "Expecting"),
        ("[]", "no object"),
        (json.dumps({**ROW, "id": 7}), "no object"),
        (json.dumps({"id": "c1", "intent": "x"}), "has no quote, resolved"),
        (json.dumps({**ROW, "severity": 4}), "severity is not 0 to 3"),
        (json.dumps({**ROW, "where": "sky"}), "where is not one of"),
        (json.dumps({**ROW, "intent": " "}), "no intent"),
        (json.dumps({**ROW, "resolved": "yes"}), "resolved is not"),
        (json.dumps({**ROW, "went_wrong": "x" * 301}), "not a phrase"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_taken(
    project: Project, talks: list[Event], tmp_path: Path, line: str, message: str
) -> None:
    file = tmp_path / "facets.jsonl"
    file.write_text("\n".join([line, "", *lines(FINE)]))
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(CommandError, match="1 lines could not be read"):
        call_command("import_facets", str(file), project="acme", stdout=out, stderr=err)
    assert f"{file}, line 1: " in err.getvalue() and message in err.getvalue()
    assert "1 facets taken in." in out.getvalue() and Facet.objects.count() == 1


def test_the_command_says_what_is_wrong(project: Project, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no project"):
        call_command("import_facets", "x", project="nobody")
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_facets", str(tmp_path / "none"), project="acme")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CommandError, match="not text in UTF-8"):
        call_command("import_facets", str(tmp_path / "binary"), project="acme")


def test_taking_in_again_changes_nothing(project: Project, talks: list[Event]) -> None:
    import_facets(project=project, lines=lines(ROW))
    first = Facet.objects.get()
    import_facets(project=project, lines=lines(ROW))
    assert Facet.objects.get().pk == first.pk
    Facet.objects.update(source="llm", intent="Read by the model")
    assert import_facets(project=project, lines=lines(ROW)).read == 1
    assert Facet.objects.get().intent == "Read by the model"


def test_a_merged_event_leaves_its_reading_to_the_one_that_stays(
    project: Project, talks: list[Event]
) -> None:
    import_facets(project=project, lines=lines(ROW))
    move_observations({talks[0].id: talks[1].id})
    assert Facet.objects.get().event_id == talks[1].id
    Facet.objects.update(conversation=None)
    move_observations({talks[1].id: talks[2].id})
    assert not Facet.objects.exists()


def test_facets_go_with_their_project(project: Project, talks: list[Event]) -> None:
    import_facets(project=project, lines=lines(ROW, FINE))
    project.delete()
    assert not Facet.objects.exists()
