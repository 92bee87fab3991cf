"""What else holds in an event's conversation, and what it does: an unread conversation is given to a reader's cluster by the tool that failed."""

import uuid
from dataclasses import replace

import pytest
from django.test import Client

from ingest.models import Event, Project, User
from raindrop.statistics import Z90
from raindrop.templatetags.raindrop import percent
from signals.clusters.hints import hints_of
from signals.clusters.reading import cluster_items, live_clusters, small_model_of
from signals.models import Cluster, Facet, SignalDefinition, SignalMatch
from tests.html import html_of
from tests.signals.clusters.test_refresh import find
from tests.signals.conftest import Happen, run_pipeline


def matched(event: Event, key: str) -> None:
    definition = SignalDefinition.objects.get(project=event.project, key=key)
    SignalMatch.objects.create(
        id=uuid.uuid4(), project=event.project, signal=definition, event=event, timestamp=event.timestamp, score=1.0, source="test", evidence=[]
    )  # fmt: skip


def test_the_hints_of_an_event_are_those_of_its_conversation(project: Project, happen: Happen) -> None:
    first = happen(tool="sync", error="refused", convo_id="a", input="Sync it")
    second = happen(convo_id="a", input="And now?")
    alone = happen(tool="export", error="timed out", input="Export it")
    other = happen(convo_id="b", input="Hello there")
    run_pipeline()  # the project gets its signals
    for key in ("refusal", "user_frustration", "win"):
        matched(second, key)
    found = hints_of([first.id, second.id, alone.id, other.id])
    assert found == {
        first.id: {"tool sync", "refusal"},
        second.id: {"tool sync", "refusal"},
        alone.id: {"tool export"},
        other.id: set(),
    }
    assert hints_of([]) == {}


def test_what_was_not_read_is_assigned_by_the_tool_that_failed(
    project: Project, member: User, happen: Happen, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else the tool's problem is a part of what was said, and brings its events with it.
    monkeypatch.setattr("signals.clusters.drafting.join_told_twice", lambda drafts, **known: None)
    read, unread = [], []
    for n in range(24):
        broken = n % 2 == 0
        event = happen(
            tool="pay" if broken else "", error="card declined", days=n / 2, user_id=f"u{n}", convo_id=f"c{n}",
            input=f"Please handle case {n} of mine today", output="I have handled the case for you.",
        )  # fmt: skip
        (read if n < 20 else unread).append(event)
    run_pipeline()
    for n, event in enumerate(read):
        Facet.objects.create(
            project=project, conversation=event.conversation, event=event, end_user=event.end_user, timestamp=event.timestamp, text_hash=b"h",
            prompt_version="1", sampled="random", intent="Handle a case", quote="handled the case", where="assistant",
            went_wrong="Said that it had paid although the payment failed" if n % 2 == 0 else "",
        )  # fmt: skip
    find(project)
    [found] = live_clusters(project).filter(origin="facet")
    assert found.assigner_precision is not None and found.assigner_precision >= 0.9
    assigned = set(found.members.filter(source="assigner").values_list("event", flat=True))
    assert assigned == {unread[0].id, unread[2].id}
    # Ten that were read have it: how often the model is right on them is told with how far that can be known.
    [item] = cluster_items([found])
    told = item["precision"]
    assert 8 <= told["judged"] <= 10 and told["value"] == told["high"] == 1.0
    assert told["low"] == pytest.approx(told["judged"] / (told["judged"] + Z90**2))
    page = Client()
    page.force_login(member)
    shown = " ".join(html_of(page.get(f"/p/{project.slug}/discover/{found.pk}/")).split())
    interval = f"(90 % interval: {percent(told['low'])} to 100%; {told['judged']} found among those held out)"
    assert f"right in 100% of what it finds {interval}" in shown
    # One that is right too seldom assigns nothing, and the page does not say that it does.
    model = small_model_of(found)
    assert model is not None
    Cluster.objects.filter(pk=found.pk).update(assigner=replace(model, precision=0.3).to_bytes())
    shown = " ".join(html_of(page.get(f"/p/{project.slug}/discover/{found.pk}/")).split())
    assert "not listed here: the small model that would find them is right in 30% of what it finds." in shown
