"""What a signal or a cluster comes from, on their pages."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from ingest.incoming.values import IncomingEvent
from ingest.models import Event, ProcessingFailure, QueuedEvent, User
from ingest.store.events import store_events
from issues.causes import subjects
from issues.causes.reading import units_of
from issues.causes.subjects import causes_of_cluster, causes_of_signal
from issues.models import Issue
from signals.clusters.comes_with import dimensions_of
from signals.dimensions.breakdown import break_down
from signals.models import Cluster, ClusterMember, SignalDefinition, SignalMatch
from tests.html import html_of
from tests.issues.causes.test_causes_api import START, TALKS, api, issue

pytestmark = pytest.mark.django_db
__all__ = ["api", "issue"]  # fixtures


@pytest.fixture
def page(member: User, monkeypatch: pytest.MonkeyPatch) -> Client:
    period = SimpleNamespace(start=START, key="14d")
    monkeypatch.setattr("issues.pages.causes.Period", SimpleNamespace(named=lambda key: period))
    client = Client()
    client.force_login(member)
    return client


@pytest.fixture
def uploads(issue: Issue) -> Cluster:
    """The events of r3 in which the tool failed, as Discover finds them."""
    found = Cluster.objects.create(
        project=issue.project, kind="problem", label="`import_receipt` fails: upload timed out", origin="tool import_receipt"
    )  # fmt: skip
    for event in Event.objects.filter(signal_matches__signal__key="tool_failure"):
        ClusterMember.objects.create(
            project=issue.project, cluster=found, event=event, timestamp=event.timestamp, score=1.0, source="evidence"
        )  # fmt: skip
    return found


def test_a_signal_comes_from_what_its_issue_comes_from(page: Client, issue: Issue) -> None:
    signal = SignalDefinition.objects.get(key="stuck")
    found = causes_of_signal(signal, since=START)
    assert (found.held, found.events, found.is_cut) == (20, 120, False)
    assert found.summary == "Nearly all of it comes in release r3."
    assert (found.causes[0]["value"], found.causes[0]["link"]) == ("r3", "signal:stuck release:r3")
    assert not any(one.get("dimension") == "signal.stuck" for one in found.causes)
    assert "/p/acme/signals/stuck/causes/?period=" in html_of(page.get("/p/acme/signals/stuck/"))
    html = html_of(page.get("/p/acme/signals/stuck/causes/?period=14d"))
    assert "Nearly all of it comes in release r3." in html
    assert "q=signal%3Astuck+release%3Ar3&range=14d" in html.replace("&amp;", "&")


def test_a_cluster_is_not_explained_by_what_it_is(page: Client, issue: Issue, uploads: Cluster) -> None:
    found = causes_of_cluster(uploads, since=START)
    assert found.held == 6 and found.causes[0]["value"] == "r3"
    named = {one.get("dimension") for one in found.causes}
    assert not named & {"tool.failed", "tool.called", "signal.tool_failure"}
    assert f"/p/acme/discover/{uploads.pk}/causes/?period=" in html_of(
        page.get(f"/p/acme/discover/{uploads.pk}/")
    )
    html = html_of(page.get(f"/p/acme/discover/{uploads.pk}/causes/"))
    assert f"q=problem%3A{uploads.pk}+release%3Ar3" in html
    assert page.get(f"/p/acme/discover/{issue.pk}/causes/").status_code == 404


def test_only_so_many_events_are_read(page: Client, issue: Issue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects, "EVENTS", 50)
    found = causes_of_signal(SignalDefinition.objects.get(key="stuck"), since=START)
    assert (found.events, found.is_cut) == (50, True)
    assert "Over the newest 50 events of this time" in html_of(page.get("/p/acme/signals/stuck/causes/"))
    nothing = html_of(page.get("/p/acme/signals/win/causes/"))
    assert "It does not hold on any event of this time" in nothing


def test_events_that_are_still_to_be_read_are_in_no_base(page: Client, issue: Issue) -> None:
    """They have no language and no signals yet: all that was read would come from the language."""
    signal = SignalDefinition.objects.get(key="stuck")
    read = causes_of_signal(signal, since=START)
    later = START + dt.timedelta(days=5)
    waiting = [
        IncomingEvent(event_id=f"w{i}", timestamp=later, input="And one more.", output="Yes.")
        for i in range(60)
    ]
    store_events(project=issue.project, events=waiting)
    found = causes_of_signal(signal, since=START)
    assert (found.events, found.held, found.waiting) == (read.events, read.held, 60)
    assert found.causes == read.causes and found.summary == read.summary
    assert len(units_of(issue)) == TALKS
    matches = list(SignalMatch.objects.filter(signal=signal).values_list("event", flat=True))
    [english] = break_down(matches, by="language", project=issue.project)
    assert english.usual == 1.0
    for path in (
        "signals/stuck/causes/?period=14d", "signals/stuck/breakdown/?period=14d", f"issues/{issue.number}/breakdown/",
        f"compare/?subject=issue:{issue.number}&by=language", "compare/?subject=signal:stuck",
    ):  # fmt: skip
        html = html_of(page.get(f"/p/acme/{path}"))
        assert "60 events of the project are still being read, and not counted yet" in " ".join(html.split())
    # What the pipeline gave up on was not read either.
    for row in QueuedEvent.objects.filter(project=issue.project):
        ProcessingFailure.objects.create(project=issue.project, event=row.event, attempts=4, reason="x")
    QueuedEvent.objects.all().delete()
    found = causes_of_signal(signal, since=START)
    assert (found.events, found.waiting) == (read.events, 0)


def test_what_a_cluster_is_known_by(project: Any) -> None:
    signal = SignalDefinition.objects.create(project=project, key="anger", name="Anger")
    kinds: list[tuple[dict[str, Any], set[str]]] = [
        ({"kind": "intent"}, {"intent"}),
        ({"kind": "problem", "origin": "tool sync"}, {"tool.called", "tool.failed", "signal.tool_failure"}),
        ({"kind": "problem", "origin": "complaint", "signal": signal}, {"signal.anger"}),
        ({"kind": "problem", "origin": "facet"}, set()),
    ]
    for fields, known_by in kinds:
        assert dimensions_of(Cluster(project=project, label="x", **fields)) == known_by
