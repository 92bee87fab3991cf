"""Questions when the service is slow, busy, broken or gone, when the money runs out, and when workers die or meet."""

import datetime as dt
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from ingest.models import Event, Project
from raindrop import llm
from signals.detection import stage as detection
from signals.llm import budget
from signals.models import LlmSettings, LlmSpend, QuestionVerdict, SignalDefinition
from signals.questions import asking
from signals.questions.asking import call_workers, work
from signals.questions.verdicts import standing_of
from tests.signals.anthropic_stub import Failure, Reply, Stub, error, verdict
from tests.signals.questions.question_world import (
    MakeEvent,
    ask_all,
    make_question,
    match_on,
    only_verdict,
    question,
    run_pipeline,
    service,
    set_budget,
)
from tests.waiting import wait_until

__all__ = ["question", "service"]
TEXT = "I want my money back, please!"
YES = verdict(True, "my money back")


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's pauses between attempts, shortened; `retry-after` it still takes from the answer."""
    monkeypatch.setattr("anthropic._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setattr("anthropic._base_client.MAX_RETRY_DELAY", 0.02)


@pytest.fixture
def event(question: SignalDefinition, service: Stub, make_event: MakeEvent) -> Event:
    made = make_event(input=TEXT)
    run_pipeline(made)
    return made


def later(**delta: float) -> None:
    """Moves what waits so much nearer."""
    for row in QuestionVerdict.objects.all():
        QuestionVerdict.objects.filter(pk=row.pk).update(
            available_at=row.available_at - dt.timedelta(**delta)
        )


def first(failures: list[Reply]) -> Callable[[dict[str, Any], int], Reply]:
    """These answers first, then yes."""
    return lambda request, n: failures[n] if n < len(failures) else YES


def money(project: Project) -> tuple[int, int, int]:
    spend = LlmSpend.objects.filter(project=project).first()
    return (spend.calls, spend.money, spend.held) if spend else (0, 0, 0)


@pytest.mark.parametrize(
    "failure",
    [
        error(429, "rate_limit_error", headers={"retry-after": "0.05"}),
        error(529, "overloaded_error"),
        error(500, "api_error"),
        error(503, "api_error"),
        Failure(502, "<html>Bad gateway</html>", {"content-type": "text/html"}),
    ],
    ids=["429", "529", "500", "503", "502 in HTML"],
)
def test_a_passing_failure_is_retried_by_the_sdk(
    event: Event, service: Stub, project: Project, failure: Reply
) -> None:
    service.answer = first([failure, failure])
    ask_all(project)
    assert (only_verdict().state, only_verdict().attempts, len(service.requests)) == ("answered", 1, 3)
    assert money(project) == (1, 150, 0)  # refused attempts cost nothing


def test_retry_after_is_waited_for(event: Event, service: Stub, project: Project) -> None:
    service.answer = first([error(429, "rate_limit_error", headers={"retry-after": "1"})])
    started = time.monotonic()
    ask_all(project)
    assert only_verdict().state == "answered" and time.monotonic() - started >= 1


@pytest.mark.parametrize("header", ["7200", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_but_no_worker_sleeps_for_hours(event: Event, service: Stub, project: Project, header: str) -> None:
    service.answer = first([error(429, "rate_limit_error", headers={"retry-after": header})])
    ask_all(project)
    row = only_verdict()
    assert (row.state, len(service.requests)) == ("waiting", 1)
    assert row.available_at > timezone.now() + dt.timedelta(hours=1.9)
    assert row.available_at < timezone.now() + dt.timedelta(hours=6.1)
    later(hours=7)
    ask_all(project)
    assert only_verdict().state == "answered"


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (error(529, "overloaded_error", text="Overloaded"), "529: Overloaded"),
        (error(500, "api_error"), "500"),
        (error(401, "authentication_error"), "401"),
        (error(403, "permission_error"), "403"),
        (error(404, "not_found_error", text="model: x"), "404: model: x"),
    ],
    ids=["529", "500", "401", "403", "404"],
)
def test_a_service_that_is_down_leaves_the_local_answer_and_says_so(
    event: Event, service: Stub, project: Project, failure: Reply, says: str
) -> None:
    service.answer = lambda request, n: failure
    ask_all(project)
    row, settings_ = only_verdict(), LlmSettings.objects.get(project=project)
    denied = says in ("401", "403")  # no attempt: it is the key's fault
    assert (row.state, row.attempts) == ("waiting", 0 if denied else 1)
    assert says in row.problem and says in settings_.trouble
    assert match_on(event).source == "question-local@1"
    assert money(project) == (0, 0, 0)
    calls = len(service.requests)
    ask_all(project)
    assert len(service.requests) == calls  # not before its time

    service.answer = lambda request, n: YES
    later(minutes=11 if denied else 2)
    assert (settings_.stopped_until is not None) == denied
    if denied:  # it is left alone for a while
        ask_all(project)
        assert len(service.requests) == calls
        LlmSettings.objects.update(stopped_until=timezone.now())
    call_workers()
    ask_all(project)
    assert match_on(event).source.startswith("llm@")
    assert (LlmSettings.objects.get().trouble, LlmSettings.objects.get().stopped_until) == ("", None)


def test_a_key_that_is_mended_late_finds_every_question_still_open(
    event: Event, service: Stub, project: Project
) -> None:
    service.answer = lambda request, n: error(401, "authentication_error")
    for _ in range(6):
        later(hours=1)
        LlmSettings.objects.update(stopped_until=None)
        ask_all(project)
    assert len(service.requests) == 6 and only_verdict().state == "waiting"

    service.answer = lambda request, n: YES
    later(hours=1)
    LlmSettings.objects.update(stopped_until=None)
    ask_all(project)
    assert match_on(event).source.startswith("llm@")


def test_it_is_given_up_in_the_end(event: Event, service: Stub, project: Project) -> None:
    service.answer = lambda request, n: error(500, "api_error")
    for _ in range(6):
        later(hours=1)
        ask_all(project)
    row = only_verdict()
    assert (row.state, row.attempts, len(service.requests)) == ("failed", 4, 12)
    assert match_on(event) is not None and money(project) == (0, 0, 0)


def test_a_request_that_is_refused_is_not_repeated(event: Event, service: Stub, project: Project) -> None:
    service.answer = lambda request, n: error(400, "invalid_request_error", text="prompt is <b>too long</b>")
    ask_all(project)
    assert (only_verdict().state, len(service.requests)) == ("failed", 1)
    assert "too long" in only_verdict().problem and LlmSettings.objects.get(project=project).trouble == ""


def test_a_time_out_counts_as_spent(event: Event, service: Stub, project: Project, settings: Any) -> None:
    settings.LLM_TIMEOUT = 0.2
    service.answer = lambda request, n: Failure(200, json.dumps(YES), after=0.6)
    ask_all(project)
    row = only_verdict()
    assert (row.state, len(service.requests)) == ("waiting", 3) and "0.2 seconds" in row.problem
    events, cost, held = money(project)
    assert (events, held) == (
        1,
        0,
    ) and cost == row.cost >= 3 * 1000  # three attempts that may have been billed

    service.answer = lambda request, n: Failure(200, json.dumps(YES), after=0.6 if n == 3 else 0.0)
    later(minutes=2)
    ask_all(project)
    assert only_verdict().state == "answered"
    assert money(project)[1] == cost + cost // 3 + 150  # one more was lost, and one answered


def test_a_connection_that_is_refused_costs_nothing(
    event: Event, service: Stub, project: Project, settings: Any
) -> None:
    settings.ANTHROPIC_BASE_URL = "http://127.0.0.1:9"
    ask_all(project)
    assert only_verdict().state == "waiting" and "connection" in only_verdict().problem
    assert money(project) == (0, 0, 0) and match_on(event) is not None


def test_the_key_is_gone_before_the_worker_comes(
    event: Event, service: Stub, project: Project, settings: Any
) -> None:
    settings.ANTHROPIC_API_KEY = ""
    ask_all(project)
    assert (only_verdict().state, only_verdict().problem) == ("local", "No model is set up.")


# -- the budget


def many(project: Project, make_event: MakeEvent, count: int) -> list[Event]:
    make_question(project)
    made = [make_event(input=f"{TEXT} Order {n}.") for n in range(count)]
    run_pipeline(*made)
    return made


def test_events_run_out_in_the_middle(project: Project, service: Stub, make_event: MakeEvent) -> None:
    set_budget(project, daily_calls=3)
    made = many(project, make_event, 10)
    service.answer = lambda request, n: YES
    ask_all(project)
    states = list(QuestionVerdict.objects.values_list("state", flat=True))
    assert (states.count("answered"), states.count("local"), len(service.requests)) == (3, 7, 3)
    assert set(QuestionVerdict.objects.filter(state="local").values_list("problem", flat=True)) == {
        "The day's budget was spent."
    }
    assert money(project) == (3, 450, 0)
    assert sorted(match_on(one).source[:4] for one in made) == ["llm@"] * 3 + ["ques"] * 7
    # What comes after that is not even noted as waiting.
    run_pipeline(make_event(input=f"{TEXT} Now."))
    assert not QuestionVerdict.objects.filter(state="waiting").exists()
    assert budget.meter(project.id).spent


def test_money_runs_out_in_the_middle(project: Project, service: Stub, make_event: MakeEvent) -> None:
    set_budget(project, daily_dollars="0.01")
    many(project, make_event, 40)
    service.answer = lambda request, n: {**YES, "usage": {"input_tokens": 5000, "output_tokens": 600}}
    for _ in range(10):
        later(minutes=1)
        ask_all(project)
    events, spent, held = money(project)
    assert 3 < events < 40 and held == 0 and spent == events * 800 <= 10_000
    assert QuestionVerdict.objects.filter(state="answered").count() == events
    assert QuestionVerdict.objects.filter(state="local").count() == 40 - events


def test_a_budget_of_nothing_asks_nothing(project: Project, service: Stub, make_event: MakeEvent) -> None:
    set_budget(project, daily_dollars="0")
    many(project, make_event, 2)
    ask_all(project)
    assert not service.requests and not OrmQ.objects.filter(key="llm").exists()
    assert {row.problem for row in QuestionVerdict.objects.all()} == {"The day's budget is 0."}


def test_another_day_has_its_own_budget(project: Project, service: Stub, make_event: MakeEvent) -> None:
    set_budget(project, daily_calls=1)
    LlmSpend.objects.create(project=project, day=budget.today() - dt.timedelta(days=1), calls=1, money=10**6)
    many(project, make_event, 1)
    ask_all(project)
    assert len(service.requests) == 1


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_do_not_overspend(project: Project, service: Stub, make_event: MakeEvent) -> None:
    set_budget(project, daily_calls=20, daily_dollars="0.10")
    many(project, make_event, 40)
    service.answer = lambda request, n: Failure(200, json.dumps(YES), after=0.02)

    def one_worker() -> None:
        try:
            work(str(project.id))
        finally:
            connection.close()

    threads = [threading.Thread(target=one_worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(service.requests) == 20  # each event once, and no more than may be
    assert len({json.dumps(request["messages"]) for request in service.requests}) == 20
    assert money(project) == (20, 20 * 150, 0)
    assert QuestionVerdict.objects.filter(state="answered").count() == 20


@pytest.mark.django_db(transaction=True)
def test_reservations_at_once_fit_together(project: Project, service: Stub) -> None:
    set_budget(project, daily_calls=1000, daily_dollars="0.01")
    limits, got = budget.settings_of(project.id), []

    def take() -> None:
        got.append(sum(budget.reserve(limits, day=budget.today(), money=300) for _ in range(20)))
        connection.close()

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(got) == 33 and money(project) == (33, 9900, 9900)


# -- workers


def test_a_worker_that_dies_loses_nothing(
    event: Event, service: Stub, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(asking, "ask", lambda claims: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            work(str(project.id))
    row = only_verdict()
    held = money(project)[2]
    assert row.state == "asking" and row.held == held > 0
    service.answer = lambda request, n: YES
    ask_all(project)
    assert not service.requests  # it may still be at it
    later(minutes=30)
    ask_all(project)
    row = only_verdict()
    assert (row.state, row.attempts) == ("answered", 2)
    assert (
        money(project) == (2, held + 150, 0) and row.cost == held + 150
    )  # what it had asked may have been billed


def test_a_worker_that_always_dies_ends(event: Event, service: Stub, project: Project) -> None:
    QuestionVerdict.objects.update(state="asking", attempts=4, available_at=timezone.now())
    ask_all(project)
    assert only_verdict().state == "failed" and "died" in only_verdict().problem and not service.requests


def test_an_answer_that_comes_too_late_changes_nothing(event: Event, service: Stub, project: Project) -> None:
    def slow(request: dict[str, Any], n: int) -> Reply:
        return YES

    service.answer = slow
    claims = asking._take(project.id)
    assert claims
    later(hours=1)
    ask_all(project)  # another worker took it up
    before = QuestionVerdict.objects.values().get()
    [(claimed, outcome)] = asking.ask(claims)
    assert asking.put_down(claimed, outcome) is None
    assert QuestionVerdict.objects.values().get() == before and money(project)[2] == 0


def test_one_task_is_queued_however_many_events_come(
    project: Project, service: Stub, make_event: MakeEvent
) -> None:
    make_question(project)
    for n in range(5):
        run_pipeline(make_event(input=f"{TEXT} {n}"))
    call_workers()
    tasks = [task.task for task in OrmQ.objects.filter(key="llm")]
    assert [(task["func"], task["args"]) for task in tasks] == [
        ("signals.questions.asking.work", (str(project.id),))
    ]
    work(str(project.id))
    run_pipeline(make_event(input=f"{TEXT} again"))
    assert OrmQ.objects.filter(key="llm").count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_slow_run_of_the_pipeline_does_not_bring_the_local_answer_back(
    event: Event, service: Stub, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verdict is asked for when the run begins, and comes while the run is about to store the local answer."""
    is_asked, has_read, real = threading.Event(), threading.Event(), detection.save_matches

    def answer(request: Any, n: int) -> Any:
        is_asked.set()
        assert has_read.wait(20)
        return YES

    def is_in_its_way() -> bool:
        """The verdict is stored, or waits for a lock that the run holds."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
            [waits] = cursor.fetchone()
        return waits or QuestionVerdict.objects.filter(state="answered").exists()

    def slow(**kwargs: Any) -> Any:
        if threading.current_thread() is runner:
            has_read.set()
            wait_until(is_in_its_way, what="the verdict")
        return real(**kwargs)

    def run() -> None:
        if is_asked.wait(20):
            run_pipeline(event)
        connection.close()

    service.answer = answer
    monkeypatch.setattr(detection, "save_matches", slow)
    runner = threading.Thread(target=run)
    runner.start()
    ask_all(project)
    runner.join(20)
    assert has_read.is_set() and match_on(event).source.startswith("llm@")


def test_an_event_that_is_gone(event: Event, service: Stub, project: Project) -> None:
    Event.objects.all().delete()
    ask_all(project)
    assert only_verdict().state == "failed" and not service.requests


def test_the_share_that_the_model_judged(
    project: Project, service: Stub, make_event: MakeEvent, question: SignalDefinition
) -> None:
    set_budget(project, daily_calls=2)
    made = [make_event(input=f"{TEXT} {n}") for n in range(5)]
    run_pipeline(*made)
    replies = [YES, verdict(True, "not there")]
    service.answer = lambda request, n: replies[n]
    ask_all(project)
    [version] = {row.version for row in QuestionVerdict.objects.all()}
    standing = standing_of(project.id, version)
    assert (standing.judged, standing.void, standing.local, standing.open, standing.share) == (
        1,
        1,
        3,
        0,
        0.2,
    )


def test_what_an_attempt_costs_at_most_is_no_less_than_what_it_costs(service: Stub) -> None:
    from anthropic.types import Usage

    prices = llm.known_prices()
    usage = Usage(
        input_tokens=4000, output_tokens=2000, cache_creation_input_tokens=4000, cache_read_input_tokens=4000
    )
    assert prices.of(usage) == 400 + 1000 + 500 + 40
    assert prices.of(usage, batch=True) == 970
    assert prices.most(prompt_bytes=12_000, max_tokens=2000) > prices.of(usage)


def test_money_that_is_held_for_others_makes_it_wait(
    project: Project, question: SignalDefinition, service: Stub, make_event: MakeEvent
) -> None:
    """All of them, and none with the reason of an attempt before."""
    run_pipeline(*(make_event(input=f"{TEXT} Order {n}.") for n in range(3)))
    first = QuestionVerdict.objects.order_by("id")[0]
    QuestionVerdict.objects.filter(pk=first.pk).update(
        attempts=1, problem="The service gave no answer. It answered 529."
    )
    set_budget(project, daily_dollars="0.99")
    assert budget.reserve(budget.settings_of(project.id), day=budget.today(), money=990_000)
    work(str(project.id))
    rows = QuestionVerdict.objects.values_list("state", "problem")
    assert list(rows) == [("waiting", "")] * 3 and not service.requests
    budget.settle(project_id=project.id, day=budget.today(), held=990_000, cost=0)
    QuestionVerdict.objects.update(available_at=timezone.now())
    work(str(project.id))
    assert len(service.requests) == 3
