"""A name that the app sends for what a built-in signal reads is joined to it with one click, and counted once."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from ingest.jobs.runner import run_job
from ingest.models import Event, ExplicitSignal, Project, User
from signals.catalogue.builtins import BUILT_IN_KEYS
from signals.detection.backfill import backfills_of
from signals.detection.stage import detect
from signals.models import SignalDefinition, SignalMatch
from signals.taxonomy.joining import BUILT_IN_OF, join_signal, joined_to, separate_signal

MakeEvent = Callable[..., Event]


@pytest.fixture
def page(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


def sent(make_event: MakeEvent, event_id: str, output: str = "One moment.") -> Event:
    event = make_event(event_id=event_id, input="hm", output=output)
    ExplicitSignal.objects.create(
        project=event.project,
        event=event,
        app_event_id=event_id,
        name="handed_to_human",
        fingerprint=event_id,
        sentiment="NEGATIVE",
        timestamp=event.timestamp,
    )
    return event


def find(project: Project, key: str) -> SignalDefinition:
    return SignalDefinition.objects.select_related("project").get(project=project, key=key)


def matched(project: Project, key: str) -> set[str]:
    return set(
        SignalMatch.objects.filter(project=project, signal__key=key).values_list("event__event_id", flat=True)
    )


def run(project: Project, key: str) -> None:
    signal = find(project, key)
    run_job(backfills_of(project, [signal])[signal.pk].id)


def test_one_click_joins_it_and_old_events_count_once(
    page: Client, project: Project, make_event: MakeEvent
) -> None:
    old = [sent(make_event, "a"), sent(make_event, "b", "I am transferring you to a human agent now.")]
    detect(old)
    assert matched(project, "handed_to_human") == {"a", "b"} and matched(project, "hand_over") == {"b"}
    address = f"/p/{project.slug}/signals/handed_to_human/"
    assert "Join to Handed over to a person" in page.get(address).content.decode()
    assert "join to Handed over to a person?" in page.get(f"/p/{project.slug}/signals/").content.decode()

    assert page.post(f"{address}join/").status_code == 302
    run(project, "hand_over")
    assert matched(project, "hand_over") == {"a", "b"}
    detector = SignalMatch.objects.get(signal__key="hand_over", event=old[1])
    assert detector.source.startswith("hand_over@") and detector.evidence  # what the detector read stands

    detect([sent(make_event, "c")])
    assert matched(project, "hand_over") == {"a", "b", "c"} and "c" not in matched(project, "handed_to_human")
    detect(old)  # again: it stays
    assert matched(project, "hand_over") == {"a", "b", "c"}
    html = page.get(address).content.decode()
    assert "Joined: what the app sends" in html and "Join to" not in html
    joined = find(project, "handed_to_human")
    assert not joined.enabled and joined.reviewed and joined_to(joined) == "hand_over"


def test_it_can_be_separated_again(
    page: Client, project: Project, make_event: MakeEvent, member: User
) -> None:
    detect([sent(make_event, "a")])
    join_signal(signal=find(project, "handed_to_human"), user=member)
    run(project, "hand_over")
    assert matched(project, "hand_over") == {"a"}
    page.post(f"/p/{project.slug}/signals/handed_to_human/join/", {"undo": "1"})
    run(project, "hand_over")
    assert matched(project, "hand_over") == set() and find(project, "handed_to_human").enabled
    with pytest.raises(ValidationError):
        separate_signal(signal=find(project, "handed_to_human"), user=member)


def test_only_doubles_can_be_joined(
    page: Client, project: Project, make_event: MakeEvent, viewer: User
) -> None:
    detect([make_event()])
    with pytest.raises(ValidationError):
        join_signal(signal=find(project, "win"), user=None)
    answer = page.post(f"/p/{project.slug}/signals/win/join/", follow=True)
    assert b"says the same as no built-in signal" in answer.content
    detect([sent(make_event, "a")])
    reader = Client()
    reader.force_login(viewer)
    assert reader.post(f"/p/{project.slug}/signals/handed_to_human/join/").status_code == 403


def test_every_double_names_a_built_in() -> None:
    assert set(BUILT_IN_OF.values()) <= BUILT_IN_KEYS and not set(BUILT_IN_OF) & BUILT_IN_KEYS
