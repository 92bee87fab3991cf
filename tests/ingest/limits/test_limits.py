"""Limits over HTTP: what is too much is answered 429 and stores nothing; a database that cannot take it, 503."""

import datetime as dt
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from google.rpc.status_pb2 import Status

from ingest.limits import flushing, usage
from ingest.limits import quotas as limits
from ingest.limits.quotas import Bucket, check_limits
from ingest.models import ApiKey, Event, MonthlyUsage, Span
from ingest.models.projects import KeyKind
from ingest.projects import keys
from ingest.projects.keys import create_key, find_key
from ingest.store.events import IncomingEvent, store_events
from tests.ingest.fixtures.otlp.builders import as_json, as_protobuf, request, span

NOVEMBER = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(limits, "time", clock)
    return clock


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> Any:
    """today.at: what the usage takes for now."""

    class Today:
        at = NOVEMBER

        def now(self) -> dt.datetime:
            return self.at

    today = Today()
    monkeypatch.setattr(usage, "timezone", today)
    return today


@pytest.fixture
def export(client: Client, write_key: str) -> Any:
    """export(spans) -> the answer to an OTLP request of so many spans."""

    def send(spans: int, *, kind: str = "application/json", key: str = write_key, first: int = 1) -> Any:
        made = request(*(span(n, a={"gen_ai.operation.name": "chat"}) for n in range(first, first + spans)))
        body = as_json(made) if kind == "application/json" else as_protobuf(made)
        return client.post("/v1/traces", body, content_type=kind, headers={"Authorization": f"Bearer {key}"})

    return send


@pytest.fixture
def track(client: Client, write_key: str, django_capture_on_commit_callbacks: Any) -> Any:
    """track(events) -> the answer to a request of so many new events."""
    sent = 0

    def send(events: int, path: str = "/v1/events/track", key: str = write_key) -> Any:
        nonlocal sent
        body = [{"event_id": f"e{sent + n}", "event": "chat", "user_id": "u"} for n in range(events)]
        sent += events
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(
                path,
                json.dumps(body),
                content_type="application/json",
                headers={"Authorization": f"Bearer {key}"},
            )

    return send


def set_limits(project: Any, **fields: int) -> None:
    ApiKey.objects.filter(project=project, kind="write").update(**fields)
    keys.forget_keys()


# -- the bucket


def test_a_bucket_gives_what_it_has_and_fills_again() -> None:
    bucket = Bucket(tokens=10, at=0)
    assert bucket.take(10, rate=5, burst=10, now=0) == 0
    assert bucket.take(1, rate=5, burst=10, now=0) == pytest.approx(0.2)
    assert bucket.take(5, rate=5, burst=10, now=1) == 0
    assert bucket.take(10, rate=5, burst=10, now=100) == 0
    assert bucket.tokens == 0  # never more than the burst


def test_a_request_larger_than_the_burst_passes_a_full_bucket_and_leaves_a_debt() -> None:
    bucket = Bucket(tokens=10, at=0)
    assert bucket.take(30, rate=5, burst=10, now=0) == 0
    assert bucket.take(1, rate=5, burst=10, now=0) == pytest.approx(21 / 5)
    assert bucket.take(1, rate=5, burst=10, now=4.2) == 0


def test_the_default_lets_a_fast_sender_through(project: Any, write_key: str, clock: Clock) -> None:
    key = find_key(write_key)
    assert key
    for _ in range(1000):  # 10,000 events/s for ten seconds, in batches of 100
        check_limits(key=key, items=100)
        clock.now += 0.01


def test_a_check_costs_no_query(project: Any, write_key: str, django_assert_num_queries: Any) -> None:
    project.monthly_quota = 10
    project.save()
    key = find_key(write_key)
    assert key
    with pytest.raises(KeyError):
        check_limits(key=key, items=1, only_cached=True)
    check_limits(key=key, items=1)
    with django_assert_num_queries(0):
        for _ in range(20):
            check_limits(key=key, items=1, only_cached=True)


# -- the rate, over HTTP


def test_otlp_beyond_the_rate_is_429_and_stores_nothing(project: Any, export: Any, clock: Clock) -> None:
    set_limits(project, rate=2, burst=4)
    assert export(4).status_code == 200
    answer = export(3, first=10)
    assert (answer.status_code, answer["Retry-After"]) == (429, "2")
    assert json.loads(answer.content)["code"] == 8  # RESOURCE_EXHAUSTED
    assert "2 items a second" in json.loads(answer.content)["message"]
    assert Span.objects.count() == 4
    clock.now += 1.5
    assert export(3, first=10).status_code == 200


