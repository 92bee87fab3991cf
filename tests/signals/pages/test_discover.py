"""Discover: the list, what a person does with clusters, a cluster's page, the matrix, the map."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.test import Client

from ingest.counts.rollups import count_events
from ingest.jobs.runner import run_job
from ingest.models import Event, Job, Project, Total, User
from ingest.models.jobs import JobState
from raindrop.templatetags.raindrop import with_code
from signals.clusters.discovered import different
from signals.clusters.map import flatten
from signals.clusters.refresh import DISCOVER, request_refresh
from signals.clusters.splitting import SPLIT
from signals.models import Cluster, ClusterStatus
from tests.html import html_of
from tests.signals.clusters.test_members import check_counts
from tests.signals.clusters.test_refresh import find
from tests.signals.conftest import Happen, run_pipeline


@pytest.fixture
def page(member: User) -> Client:
    client = Client()
    client.force_login(member)
    return client


def act(page: Client, project: Project, action: str, *clusters: Cluster, **more: str) -> Any:
    body = {"action": action, "cluster": [str(one.pk) for one in clusters], **more}
    return page.post(f"/p/{project.slug}/discover/change/", body, follow=True)


def split(page: Client, project: Project, cluster: Cluster) -> str:
    """What the page says once the split has come to its end."""
    act(page, project, "split", cluster)
    run_job(Job.objects.get(kind=SPLIT, subject=cluster.pk, state=JobState.QUEUED).pk)
    return html_of(page.get(f"/p/{project.slug}/discover/"))


def test_an_empty_project_says_what_to_do(page: Client, project: Project, happen: Happen) -> None:
    assert "There are no events yet" in html_of(page.get(f"/p/{project.slug}/discover/"))
    happen(input="Hello there, how are you")
    run_pipeline()
    html = html_of(page.get(f"/p/{project.slug}/discover/"))
    assert "once the pipeline has read 20 events: it has read 1 so far" in html and "Look now" in html
    total = Total.objects.filter(subject=project.id)
    total.update(events=30)
    assert "begins by itself within a minute" in html_of(page.get(f"/p/{project.slug}/discover/"))
    happen(input="And one more")
    assert "1 event waits" in html_of(page.get(f"/p/{project.slug}/discover/"))
    run_pipeline()
    request_refresh(project)
    html = html_of(page.get(f"/p/{project.slug}/discover/"))
    assert "are being looked for" in html and "Waiting for" in html
    Job.objects.all().delete()
    total.update(events=2)
    find(project)
    assert "Nothing was found in 2 events" in html_of(page.get(f"/p/{project.slug}/discover/"))


def test_what_was_read_does_not_wait(page: Client, project: Project, happen: Happen) -> None:
    for n in range(5):
        happen(input=f"Hello there, number {n}")
    count_events(list(Event.objects.all()[:2]))  # their batch is not through
    html = html_of(page.get(f"/p/{project.slug}/discover/"))
    assert "it has read 2 so far, and 3 wait" in html


def test_the_list_shows_numbers_that_lead_to_their_events(
    page: Client, project: Project, broken: list[Event]
) -> None:
    find(project)
    html = html_of(page.get(f"/p/{project.slug}/discover/"))
    sync = Cluster.objects.get(origin="tool sync")
    export = Cluster.objects.get(origin="tool export")
    assert html.index(with_code(sync.label)) < html.index(with_code(export.label))
    assert "<code>sync</code> fails" in html and "`" not in html
    assert "connection refused by node" in html
    href = re.search(rf'href="([^"]*q=problem%3A{sync.pk}[^"]*)"', html)
    assert href
    events = html_of(page.get(href[1].replace("&amp;", "&")))
    assert events.count("data-row") == 6
    intents = html_of(page.get(f"/p/{project.slug}/discover/?kind=intent"))
    assert intents.count("data-row") == Cluster.objects.filter(kind="intent", parent__isnull=True).count()


def part_of_an_intent(project: Project) -> Cluster:
    """One that a person knows: a refresh keeps it."""
    broad = Cluster.objects.filter(kind="intent", parent__isnull=True, is_gone=False).earliest("created_at")
    return Cluster.objects.create(
        project=project, kind="intent", parent=broad, level=1, label="To Cairo", status=ClusterStatus.KNOWN
    )


def test_what_a_run_says_it_found_is_what_the_tabs_count(
    page: Client, project: Project, broken: list[Event]
) -> None:
    find(project)
    part_of_an_intent(project)
    find(project)
    answer = page.get(f"/p/{project.slug}/discover/")
    (_, _, problems), (_, _, intents) = answer.context["tabs"]
    assert Cluster.objects.filter(kind="intent").count() > intents  # broad ones have parts
    assert f"{problems} problems and {intents} intents in" in html_of(answer)


def test_an_emerging_part_of_an_emerging_intent_stands_there_once(
    page: Client, project: Project, broken: list[Event]
) -> None:
    find(project)
    part = part_of_an_intent(project)
    broad = part.parent
    listed = {"kind": "intent"}

    def rows() -> list[Any]:
        return [row.cluster for row in page.get(f"/p/{project.slug}/discover/", listed).context["rows"]]

    assert broad in rows() and part not in rows()
    Cluster.objects.filter(pk=part.pk).update(is_emerging=True)
    assert part in rows()
    Cluster.objects.filter(pk=part.parent_id).update(is_emerging=True)
    assert broad in rows() and part not in rows()


def test_three_examples_say_three_things(make_event: Callable[..., Event]) -> None:
    events = [make_event(event_id=f"x{n}", input=f"question {n % 3}") for n in range(5)]
    found = different([(events[0], "Time out"), (events[1], "time out"), (events[2], ""), (events[3], "")])
    assert [(one.event.event_id, one.quote) for one in found] == [
        ("x0", "Time out"), ("x2", "question 2"), ("x3", "question 0"),
    ]  # fmt: skip
    json, words = different(
        [
            (events[0], '{"error": "gateway timeout"}'),
            (Event(output="Sorry. I cannot do that. Bye."), "cannot"),
        ]
    )
    assert (json.quote, words.quote) == ("gateway timeout", "I cannot do that.")
    piece, ending, whole = different(
        [
            (events[0], 'closing": "16002.75", "closing_date": "2026-10-28'),
            (events[1], 'Choose the bank and then press the button "Renew consent"'),
            (events[2], '"They do not seem to be from your account at all, sorry."'),
        ]
    )
    assert piece.quote == "closing: 16002.75, closing_date: 2026-10-28"
    assert ending.quote.endswith('press the button "Renew consent"')
    assert whole.quote == "They do not seem to be from your account at all, sorry."
    same = different([(event, "Time out") for event in events])
    assert [one.quote for one in same] == ["Time out", "question 1", "question 2"]


def test_a_person_marks_renames_merges_and_splits(
    page: Client, project: Project, broken: list[Event]
) -> None:
    find(project)
    sync, export = Cluster.objects.get(origin="tool sync"), Cluster.objects.get(origin="tool export")
    act(page, project, "ignored", export)
    shown = with_code(export.label)
    assert shown not in html_of(page.get(f"/p/{project.slug}/discover/"))
    assert shown in html_of(page.get(f"/p/{project.slug}/discover/?status=ignored"))
    act(page, project, "new", export)
    assert "is called “Sync is down”" in html_of(act(page, project, "rename", sync, label="Sync is down"))
    assert "Give a name" in html_of(act(page, project, "rename", sync, label=" "))
    assert "one cluster at a time" in html_of(act(page, project, "rename", sync, export, label="x"))
    assert "two clusters or more" in html_of(act(page, project, "merge", sync))
    assert "Merged into “Sync is down”" in html_of(act(page, project, "merge", sync, export))
    sync.refresh_from_db()
    assert sync.members.count() == 10 and sync.conversations == 10
    check_counts(project)
    find(project)  # they stay together
    assert sync.members.count() == 10
    assert page.get(f"/p/{project.slug}/discover/{export.pk}/").headers["Location"].endswith(f"{sync.pk}/")
    assert "was split into 2" in split(page, project, sync)
    parts = Cluster.objects.filter(kind="problem", is_gone=False, merged_into__isnull=True)
    assert sorted(part.members.count() for part in parts) == [4, 6]
    check_counts(project)
    find(project)  # and apart
    assert sorted(part.members.count() for part in parts.all()) == [4, 6]
    assert "does not fall apart" in split(page, project, parts.first() or sync)
    assert "Choose a cluster first" in html_of(act(page, project, "explode", sync))
    assert "Choose a cluster first" in html_of(
        page.post(f"/p/{project.slug}/discover/change/", {"action": "known", "cluster": "x"}, follow=True)
    )


def test_a_viewer_only_looks(viewer: User, project: Project, broken: list[Event]) -> None:
    find(project)
    client = Client()
    client.force_login(viewer)
    assert "Look again" not in html_of(client.get(f"/p/{project.slug}/discover/"))
    sync = Cluster.objects.get(origin="tool sync")
    assert act(client, project, "ignored", sync).status_code == 403
    assert client.post(f"/p/{project.slug}/discover/refresh/").status_code == 403
    sync.refresh_from_db()
    assert sync.status == ClusterStatus.NEW


def test_a_refresh_shows_its_progress_and_is_stopped(
    page: Client, project: Project, broken: list[Event]
) -> None:
    page.post(f"/p/{project.slug}/discover/refresh/")
    [job] = Job.objects.filter(kind=DISCOVER)
    assert "Waiting for a worker" in html_of(page.get(f"/p/{project.slug}/discover/"))
    page.post(f"/p/{project.slug}/discover/refresh/", {"stop": "yes"})
    job.refresh_from_db()
    assert job.state == JobState.STOPPED
    assert "Look again" in html_of(page.get(f"/p/{project.slug}/discover/"))


def test_the_page_of_a_cluster_is_paged_charted_and_broken_down(
    page: Client, project: Project, broken: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    find(project)
    sync = Cluster.objects.get(origin="tool sync")
    monkeypatch.setattr("signals.pages.clusters.PAGE", 4)
    here = f"/p/{project.slug}/discover/{sync.pk}/"
    first = page.get(here)
    assert html_of(first).count("data-row") == 4 and "Older" in html_of(first)
    rest = html_of(page.get(f"{here}?cursor={first.context['next_cursor']}"))
    assert rest.count("data-row") == 2
    assert [dimension.name for dimension in first.context["dimensions"]][0] == "Model"
    assert page.get(f"{here}?cursor=nonsense").status_code == 400
    assert page.get(f"/p/{project.slug}/discover/{project.pk}/").status_code == 404


def test_a_problem_inside_a_failing_tools_stands_in_its_row_and_both_on_the_map(
    page: Client, project: Project, happen: Happen
) -> None:
    refused = {"input": "Try it again, will you", "output": "I'm sorry, I can't help you with that request."}
    for n in range(24):
        failed = {"tool": "order", "error": "504 Gateway Timeout"} if n < 4 else {}
        talk = {"user_id": f"u{n}", "convo_id": f"c{n}"}
        happen(
            input="Order two straps please.", output="Which size do you need?", days=n + 1, **talk, **failed
        )
        if failed:
            happen(days=n + 0.9, **talk, **refused)
    run_pipeline()
    find(project)
    order, refusal = Cluster.objects.get(origin="tool order"), Cluster.objects.get(origin="signal refusal")
    html = html_of(page.get(f"/p/{project.slug}/discover/"))
    assert len(re.findall(r"<tr[^>]*data-number", html)) == 1
    row = html[html.index(f'data-number="{order.pk}"') :]
    assert re.search(rf"with\s*</span>\s*<a[^>]*discover/{refusal.pk}/", row)
    points = page.get(f"/p/{project.slug}/discover/map/points/?kind=problem").json()
    assert {one["id"] for one in points["clusters"]} == {str(order.pk), str(refusal.pk)}
    assert points["total"] == 8


def test_the_matrix_and_the_map(page: Client, project: Project, broken: list[Event]) -> None:
    empty = html_of(page.get(f"/p/{project.slug}/discover/matrix/"))
    assert "No intent was found yet" in empty
    assert page.get(f"/p/{project.slug}/discover/map/points/").json()["points"] == []
    find(project)
    html = html_of(page.get(f"/p/{project.slug}/discover/matrix/?rows=signal"))
    assert "Tool failure" in html and "q=signal%3Atool_failure+intent%3A" in html
    assert "data-map=" in html_of(page.get(f"/p/{project.slug}/discover/map/?kind=problem"))
    found = page.get(f"/p/{project.slug}/discover/map/points/?kind=intent").json()
    assert found["total"] == len(found["points"]) == 24 and len(found["clusters"]) == 2
    assert {point[3] for point in found["points"]} == {event.event_id for event in broken}
    sides = [np.mean([point[0] for point in found["points"] if point[2] == group]) for group in (0, 1)]
    assert abs(sides[0] - sides[1]) > 0.5


def test_points_are_flattened_within_bounds_and_the_same_each_time() -> None:
    vectors = np.random.default_rng(1).normal(size=(50, 8)).astype(np.float32)
    groups = np.arange(50) % 4
    at = flatten(vectors, groups)
    assert at.shape == (50, 2) and float(np.abs(at).max()) <= 1 and (at == flatten(vectors, groups)).all()
    assert flatten(vectors[:1], groups[:1]).tolist() == [[0.0, 0.0]]
    assert flatten(vectors[:0], groups[:0]).shape == (0, 2)
