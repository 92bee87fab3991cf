"""Making an issue of a cluster."""

from django.db import transaction

from ingest.models import User
from issues.actions import TITLE_LENGTH
from issues.following.history import begin_following, fill
from issues.following.sources import Source
from issues.models import Issue
from issues.models.issues import Follows, standing_of
from raindrop import live
from raindrop.locks import hold_lock
from signals.models import Cluster, ClusterStatus


def promote_cluster(
    *, cluster: Cluster, user: User | None, title: str = "", description: str | None = None
) -> tuple[Issue, bool]:
    """(The issue that follows the cluster, whether it is new.) The cluster is marked as promoted. The title is the
    cluster's name as plain text, and the description its description, unless given."""
    with transaction.atomic():
        hold_lock(f"promote:{cluster.pk}")
        Cluster.objects.filter(pk=cluster.pk).update(status=ClusterStatus.PROMOTED)
        live.changed([cluster.project_id])
        found = Issue.objects.followers().filter(project=cluster.project_id, cluster=cluster).first()
        if found is not None:
            return standing_of(found), False
        issue = begin_following(
            project=cluster.project,
            title=title or cluster.plain_label[:TITLE_LENGTH].strip() or "A cluster without a name",
            description=cluster.description if description is None else description,
            source=Source(Follows.CLUSTER, cluster=cluster),
            user=user,
        )
    fill(issue, user=user)
    return issue, True
