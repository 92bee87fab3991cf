"""`/api/events/{event_id}/`: all that is known of one event."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from ingest.incoming.values import IncomingAttachment, IncomingSpan
from ingest.models import Event
from signals.models import SignalDefinition, SignalMatch
from tests.issues.classifier.test_scoring import make_issue
from tests.issues.people import Api, run

pytestmark = pytest.mark.django_db


def test_all_that_is_known(client: Client, query_key: str, project: Any, make_event: Any) -> None:
    issue = make_issue(project)
    at = dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC)
    made = make_event(
        event_id="a/b c?ü",
        convo_id="c-1",
        timestamp=at,
        input="Change the seat on my flight!",
        output="No.",
        model="m-1",
        properties={"release": "2.0"},
        spans=[
            IncomingSpan(
                name="book",
                kind="tool",
                status="error",
                error="full",
                started_at=at,
                ended_at=at + dt.timedelta(seconds=2),
            )
        ],
        attachments=[IncomingAttachment(type="text", value="<b>hi</b>", role="input")],
    )
    event = Event.objects.select_related("project", "end_user", "conversation").get(pk=made.pk)
    run([event])
    signal = SignalDefinition.objects.create(
        project=project, key="refusal", name="Refusal", sentiment="negative"
    )
    evidence = [{"side": "assistant", "start": 0, "end": 2, "text": "No"}]
    SignalMatch.objects.create(
        project=project,
        signal=signal,
        event=event,
        timestamp=at,
        score=0.9,
        source="rule/1",
        evidence=evidence,
    )
    answer = Api(client, query_key).get("/api/events/a%2Fb%20c%3F%C3%BC/")
    assert answer.status_code == 200
    known = answer.json()
    assert (known["event_id"], known["user_id"], known["model"]) == ("a/b c?ü", "user-1", "m-1")
    assert known["conversation"]["convo_id"] == "c-1"
    assert known["properties"] == {"release": "2.0"}
    assert known["intents"] == known["cluster_ids"] == []
    assert known["signals"] == [
        {
            "id": str(signal.pk), "key": "refusal", "name": "Refusal", "sentiment": "negative", "score": 0.9, "source": "rule/1",
            "evidence": evidence,
        }
    ]  # fmt: skip
    assert [(one["number"], one["title"], one["classifier_version"]) for one in known["issues"]] == [
        (issue.number, "Flights", 1)
    ]
    [span] = known["spans"]
    assert (span["name"], span["kind"], span["status"], span["error"], span["duration_ms"]) == (
        "book",
        "tool",
        "error",
        "full",
        2000.0,
    )
    [attachment] = known["attachments"]
    assert (attachment["type"], attachment["role"], attachment["value"]) == ("text", "input", "<b>hi</b>")
    assert attachment["name"] is None


@pytest.mark.parametrize("event_id", ["none", "%00", "evt-theirs", "x" * 5000])
def test_unknown_events_are_not_there(
    client: Client, query_key: str, other_project: Any, make_event: Any, event_id: str
) -> None:
    make_event(of=other_project, event_id="evt-theirs")
    answer = Api(client, query_key).get(f"/api/events/{event_id}/")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "NOT_FOUND"