def test_otlp_in_protobuf_is_answered_in_protobuf(project: Any, export: Any, clock: Clock) -> None:
    set_limits(project, rate=1, burst=1)
    export(1)
    answer = export(1, kind="application/x-protobuf", first=2)
    status = Status.FromString(answer.content)
    assert (answer.status_code, answer["Retry-After"], status.code) == (429, "1", 8)
    assert "Nothing was stored" in status.message


@pytest.mark.parametrize("path", ["/v1/events/track", "/v1/events/track_partial"])
def test_events_beyond_the_rate_are_429_and_stored_not_at_all(
    project: Any, track: Any, clock: Clock, path: str
) -> None:
    set_limits(project, rate=2, burst=4)
    assert track(4, path).status_code == 200
    answer = track(3, path)
    assert (answer.status_code, answer["Retry-After"]) == (429, "2")
    error = answer.json()["error"]
    assert error["code"] == "RATE_LIMITED"
    assert error["details"] == {"limit": "rate", "rate": 2, "burst": 4, "retry_after": 2}
    assert Event.objects.count() == 4
    clock.now += 2
    assert track(3, path).status_code == 200


def test_signals_and_users_have_the_same_bucket(
    project: Any, client: Client, write_key: str, clock: Clock
) -> None:
    set_limits(project, rate=1, burst=2)
    headers = {"Authorization": f"Bearer {write_key}"}
    for path, body, status in [
        ("/v1/signals/track", [{"event_id": "e", "signal_name": "thumbs_up"}], 200),
        ("/v1/users/identify", [{"user_id": "u", "traits": {}}], 200),
        ("/v1/signals/track", [{"event_id": "e2", "signal_name": "thumbs_up"}], 429),
    ]:
        answer = client.post(path, json.dumps(body), content_type="application/json", headers=headers)
        assert answer.status_code == status, path


def test_each_key_has_its_own_bucket(project: Any, export: Any, clock: Clock) -> None:
    set_limits(project, rate=1, burst=1)
    _, other = create_key(project=project, kind=KeyKind.WRITE)
    assert export(1).status_code == 200
    assert export(1, first=2).status_code == 429
    assert export(1, first=2, key=other).status_code == 200


# -- the quota, over HTTP


def set_quota(project: Any, quota: int | None) -> None:
    project.monthly_quota = quota
    project.save()
    keys.forget_keys()


def test_events_beyond_the_quota_are_429_until_the_next_month(project: Any, track: Any, today: Any) -> None:
    set_quota(project, 5)
    assert track(3).status_code == 200
    answer = track(3)
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 3600
    error = answer.json()["error"]
    assert (error["details"]["used"], error["details"]["quota"]) == (3, 5)
    assert error["details"]["resets_at"] == "2026-12-01T00:00:00+00:00"
    assert "room for 2 more" in error["message"]
    assert track(2).status_code == 200  # what is left
    assert "2026-12-01" in track(1).json()["error"]["message"]
    assert Event.objects.count() == 5
    flushing.flush()
    assert track(1).status_code == 429  # from what was written, as from what was pending
    today.at = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    assert track(5).status_code == 200
    assert track(1).status_code == 429


def test_another_process_is_seen(project: Any, track: Any, today: Any) -> None:
    set_quota(project, 10)
    MonthlyUsage.objects.create(project=project, month=dt.date(2026, 11, 1), events=9)
    assert track(2).status_code == 429
    assert track(1).status_code == 200


def test_a_full_quota_refuses_traces_and_not_signals(
    project: Any, track: Any, export: Any, today: Any, client: Client, write_key: str
) -> None:
    set_quota(project, 2)
    assert export(1).status_code == 200
    assert track(2).status_code == 200
    answer = export(1, first=2)
    assert answer.status_code == 429
    assert "2 events" in json.loads(answer.content)["message"]
    assert Span.objects.count() == 1
    signal = json.dumps([{"event_id": "e0", "signal_name": "thumbs_up"}])
    headers = {"Authorization": f"Bearer {write_key}"}
    sent = client.post("/v1/signals/track", signal, content_type="application/json", headers=headers)
    assert sent.status_code == 200


def test_only_new_events_count(
    project: Any, other_project: Any, today: Any, django_capture_on_commit_callbacks: Any
) -> None:
    for _ in range(3):  # a retry, and a part of an event that is there
        with django_capture_on_commit_callbacks(execute=True):
            store_events(project=project, events=[IncomingEvent(event_id="a"), IncomingEvent(event_id="b")])
            store_events(project=project, events=[IncomingEvent(event_id="a", output="more")])
    assert usage.used(project.id, dt.date(2026, 11, 1)) == 2
    flushing.flush()
    flushing.flush()
    assert usage.used(project.id, dt.date(2026, 11, 1)) == 2
    assert list(MonthlyUsage.objects.values_list("project_id", "month", "events")) == [
        (project.id, dt.date(2026, 11, 1), 2)
    ]


