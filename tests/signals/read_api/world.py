"""What the tests of the read path share."""

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from ingest.models import Event, Project
from signals.models import SignalDefinition, SignalGroup, SignalMatch

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


class Reader:
    """A query client: `read.data("/v1/events", limit=5)`."""

    def __init__(self, client: Client, key: str) -> None:
        self.client, self.key = client, key

    def get(self, path: str, parameters: dict[str, Any] | None = None) -> Any:
        query = f"?{urlencode(parameters)}" if parameters else ""
        return self.client.get(path + query, headers={"authorization": f"Bearer {self.key}"})

    def body(self, path: str, parameters: dict[str, Any] | None = None) -> Any:
        response = self.get(path, parameters)
        assert response.status_code == 200, response.content
        return response.json()

    def data(self, path: str, parameters: dict[str, Any] | None = None) -> Any:
        return self.body(path, parameters)["data"]

    def ids(self, path: str, parameters: dict[str, Any] | None = None) -> list[str]:
        return [item["id"] for item in self.data(path, parameters)]

    def error(
        self, path: str, parameters: dict[str, Any] | None = None, *, status: int = 400
    ) -> dict[str, Any]:
        response = self.get(path, parameters)
        assert response.status_code == status, response.content
        error: dict[str, Any] = response.json()["error"]
        return error


def make_signal(
    project: Project, key: str, *, group: SignalGroup | None = None, **fields: Any
) -> SignalDefinition:
    return SignalDefinition.objects.create(project=project, key=key, name=key.title(), group=group, **fields)


def match(event: Event, signal: SignalDefinition, score: float = 1.0) -> SignalMatch:
    return SignalMatch.objects.create(
        project=event.project,
        signal=signal,
        event=event,
        end_user=event.end_user,
        timestamp=event.timestamp,
        score=score,
        source="test",
    )
