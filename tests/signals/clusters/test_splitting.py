"""Splitting a problem in the background: how far it is, what a stop, a death or a change meanwhile leaves, how much it reads."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client

from ingest.jobs.progress import stop_jobs
from ingest.jobs.runner import run_job
from ingest.models import Event, Job, Project, User
from ingest.models.jobs import JobState
from signals.clusters import splitting
from signals.clusters.changing import CannotChange, change_cluster, merge_clusters
from signals.clusters.splitting import SPLIT, request_split
from signals.models import Cluster
from tests.html import html_of
from tests.signals.clusters.test_members import check_counts
from tests.signals.clusters.test_refresh import find


@pytest.fixture
def merged(project: Project, broken: list[Event]) -> Cluster:
    """Two problems in one, of 6 and 4 events."""
    find(project)
    sync, export = Cluster.objects.get(origin="tool sync"), Cluster.objects.get(origin="tool export")
    return merge_clusters(into=sync, others=[export])


def parts() -> list[int]:
    rows = Cluster.objects.filter(kind="problem", is_gone=False, merged_into__isnull=True)
    return sorted(row.members.count() for row in rows)


def ended(job: Job) -> Job:
    run_job(job.pk)
    job.refresh_from_db()
    return job


def test_a_request_splits_nothing_itself(member: User, project: Project, merged: Cluster) -> None:
    page = Client()
    page.force_login(member)
    body = {"action": "split", "cluster": str(merged.pk), "here": "yes"}
    html = html_of(page.post(f"/p/{project.slug}/discover/change/", body, follow=True))
    assert "is being split" in html and "A split waits for a worker" in html
    assert parts() == [10]
    [job] = Job.objects.filter(kind=SPLIT)
    assert request_split(merged) == job, "one that waits is enough"
    assert ended(job).state == JobState.DONE and parts() == [4, 6]
    check_counts(project)
    for address in (f"/p/{project.slug}/discover/{merged.pk}/", f"/p/{project.slug}/discover/"):
        assert "was split into 2" in html_of(page.get(address))
        region = page.get("/live/", {"region": f"{address}#splits"}).json()["regions"][0]
        assert "was split into 2" in region["html"]


def test_a_split_reads_the_newest_members_and_the_others_stay(
    project: Project, merged: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def embed(texts: Sequence[str]) -> Any:
        read.append(len(texts))
        return real(texts)

    real = splitting.embed_texts
    monkeypatch.setattr(splitting, "embed_texts", embed)
    monkeypatch.setattr(splitting, "READ", 6)
    assert ended(request_split(merged)).state == JobState.DONE
    assert read and max(read) <= 6
    assert sum(parts()) == 10, "what was not read stays where it was"
    check_counts(project)


def test_one_that_is_stopped_leaves_all_as_it_was(
    member: User, project: Project, merged: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*found: Any) -> Any:
        stop_jobs(project=project, kind=SPLIT, subject=merged.pk, user=member)
        return real(*found)

    real = splitting._fall_apart
    monkeypatch.setattr(splitting, "_fall_apart", stop)
    assert ended(request_split(merged)).state == JobState.STOPPED and parts() == [10]


def test_one_whose_worker_died_at_its_end_splits_once(merged: Cluster) -> None:
    job = request_split(merged)
    splitting.split(job)  # and the worker dies before it says that the job is done
    assert parts() == [4, 6]
    assert "was split into 2" in ended(job).message and parts() == [4, 6]


def test_one_that_is_overtaken_by_a_person_begins_anew(
    project: Project, merged: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes: list[str] = []

    def rename(*found: Any) -> Any:
        if not changes:
            changes.append("renamed")
            change_cluster(cluster=merged, label="Sync is down")
        return real(*found)

    real = splitting._fall_apart
    monkeypatch.setattr(splitting, "_fall_apart", rename)
    assert "“Sync is down” was split into 2" in ended(request_split(merged)).message
    assert parts() == [4, 6] and Cluster.objects.get(pk=merged.pk).label == "Sync is down"
    check_counts(project)


def test_an_intent_is_not_split(merged: Cluster) -> None:
    intent = Cluster.objects.filter(kind="intent").first()
    assert intent is not None
    with pytest.raises(CannotChange, match="Only a problem"):
        request_split(intent)
