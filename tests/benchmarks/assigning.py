"""What giving events to clusters costs, next to embedding the same events: processor time of this process and of its database connection.

    RAINDROP_DATA_DIR=DIR .venv/bin/python -m tests.benchmarks.assigning [--project ledgerly] [--rounds 5]

DIR holds a demo whose clusters were found (`make demo`, then Refresh on Discover). Each round deletes the events' memberships, gives the
events to the clusters, in the pipeline's batches, then a second time, when nothing changes, then embeds their texts; all but the last is taken back.
"Unread": with the reader's facets deleted first, so that the small models and the first messages decide.
"""

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable

import psutil

from tests.benchmarks.database import use_app

BATCH = 128  # raindrop.pipeline.BATCH_SIZE


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--project", default="ledgerly")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true", help="also say where this process spends it")
    options = parser.parse_args()
    use_app()

    from django.db import connection, transaction

    from ingest.models import Event, Project
    from raindrop.embedder import read_texts
    from signals.clusters.assigning import assign_clusters, plan_of
    from signals.clusters.members import count_again
    from signals.models import Cluster, ClusterMember, Facet

    project = Project.objects.get(slug=options.project)
    events = list(Event.objects.filter(project=project).select_related("project").order_by("timestamp"))
    batches = [events[at : at + BATCH] for at in range(0, len(events), BATCH)]
    clusters = sorted(Cluster.objects.filter(project=project).values_list("id", flat=True))
    assign_clusters(batches[0])
    plan = plan_of(project.id)
    print(f"{len(events)} events, {len(plan.clusters)} clusters, {len(plan.assigners)} small models")
    connection.ensure_connection()
    backend = psutil.Process(connection.connection.info.backend_pid)

    def spent(work: Callable[[], None]) -> tuple[float, float]:
        """Milliseconds of processor time an event: of this process, and of the database."""
        before, ours = backend.cpu_times(), time.process_time()
        work()
        own = time.process_time() - ours
        after = backend.cpu_times()
        return (
            own * 1e3 / len(events),
            (after.user + after.system - before.user - before.system) * 1e3 / len(events),
        )

    def assign_all() -> None:
        for batch in batches:
            assign_clusters(batch)

    def embed_all() -> None:
        for batch in batches:
            read_texts([one.input for one in batch] + [one.output for one in batch])

    profile = cProfile.Profile(time.process_time)
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(options.rounds):
        for name in ("read", "unread"):
            with transaction.atomic():
                if name == "unread":
                    Facet.objects.filter(project=project).delete()
                ClusterMember.objects.filter(cluster__in=clusters).delete()
                count_again(clusters, project=project.id)
                found.setdefault(f"{name}, new events", []).append(spent(assign_all))
                found.setdefault(f"{name}, again", []).append(spent(assign_all))
                if options.profile:
                    profile.runcall(assign_all)
                transaction.set_rollback(True)
        found.setdefault("embedding", []).append(spent(embed_all))
    embedding = min(own for own, _ in found["embedding"])
    for name, all_spent in found.items():
        own, database = min(one[0] for one in all_spent), min(one[1] for one in all_spent)
        print(
            f"{name:20} {own:.3f} ms, database {database:.3f} ms: {own / embedding:.3f} of embedding, with the database {(own + database) / embedding:.3f}"
        )
    if options.profile:
        pstats.Stats(profile).sort_stats("cumtime").print_stats(45)


if __name__ == "__main__":
    main()
