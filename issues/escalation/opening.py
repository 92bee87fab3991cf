"""Issues that open by themselves, for a person to review: of a problem that emerges, and of a signal that escalates. A project's setting, off
unless somebody switches it on."""

import datetime as dt

from django.db import transaction

from ingest.models import Project
from issues.actions import add_note
from issues.escalation.limits import Verdict, baseline_of, look
from issues.escalation.watch import busy, read_series
from issues.escalation.words import why_it_escalates
from issues.following.history import begin_following, fill
from issues.following.promoting import promote_cluster
from issues.following.sources import Source
from issues.models import Issue, TrackingSettings
from issues.models.issues import Follows
from signals.models import Cluster, ClusterStatus, SignalDefinition
from signals.models.clusters import ClusterKind
from signals.models.definitions import Sentiment

A_DAY = 3  # issues that open by themselves in a project's day
REMEMBERED = 500


def open_issues(project: Project, *, now: dt.datetime) -> list[Issue]:
    """Opens what there is to open, each problem and signal once for ever: one whose issue was deleted is not opened again."""
    settings = TrackingSettings.objects.filter(project=project, opens_issues=True).first()
    if settings is None:
        return []
    today = now.date().isoformat()
    opened = dict(settings.opened)
    room = A_DAY - sum(day == today for day in opened.values())
    made: list[Issue] = []
    for subject, source, why in _found(project, now=now, but=set(opened)):
        if len(made) >= room:
            break
        opened[subject] = today
        made.append(_open(project, source, why))
    if made:
        kept = dict(sorted(opened.items(), key=lambda item: item[1])[-REMEMBERED:])
        TrackingSettings.objects.filter(project=project).update(opened=kept)
    return made


def _found(project: Project, *, now: dt.datetime, but: set[str]) -> list[tuple[str, Source, str]]:
    """(subject, what the issue is to follow, why): the emerging problems, those that more conversations meet first; then the signals."""
    clusters = Cluster.objects.filter(
        project=project, kind=ClusterKind.PROBLEM, is_emerging=True, is_gone=False, status=ClusterStatus.NEW
    ).order_by("-conversations", "id")
    found = [
        (str(cluster.pk), Source(Follows.CLUSTER, cluster=cluster), cluster.emerging_reason)
        for cluster in clusters
        if str(cluster.pk) not in but
    ]
    followed = Issue.objects.filter(project=project, follows=Follows.SIGNAL).values("signal")
    signals = SignalDefinition.objects.filter(
        project=project, enabled=True, sentiment=Sentiment.NEGATIVE
    ).exclude(pk__in=followed)
    some = [pk for pk in busy(project, signals.values("pk"), now=now) if str(pk) not in but]
    by_id = signals.in_bulk(some)
    for pk, series in zip(some, read_series(project, some, now=now), strict=True):
        told = look(series, baseline_of(series))
        if isinstance(told, Verdict):
            found.append((str(pk), Source(Follows.SIGNAL, signal=by_id[pk]), why_it_escalates(told)))
    return found


def _open(project: Project, source: Source, why: str) -> Issue:
    if source.cluster is not None:
        issue, _ = promote_cluster(cluster=source.cluster, user=None)
    else:
        assert source.signal is not None
        with transaction.atomic():
            issue = begin_following(
                project=project, title=source.signal.name, description=source.signal.description, source=source, user=None
            )  # fmt: skip
        fill(issue)
    add_note(issue=issue, text=f"Opened by itself, for review. {why}".strip(), user=None)
    return issue
