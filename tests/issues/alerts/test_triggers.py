"""When each trigger that is checked holds, and that it is told once."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from ingest.counts.rollups import count_events
from ingest.models import Event
from ingest.store.events import IncomingSpan
from issues.alerts import checking
from issues.alerts.checking import check_due
from issues.alerts.registry import all_triggers, register_trigger
from issues.alerts.rules import change_rule, create_rule
from issues.models import AlertDelivery, AlertRule, Issue
from issues.models.issues import Follows
from signals.models import Cluster, LlmSettings, SignalDefinition, SignalMatch

pytestmark = pytest.mark.django_db


def rule_of(project: Any, trigger: str, **fields: Any) -> AlertRule:
    return create_rule(
        project=project, user=None, channels=["json://a.example/x"], name="Mine", trigger=trigger, **fields
    )


def check() -> list[AlertDelivery]:
    """All rules are due; what was told so far, oldest first."""
    AlertRule.objects.update(next_check_at=timezone.now())
    check_due()
    return list(AlertDelivery.objects.order_by("id"))


def ago(**parts: float) -> dt.datetime:
    return timezone.now() - dt.timedelta(**parts)


def test_events_in_a_window(project: Any, make_event: Callable[..., Event]) -> None:
    rule_of(project, "event_count", query="seat", threshold=3, window=3600)
    for n in range(2):
        make_event(input=f"my seat {n}")
    make_event(input="my seat long ago", timestamp=ago(hours=2))
    make_event(input="something else")
    embed_all()
    assert check() == []
    make_event(input="my seat again")
    embed_all()
    [told] = check()
    assert told.text.startswith("3 events in the last hour. The limit is 3.")
    assert told.data["events"] == 3
    assert len(told.data["example_event_ids"]) == 3
    assert len(check()) == 1  # it goes on holding
    Event.objects.update(timestamp=ago(hours=2))
    assert len(check()) == 1
    Event.objects.update(timestamp=ago(minutes=2))
    assert len(check()) == 2  # it holds again


def test_a_query_over_an_issue_says_which_issue_it_is(
    project: Any, other_project: Any, make_event: Callable[..., Event]
) -> None:
    for of, title in ((project, "Insurance checks fail"), (other_project, "Theirs")):
        Issue.objects.create(project=of, number=2, title=title, follows=Follows.QUERY, query="seat")
    rule_of(project, "event_count", query="issue:2 OR seat", threshold=1)
    make_event(input="my seat")
    embed_all()
    [told] = check()
    assert told.text.endswith("Query: issue:2 OR seat\nIssue 2: Insurance checks fail")


def embed_all() -> None:
    from signals.vectors.embedding import embed

    embed(list(Event.objects.select_related("project")))


def test_the_throttle_holds_a_condition_back_not_away(project: Any, make_event: Callable[..., Event]) -> None:
    rule = rule_of(project, "event_count", threshold=1, throttle=3600)
    make_event()
    assert len(check()) == 1
    Event.objects.update(timestamp=ago(hours=2))
    check()
    Event.objects.update(timestamp=ago(minutes=2))
    assert len(check()) == 1
    rule.threads.update(alerted_at=ago(hours=2))
    assert len(check()) == 2


def test_another_condition_starts_anew(project: Any, make_event: Callable[..., Event]) -> None:
    rule = rule_of(project, "event_count", threshold=1)
    make_event()
    assert len(check()) == 1
    change_rule(rule=rule, threshold=2)
    assert len(check()) == 1
    change_rule(rule=rule, threshold=1)
    assert len(check()) == 2


def test_users_in_a_window(project: Any, make_event: Callable[..., Event]) -> None:
    rule_of(project, "user_count", threshold=2)
    for _ in range(3):
        make_event(user_id="one")
    assert check() == []
    make_event(user_id="two")
    [told] = check()
    assert told.data["users"] == 2


def test_a_share_of_events(project: Any, make_event: Callable[..., Event]) -> None:
    rule_of(project, "rate", query="model:bad", threshold=0.3)
    for n in range(9):
        make_event(model="bad" if n < 3 else "good")
    assert check() == []  # too few to say
    for _ in range(2):
        make_event(model="good")
    assert check() == []  # 3 of 11
    make_event(model="bad")
    [told] = check()
    assert "33.3% of events in the last hour (4 of 12)" in told.text


def test_more_than_before(project: Any, make_event: Callable[..., Event]) -> None:
    rule_of(project, "percent_change", threshold=100)
    for n in range(10):
        make_event(timestamp=ago(minutes=70 + n))
    for n in range(20):
        make_event(timestamp=ago(minutes=1 + n))
    assert check() == []  # 20 after 10 is chance, one time in twenty
    for n in range(10):
        make_event(timestamp=ago(minutes=1 + n))
    [told] = check()
    assert told.text.startswith("200 % more: 30 events in the last hour, 10 in the hour before.")


def test_a_signals_rate(project: Any, make_event: Callable[..., Event]) -> None:
    signal = SignalDefinition.objects.create(project=project, key="moans", name="Moans")
    rule_of(project, "signal_rate", query="signal:moans", threshold=0.2)
    events = [make_event() for _ in range(12)]
    count_events(events)
    assert check() == []
    from ingest.counts.rollups import Occurrence, record

    record(Occurrence(signal.pk, project.pk, event.timestamp, None) for event in events[:3])
    [told] = check()
    assert "Moans holds on 25.0% of events" in told.text
    assert SignalMatch.objects.count() == 0


def test_a_tool_that_keeps_failing(project: Any, make_event: Callable[..., Event]) -> None:
    rule_of(project, "tool_error_streak", query="sea*", threshold=3)

    def call(name: str, status: str, minutes: int) -> None:
        at = ago(minutes=minutes)
        span = IncomingSpan(
            name=name,
            kind="tool",
            status=status,
            error="no" if status == "error" else "",
            started_at=at,
            ended_at=at,
        )
        make_event(spans=[span], timestamp=at)

    for minutes in (9, 8, 7):
        call("search", "error", minutes)
        call("book", "error", minutes)
    call("search", "ok", 6)
    assert check() == []
    for minutes in (5, 4, 3):
        call("search", "error", minutes)
    [told] = check()
    assert told.subject == "tool:search"
    assert told.data["streak"] == 3


def test_a_tools_name_may_hold_a_line_end(
    project: Any, make_event: Callable[..., Event], client: Client, member: Any
) -> None:
    rule_of(project, "tool_error_streak", threshold=2)
    for minutes in (2, 1):
        at = ago(minutes=minutes)
        span = IncomingSpan(name="a\nb", kind="tool", status="error", error="no", started_at=at, ended_at=at)
        make_event(spans=[span], timestamp=at)
    [told] = check()
    client.force_login(member)
    assert client.get(told.path).status_code == 200
    assert client.get(f"/p/{project.slug}/tools/").status_code == 200


def test_a_fault_of_ours_holds_up_no_other_rule(
    project: Any, other_project: Any, make_event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = rule_of(other_project, "event_count", threshold=1)
    rule_of(project, "event_count", threshold=1)
    make_event()
    real = checking.raise_holding

    def failing(*, rule: Any, **rest: Any) -> Any:
        return 1 / 0 if rule == broken else real(rule=rule, **rest)

    monkeypatch.setattr(checking, "raise_holding", failing)
    assert len(check()) == 1
    broken.refresh_from_db()
    assert "fault of this server" in broken.problem


def test_an_emerging_cluster(project: Any) -> None:
    rule_of(project, "cluster_emerging", query="receipt")
    Cluster.objects.create(project=project, kind="problem", label="Loops", is_emerging=True)
    cluster = Cluster.objects.create(project=project, kind="problem", label="Receipts get stuck")
    assert check() == []
    Cluster.objects.filter(pk=cluster.pk).update(is_emerging=True, emerging_reason="9 users after 1.")
    [told] = check()
    assert (told.subject, told.text) == (str(cluster.pk), "9 users after 1.")


def test_silence(project: Any, make_event: Callable[..., Event]) -> None:
    rule_of(project, "ingest_stopped", window=1800)
    assert check() == []  # nothing ever came
    make_event()
    assert check() == []
    Event.objects.update(timestamp=ago(hours=1))
    [told] = check()
    assert told.text.startswith("No event came in the last 30 minutes.")
    make_event()
    check()
    Event.objects.update(timestamp=ago(hours=1))
    assert len(check()) == 2


def test_the_budget(project: Any) -> None:
    from signals.models import LlmSpend

    rule_of(project, "budget_spent", threshold=0.8)
    LlmSettings.objects.create(project=project, daily_calls=10, daily_dollars=1)
    assert check() == []
    LlmSpend.objects.create(project=project, day=timezone.now().date(), calls=8)
    [told] = check()
    assert told.text.startswith("80% is spent: 8 of 10 calls")


def test_a_check_that_takes_too_long_is_shown(
    project: Any, make_event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = rule_of(project, "event_count", threshold=1)
    make_event()

    def slow(*_: Any) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(2)")
        return []

    monkeypatch.setattr(checking, "CHECK_LIMIT", dt.timedelta(seconds=0.05))
    trigger = next(one for one in all_triggers() if one.name == "event_count")
    monkeypatch.setattr(
        checking, "find_trigger", lambda _: type(trigger)(**{**fields_of(trigger), "check": slow})
    )
    assert check() == []
    rule.refresh_from_db()
    assert "took longer" in rule.problem
    monkeypatch.undo()
    assert len(check()) == 1
    rule.refresh_from_db()
    assert rule.problem == ""


def fields_of(trigger: Any) -> dict[str, Any]:
    return {name: getattr(trigger, name) for name in trigger.__slots__}


def test_a_check_waits_for_its_time(project: Any) -> None:
    rule = rule_of(project, "event_count", threshold=1, window=86400)
    assert check_due() == 1
    assert check_due() == 0
    rule.refresh_from_db()
    assert 230 < (rule.next_check_at - timezone.now()).total_seconds() <= 240


def test_two_triggers_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="registered twice"):
        register_trigger(all_triggers()[0])
