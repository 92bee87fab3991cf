"""Conversations that ended right after a failure: matched when they are silent for long enough, taken back when they go on."""

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from ingest.counts.rollups import totals
from ingest.jobs.runner import run_job
from ingest.models import Event, Project
from raindrop.pipeline import process
from signals.catalogue.installing import install_builtin_signals
from signals.detection.abandonment import find_abandoned, watch_endings
from signals.detection.backfill import request_backfill
from signals.models import FailedEnding, SignalDefinition, SignalMatch
from signals.taxonomy.definitions import change_signal

MakeEvent = Callable[..., Event]
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
FAILED = "I'm sorry, I was unable to find your reservation."


def minutes_ago(minutes: float) -> dt.datetime:
    return NOW - dt.timedelta(minutes=minutes)


def ended(project: Project) -> list[str]:
    rows = SignalMatch.objects.filter(project=project, signal__key="abandonment")
    return sorted(rows.values_list("event__event_id", flat=True))


def counted(project: Project) -> int:
    signal = SignalDefinition.objects.get(project=project, key="abandonment")
    return totals([signal.pk])[signal.pk].events


@pytest.fixture
def talk(make_event: MakeEvent) -> Callable[..., Event]:
    """talk(minutes, output, ...): an event of conversation c1, through the pipeline, long after a first one that failed in nothing."""
    begun: set[str] = set()

    def say(ago: float, output: str = FAILED, **fields: Any) -> Event:
        fields = {"input": "Find my reservation", "convo_id": "c1", **fields}
        if fields["convo_id"] and fields["convo_id"] not in begun:
            begun.add(fields["convo_id"])
            opening = make_event(
                input="Hello",
                output="Hello, what can I do?",
                convo_id=fields["convo_id"],
                timestamp=minutes_ago(10**6),
            )
            process([opening.id])
        event = make_event(output=output, timestamp=minutes_ago(ago), **fields)
        process([event.id])
        return event

    return say


def test_a_silence_after_a_failure_is_an_abandonment(project: Project, talk: Callable[..., Event]) -> None:
    talk(60, "Sure, let me look.")
    last = talk(40)
    assert find_abandoned(now=NOW) == 1
    assert find_abandoned(now=NOW) == 0
    assert ended(project) == [last.event_id]
    assert counted(project) == 1
    [match] = SignalMatch.objects.filter(signal__key="abandonment")
    assert match.timestamp == last.timestamp
    *words, measured = match.evidence
    assert words
    sides = {"user": last.input, "assistant": last.output}
    assert all(sides[piece["side"]][piece["start"] : piece["end"]] == piece["text"] for piece in words)
    assert "Task failure" in measured["text"]


def test_not_before_the_time_is_up(project: Project, talk: Callable[..., Event]) -> None:
    last = talk(29)
    assert find_abandoned(now=NOW) == 0
    assert find_abandoned(now=NOW + dt.timedelta(minutes=2)) == 1
    assert ended(project) == [last.event_id]


def test_a_later_event_takes_it_back(project: Project, talk: Callable[..., Event]) -> None:
    talk(40)
    find_abandoned(now=NOW)
    talk(5, "Found it: it is on Monday.")
    assert ended(project) == []
    assert counted(project) == 0
    assert find_abandoned(now=NOW + dt.timedelta(hours=1)) == 0
    assert not FailedEnding.objects.exists()


def test_a_later_failure_is_the_one_that_counts(project: Project, talk: Callable[..., Event]) -> None:
    talk(90)
    find_abandoned(now=NOW)
    second = talk(45)
    find_abandoned(now=NOW)
    assert ended(project) == [second.event_id]
    assert counted(project) == 1


def test_history_that_comes_in_the_wrong_order_goes_by_its_times(
    project: Project, talk: Callable[..., Event]
) -> None:
    talk(60 * 24 * 300, "Your seat is booked.", event_id="later")
    talk(60 * 24 * 301, event_id="earlier")
    assert find_abandoned(now=NOW) == 0
    last = talk(60 * 24 * 299, event_id="last")
    assert find_abandoned(now=NOW) == 1
    assert ended(project) == [last.event_id]


@pytest.mark.parametrize(
    "fields",
    [
        {"output": "Your seat is booked."},
        {"convo_id": None},
    ],
)
def test_what_ended_well_or_alone_is_not(
    project: Project, talk: Callable[..., Event], fields: dict[str, Any]
) -> None:
    talk(60, **{"output": FAILED, **fields})
    assert find_abandoned(now=NOW) == 0
    assert ended(project) == []


def test_a_run_takes_no_more_than_its_limit(project: Project, talk: Callable[..., Event]) -> None:
    for number in range(5):
        talk(60 + number, convo_id=f"c{number}")
    assert [find_abandoned(now=NOW, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert len(ended(project)) == counted(project) == 5


def test_twice_is_the_same_as_once(project: Project, talk: Callable[..., Event]) -> None:
    last = talk(40)
    find_abandoned(now=NOW)
    process([last.id])
    watch_endings([last])
    assert find_abandoned(now=NOW) == 0
    assert ended(project) == [last.event_id]
    assert counted(project) == 1


def test_the_projects_own_minutes_and_its_switch(project: Project, talk: Callable[..., Event]) -> None:
    install_builtin_signals(project)
    signal = SignalDefinition.objects.get(project=project, key="abandonment")
    change_signal(signal=signal, config={"minutes": 5})
    talk(6)
    assert find_abandoned(now=NOW) == 1
    change_signal(signal=signal, enabled=False)
    talk(60, convo_id="c2")
    assert find_abandoned(now=NOW) == 0


def test_it_is_looked_for_in_the_history(project: Project, talk: Callable[..., Event]) -> None:
    install_builtin_signals(project)
    signal = SignalDefinition.objects.get(project=project, key="abandonment")
    change_signal(signal=signal, enabled=False)
    last = talk(60)
    signal = change_signal(signal=signal, enabled=True)
    run_job(request_backfill(signal).pk)
    assert find_abandoned(now=NOW) == 1
    assert ended(project) == [last.event_id]


def test_another_projects_conversation_is_left_alone(
    project: Project, other_project: Project, talk: Callable[..., Event]
) -> None:
    talk(60)
    talk(60, of=other_project)
    talk(5, "Found it.", of=other_project)
    find_abandoned(now=NOW)
    assert len(ended(project)) == 1
    assert ended(other_project) == []


@pytest.mark.django_db(transaction=True)
def test_two_steps_at_once_count_once(project: Project, talk: Callable[..., Event]) -> None:
    for number in range(6):
        talk(60, convo_id=f"c{number}")
    errors: list[BaseException] = []

    def run() -> None:
        try:
            find_abandoned(now=NOW)
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(ended(project)) == counted(project) == 6
