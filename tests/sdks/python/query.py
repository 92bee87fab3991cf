"""Calls every method of the published query client `raindrop-query`, and prints what each answered as one line of JSON.

Usage: query.py SERVER QUERY_KEY WRITE_KEY
"""

import asyncio
import json
import sys
import urllib.request
from datetime import UTC, datetime
from typing import Any

from raindrop_query import RaindropQuery, errors

SERVER, KEY, WRITE_KEY = sys.argv[1:]
client = RaindropQuery(api_key=KEY, project_id="default", server_url=SERVER)
NOON, ONE = datetime(2026, 11, 20, 12, tzinfo=UTC), datetime(2026, 11, 20, 13, tzinfo=UTC)
WINDOW = {
    "timestamp_gte": datetime(2026, 11, 20, tzinfo=UTC),
    "timestamp_lt": datetime(2026, 11, 21, tzinfo=UTC),
}


def ids(answer: Any) -> list[str]:
    return [row.id for row in answer.data]


def pairs(answer: Any) -> list[list[Any]]:
    return [[row.value, row.count] for row in answer.data]


def track(event_id: str) -> None:
    body = [{"event_id": event_id, "user_id": "newcomer", "event": "late", "ai_data": {"input": "And now?"}}]
    request = urllib.request.Request(f"{SERVER}/v1/events/track", json.dumps(body).encode(), method="POST")
    request.add_header("Authorization", f"Bearer {WRITE_KEY}")
    request.add_header("Content-Type", "application/json")
    urllib.request.urlopen(request, timeout=30).close()


def error(call: Any) -> list[Any]:
    try:
        call()
    except errors.RaindropQueryError as found:
        told: Any = getattr(found, "data", None)
        details = told.error.details if told and told.error.details else None
        return [found.status_code, type(found).__name__, bool(str(found)), details.field if details else None]
    return ["it was answered"]


def pages() -> list[str]:
    """All events two at a time, while another comes before each page."""
    found: list[str] = []
    cursor = None
    for number in range(10):
        page = client.events.list(limit=2, cursor=cursor)
        found += ids(page)
        if not page.meta.has_more:
            break
        cursor = page.meta.cursor
        track(f"late-{number}")
    return found


def whole(answer: Any) -> Any:
    return answer.data.model_dump(mode="json")


async def later() -> list[str]:
    async with RaindropQuery(api_key=KEY, server_url=SERVER) as other:
        return ids(await other.events.list_async(event_name={"eq": "support"}))


signal = next(row for row in client.signals.list(limit=100).data if row.name == "thumbs_down")
group = next(row for row in client.signal_groups.list(limit=100).data if row.name == "Tools")
found: dict[str, Any] = {"pages": pages()}
events, support = client.events, {"event_name": {"neq": "late"}}
found |= {
    "signals.list": {"type": signal.type, "sentiment": signal.sentiment},
    "signals.get": client.signals.get(id=signal.id).data.name,
    "signal_groups.get": client.signal_groups.get(id=group.id).data.name,
    "signal_groups.list_signals": "Tool failure"
    in [row.name for row in client.signal_groups.list_signals(id=group.id).data],
    "users.list": ids(client.users.list(order_by="last_seen", user_id={"neq": "newcomer"})),
    "users.list traits": ids(client.users.list(traits={"plan": "pro"})),
    "users.list user_id": ids(client.users.list(user_id={"startsWith": "team/"})),
    "users.list seen": ids(
        client.users.list(first_seen={"lt": ONE}, last_seen={"gte": NOON}, order_by="last_seen")
    ),
    "users.get": whole(client.users.get(id="team/bob")),
    "conversations.list": ids(client.conversations.list(user_id={"eq": "ada"}, started_at={"gte": NOON})),
    "conversations.get": whole(client.conversations.get(id="talk/1")),
    "events.get": whole(client.events.get(id="run/1")),
    "events.list": ids(events.list(**support)),
    "events.list order": ids(events.list(order_by="timestamp", **support)),
    "events.list timestamp": ids(events.list(timestamp={"gt": NOON, "lte": ONE})),
    # The client leaves a plain text out of the request, and says nothing.
    "events.list user_id": ids(events.list(user_id={"eq": "ada"})),
    "events.list contains": ids(events.list(user_id={"contains": "am/b"})),
    "events.list convo_id": ids(events.list(convo_id={"endsWith": "/1"})),
    "events.list signal": ids(events.list(signal=signal.id)),
    "events.list signal eq": ids(events.list(signal={"eq": signal.id})),
    "events.list signal neq": ids(events.list(signal={"neq": signal.id}, **support)),
    "events.list signal_group": ids(events.list(signal_group=group.id)),
    "events.list properties": ids(events.list(properties={"tier": "gold"})),
    "events.list properties number": ids(events.list(properties={"n": {"gte": 3, "lt": 10}})),
    "events.list properties neq": ids(events.list(properties={"ok": {"neq": True}}, **support)),
    "events.list traits": ids(events.list(traits={"age": {"gt": 30}})),
    "events.count": [
        events.count(count_by=by, **support).data.total for by in ("event_id", "user_id", "convo_id")
    ],
    "events.timeseries": [
        sum(
            bucket.count
            for bucket in events.timeseries(
                interval=interval,
                timestamp={"gte": WINDOW["timestamp_gte"], "lt": WINDOW["timestamp_lt"]},
                **support,
            ).data.buckets
        )
        for interval in ("minute", "hour", "day", "week", "month")
    ],
    "events.facets event_name": pairs(events.facets(field="event_name", **WINDOW)),
    "events.facets user_id": pairs(events.facets(field="user_id", count_by="convo_id", **WINDOW)),
    "events.facets signal": [signal.id, 1]
    in pairs(events.facets(field="signal", count_by="user_id", **WINDOW))
    or ["thumbs_down", 1] in pairs(events.facets(field="signal", count_by="user_id", **WINDOW)),
    "events.search text": ids(events.search(query="refund", mode="text", **WINDOW)),
    "events.search input": ids(events.search(query="refund", search_in="user_input", **WINDOW)),
    "events.search regex": ids(events.search(query="inv-\\d+", mode="regex", **WINDOW)),
    "events.search semantic": ids(
        events.search(query="I want my money back", mode="semantic", threshold="0.4", **WINDOW)
    )[:1],
    "events.search user": ids(events.search(query="refund", user_id="team/bob", convo_id="talk/2", **WINDOW)),
    "traces.list": [
        [row.span_type, row.status, row.span_name, row.input, row.output]
        for row in sorted(
            client.traces.list(event_id="run/1", trunc_len=20).data, key=lambda row: row.start_time_ns
        )
    ],
    "async": asyncio.run(later()),
    "errors": [
        error(lambda: events.list(cursor="no cursor")),
        error(lambda: events.list(order_by="nothing")),
        error(lambda: events.get(id="nowhere")),
        error(lambda: events.search(query="(", mode="regex", **WINDOW)),
        error(lambda: RaindropQuery(api_key="wrong", server_url=SERVER).signals.list()),
        error(lambda: RaindropQuery(api_key=WRITE_KEY, server_url=SERVER).users.list()),
    ],
}
print("ANSWER" + json.dumps(found))
