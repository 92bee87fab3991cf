"""Pages of issues that follow something: made of a signal, a query, a cluster; what they say of it; and where the issue comes from."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from issues.models import Issue
from signals.models import SignalDefinition
from tests.html import html_of
from tests.issues.following.followers import matched, send
from tests.issues.following.test_follows import cluster_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client: Client, member: Any) -> Client:
    client.force_login(member)
    return client


def at(project: Any, name: str, *args: Any) -> str:
    return reverse(name, args=[project.slug, *args])


def test_an_issue_of_a_signal_begins_with_its_events(page: Client, project: Any) -> None:
    send(project, 1, 2, 3, signal="receipt_stuck")
    signal_page = html_of(page.get(at(project, "signal", "receipt_stuck")))
    address = at(project, "issue-new") + "?signal=receipt_stuck"
    assert address in signal_page
    assert "Make an issue of this" in signal_page
    assert "3 events of 3 users so far" in html_of(page.get(address))
    made = page.post(address, {"title": "Receipts hang", "description": "", "how": "follow"}, follow=True)
    text = html_of(made)
    issue = Issue.objects.get()
    assert made.redirect_chain == [(at(project, "issue", issue.number), 302)]
    assert matched(issue) == {"e1", "e2", "e3"}
    assert "with 3 events of 3 users" in text
    assert at(project, "signal", "receipt_stuck") in text


def test_a_signal_may_still_be_taught_by_labels(page: Client, project: Any) -> None:
    send(project, 1, signal="receipt_stuck")
    address = at(project, "issue-new") + "?signal=receipt_stuck"
    made = page.post(address, {"title": "Receipts hang", "description": "", "how": "labels"})
    assert made.headers["Location"].startswith(at(project, "issue-review", 1))
    assert Issue.objects.get().follows == ""


def test_an_issue_of_a_query(page: Client, project: Any) -> None:
    send(project, 1, 2, model="maple")
    send(project, 3, model="oak")
    events = html_of(page.get(at(project, "events"), {"q": "model:maple", "range": "90d"}))
    address = at(project, "issue-new") + "?query=model%3Amaple"
    assert address in events
    assert "model:maple" in html_of(page.get(address))
    page.post(address, {"title": "Maple", "description": "", "how": "follow"})
    issue = Issue.objects.get()
    assert (issue.query, matched(issue)) == ("model:maple", {"e1", "e2"})
    assert "model:maple" in html_of(page.get(at(project, "issue", 1)))
    assert "Make an issue of this" not in html_of(page.get(at(project, "events")))


def test_a_query_that_cannot_be_followed(page: Client, project: Any) -> None:
    for query in ("-24h", "model:(", "state:queued"):
        answer = page.get(at(project, "issue-new"), {"query": query})
        assert answer.status_code == 400
        assert "cannot be followed" in html_of(answer)


def test_an_issue_of_a_cluster(page: Client, project: Any) -> None:
    cluster = cluster_of(project, send(project, 1, 2))
    address = at(project, "cluster-promote", cluster.pk)
    assert address in html_of(page.get(at(project, "cluster", cluster.pk)))
    made = page.post(address, follow=True)
    issue = Issue.objects.get()
    assert matched(issue) == {"e1", "e2"}
    assert at(project, "cluster", cluster.pk) in html_of(made)
    cluster.label = "Sync <b>fails</b>"
    cluster.save()
    activity = html_of(page.get(at(project, "issue", 1))).partition('id="activity"')[2].partition("</ul>")[0]
    assert f'href="{at(project, "cluster", cluster.pk)}"' in activity
    assert "Sync &lt;b&gt;fails&lt;/b&gt;" in activity
    page.post(address)
    assert Issue.objects.count() == 1
    assert page.get(address).status_code == 405
    title = issue.activity.get(kind="follows").data["title"]
    cluster.delete()
    activity = html_of(page.get(at(project, "issue", 1))).partition('id="activity"')[2].partition("</ul>")[0]
    assert (
        "made it follow a cluster that is" in activity
        and title in activity
        and str(cluster.pk) not in activity
    )


def test_viewers_make_no_issues(client: Client, viewer: Any, project: Any) -> None:
    cluster = cluster_of(project, send(project, 1, model="maple"))
    client.force_login(viewer)
    assert client.post(at(project, "cluster-promote", cluster.pk)).status_code == 403
    assert "Make an issue of this" not in html_of(client.get(at(project, "events"), {"q": "model:maple"}))


def test_a_signal_that_is_gone_is_said_to_be(page: Client, project: Any) -> None:
    send(project, 1, signal="receipt_stuck")
    page.post(
        at(project, "issue-new") + "?signal=receipt_stuck", {"title": "x", "description": "", "how": "follow"}
    )
    SignalDefinition.objects.filter(key="receipt_stuck").delete()
    text = html_of(page.get(at(project, "issue", 1)))
    assert "gone: no new matches" in text
    assert "receipt_stuck" in text


def test_where_it_comes_from_stands_in_words(page: Client, project: Any) -> None:
    send(project, *range(8), signal="receipt_stuck", properties={"release": "r3"})
    for i in range(8, 60, 3):
        send(project, i, i + 1, i + 2, properties={"release": "r1"})
    send(project, 60, 61, 62, 63, 64, 65, 66, 67, 68, signal="receipt_stuck", properties={"release": "r3"})
    page.post(
        at(project, "issue-new") + "?signal=receipt_stuck", {"title": "x", "description": "", "how": "follow"}
    )
    text = html_of(page.get(at(project, "issue", 1)))
    assert "Nearly all of it comes in release r3." in text
    assert "q=issue%3A1+release%3Ar3" in text or "q=issue%3A1%20release%3Ar3" in text
