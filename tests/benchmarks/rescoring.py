"""How long an issue's classifier trains, how long it goes over all events of a project, and what that writes.

    RAINDROP_DATA_DIR=DIR .venv/bin/python -m tests.benchmarks.rescoring [--slug many] [--signal user_frustration]

DIR holds a project of many events (tests/benchmarks/many_events.py makes it). An issue is made, its matches are events of the signal; it is deleted at
the end. Each version is gone over twice: the second time nothing changes.
"""

import argparse
import time

import numpy as np

from tests.benchmarks.database import use_app
from tests.benchmarks.storage import wal

LABELS = (20, 40)  # of each answer, for one version after the other


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--slug", default="many")
    parser.add_argument("--signal", default="user_frustration")
    options = parser.parse_args()
    use_app()
    from ingest.counts.rollups import totals
    from ingest.jobs.runner import run_job
    from ingest.models import Event, Project
    from issues.actions import create_issue, delete_issue
    from issues.classifier.rescoring import request_rescore
    from issues.classifier.sampling import random_event_ids
    from issues.classifier.training import train
    from signals.models import SignalMatch

    project = Project.objects.get(slug=options.slug)
    print(f"{Event.objects.filter(project=project).count():,} events", flush=True)
    issue = create_issue(project=project, title="Angry users", description="The user is annoyed.")
    try:
        matches = SignalMatch.objects.filter(signal__project=project, signal__key=options.signal)
        yes = list(matches.order_by("-timestamp").values_list("event_id", flat=True)[: max(LABELS)])
        no = [
            event
            for event in random_event_ids(project=project, count=2 * max(LABELS), seed=1)
            if event not in yes
        ]
        for labels in LABELS:
            events = [*yes[:labels], *no[:labels]]
            started = time.perf_counter()
            version = train(issue=issue, event_ids=events, answers=np.arange(len(events)) < len(yes[:labels]))
            print(f"version {version.version}: trained in {time.perf_counter() - started:.2f} s", flush=True)
            for when in ("first", "again"):
                started, before = time.perf_counter(), wal()
                run_job(request_rescore(issue).pk)
                spent = time.perf_counter() - started
                written = (wal() - before) / 1e6
                found = totals([issue.pk])[issue.pk].events
                print(
                    f"  {when}: {spent:.1f} s, {written:.1f} MB of WAL, {found:,} matches stand", flush=True
                )
    finally:
        delete_issue(issue=issue)


if __name__ == "__main__":
    main()
