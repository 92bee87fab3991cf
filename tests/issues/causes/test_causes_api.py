"""`/api/issues/{id}/causes/` and `/breakdown`: the dimensions as the API names them, over real rows."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.test import Client

import raindrop.pipeline
from ingest.incoming.values import IncomingEvent, IncomingSignal, IncomingSpan, IncomingUser
from ingest.jobs.runner import run_job
from ingest.models import Event, QueuedEvent
from ingest.store.events import store_events
from ingest.store.feedback import store_signals
from ingest.store.people import store_users
from issues.causes import reading
from issues.models import Issue
from signals.dimensions.names import query_of
from signals.models import Cluster, ClusterMember
from tests.issues.people import Api

pytestmark = pytest.mark.django_db
START = dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC)
TALKS = 60


@pytest.fixture
def api(client: Client, admin_key: str) -> Api:
    return Api(client, admin_key)


def talk(i: int) -> list[IncomingEvent]:
    """Two turns, of which the second calls a tool, whose result tells of a failure in every third conversation of release r3."""
    is_new, failing = i >= 2 * TALKS // 3, i >= 2 * TALKS // 3 and i % 3 == 0
    shared: dict[str, Any] = {
        "name": "chat", "user_id": f"u{i % 20}", "convo_id": f"c{i}", "model": "maple" if i % 2 else "maple-mini",
        "properties": {"release": "r3" if is_new else "r1", "channel": "mobile" if i % 4 == 0 else "web", "beta": i % 5 == 0},
        "feature_flags": {"cart": "b" if i % 2 else "a"},
    }  # fmt: skip
    at = START + dt.timedelta(hours=i)
    result = '{"error": "upload timed out"}' if failing else '{"ok": true}'
    span = IncomingSpan(name="import_receipt", kind="tool", output=result)
    return [
        IncomingEvent(event_id=f"e{i}a", timestamp=at, input="I would like to upload a receipt.", output="Send it.", **shared),
        IncomingEvent(event_id=f"e{i}b", timestamp=at + dt.timedelta(minutes=1), input="There you are.", output="One moment.", spans=[span], **shared),
    ]  # fmt: skip


@pytest.fixture
def issue(project: Any, api: Api) -> Issue:
    """Follows a signal that the app sends for every conversation of r3."""
    store_users(
        project=project,
        users=[IncomingUser(user_id=f"u{i}", traits={"country": f"C{i % 4}"}) for i in range(20)],
    )
    store_events(project=project, events=[event for i in range(TALKS) for event in talk(i)])
    told = [
        IncomingSignal(event_id=f"e{i}b", name="stuck", signal_type="default", timestamp=START + dt.timedelta(hours=i, minutes=2))
        for i in range(2 * TALKS // 3, TALKS)
    ]  # fmt: skip
    store_signals(project=project, signals=told)
    raindrop.pipeline.process(list(Event.objects.values_list("id", flat=True)))
    QueuedEvent.objects.all().delete()  # as a batch that is through
    made = api.post("/api/issues/", {"title": "Receipts hang", "follows": {"signal": "stuck"}}).json()
    return Issue.objects.get(pk=made["id"])


def test_the_cause_is_first(api: Api, issue: Issue) -> None:
    found = api.get(f"/api/issues/{issue.pk}/causes/").json()["results"]
    first = found[0]
    assert (first["dimension"], first["value"]) == ("release", "r3")
    assert (first["events"], first["conversations"], first["users"]) == (20, 20, 20)
    assert (first["rate"], first["lift"]) == (1.0, 3.0)
    assert 1 < first["low"] < first["lift"] <= first["high"]
    assert first["since"] == "2026-11-04T01:01:00Z"
    assert first["explained_by"] is None
    assert first["query"] == "release:r3"
    assert all(one["lift"] > 1 for one in found)
    assert not any(one.get("dimension") == "signal.stuck" for one in found)
    assert not any(
        one.get("dimension") in ("property.channel", "flag.cart", "property.release") for one in found
    )


def test_a_tool_whose_result_fails_is_one_that_failed(api: Api, issue: Issue) -> None:
    made = api.post("/api/issues/", {"title": "Failing", "follows": {"query": "signal:tool_failure"}}).json()
    assert made["events"] == 6
    found = api.get(f"/api/issues/{made['number']}/causes/").json()["results"]
    named = [(one.get("dimension"), one.get("value")) for one in found]
    assert ("tool.failed", "import_receipt") in named
    [failed] = [one for one in found if one.get("dimension") == "tool.failed"]
    assert failed["query"] == "tool.failed:import_receipt"


def test_what_the_query_says_is_no_cause(api: Api, issue: Issue) -> None:
    made = api.post("/api/issues/", {"title": "New", "follows": {"query": "release:r3"}}).json()
    found = api.get(f"/api/issues/{made['number']}/causes/").json()["results"]
    assert not any(one.get("dimension") in ("release", "property.release") for one in found)


@pytest.mark.parametrize(
    ("by", "values"),
    [
        ("release", {"r3": (20, 3.0)}),
        ("property.beta", {"true": (4, 1.0), "false": (16, 1.0)}),
        ("trait.country", {"C0": (5, 1.0), "C1": (5, 1.0), "C2": (5, 1.0), "C3": (5, 1.0)}),
        ("flag.cart", {"a": (10, 1.0), "b": (10, 1.0)}),
        ("model", {"maple": (10, 1.0), "maple-mini": (10, 1.0)}),
        ("event", {"chat": (20, 1.0)}),
        ("tool.called", {"import_receipt": (20, 2.0)}),
        ("tool.failed", {"import_receipt": (6, 6.0)}),
        ("intent", {"upload": (3, 2.0)}),
        ("signal.stuck", {"true": (20, 6.0)}),
    ],
)  # fmt: skip
def test_breakdown(api: Api, issue: Issue, by: str, values: dict[str, tuple[int, float]]) -> None:
    cluster = Cluster.objects.create(project=issue.project, kind="intent", label="upload")
    for name in ("e40b", "e41b", "e42b", "e1a", "e2a", "e3a", "e4a", "e5a", "e6a"):
        event = Event.objects.get(event_id=name)
        ClusterMember.objects.create(
            project=issue.project, cluster=cluster, event=event, timestamp=event.timestamp, source="facet"
        )
    found = api.get(f"/api/issues/{issue.number}/breakdown", by=by).json()["results"]
    assert {one["value"]: (one["events"], pytest.approx(one["lift"])) for one in found} == values
    for one in found:
        assert one["rate"] == pytest.approx(one["events"] / 20)
        assert one["low"] <= one["lift"] + 1e-9
        assert one["lift"] <= one["high"] + 1e-9


def test_breakdown_of_a_signal(api: Api, issue: Issue) -> None:
    found = api.get("/api/signals/stuck/breakdown", by="release").json()["results"]
    assert found == api.get(f"/api/issues/{issue.number}/breakdown", by="release").json()["results"]
    assert [(one["value"], one["events"], one["users"]) for one in found] == [("r3", 20, 20)]
    assert api.get("/api/signals/win/breakdown/", by="release").json() == {"results": []}


def test_bad_questions(api: Api, issue: Issue) -> None:
    for by in ("", "colour", "property.", "trait", "signal.", "tool"):
        for path in (f"/api/issues/{issue.number}/breakdown/", "/api/signals/stuck/breakdown"):
            answer = api.get(path, by=by)
            assert answer.status_code == 400, by
            assert answer.json()["error"]["details"]["field"] == "by"
    assert api.get("/api/signals/nothing/breakdown", by="model").status_code == 404
    assert api.get("/api/issues/99/causes/").status_code == 404
    assert api.get(f"/api/issues/{uuid.uuid4()}/causes/").status_code == 404


def test_nothing_to_explain(api: Api, project: Any) -> None:
    api.post("/api/issues/", {"title": "Empty"})
    assert api.get("/api/issues/1/causes/").json() == {"results": []}
    assert api.get("/api/issues/1/breakdown", by="model").json() == {"results": []}


def test_a_large_project_is_looked_at_by_a_job(
    api: Api, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "AT_ONCE", 10)
    response = api.get(f"/api/issues/{issue.number}/causes/")
    assert response.status_code == 202
    run_job(response.json()["job"])
    assert api.get(f"/api/jobs/{response.json()['job']}/").json()["state"] == "done"
    answer = api.get(f"/api/issues/{issue.number}/causes/")
    assert answer.status_code == 200
    assert answer.json()["results"][0]["value"] == "r3"


def test_queries_find_the_values(api: Api, issue: Issue) -> None:
    query = query_of(
        [
            ("release", "r3"), ("property.channel", "mobile"), ("trait.country", "C0"), ("flag.cart", "a"), ("model", "maple-mini"),
            ("tool.called", "import_receipt"), ("signal.stuck", "true"), ("event", "chat"),
        ]
    )  # fmt: skip
    found = api.get("/api/events/", q=f"issue:{issue.number} {query}").json()["results"]
    assert {one["event_id"] for one in found} == {"e40b", "e44b", "e48b", "e52b", "e56b"}
