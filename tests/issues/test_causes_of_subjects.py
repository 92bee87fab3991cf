"""What a signal or a cluster comes from, on their pages."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from ingest.models import Event, User
from issues.causes import subjects
from issues.causes.subjects import causes_of_cluster, causes_of_signal
from issues.models import Issue
from signals.clusters.comes_with import dimensions_of
from signals.models import Cluster, ClusterMember, SignalDefinition
from tests.html import html_of
from tests.issues.test_causes_api import START, api, issue

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
