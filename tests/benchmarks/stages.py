"""What share of the pipeline's time each of its stages takes, roll-ups among them.

    .venv/bin/python -m tests.benchmarks.stages [--conversations 400] [--issues 20]

A database that is made for it gets real conversations (the demo's), which go through the pipeline in this process, in its batches. So many issues with a
classifier each decide on them. Database and worker share the time: it is what a worker waits for, not its CPU alone.
"""

import argparse
import functools
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.database import scratch_app
from tests.benchmarks.storage import head_of_file

# What ingest/counts/rollups.py writes in the pipeline; the second and third are called by stages that write matches.
ROLLUPS = ("count_events", "record", "look_again")
_under_way: set[str] = set()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--conversations", type=int, default=400)
    parser.add_argument("--issues", type=int, default=20)
    options = parser.parse_args()
    with scratch_app(), tempfile.TemporaryDirectory() as folder:
        import datetime as dt

        import raindrop.pipeline
        from ingest.counts import rollups
        from ingest.files.importing import import_file
        from ingest.models import Event, QueuedEvent
        from ingest.projects.projects import create_project

        project = create_project(slug="bench", name="Bench")
        path = Path(folder) / "conversations.jsonl"
        path.write_bytes(b"".join(head_of_file(options.conversations)))
        import_file(path, project=project, redate=dt.timedelta(days=30))
        for number in range(options.issues):
            _make_issue(project, number)
        spent: dict[str, float] = {}
        raindrop.pipeline.STAGES[:] = [
            _timed(stage, spent, f"{stage.__module__}.{stage.__name__}") for stage in raindrop.pipeline.STAGES
        ]
        counting: dict[str, float] = {}
        for name in ROLLUPS:
            setattr(rollups, name, _timed(getattr(rollups, name), counting, "roll-ups, within all stages"))
        started = time.perf_counter()
        while batch := list(
            QueuedEvent.objects.order_by("available_at", "id")[: raindrop.pipeline.BATCH_SIZE]
        ):
            raindrop.pipeline.process([row.event_id for row in batch])
            QueuedEvent.objects.filter(pk__in=[row.pk for row in batch]).delete()
        total = time.perf_counter() - started
        events = Event.objects.count()
    print(f"{events:,} events, {total / events * 1000:.2f} ms each")
    for name, seconds in [*sorted(spent.items(), key=lambda item: -item[1]), *counting.items()]:
        print(f"{name:52}{seconds / events * 1000:8.2f} ms{seconds / total:7.1%}")


def _timed(call: Callable[..., Any], spent: dict[str, float], name: str) -> Callable[..., Any]:
    """`call`, whose seconds are added up in `spent`; a call within a call of the same name counts once."""

    @functools.wraps(call)
    def timed(*arguments: Any, **named: Any) -> Any:
        if name in _under_way:
            return call(*arguments, **named)
        started = time.perf_counter()
        _under_way.add(name)
        try:
            return call(*arguments, **named)
        finally:
            _under_way.discard(name)
            spent[name] = spent.get(name, 0.0) + time.perf_counter() - started

    return timed


def _make_issue(project: Any, number: int) -> None:
    """An issue whose classifier calls about a twentieth of all events a match."""
    import numpy as np

    from issues.actions import create_issue
    from issues.classifier.model import WIDTH, to_bytes
    from issues.models import Classifier

    weights = np.random.default_rng(number).normal(size=WIDTH).astype(np.float32)
    weights[-1] = -2.3  # the sum of two products with unit vectors has a deviation of 1.4
    issue = create_issue(project=project, title=f"Issue {number}", description="")
    Classifier.objects.create(
        issue=issue, version=1, weights=to_bytes(weights), threshold=0.5, definition_version=1
    )


if __name__ == "__main__":
    main()
