"""Custom signals of each kind: made on the page and by the API, previewed, read off events, and read off the history."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from psycopg.errors import DeadlockDetected

from ingest.jobs import runner
from ingest.jobs.runner import run_job
from ingest.models import Event, Job, Project, User
from ingest.models.jobs import JobState
from labeling.models import Label
from signals.catalogue.installing import install_builtin_signals
from signals.detection import backfill as backfilling
from signals.detection.backfill import BACKFILL, request_backfill
from signals.detection.stage import detect
from signals.detectors.batch import batch_of
from signals.kinds.words import READ, make_detector
from signals.models import SignalDefinition, SignalMatch
from signals.taxonomy.definitions import change_signal, create_signal
from signals.vectors.embedding import embed
from tests.growth import ten_times_takes_tens_at_most
from tests.html import html_of

MakeEvent = Callable[..., Event]

REFUNDS = [
    "I want a refund for my order",
    "Can I get my money back please?",
    "Please reimburse me for this purchase",
]
OTHERS = [
    "What is the weather in Paris?",
    "Book me a table for two",
    "Translate this letter",
    "Play some jazz",
]


@pytest.fixture
def page(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


@pytest.fixture
def url(project: Project) -> str:
    install_builtin_signals(project)
    return f"/p/{project.slug}/signals/new/"


@pytest.fixture
def history(project: Project, make_event: MakeEvent) -> list[Event]:
    """Eight events that the pipeline has been through."""
    made = [
        make_event(input=text, output="Here you are.", user_id=f"u{n}", convo_id="c")
        for n, text in enumerate(REFUNDS + OTHERS)
    ]
    made.append(make_event(input="<b>refund</b> & more", output="I'm sorry, but I can't help with that.", user_id="u0",
                           model="gpt-4o", properties={"plan": "pro", "beta": True, "seats": 3}))  # fmt: skip
    Event.objects.filter(pk=made[0].pk).update(tool_errors=4, latency_ms=2500.0)
    Event.objects.filter(pk=made[1].pk).update(tool_errors=1)
    events = list(Event.objects.select_related("project").order_by("timestamp"))
    embed(events)
    detect(events)
    return made


def found(key: str) -> set[str]:
    return set(SignalMatch.objects.filter(signal__key=key).values_list("event__input", flat=True))


def run_jobs() -> None:
    for job in Job.objects.filter(kind=BACKFILL, state=JobState.QUEUED).order_by("created_at"):
        run_job(job.id)


FORMS: list[tuple[dict[str, str], dict[str, Any], set[int]]] = [
    ({"kind": "words", "reads": "user", "expressions": "refund\nmoney back"}, {"words": ["refund", "money back"]}, {0, 1, 7}),
    ({"kind": "words", "reads": "user", "expressions": "/re(fund|imburse)/"}, {"pattern": "re(fund|imburse)"}, {0, 2, 7}),
    ({"kind": "metric", "metric": "tool_errors", "operator": ">=", "value": "3"}, {"metric": "tool_errors >= 3"}, {0}),
    ({"kind": "metric", "metric": "tool_calls", "limit": " tool_errors>=1"}, {"metric": "tool_errors >= 1"}, {0, 1}),
    ({"kind": "metric", "limit": "latency_ms ≤ 3_000"}, {"metric": "latency_ms <= 3000"}, {0}),
    ({"kind": "metric", "limit": "turns >= 6"}, {"metric": "turns >= 6"}, {5, 6}),
    ({"kind": "combination", "signal_0": "refusal", "property_0": "plan", "equals_0": "pro"},
     {"all": [{"signal": "refusal"}, {"property": "plan", "equals": "pro"}]}, {7}),
    ({"kind": "combination", "limit": "tool_errors >= 1", "signal_1": "refusal", "is_1": "not"},
     {"all": [{"signal": "refusal", "not": True}, {"metric": "tool_errors >= 1"}]}, {0, 1}),
    ({"kind": "combination", "model": "gpt-4o", "property_1": "beta", "equals_1": "true"},
     {"all": [{"property": "beta", "equals": "true"}, {"model": "gpt-4o"}]}, {7}),
    ({"kind": "combination", "signal_0": "refusal", "model": "other"}, {"all": [{"signal": "refusal"}, {"model": "other"}]}, set()),
]  # fmt: skip


@pytest.mark.parametrize(("form", "config", "matches"), FORMS)
def test_each_kind_is_previewed_made_and_read_off_the_history(
    page: Client,
    url: str,
    history: list[Event],
    form: dict[str, str],
    config: dict[str, Any],
    matches: set[int],
) -> None:
    form = {"name": "My signal", "sentiment": "neutral", **form}
    shown = page.post(url, form | {"action": "preview"})
    assert shown.status_code == 200
    assert (shown.context["preview"].tried, shown.context["preview"].matched) == (8, len(matches))
    assert not SignalDefinition.objects.filter(key="my_signal").exists() and not Job.objects.exists()

    assert page.post(url, form | {"action": "save"}).status_code == 302
    signal = SignalDefinition.objects.get(key="my_signal")
    assert (signal.config, signal.detector, signal.builtin) == (config, "rule", False)
    assert not found("my_signal")
    run_jobs()
    assert found("my_signal") == {history[n].input for n in matches}
    job = Job.objects.get(kind=BACKFILL)
    assert (job.state, job.done, job.total) == ("done", 8, 8)

    again = SignalMatch.objects.filter(signal=signal).order_by("id")
    before = list(again.values())
    detect(list(Event.objects.select_related("project")))  # live detection finds the same
    request_backfill(signal)
    run_jobs()
    assert list(again.values()) == before


def test_a_preview_shows_the_evidence_and_escapes(page: Client, url: str, history: list[Event]) -> None:
    form = {
        "name": "x",
        "sentiment": "neutral",
        "kind": "words",
        "reads": "user",
        "expressions": "refund",
        "action": "preview",
    }
    html = html_of(page.post(url, form))
    assert '&lt;b&gt;<mark class="evidence">refund</mark>&lt;/b&gt; &amp; more' in html
    form = {
        "name": "x",
        "sentiment": "neutral",
        "kind": "metric",
        "limit": "tool_errors >= 2",
        "action": "preview",
    }
    assert '<mark class="evidence">tool_errors 4</mark>' in html_of(page.post(url, form))


SENTENCE = {"name": "Refund", "sentiment": "negative", "kind": "sentence", "reads": "user", "sentence": "The user wants their money back",
            "examples": "I'd like a refund\nGive me my money back\nI want to be reimbursed"}  # fmt: skip


def test_a_sentence_finds_what_means_the_same(page: Client, url: str, history: list[Event]) -> None:
    shown = page.post(url, SENTENCE | {"action": "preview"}, headers={"HX-Request": "true"}).context[
        "preview"
    ]
    assert {sample.event.input for sample in shown.samples} >= set(REFUNDS)
    assert not {sample.event.input for sample in shown.samples} & set(OTHERS)
    assert shown.samples[-1].evidence[0]["text"] in REFUNDS
    assert shown.near and all(sample.score < 0.5 for sample in shown.near)

    page.post(url, SENTENCE | {"action": "save"})
    signal = SignalDefinition.objects.get(key="refund")
    assert signal.detector == "model" and len(signal.trained) == 385 * 4
    run_jobs()
    assert found("refund") >= set(REFUNDS) and not found("refund") & set(OTHERS)

    # Stricter than anything reaches: the history is read again, and what no longer holds is taken back.
    rule = f"{url.removesuffix('new/')}refund/rule/"
    assert "I want to be reimbursed" in html_of(page.get(rule))
    assert page.post(rule, SENTENCE | {"threshold": "0.99", "action": "save"}).status_code == 302
    run_jobs()
    assert len(found("refund")) < len(REFUNDS)


def test_counterexamples_take_away(page: Client, url: str, history: list[Event]) -> None:
    loose = SENTENCE | {"threshold": "0.3", "action": "preview"}
    before = {s.event.input: s.score for s in page.post(url, loose).context["preview"].samples}
    after = page.post(url, loose | {"counterexamples": REFUNDS[0]}).context["preview"]
    scores = {s.event.input: s.score for s in [*after.samples, *after.near]}
    assert scores.get(REFUNDS[0], 0) < before[REFUNDS[0]]


@pytest.mark.parametrize(
    ("form", "field", "message"),
    [
        ({"kind": "words", "reads": "user", "expressions": "/(/"}, "expressions", "not valid (re2"),
        ({"kind": "words", "reads": "user", "expressions": "/(?=x)y/"}, "expressions", "not valid (re2"),
        ({"kind": "words", "reads": "user", "expressions": "/x*/"}, "expressions", "every event"),
        ({"kind": "words", "reads": "spans", "expressions": "x"}, "reads", "valid choice"),
        ({"kind": "metric", "limit": "toolerrors >= 3"}, "limit", "tool_errors, tool_calls, latency_ms"),
        ({"kind": "metric", "limit": "tool_errors > 3"}, "limit", "use >= or <="),
        ({"kind": "metric", "limit": "tool_errors >= lots"}, "limit", "not a number"),
        ({"kind": "metric", "limit": "tool_errors >= nan"}, "limit", "between"),
        ({"kind": "metric", "limit": "three errors"}, "limit", "such as: tool_errors >= 3"),
        ({"kind": "metric", "metric": "turns", "operator": ">=", "value": ""}, "value", "Give a number"),
        ({"kind": "metric", "metric": "turns", "operator": ">=", "value": "-1"}, "value", "between"),
        ({"kind": "sentence", "reads": "user", "sentence": "x", "examples": " \n "}, "examples", "required"),
        ({"kind": "sentence", "reads": "user", "sentence": "x", "examples": "y\n" * 51}, "examples", "1 to 50"),
        ({"kind": "sentence", "reads": "user", "sentence": "x", "examples": "y", "threshold": "7"}, "threshold", "less than"),
        ({"kind": "combination"}, "signal_0", "1 to 10 conditions"),
        ({"kind": "combination", "signal_0": "win", "is_0": "not"}, "signal_0", "what holds"),
        ({"kind": "combination", "signal_0": "nothing"}, "signal_0", "valid choice"),
        ({"kind": "combination", "signal_0": "win", "signal_1": "win"}, "signal_0", "two conditions"),
        ({"kind": "combination", "property_0": "plan"}, "property_0", "both"),
        ({"kind": "combination", "limit": "mood >= 3"}, "limit", "no metric"),
        ({"kind": "words", "reads": "user", "expressions": "x", "name": "Win"}, "name", "already"),
        ({"kind": "words", "reads": "user", "expressions": "x", "name": "!!"}, "name", "Give a key"),
        ({"kind": "words", "reads": "user", "expressions": "x", "name": "new"}, "name", "already"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("action", ["preview", "save"])
def test_what_is_wrong_stands_beside_the_field(
    page: Client, url: str, form: dict[str, str], field: str, message: str, action: str
) -> None:
    answer = page.post(url, {"name": "Mine", "sentiment": "neutral", "action": action, **form})
    assert answer.status_code == 400
    assert message in " ".join(answer.context["form"].errors[field])
    assert not SignalDefinition.objects.filter(builtin=False).exists()
    assert (
        page.post(url, form, headers={"HX-Request": "true"}).status_code == 200
    )  # or htmx would not show it


def test_a_catastrophic_pattern_costs_no_time(page: Client, url: str, make_event: MakeEvent) -> None:
    make_event(input="a" * 50_000 + "!")
    make_event(input="a" * 50_000)
    form = {
        "name": "x",
        "sentiment": "neutral",
        "kind": "words",
        "reads": "user",
        "expressions": "/(a+)+$/",
        "action": "preview",
    }
    preview = page.post(url, form).context["preview"]
    assert (preview.tried, preview.matched) == (2, 1)
    read = make_detector({"pattern": "(a+)+$"}, "user")
    assert ten_times_takes_tens_at_most(lambda size: read(batch_of(("a" * size + "!", ""))), size=READ // 11)


def test_a_run_that_was_cut_off_goes_on(
    project: Project, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5):
        make_event(input=f"refund {n}")
    monkeypatch.setattr(backfilling, "CHUNK", 2)
    signal = create_signal(project=project, name="Refund", config={"words": ["refund"]})
    job = Job.objects.get(subject=signal.id)
    real, calls = backfilling.save_matches, []

    def dies_at_the_second(**kwargs: Any) -> Any:
        calls.append([event.input for event in kwargs["events"]])
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(**kwargs)

    monkeypatch.setattr(backfilling, "save_matches", dies_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        run_job(job.id)
    job.refresh_from_db()
    assert (job.state, job.done, job.total) == ("running", 2, 2) and job.position
    run_job(job.id)
    job.refresh_from_db()
    assert (job.state, job.done) == ("done", 5) and len(found("refund")) == 5
    assert calls[1] == calls[2] and len(calls) == 4  # the first chunk was not read again
    assert "5 events of 5 match" in job.message


def test_a_chunk_that_lost_a_deadlock_is_read_again(
    project: Project, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5):
        make_event(input=f"refund {n}")
    signal = create_signal(project=project, name="Refund", config={"words": ["refund"]})
    job = Job.objects.get(subject=signal.id)
    real, calls = backfilling.save_matches, []

    def loses_once(**kwargs: Any) -> Any:
        calls.append([event.input for event in kwargs["events"]])
        if len(calls) == 2:
            raise OperationalError("deadlock detected") from DeadlockDetected()
        return real(**kwargs)

    monkeypatch.setattr(backfilling, "CHUNK", 2)
    monkeypatch.setattr(backfilling, "save_matches", loses_once)
    run_job(job.id)
    job.refresh_from_db()
    assert (job.state, job.done) == ("done", 5) and len(found("refund")) == 5
    assert calls[1] == calls[2] and len(calls) == 4  # the first chunk was not read again


def test_out_of_time_it_hands_on(
    project: Project, make_event: MakeEvent, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(4):
        make_event(input=f"refund {n}")
    monkeypatch.setattr(backfilling, "CHUNK", 2)
    monkeypatch.setattr(backfilling, "BUDGET", 0.0)
    sent: list[Any] = []
    monkeypatch.setattr(runner, "send_again", lambda job, **kwargs: sent.append(job.id))
    signal = create_signal(project=project, name="Refund", config={"words": ["refund"]})
    job = Job.objects.get(subject=signal.id)
    run_job(job.id)
    assert sent == [job.id] and len(found("refund")) == 2
    run_job(job.id)
    run_job(job.id)
    assert len(found("refund")) == 4 and Job.objects.get().state == "done"


def test_a_person_stops_a_run(
    page: Client,
    project: Project,
    make_event: MakeEvent,
    viewer: User,
    stranger: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for n in range(6):
        make_event(input=f"refund {n}")
    monkeypatch.setattr(backfilling, "CHUNK", 2)
    signal = create_signal(project=project, name="Refund", config={"words": ["refund"]})
    job, stop = Job.objects.get(subject=signal.id), f"/p/{project.slug}/signals/refund/history/stop/"
    assert stop in html_of(page.get(f"/p/{project.slug}/signals/refund/"))
    for user, status in ((viewer, 403), (stranger, 404)):
        other = Client()
        other.force_login(user)
        assert other.post(stop).status_code == status
    real, calls = backfilling.save_matches, []

    def stopped_at_the_second(**kwargs: Any) -> Any:
        calls.append(kwargs)
        if len(calls) == 2:
            request_backfill(signal)  # another one waits: it ends as well
            assert "The matches that were found stay" in html_of(page.post(stop, follow=True))
        return real(**kwargs)

    monkeypatch.setattr(backfilling, "save_matches", stopped_at_the_second)
    run_job(job.id)
    job.refresh_from_db()
    assert (job.state, job.done, job.message) == ("stopped", 2, "Stopped by alice.")
    assert len(calls) == 2 and len(found("refund")) == 4
    for one in Job.objects.all():
        run_job(one.id)
    assert len(calls) == 2 and set(Job.objects.values_list("state", flat=True)) == {"stopped"}
    page.post(f"/p/{project.slug}/signals/refund/history/")
    run_job(Job.objects.get(state="queued").id)
    assert len(found("refund")) == 6


def test_only_a_change_that_matters_reads_the_history_again(project: Project) -> None:
    signal = create_signal(project=project, name="Refund", config={"words": ["refund"]})
    Job.objects.all().delete()
    for changes in ({"name": "Refunds"}, {"muted": True}, {"config": {"words": ["refund"]}}):
        signal = change_signal(signal=signal, **changes)
        assert not Job.objects.exists()
    change_signal(signal=signal, config={"words": ["money"]})
    assert Job.objects.filter(kind=BACKFILL, subject=signal.id).count() == 1


def test_a_signal_that_is_switched_on_reads_what_it_missed(project: Project, history: list[Event]) -> None:
    signal = create_signal(project=project, name="Refund", config={"words": ["refund"]})
    run_jobs()
    stale = found("refund")
    change_signal(signal=signal, enabled=False)
    change_signal(signal=signal, config={"words": ["seat"]})
    run_jobs()
    assert found("refund") == stale
    change_signal(signal=signal, enabled=True)
    run_jobs()
    assert found("refund") == {event.input for event in history if "seat" in event.input} != stale


def test_the_page_offers_a_run_and_shows_it(page: Client, url: str, project: Project) -> None:
    signal = create_signal(project=project, name="Refund", config={"words": ["refund"]})
    here = f"/p/{project.slug}/signals/refund/"
    assert "looked for in the history" in html_of(page.get(here))
    run_jobs()
    assert "looked for in the history" not in html_of(page.get(here))
    assert page.post(f"{here}history/").status_code == 302
    assert Job.objects.filter(subject=signal.id, state="queued").count() == 1
    change_signal(signal=signal, enabled=False)
    Job.objects.all().delete()
    page.post(f"{here}history/")
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("config", "detector"),
    [
        ({"metric": "turns >= 2"}, "rule"),
        ({"sentence": "asks for a refund", "examples": ["I want a refund"]}, "model"),
        ({"all": [{"signal": "refusal"}, {"signal": "win", "not": True}, {"model": "gpt-4o"}]}, "rule"),
    ],
)
def test_the_api_makes_the_same_kinds(
    admin_key: str, project: Project, history: list[Event], config: dict[str, Any], detector: str
) -> None:
    client = Client(headers={"Authorization": f"Bearer {admin_key}"})
    answer = client.post("/api/signals/", {"name": "Mine", "config": config}, content_type="application/json")
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert (made["config"], made["detector"]) == (config, detector)
    assert client.get(f"/api/jobs/{made['job']}/").json()["state"] == "queued"
    run_jobs()
    job = client.get(f"/api/jobs/{made['job']}/").json()
    assert (job["state"], job["done"], job["total"]) == ("done", 8, 8)
    item = client.get("/api/signals/mine/").json()
    assert item["job"] is None and item["config"] == config


@pytest.mark.parametrize(
    "config",
    [{}, [], None, "x", {"words": ["a"], "metric": "turns >= 1"}, {"metric": 3}, {"metric": "turns >= 1", "x": 1}, {"all": [{}]},
     {"all": [{"signal": "win", "not": 1}]}, {"all": [{"signal": 3}]}, {"all": [{"signal": "nothing"}]}, {"all": []}, {"all": {}},
     {"all": [{"signal": "combined"}]}, {"sentence": "x"}, {"sentence": "x", "examples": []}, {"sentence": "x", "examples": "y"},
     {"sentence": "x", "examples": ["y"], "z": 1}, {"words": ["a\x00b"]}, {"all": [{"property": "a", "equals": "\ud800"}]}],
)  # fmt: skip
def test_the_api_refuses_what_no_detector_reads(admin_key: str, project: Project, config: Any) -> None:
    install_builtin_signals(project)
    create_signal(project=project, name="Combined", config={"all": [{"signal": "win"}]})
    client = Client(headers={"Authorization": f"Bearer {admin_key}"})
    body = json.dumps({"name": "Mine", "config": config})
    answer = client.post("/api/signals/", body, content_type="application/json")
    assert answer.status_code == 400 and "config" in json.dumps(answer.json()["error"])
    assert not SignalDefinition.objects.filter(key="mine").exists()


def test_an_explicit_signal_in_a_combination(project: Project, make_event: MakeEvent) -> None:
    from ingest.models import ExplicitSignal

    event = make_event(input="thumbs", properties={"plan": "pro"})
    make_event(input="none", properties={"plan": "pro"})
    ExplicitSignal.objects.create(project=project, app_event_id=event.event_id, event=event, name="Thumbs Down",
                                  timestamp=event.timestamp, fingerprint="f")  # fmt: skip
    detect(list(Event.objects.select_related("project")))
    create_signal(
        project=project,
        name="Pro down",
        config={"all": [{"signal": "thumbs_down"}, {"property": "plan", "equals": "pro"}]},
    )
    run_jobs()
    assert found("pro_down") == {"thumbs"}
    detect(list(Event.objects.select_related("project")))
    assert found("pro_down") == {"thumbs"}


def test_a_viewer_and_a_stranger_make_nothing(
    project: Project, viewer: User, stranger: User, history: list[Event]
) -> None:
    create_signal(project=project, name="Refund", config={"words": ["refund"]})
    run_jobs()
    match = SignalMatch.objects.filter(signal__key="refund").first()
    assert match is not None
    here = f"/p/{project.slug}/signals/"
    form = {"name": "Mine", "sentiment": "neutral", "kind": "words", "reads": "user", "expressions": "x"}
    for user, status in ((viewer, 403), (stranger, 404)):
        client = Client()
        client.force_login(user)
        for path in ("new/", "refund/rule/", "refund/history/", f"refund/matches/{match.event_id}/"):
            for action in ("preview", "save"):
                assert (
                    client.post(here + path, form | {"action": action, "answer": "right"}).status_code
                    == status
                )
    assert not Label.objects.exists() and not SignalDefinition.objects.filter(key="mine").exists()
    assert not Job.objects.filter(state="queued").exists()


def test_right_and_wrong_give_a_precision(page: Client, project: Project, history: list[Event]) -> None:
    create_signal(project=project, name="Refund", config={"words": ["refund", "money back"]})
    run_jobs()
    here = f"/p/{project.slug}/signals/refund/"
    judged = list(SignalMatch.objects.filter(signal__key="refund"))
    answers = ["right", "right", "wrong"]
    for match, answer in zip(judged, answers, strict=True):
        html = html_of(
            page.post(f"{here}matches/{match.event_id}/", {"answer": answer}, headers={"HX-Request": "true"})
        )
        assert 'aria-pressed="true"' in html
    html = html_of(page.get(here))
    assert "2 of 3 judged matches right" in html and "67%" not in html  # a share from ten on
    page.post(f"{here}matches/{judged[2].event_id}/", {"answer": "right"})
    page.post(f"{here}matches/{judged[1].event_id}/", {"answer": ""})
    assert "2 of 2 judged matches right" in html_of(page.get(here))
    assert page.post(f"{here}matches/{judged[0].event_id}/", {"answer": "maybe"}).status_code == 400
    # What does not match may be judged as well, but is no part of the precision of matches.
    assert page.post(f"{here}matches/{history[3].id}/", {"answer": "wrong"}).status_code == 302
    assert "2 of 2 judged matches right" in html_of(page.get(here))
