"""When many come at once, or the disk is full: 503 and when to come back, and /readyz says what is so."""

import collections
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connections
from django.test import Client
from django.utils import timezone

from ingest.limits.quotas import unavailable
from raindrop.errors import ApiError
from raindrop.models import Heartbeat
from raindrop.server import health
from raindrop.web.crowds import Crowd
from signals.read_api.page import HINTS, SEARCHES

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


@contextmanager
def busy(crowd: Crowd, project: Any) -> Iterator[None]:
    """As many of the project's are at it as may be."""
    with ExitStack() as stack:
        for _ in range(crowd.most):
            stack.enter_context(crowd.enter(project.id))
        yield


# Everything of the read path that reads what no index serves, and all counts over filters that a caller makes up.
EXPENSIVE = (
    "search?mode=regex&query=hello",
    "search?mode=text&query=hello",
    "search?mode=semantic&query=hello",
    "?event_name[contains]=hello",
    "?user_id[startsWith]=hello",
    "?properties[plan]=pro",
    "?traits[plan][neq]=pro",
    "count",
    "timeseries?interval=hour",
    "facets?field=signal",
    "../users?user_id[contains]=a",
    "../users?traits[plan]=pro",
    "../conversations?user_id[endsWith]=a",
)


@pytest.mark.parametrize("path", EXPENSIVE)
def test_a_project_searches_so_often_at_once_and_others_still_may(
    client: Client, project: Any, other_project: Any, query_key: str, path: str
) -> None:
    headers = {"Authorization": f"Bearer {query_key}"}
    url = f"/v1/{path[3:]}" if path.startswith("../") else f"/v1/events{'' if path[0] == '?' else '/'}{path}"
    with busy(SEARCHES, project):
        refused = client.get(url, headers=headers)
        assert (refused.status_code, refused["Retry-After"]) == (429, "2")
        assert refused.json()["error"]["code"] == "RATE_LIMITED"
        assert "Try again in 2 s" in refused.json()["error"]["message"]
        with SEARCHES.enter(other_project.id):
            pass
    assert client.get(url, headers=headers).status_code == 200
    assert not SEARCHES._inside


@pytest.mark.parametrize(
    "query", ["q=refund", "q=refund&by=meaning", "property=plan%3Dpro", "q=a&signal=&range=all"]
)
def test_a_page_that_searches_is_refused_with_a_page(
    client: Client, project: Any, member: Any, query: str
) -> None:
    client.force_login(member)
    with busy(SEARCHES, project):
        refused = client.get(f"/p/acme/events/?{query}")
        assert (refused.status_code, refused["Retry-After"]) == (429, "2")
        assert (
            "as many as it may" in refused.content.decode()
            and "<h1>Too much at once" in refused.content.decode()
        )
        assert client.get("/p/acme/events/").status_code == 200  # no search
    assert client.get(f"/p/acme/events/?{query}").status_code == 200
    assert not SEARCHES._inside


def test_a_rule_is_not_tried_beside_as_many_searches(client: Client, project: Any, member: Any) -> None:
    client.force_login(member)
    form = {
        "name": "x",
        "sentiment": "neutral",
        "kind": "words",
        "reads": "user",
        "expressions": "refund",
        "action": "preview",
    }
    with busy(SEARCHES, project):
        assert client.post("/p/acme/signals/new/", form).status_code == 429
    tried = client.post("/p/acme/signals/new/", form)
    assert (tried.status_code, tried.context["preview"].tried) == (200, 0)


def test_what_the_list_reads_after_itself_gives_way(client: Client, project: Any, member: Any) -> None:
    client.force_login(member)
    newer = f"{timezone.now().isoformat()}~{uuid.UUID(int=0)}".replace("+", "%2B")
    with busy(HINTS, project):
        assert "Too many count at once" in client.get("/p/acme/event-suggestions/").content.decode()
        assert client.get(f"/p/acme/new-events/?newer={newer}").status_code == 429
    assert client.get(f"/p/acme/new-events/?newer={newer}").status_code == 200


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
