"""When many come at once, or the disk is full: 503 and when to come back, and /readyz says what is so."""

import collections
from typing import Any

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connections
from django.test import Client
from django.utils import timezone

from ingest.limits import unavailable
from raindrop import health
from raindrop.crowds import Crowd
from raindrop.errors import ApiError
from raindrop.models import Heartbeat
from signals import read_search

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_refused_at", -health.DISK_SECONDS)


def test_a_crowd_is_bounded_by_owner_and_leaves_when_it_raises() -> None:
    crowd = Crowd(most=2, noun="searches")
    with crowd.enter("a"), crowd.enter("a"), crowd.enter("b"):
        with pytest.raises(ApiError) as refused, crowd.enter("a"):
            pass
        assert (refused.value.status, refused.value.retry_after) == (429, 2)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), crowd.enter("a"):
            1 / 0
    assert not crowd._inside


@pytest.mark.parametrize("mode", ["regex", "text", "semantic"])
def test_a_project_searches_so_often_at_once_and_others_still_may(
    client: Client, project: Any, other_project: Any, query_key: str, mode: str
) -> None:
    headers = {"Authorization": f"Bearer {query_key}"}
    url = f"/v1/events/search?mode={mode}&query=hello"
    with (
        read_search.SEARCHES.enter(project.id),
        read_search.SEARCHES.enter(project.id),
        read_search.SEARCHES.enter(project.id),
    ):
        refused = client.get(url, headers=headers)
        assert (refused.status_code, refused["Retry-After"]) == (429, "2")
        assert refused.json()["error"]["code"] == "RATE_LIMITED"
        with read_search.SEARCHES.enter(other_project.id):
            pass
    assert client.get(url, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "error", [OperationalError("couldn't get a connection after 10.00 sec"), InterfaceError("closed")]
)
@pytest.mark.parametrize("path", ["/p/acme/", "/v1/events", "/api/signals/"])
def test_an_exhausted_pool_is_503_with_retry_after(
    member: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, path: str
) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(member)

    def fails(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", fails)
    answer = client.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    if path.startswith("/p/"):
        assert "cannot answer now" in answer.content.decode()
    else:
        assert answer.json()["error"]["code"] == "UNAVAILABLE"


def test_readyz_is_ready_and_names_what_is_missing(client: Client) -> None:
    assert client.get("/readyz").json()["missing"] == [
        "workers: none has reported; run manage.py up, or manage.py qcluster"
    ]
    Heartbeat.objects.create(cluster="default", at=timezone.now())
    assert client.get("/readyz").json() == {"status": "ok"}


def test_readyz_misses_a_migration(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    Heartbeat.objects.create(cluster="default", at=timezone.now())
    monkeypatch.setattr(health, "_migrations", lambda: {("ingest", "9999_to_come")})
    assert client.get("/readyz").json()["missing"] == ["migrations: run manage.py migrate"]


def test_readyz_names_a_full_disk(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    Heartbeat.objects.create(cluster="default", at=timezone.now())
    usage = collections.namedtuple("usage", "total used free")
    with monkeypatch.context() as patch:
        patch.setattr(health.shutil, "disk_usage", lambda path: usage(100 * 2**30, 100 * 2**30, 3 * 2**20))
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["missing"] == ["disk: the one of the data directory is full (3 MiB are free)"]
    full = OperationalError("could not extend file")
    full.__cause__ = psycopg.errors.DiskFull()
    assert unavailable(full).status == 503  # the write path was refused, perhaps by a server elsewhere
    assert client.get("/readyz").json()["missing"] == ["disk: the database's is full: it refused to store"]


@pytest.mark.django_db(transaction=True)
def test_readyz_has_a_connection_of_its_own_where_there_is_a_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = connections["default"]
    Heartbeat.objects.create(cluster="default", at=timezone.now())
    crowded = {
        **connection.settings_dict,
        "OPTIONS": {**connection.settings_dict["OPTIONS"], "pool": {"max_size": 1}},
    }
    monkeypatch.setattr(connection, "settings_dict", crowded)
    found: list[Any] = []
    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", lambda: pytest.fail("it asks the pool"))
        found.append(health._facts())
    applied, heartbeat = found[0]
    assert health._migrations() <= applied
    assert heartbeat is not None and timezone.now() - heartbeat < health.WORKER_SILENCE
