"""From a cluster's page to an issue that has its events at once."""

from django.test import Client

from ingest.counts.rollups import totals
from ingest.models import Event, Project, User
from issues.models import Issue
from signals.models import Cluster, ClusterStatus
from tests.html import html_of
from tests.signals.clusters.test_refresh import find


def test_an_issue_is_made_of_a_cluster_once(member: User, project: Project, broken: list[Event]) -> None:
    find(project)
    sync = Cluster.objects.get(origin="tool sync")
    page = Client()
    page.force_login(member)
    here = f"/p/{project.slug}/discover/{sync.pk}/"
    assert "Make an issue of this" in html_of(page.get(here))
    shown = page.post(f"{here}promote/", follow=True)
    issue = Issue.objects.get()
    assert shown.redirect_chain[-1][0].endswith(f"/issues/{issue.number}/")
    assert totals([issue.pk])[issue.pk].events == 6
    assert sync.label.startswith("`sync` fails") and issue.title == sync.label.replace(
        "`", ""
    )  # a title is plain text
    assert "<code>sync</code> fails" in html_of(
        page.get(f"/p/{project.slug}/issues/{issue.number}/")
    )  # what it follows
    sync.refresh_from_db()
    assert sync.status == ClusterStatus.PROMOTED and "Its issue" in html_of(page.get(here))
    page.post(f"{here}promote/")
    assert Issue.objects.count() == 1


def test_a_viewer_makes_none(viewer: User, project: Project, broken: list[Event]) -> None:
    find(project)
    page = Client()
    page.force_login(viewer)
    sync = Cluster.objects.get(origin="tool sync")
    assert page.post(f"/p/{project.slug}/discover/{sync.pk}/promote/").status_code == 403
    assert not Issue.objects.exists()


def test_a_signal_lists_its_problems_and_old_addresses_lead_to_it(
    member: User, project: Project, broken: list[Event]
) -> None:
    find(project)
    page = Client()
    page.force_login(member)
    signal = f"/p/{project.slug}/signals/tool_failure/"
    sync = Cluster.objects.get(origin="tool sync")
    html = html_of(page.get(f"{signal}clusters/?period=30d"))
    assert f"/discover/{sync.pk}/" in html or "in these days" in html
    moved = page.get(f"{signal}clusters/c1/")
    assert moved.status_code == 301 and moved.headers["Location"] == signal
