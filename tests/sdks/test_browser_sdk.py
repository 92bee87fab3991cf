"""@raindrop-ai/browser-sdk 0.0.2, run in node and in a page in Chromium; and the preflights that a browser sends."""

import json
import urllib.request

import pytest

from tests.sdks.conftest import World
from tests.sdks.reading import Row, attachment, facts, signal

pytestmark = pytest.mark.slow

PATHS = ["events/track", "events/track_partial", "signals/track", "users/identify"]


@pytest.fixture(params=["browser", "chromium"])
def where(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def found(world: World, where: str) -> Row:
    return world.found(where)


def test_what_the_calls_answered(found: Row, world: World, where: str) -> None:
    reports = [json.loads(line) for line in world.programs[where].output.splitlines()]
    answers = {name: value for line in reports for name, value in line.items()}
    assert answers["one"] == {"eventIds": ["ai"]}
    made, second = answers["many"]["eventIds"]
    assert second == "many-2" and set(found["events"]) == {"ai", made, "many-2", "partial"}
    assert answers["partial"] == ["partial", "partial"]
    assert answers["finished"] == {"internalEventId": "partial", "submittedEventId": "partial"}
    assert found["events"][made]["input"] == "no id"


def test_events(found: Row) -> None:
    event, partial = found["events"]["ai"], found["events"]["partial"]
    assert facts(event, "name", "user_id", "convo_id", "model") == ("chat", "ada", "talk-1", "m")
    assert facts(event, "input", "output", "timestamp") == ("hi", "yo", "2026-11-20T10:11:13.250000+00:00")
    assert event["properties"] == {"k": "v", "feature_flags": ["beta"], "raindrop.wizardSession": "wizard-1"}
    assert event["feature_flags"] == {"beta": "true"}
    assert event["attachments"] == [attachment("code", "x=1", "output", "x.js", "js", "att-1")]
    assert facts(partial, "name", "user_id", "input", "output") == ("chat", "ada", "hello", "world")
    assert facts(partial, "model", "convo_id", "is_pending", "revision") == ("m-2", "talk-2", False, 2)
    assert partial["properties"] == {"p": 1, "q": 2, "raindrop.wizardSession": "wizard-1"}
    assert found["users"] == {"ada": {"plan": "team", "age": 36}, "bob": {"beta": True}}


def test_signals(found: Row) -> None:
    event = found["events"]["ai"]
    up = signal(event, "thumbs_up")
    assert facts(up, "signal_type", "sentiment", "properties") == ("default", "POSITIVE", {"screen": "chat"})
    assert up["timestamp"] == "2026-11-20T10:12:00+00:00"
    assert facts(signal(event, "fb"), "signal_type", "properties") == ("feedback", {"comment": "bad"})
    assert facts(signal(event, "edit"), "signal_type", "properties", "attachment_id") == (
        "edit",
        {"after": "better"},
        "att-1",
    )
    assert facts(signal(event, "std"), "signal_type", "sentiment") == ("standard", "NEGATIVE")


def test_a_page_of_another_origin(world: World) -> None:
    """What the browser saw: preflights for every path, no complaint, and that it does stop what is not allowed."""
    found = world.found("chromium")
    seen = json.loads(world.programs["chromium"].output.splitlines()[-1])["page"]
    assert not seen["origin"].startswith(world.server.url)
    assert {f"{world.server.url}/v1/{path}" for path in PATHS} <= set(seen["preflights"])
    assert seen["problems"] == []
    assert {status for _, status in seen["answered"]} == {200}
    assert seen["forbidden"] == "TypeError"
    assert "forbidden" not in {event["name"] for event in found["events"].values()}


def test_what_a_page_says_when_it_ends(world: World) -> None:
    """The SDK has no sendBeacon or keepalive of its own: a page gives it a `fetchFn` that has."""
    leaving = signal(world.found("chromium")["events"]["ai"], "left")
    assert facts(leaving, "signal_type", "properties") == ("standard", {})


@pytest.mark.parametrize(
    "path", [*(f"/v1/{path}" for path in PATHS), *(f"/{path}" for path in PATHS), "/v1/traces"]
)
def test_preflight(world: World, path: str) -> None:
    request = urllib.request.Request(
        world.server.url + path,
        method="OPTIONS",
        headers={
            "Origin": "https://shop.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status in {200, 204}
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]
        allowed = {name.strip().lower() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
        assert {"authorization", "content-type", "x-raindrop-project-id"} <= allowed


def test_a_refusal_can_be_read_by_the_page(world: World) -> None:
    request = urllib.request.Request(world.server.url + "/v1/events/track", data=b"[]", method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    assert refused.value.code == 401
    assert refused.value.headers["Access-Control-Allow-Origin"] == "*"
