"""The numbers of built-in signals that a project sets for itself: in the app, in the API and in the admin; and what comes of it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from ingest.models import Event, ExplicitSignal, Job, Project
from signals.catalogue.installing import install_builtin_signals
from signals.detection.stage import detect, detector_of
from signals.detectors import SIGNALS
from signals.models import SignalDefinition, SignalMatch
from signals.taxonomy.definitions import change_signal
from tests.html import html_of

MakeEvent = Callable[..., Event]


@pytest.fixture
def slow(project: Project) -> SignalDefinition:
    install_builtin_signals(project)
    return SignalDefinition.objects.get(project=project, key="slow_response")


@pytest.fixture
def page(client: Client, member: Any) -> Client:
    client.force_login(member)
    return client


def posted(signal: SignalDefinition, **fields: str) -> dict[str, str]:
    return {
        "name": signal.name, "description": signal.description, "sentiment": signal.sentiment,
        "group": str(signal.group_id or ""), "enabled": "on", "threshold": "", **fields,
    }  # fmt: skip


def test_a_member_sets_them_on_the_signals_page(page: Client, slow: SignalDefinition) -> None:
    shown = html_of(page.get("/p/acme/signals/slow_response/"))
    assert "Whole event (seconds)" in shown
    assert "60, its own" in shown
    answer = page.post(
        "/p/acme/signals/slow_response/", posted(slow, parameter_seconds="5", parameter_step_seconds="")
    )
    assert answer.status_code == 302
    slow.refresh_from_db()
    assert slow.config == {"seconds": 5}
    assert Job.objects.filter(subject=slow.pk).count() == 1, "the history is read again"
    assert "60, its own" not in html_of(page.get("/p/acme/signals/slow_response/"))


@pytest.mark.parametrize("value", ["-1", "0", "1e9", "nan", "inf", "soon"])
def test_a_number_that_cannot_be_is_refused_beside_its_field(
    page: Client, slow: SignalDefinition, value: str
) -> None:
    answer = page.post("/p/acme/signals/slow_response/", posted(slow, parameter_seconds=value))
    assert answer.status_code == 400
    assert "invalid-feedback" in html_of(answer)
    slow.refresh_from_db()
    assert slow.config == {}


def test_a_count_is_a_whole_number(page: Client, slow: SignalDefinition) -> None:
    signal = SignalDefinition.objects.get(project=slow.project, key="repeated_tool_failure")
    answer = page.post(f"/p/acme/signals/{signal.key}/", posted(signal, parameter_failures="2.5"))
    assert "A whole number from 2 to 100." in html_of(answer)


@pytest.mark.parametrize(
    "config", [{"second": 3}, {"seconds": "3"}, {"seconds": None}, {"seconds": True}, [], {"words": ["x"]}]
)
def test_what_is_no_parameter_is_refused_everywhere(slow: SignalDefinition, config: Any) -> None:
    with pytest.raises(ValidationError):
        change_signal(signal=slow, config=config)


def test_a_signal_without_parameters_has_no_config(slow: SignalDefinition) -> None:
    refusal = SignalDefinition.objects.get(project=slow.project, key="refusal")
    with pytest.raises(ValidationError):
        change_signal(signal=refusal, config={"seconds": 3})


def test_the_api_sets_them(client: Client, admin_key: str, slow: SignalDefinition) -> None:
    headers = {"Authorization": f"Bearer {admin_key}"}
    answer = client.patch(
        "/api/signals/slow_response/",
        {"config": {"seconds": 2}},
        content_type="application/json",
        headers=headers,
    )
    assert answer.status_code == 200, answer.content
    assert answer.json()["config"] == {"seconds": 2}
    wrong = client.patch(
        "/api/signals/slow_response/",
        {"config": {"seconds": -2}},
        content_type="application/json",
        headers=headers,
    )
    assert wrong.status_code == 400
    assert "config" in str(wrong.json())


def test_they_change_what_matches(project: Project, slow: SignalDefinition, make_event: MakeEvent) -> None:
    event = make_event(input="x", output="y", latency_ms=10_000.0, cost_usd=0.2)
    rows = list(Event.objects.filter(id=event.id).select_related("project"))
    held = SignalMatch.objects.filter(event=event, signal__key__in=["slow_response", "high_cost"])
    detect(rows)
    assert not held.exists()
    change_signal(signal=slow, config={"seconds": 8})
    change_signal(
        signal=SignalDefinition.objects.get(project=project, key="high_cost"), config={"cost_usd": 0.1}
    )
    detect(rows)
    assert {match.signal.key: match.evidence[0]["text"] for match in held} == {
        "slow_response": "The event took 10.0 s.",
        "high_cost": "It cost $0.2.",
    }


def test_a_value_that_was_written_past_the_checks_counts_as_not_set(
    slow: SignalDefinition, make_event: MakeEvent
) -> None:
    SignalDefinition.objects.filter(pk=slow.pk).update(config={"seconds": "x", "step_seconds": 9})
    slow.refresh_from_db()
    assert detector_of(slow) is not None
    event = make_event(input="x", output="y", latency_ms=61_000.0)
    detect(list(Event.objects.filter(id=event.id).select_related("project")))
    assert SignalMatch.objects.filter(event=event, signal=slow).exists()


# -- new built-in signals in projects that are there already


def test_new_built_in_signals_reach_old_projects_and_wake_nothing(
    project: Project, make_event: MakeEvent
) -> None:
    install_builtin_signals(project)
    signals = SignalDefinition.objects.filter(project=project)
    signals.filter(key__in=["slow_response", "wrong_date"]).delete()  # as before they existed
    change_signal(signal=signals.get(key="refusal"), enabled=False)
    signals.filter(key="win").update(name="Delight", group=None)
    event = make_event(input="x", output="I'm sorry, but I can't help with that. The current year is 1999.")
    detect(list(Event.objects.filter(id=event.id).select_related("project")))
    assert signals.count() == len(SIGNALS)
    assert not signals.get(key="refusal").enabled
    assert signals.get(key="win").name == "Delight"
    assert set(SignalMatch.objects.filter(event=event).values_list("signal__key", flat=True)) >= {
        "wrong_date"
    }
    assert not SignalMatch.objects.filter(event=event, signal__key="refusal").exists()


# -- self diagnostics


def told(
    project: Project, event: Event, name: str, signal_type: str = "agent", **properties: str
) -> SignalDefinition:
    sent = ExplicitSignal.objects.create(
        project=project, app_event_id=event.event_id, event=event, name=name, signal_type=signal_type,
        sentiment="NEGATIVE", properties=properties, timestamp=event.timestamp, fingerprint=name + str(properties),
    )  # fmt: skip
    detect(list(Event.objects.filter(id=event.id).select_related("project")))
    match = SignalMatch.objects.select_related("signal__group").get(event=event, source="sdk")
    sent.delete()
    match.delete()
    return match.signal


def test_self_diagnostics_are_signals_of_their_own_group(project: Project, make_event: MakeEvent) -> None:
    event = make_event(input="x", output="y")
    known = told(
        project, event, "self diagnostics - missing_context", category="missing_context", detail="no creds"
    )
    assert (known.name, known.key) == ("Missing context", "self_diagnostics_missing_context")
    assert known.group is not None and known.group.name == "Self diagnostics"
    assert known.reviewed and known.description and known.kind == "explicit"
    own = told(
        project,
        event,
        "self diagnostics - stale_cache",
        category="stale_cache",
        detail="a",
        signal_description="Old data.",
    )
    assert (own.name, own.description, own.reviewed) == ("Stale cache", "Old data.", False)
    bare = told(
        project,
        event,
        "self diagnostics",
        "agent_internal",
        category="lost_way",
        detail="a",
        signal_description="a",
    )
    assert (bare.name, bare.key, bare.description) == ("Lost way", "self_diagnostics_lost_way", "")
    plain = told(project, event, "self diagnostics - x", "default")
    assert plain.group is not None and plain.group.name == "Sent by the app"


def test_the_detail_is_the_evidence(project: Project, make_event: MakeEvent) -> None:
    event = make_event(input="x", output="y")
    ExplicitSignal.objects.create(
        project=project, app_event_id=event.event_id, event=event, name="self diagnostics - capability_gap", signal_type="agent",
        properties={"category": "capability_gap", "detail": "I cannot open PDFs."}, timestamp=event.timestamp, fingerprint="1",
    )  # fmt: skip
    detect(list(Event.objects.filter(id=event.id).select_related("project")))
    match = SignalMatch.objects.get(event=event, source="sdk")
    assert [piece["text"] for piece in match.evidence] == ["I cannot open PDFs."]


# -- from the store to the detectors, and onto the event's page


def test_what_is_stored_reaches_the_detectors_and_the_page(
    page: Client, project: Project, make_event: MakeEvent
) -> None:
    import datetime as dt

    from ingest.models import Span

    event = make_event(
        input="mail it", output="I don't have the ability to send e-mails.", convo_id="c",
        timestamp=dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC), properties={"error.type": "AI_APICallError", "error.message": "x"},
    )  # fmt: skip
    facts = {"project": project, "event": event, "trace_id": "1" * 32, "started_at": event.timestamp}
    Span.objects.create(
        **facts, span_id="a" * 16, kind="llm", name="chat", status="error", error="Error 429: rate limit <b>hit</b>",
        output="none so far", ended_at=event.timestamp + dt.timedelta(seconds=45),
    )  # fmt: skip
    Span.objects.create(**facts, span_id="b" * 16, kind="tool", name="send_email", ended_at=event.timestamp)
    later = make_event(
        input="try again", output="I don't have the ability to send e-mails.", convo_id="c",
        timestamp=dt.datetime(2026, 11, 20, 13, tzinfo=dt.UTC),
    )  # fmt: skip
    Event.objects.filter(id=event.id).update(tool_calls=1)
    detect(
        list(
            Event.objects.filter(id__in=[event.id, later.id]).select_related("project").order_by("timestamp")
        )
    )
    keys = set(SignalMatch.objects.filter(event=event).values_list("signal__key", flat=True))
    assert keys >= {"slow_response", "model_error", "missing_capability"}
    claim = SignalMatch.objects.get(event=later, signal__key="missing_capability")
    assert "send_email was called earlier in this conversation" in claim.evidence[-1]["text"]
    shown = html_of(page.get("/p/acme/conversations/c/"))
    assert "Rate limit." in shown
    assert "chat took 45.0 s." in shown
    assert "send_email was called in this event" in shown
    assert '<mark class="evidence">Error 429: rate limit &lt;b&gt;hit&lt;/b&gt;</mark>' in shown
    assert '<mark class="evidence">none so far' not in shown


def test_the_admin_sets_them_and_says_what_is_wrong(client: Client, slow: SignalDefinition) -> None:
    from ingest.models import User

    client.force_login(User.objects.create_superuser(username="root", password="correct horse battery"))
    address = f"/admin/signals/signaldefinition/{slow.pk}/change/"
    fields = {**posted(slow), "reviewed": "on"}
    wrong = client.post(address, {**fields, "config": '{"seconds": -1}'})
    assert "seconds: A number from 0.1 to 86,400." in html_of(wrong)
    assert client.post(address, {**fields, "config": '{"seconds": 3}'}).status_code == 302
    slow.refresh_from_db()
    assert slow.config == {"seconds": 3}
    assert Job.objects.filter(subject=slow.pk).count() == 1