def test_what_was_rolled_back_does_not_count(project: Any, django_capture_on_commit_callbacks: Any) -> None:
    from django.db import transaction

    class Undo(Exception):
        pass

    with django_capture_on_commit_callbacks(execute=True), pytest.raises(Undo), transaction.atomic():
        store_events(project=project, events=[IncomingEvent(event_id="a")])
        raise Undo
    assert usage.used(project.id, usage.this_month()) == 0


def test_the_month_turns_in_utc() -> None:
    tokyo = dt.timezone(dt.timedelta(hours=9))
    assert usage.this_month(dt.datetime(2026, 12, 1, 8, tzinfo=tokyo)) == dt.date(2026, 11, 1)
    assert usage.next_month(dt.date(2026, 12, 1)) == dt.date(2027, 1, 1)


def test_no_quota_asks_nothing(project: Any, write_key: str, django_assert_num_queries: Any) -> None:
    key = find_key(write_key)
    assert key
    with django_assert_num_queries(0):
        check_limits(key=key, items=1_000)


# -- a database that cannot take it


def failing_inserts(table: str, state: str) -> None:
    """From now on PostgreSQL itself refuses rows of the table with this SQLSTATE."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '{state}'; END $$;
                CREATE TRIGGER refuse BEFORE INSERT ON {table} EXECUTE FUNCTION refuse()"""
        )


@pytest.mark.parametrize(
    ("state", "seconds"), [("53100", "60"), ("53200", "5"), ("53300", "5"), ("57P03", "5")]
)
def test_otlp_on_a_full_disk_is_503(project: Any, export: Any, state: str, seconds: str) -> None:
    failing_inserts("ingest_span", state)
    answer = export(2)
    assert (answer.status_code, answer["Retry-After"]) == (503, seconds)
    message = json.loads(answer.content)["message"]
    assert "Nothing was stored" in message
    assert ("disk" in message) == (state == "53100")
    assert Span.objects.count() == 0


def test_events_on_a_full_disk_are_503(project: Any, track: Any) -> None:
    failing_inserts("ingest_event", "53100")
    answer = track(2)
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "disk" in answer.json()["error"]["message"]
    assert Event.objects.count() == 0


# -- the settings


def test_an_admin_sets_the_limits(
    client: Client, project: Any, member: Any, export: Any, clock: Clock
) -> None:
    client.force_login(member)
    key = ApiKey.objects.get(kind="write")
    url = reverse("limits", args=["acme"])
    sent = {"monthly_quota": "1000", f"rate_{key.id}": "1", f"burst_{key.id}": "2"}
    page = client.post(url, sent, follow=True).content.decode()
    assert "Saved" in page
    assert 'value="1000"' in page
    key.refresh_from_db()
    project.refresh_from_db()
    assert (project.monthly_quota, key.rate, key.burst) == (1000, 1, 2)
    assert export(2).status_code == 200
    assert export(1, first=3).status_code == 429
    client.post(url, {"monthly_quota": "", f"rate_{key.id}": "", f"burst_{key.id}": ""})
    key.refresh_from_db()
    project.refresh_from_db()
    assert (project.monthly_quota, key.rate, key.burst) == (None, None, None)
    assert export(1, first=3).status_code == 200


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "x", "99999999999999999999"])
def test_a_rate_that_is_none_is_refused(
    client: Client, project: Any, member: Any, write_key: str, value: str
) -> None:
    client.force_login(member)
    key = ApiKey.objects.get(kind="write")
    page = client.post(
        reverse("limits", args=["acme"]), {f"rate_{key.id}": value}, follow=True
    ).content.decode()
    assert f"Rate of {key.prefix}" in page
    key.refresh_from_db()
    assert key.rate is None


def test_others_do_not(
    client: Client, project: Any, other_project: Any, viewer: Any, stranger: Any, write_key: str
) -> None:
    key = ApiKey.objects.get(kind="write")
    sent = {"monthly_quota": "1", f"rate_{key.id}": "1"}
    client.force_login(viewer)
    assert client.post(reverse("limits", args=["acme"]), sent).status_code == 403
    client.force_login(stranger)
    assert client.post(reverse("limits", args=["acme"]), sent).status_code == 404
    client.post(reverse("limits", args=["umbrella"]), {f"rate_{key.id}": "1"})  # a key of another project
    key.refresh_from_db()
    project.refresh_from_db()
    assert (key.rate, project.monthly_quota) == (None, None)
