"""Questions on the pages and in the API: made, previewed with a price, watched, and kept within a budget."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from ingest.jobs.runner import run_job
from ingest.models import Event, Job, Project, User
from signals.models import LlmSettings, LlmSpend, QuestionVerdict, SignalDefinition
from signals.questions.asking import call_workers, work
from tests.html import html_of
from tests.signals.anthropic_stub import Stub, error, verdict
from tests.signals.questions.question_world import (
    CONFIG,
    KEY,
    MakeEvent,
    ask_all,
    make_question,
    question,
    run_pipeline,
    service,
    set_budget,
)

__all__ = ["question", "service"]
EVIL = "<script>alert(1)</script> because & so"
FORM = {
    "kind": "question", "name": "Refund", "sentiment": "negative", "reads": "user", "question": CONFIG["question"],
    "examples": "I'd like a refund\nGive me my money back\nI want to be reimbursed", "plausible": "0.1", "sample": "0",
}  # fmt: skip


@pytest.fixture
def page(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


@pytest.fixture
def events(project: Project, make_event: MakeEvent) -> list[Event]:
    texts = [
        "I want my money back",
        "Please refund my order",
        "Play some jazz",
        "What is the weather in Paris?",
    ]
    made = [make_event(input=text, output="Hm.") for text in texts]
    run_pipeline(*made)
    return made


def url(project: Project, path: str = "new/") -> str:
    return f"/p/{project.slug}/signals/{path}"


def html(answer: Any) -> str:
    text: str = html_of(answer)
    return text


def test_a_question_is_previewed_asked_and_made(
    page: Client, project: Project, service: Stub, events: list[Event]
) -> None:
    shown = page.post(url(project), FORM | {"action": "preview"})
    assert shown.status_code == 200 and not service.requests  # a preview alone costs nothing
    trial = shown.context["trial"]
    assert trial.plausible[0].event in events[:2] and 0 < trial.estimate.expected < trial.estimate.most
    assert "It was not asked yet" in html(shown) and "at most" in html(shown)

    service.answer = lambda request, n: (
        verdict(True, "money back", EVIL)
        if "money" in str(request["messages"])
        else verdict(False, "", "It does not.")
    )
    text = html(page.post(url(project), FORM | {"action": "ask"}))
    assert "&lt;script&gt;alert(1)&lt;/script&gt; because &amp; so" in text and "<script>alert(1)" not in text
    assert '<mark class="evidence">money back</mark>' in text and "LLM: yes" in text and "LLM: no" in text
    count = len(service.requests)
    assert 2 <= count <= 5 and LlmSpend.objects.get().calls == count
    assert not SignalDefinition.objects.filter(key="refund").exists()
    page.post(url(project), FORM | {"action": "ask"})
    assert len(service.requests) == count  # asked once

    assert page.post(url(project), FORM | {"action": "save"}).status_code == 302
    signal = SignalDefinition.objects.get(key="refund")
    assert (signal.detector, signal.config["plausible"], len(signal.trained)) == ("llm", 0.1, 385 * 4)
    run_job(Job.objects.get(kind="backfill").id)
    here = html(page.get(url(project, "refund/")))
    assert (
        "llm@1:claude-haiku-5-5" not in here and "&lt;script&gt;alert(1)" in here
    )  # the preview's verdict counts
    assert len(service.requests) == count
    assert "Does the user want their money back?" in html(page.get(url(project, "refund/rule/")))
    again = page.post(url(project, "refund/rule/"), FORM | {"action": "ask"})
    assert again.status_code == 200 and again.context["trial"].verdicts and len(service.requests) == count


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"question": " "}, "question", "required"),
        ({"question": "x" * 2001}, "question", "2000"),
        ({"examples": "\n"}, "examples", "required"),
        ({"examples": "y\n" * 51}, "question", "1 to 50 examples"),
        ({"examples": "\n".join(["é" * 1900] * 20)}, "question", "too long together"),
        ({"plausible": "2"}, "plausible", "less than"),
        ({"sample": "-1"}, "sample", "greater than"),
        ({"threshold": "7"}, "threshold", "less than"),
        ({"reads": "spans"}, "reads", "valid choice"),
        ({"name": "Win"}, "name", "already"),
    ],
)
@pytest.mark.parametrize("action", ["preview", "ask", "save"])
def test_what_is_wrong_stands_beside_the_field(
    page: Client,
    project: Project,
    service: Stub,
    change: dict[str, str],
    field: str,
    message: str,
    action: str,
) -> None:
    answer = page.post(url(project), FORM | change | {"action": action})
    assert answer.status_code == 400 and message in " ".join(answer.context["form"].errors[field])
    assert not SignalDefinition.objects.filter(builtin=False).exists() and not service.requests


def test_without_a_key_the_form_says_what_happens(
    page: Client, project: Project, events: list[Event], settings: Any
) -> None:
    settings.ANTHROPIC_API_KEY = ""
    for answer in (
        page.get(url(project) + "?kind=question"),
        page.post(url(project), FORM | {"action": "ask"}),
    ):
        assert "ANTHROPIC_API_KEY" in html(answer) and "small model answers alone" in html(answer)
    assert page.post(url(project), FORM | {"action": "save"}).status_code == 302
    run_job(Job.objects.get(kind="backfill").id)
    here = html(page.get(url(project, "refund/")))
    assert "ANTHROPIC_API_KEY" in here and "small model answers alone" in here
    assert "of the newest" in here and not LlmSpend.objects.exists()


def test_a_preview_of_a_service_that_is_down(
    page: Client, project: Project, service: Stub, events: list[Event]
) -> None:
    service.answer = lambda request, n: error(529, "overloaded_error", text="<b>Overloaded</b>")
    shown = html(page.post(url(project), FORM | {"action": "ask"}))
    assert "529" in shown and "&lt;b&gt;Overloaded" in shown and "<b>Overloaded" not in shown
    assert LlmSpend.objects.get().money == 0


def test_a_preview_stops_at_the_budget(
    page: Client, project: Project, service: Stub, events: list[Event]
) -> None:
    set_budget(project, daily_calls=1)
    shown = html(page.post(url(project), FORM | {"action": "ask"}))
    assert len(service.requests) == 1 and "budget was spent" in shown
    assert "budget is spent" in html(page.post(url(project), FORM | {"action": "ask"}))
    assert len(service.requests) == 1


def test_the_page_of_a_question(
    page: Client, project: Project, service: Stub, question: SignalDefinition, make_event: MakeEvent
) -> None:
    set_budget(project, daily_calls=2)
    made = [make_event(input=f"I want my money back {n}") for n in range(3)]
    run_pipeline(*made)
    replies = [verdict(True, "my money back", EVIL), verdict(True, "elsewhere")]
    service.answer = lambda request, n: replies[n]
    ask_all(project)
    here = html(page.get(url(project, "refund/")))
    assert "&lt;script&gt;alert(1)" in here and "<script>alert(1)" not in here
    assert "not usable: Its quote is not in the text." in here
    assert "The day&#x27;s budget was spent." in here
    assert "33% of the newest 3<" in here and "2 of 2" in here and "budget is spent" in here

    LlmSettings.objects.update(daily_calls=100, trouble="It answered 529: Overloaded <b>.")
    here = html(page.get(url(project, "refund/")))
    assert "529: Overloaded &lt;b&gt;" in here and "answers stand" in here


def test_asking_about_the_past(page: Client, project: Project, service: Stub, events: list[Event]) -> None:
    question = make_question(project)
    run_job(Job.objects.get(kind="backfill").id)
    here = html(page.get(url(project, "refund/")))
    assert "Ask about the past" in here and "costs about" in here
    count = QuestionVerdict.objects.count()
    service.answer = lambda request, n: verdict(False)
    assert page.post(url(project, "refund/ask/")).status_code == 302
    job = Job.objects.get(kind="question_history")
    assert (job.created_by, job.subject) == (page.get(url(project)).wsgi_request.user, question.pk)
    assert "Asking about the past" in html(page.get(url(project, "refund/")))
    page.post(url(project, "refund/ask/"))
    assert Job.objects.filter(kind="question_history").count() == 1
    for _ in range(2):
        call_workers()
        work(str(project.id))
    assert QuestionVerdict.objects.filter(state="answered").count() == count > 0
    assert "Ask about the past" not in html(page.get(url(project, "refund/")))
    page.post(url(project, "refund/ask/"))
    assert Job.objects.filter(kind="question_history").count() == 1  # there is nothing left to ask


def test_only_a_question_is_asked(page: Client, project: Project, service: Stub) -> None:
    page.get(url(project, ""))
    assert page.post(url(project, "win/ask/")).status_code == 404
    assert page.get(url(project, "win/ask/")).status_code == 405


def test_the_budget_is_kept_by_admins(
    page: Client, project: Project, viewer: User, stranger: User, service: Stub, question: SignalDefinition
) -> None:
    here = f"/p/{project.slug}/settings/llm/"
    LlmSpend.objects.create(project=project, day="2026-01-01", calls=1, money=1)
    shown = html(page.get(here))
    assert "claude-haiku-5-5" in shown and "Refund" in shown and KEY not in shown
    assert "0 of 1,000" in shown and "$0.00 of $1.00" in shown
    assert page.post(here, {"daily_calls": "5", "daily_dollars": "0.25"}).status_code == 302
    kept = LlmSettings.objects.get(project=project)
    assert (kept.daily_calls, kept.daily_dollars) == (5, Decimal("0.25"))
    for bad in (
        {"daily_calls": "-1"},
        {"daily_dollars": "1.23456"},
        {"daily_dollars": "nan"},
        {"daily_calls": "x"},
    ):
        answer = page.post(here, {"daily_calls": "1", "daily_dollars": "1", **bad})
        assert answer.status_code == 400 and answer.context["form"].errors
    for user, get, post in ((viewer, 200, 403), (stranger, 404, 404)):
        client = Client()
        client.force_login(user)
        assert client.get(here).status_code == get
        assert client.post(here, {"daily_calls": "9", "daily_dollars": "9"}).status_code == post
        assert client.post(url(project, "refund/ask/")).status_code == (403 if user == viewer else 404)
    assert LlmSettings.objects.get(project=project).daily_calls == 5


def test_the_api_makes_a_question(
    admin_key: str, project: Project, service: Stub, events: list[Event]
) -> None:
    client = Client(headers={"Authorization": f"Bearer {admin_key}"})
    body = {"name": "Refund", "config": CONFIG, "detector": "llm"}
    answer = client.post("/api/signals/", body, content_type="application/json")
    assert answer.status_code == 201, answer.content
    assert (answer.json()["detector"], answer.json()["config"]) == ("llm", CONFIG)
    for bad in (
        {"question": ""}, {"question": "x"}, {"question": 3, "examples": ["y"]}, {"question": "x", "examples": []},
        {**CONFIG, "plausible": "0.1"}, {**CONFIG, "plausible": True}, {**CONFIG, "sample": 2}, {**CONFIG, "model": "x"},
        {**CONFIG, "sentence": "x"}, {**CONFIG, "question": "a\x00b"},
    ):  # fmt: skip
        answer = client.post("/api/signals/", {"name": "Bad", "config": bad}, content_type="application/json")
        assert answer.status_code == 400 and "config" in answer.json()["error"]["details"], bad


def test_a_combination_with_a_question_follows_its_verdict(
    project: Project, service: Stub, question: SignalDefinition, make_event: MakeEvent
) -> None:
    from signals.models import SignalMatch
    from signals.taxonomy.definitions import create_signal

    create_signal(
        project=project, name="Both", config={"all": [{"signal": "refund"}, {"metric": "turns >= 1"}]}
    )
    run_pipeline(make_event(input="I want my money back"))
    assert SignalMatch.objects.filter(signal__key="both").exists()
    ask_all(project)  # no
    assert not SignalMatch.objects.filter(signal__key="both").exists()


def test_asking_about_the_past_is_stopped(
    page: Client, project: Project, service: Stub, events: list[Event], viewer: User
) -> None:
    make_question(project)
    run_job(Job.objects.get(kind="backfill").id)
    service.batch_status = "in_progress"
    page.post(url(project, "refund/ask/"))
    work(str(project.id))
    stop = url(project, "refund/ask/stop/")
    assert stop in html(page.get(url(project, "refund/")))
    guest = Client()
    guest.force_login(viewer)
    assert stop not in html(guest.get(url(project, "refund/"))) and guest.post(stop).status_code == 403
    assert page.get(stop).status_code == 405
    job = Job.objects.get(kind="question_history")
    assert job.state == "running"
    text = html(page.post(stop, follow=True))
    assert "Nothing more is sent" in text and "told to cancel" in text and "Asking about the past" not in text
    work(str(project.id))
    service.batch_status = "ended"
    work(str(project.id))
    here = html(page.get(url(project, "refund/")))
    assert "told to cancel" not in here and "Ask about the past" in here
    assert LlmSpend.objects.get().held == 0
