"""Real events on two topics, stored, embedded and counted as the pipeline does it."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.test import Client

from ingest.counts.rollups import count_events
from ingest.models import Event, Project
from ingest.store.events import IncomingEvent, store_events
from issues.classifier.scoring import score
from signals.vectors.embedding import embed

NOW = dt.datetime.now(dt.UTC)
PLACES = ["Berlin", "Lisbon", "Osaka", "Toronto", "Nairobi", "Lima", "Oslo", "Cairo", "Hanoi", "Quito"]
THINGS = ["kettle", "lamp", "jacket", "desk", "phone", "printer", "backpack", "blender", "tent", "camera"]
FLIGHT = [
    "I need to change my flight to {place}, can you move seat {i}?",
    "My flight to {place} was cancelled, please rebook ticket {i}.",
    "Can I get a window seat on the plane to {place}? Booking {i}.",
]
RETURN = [
    "I want to return the {thing} from order {i} and get a refund.",
    "The {thing} I ordered arrived broken, order {i}. I want my money back.",
    "How do I send back a {thing}? The order number is {i}.",
]
ANSWERS = ["Sure, I can help with that.", "Let me look into it for you.", "Done. Is there anything else?"]


def text(topic: str, i: int) -> str:
    return (FLIGHT if topic == "flight" else RETURN)[i % 3].format(
        place=PLACES[i % 10], thing=THINGS[i % 10], i=1000 + i
    )


def run(events: list[Event]) -> None:
    """The stages that issues depend on, in the pipeline's order."""
    embed(events)
    score(events)
    count_events(events)


def send(
    project: Project, topic: str, first: int, count: int, *, at: dt.datetime | None = None
) -> list[Event]:
    """`count` events named TOPIC-NUMBER of 20 users, an hour apart and all past (or all at `at`), not processed yet."""
    incoming = [
        IncomingEvent(
            event_id=f"{topic}-{i}",
            name="chat",
            user_id=f"user-{i % 20}",
            convo_id=f"{topic}-{i // 2}",
            timestamp=at or NOW - dt.timedelta(hours=1 + i),
            input=text(topic, i),
            output=ANSWERS[i % 3],
        )
        for i in range(first, first + count)
    ]
    store_events(project=project, events=incoming)
    ids = [event.event_id for event in incoming]
    return list(
        Event.objects.filter(project=project, event_id__in=ids).select_related(
            "project", "end_user", "conversation"
        )
    )


def two_topics(project: Project, flights: int = 60, returns: int = 140) -> list[Event]:
    events = send(project, "flight", 0, flights) + send(project, "return", 0, returns)
    run(events)
    return events


class Api:
    """The management API with a key."""

    def __init__(self, client: Client, key: str) -> None:
        self.client, self.headers = client, {"authorization": f"Bearer {key}"}

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(path, query, headers=self.headers)

    def post(self, path: str, body: Any) -> Any:
        return self.client.post(path, body, content_type="application/json", headers=self.headers)

    def patch(self, path: str, body: Any) -> Any:
        return self.client.patch(path, body, content_type="application/json", headers=self.headers)

    def pages(self, path: str, **query: Any) -> list[Any]:
        """All results, by following the cursor."""
        found, cursor = [], None
        while True:
            answer = self.get(path, **query, **({"cursor": cursor} if cursor else {})).json()
            found += answer["results"]
            if not (cursor := answer["next"]):
                return found


MakeEvent = Callable[..., Event]
