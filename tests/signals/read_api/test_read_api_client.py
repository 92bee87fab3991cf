"""The request lines of the published query clients (JS 0.1.13, Python 0.1.14), verbatim as they sent them."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from ingest.models import Event
from signals.models import SignalGroup
from tests.signals.read_api.world import NOON, make_signal, match

LISTS = [
    "/v1/signals?limit=50&order_by=-timestamp",
    "/v1/signal-groups?limit=50&order_by=-timestamp",
    "/v1/signal-groups/g1/signals?limit=50&order_by=-timestamp",
    "/v1/events/search?limit=50&mode=semantic&query=angry&search_in=user_input%2Cassistant_output&threshold=0.5&timestamp%5Bgte%5D=2026-01-01T00%3A00%3A00.000Z&timestamp%5Blt%5D=2026-01-01T00%3A00%3A00.000Z",
    "/v1/users?first_seen%5Bgte%5D=2026-01-01T00%3A00%3A00.000Z&traits%5Bplan%5D=pro&limit=50&order_by=-timestamp",
    "/v1/conversations?started_at%5Bgte%5D=2026-01-01T00%3A00%3A00.000Z&limit=50&order_by=-timestamp",
    "/v1/traces?event_id=e1&limit=200",
    "/v1/events?convo_id%5Beq%5D=c1&event_name%5BstartsWith%5D=chat&properties%5Bplan%5D=pro&properties%5Bn%5D%5Bgte%5D=3&timestamp%5Bgte%5D=2026-01-01T00%3A00%3A00.000Z&traits%5Bt%5D=true&user_id%5Bcontains%5D=u&limit=10&order_by=-timestamp&eq=s1&signal_group=g1",
]
FACETS = "/v1/events/facets?count_by=user_id&field=signal&limit=20&timestamp.gte=2026-01-01T00%3A00%3A00.000Z"
GETS = ["/v1/signals/s1", "/v1/signal-groups/g1", "/v1/events/e1", "/v1/users/u1", "/v1/conversations/c1"]


@pytest.fixture
def world(make_event: Callable[..., Event]) -> None:
    """What those lines ask for."""
    event = make_event(
        event_id="e1", user_id="u1", convo_id="c1", name="chat_message", timestamp=NOON, properties={"plan": "pro", "n": 3}
    )  # fmt: skip
    assert event.end_user is not None
    event.end_user.traits = {"plan": "pro", "t": True}
    event.end_user.save()
    group = SignalGroup.objects.create(project=event.project, name="g1")
    match(event, make_signal(event.project, "s1", group=group))


def get(client: Client, line: str, key: str) -> Any:
    response = client.get(
        line, headers={"authorization": f"Bearer {key}", "X-Raindrop-Project-Id": "default"}
    )
    assert response.status_code == 200, response.content
    return response.json()


@pytest.mark.parametrize("line", LISTS)
def test_lists(client: Client, query_key: str, world: None, line: str) -> None:
    body = get(client, line, query_key)
    assert body["meta"] == {"cursor": None, "has_more": False}
    # An empty window, an event without spans: nothing. All else finds its one thing.
    assert len(body["data"]) == (0 if "search" in line or "traces" in line else 1)


@pytest.mark.parametrize("line", GETS)
def test_gets(client: Client, query_key: str, world: None, line: str) -> None:
    assert get(client, line, query_key)["data"]["id"]


def test_count_and_timeseries_and_facets(client: Client, query_key: str, world: None) -> None:
    count = get(client, "/v1/events/count?timestamp%5Bgte%5D=2026-01-01T00%3A00%3A00.000Z", query_key)
    assert count["data"] == {"total": 1}
    series = get(client, "/v1/events/timeseries?interval=day", query_key)
    assert series["meta"]["interval"] == "day"
    assert series["data"]["total"] == sum(bucket["count"] for bucket in series["data"]["buckets"])
    assert get(client, FACETS, query_key)["data"] == [{"value": "s1", "count": 1}]


def test_the_python_client_sends_limits_as_floats(client: Client, query_key: str, world: None) -> None:
    assert len(get(client, "/v1/events?limit=50.0&order_by=-timestamp", query_key)["data"]) == 1
    assert len(get(client, "/v1/users?limit=1.00", query_key)["data"]) == 1
    for wrong in ("1.5", "0.0", ".0", "1.", "1.0.0", "1e2"):
        response = client.get(f"/v1/events?limit={wrong}", headers={"authorization": f"Bearer {query_key}"})
        assert (response.status_code, response.json()["error"]["details"]["field"]) == (400, "limit")


def test_pages_stay_as_they_were_while_events_arrive(
    client: Client, query_key: str, make_event: Callable[..., Event]
) -> None:
    """None comes twice and none is left out, whichever way the pages run; what comes later than the first page stands before it."""
    for number in range(7):
        make_event(event_id=f"e{number}", timestamp=NOON + dt.timedelta(minutes=number // 2))
    for order, expected in (("-timestamp", [6, 5, 4, 3, 2, 1, 0]), ("timestamp", [0, 1, 2, 3, 4, 5, 6])):
        found, cursor = [], ""
        while True:
            page = get(
                client, f"/v1/events?limit=2&order_by={order}{cursor and f'&cursor={cursor}'}", query_key
            )
            found += [row["id"] for row in page["data"]]
            if order == "-timestamp":
                make_event(event_id=f"new{len(found)}", timestamp=NOON + dt.timedelta(hours=1))
            if not page["meta"]["has_more"]:
                break
            cursor = page["meta"]["cursor"]
        known = [one for one in found if not one.startswith("new")]
        assert sorted(known) == [f"e{n}" for n in range(7)] and len(set(found)) == len(found)
        assert [int(one[1:]) // 2 for one in known] == [n // 2 for n in expected]
        if order == "-timestamp":
            assert found == known
