"""One month from its beginning to its report."""

import datetime as dt

from django.test import override_settings

from ingest.models import Project
from ingest.models.projects import KeyKind
from ingest.projects.keys import create_key
from tests.benchmarks.month.clock import running
from tests.benchmarks.month.plan import draw
from tests.benchmarks.month.report import Report, report
from tests.benchmarks.month.walk import Walk
from tests.benchmarks.month.workers import Workers
from tests.issues.alerts.sinks import smtp_sink, webhook_sink

START = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)  # a Monday
LATE_STEPS = 3  # steps of the clock after which a change is late


def run_month(*, project: Project, seed: int, step_hours: float, traffic: float, share: float) -> Report:
    """In the project, which has to be empty. `traffic`: events an hour that are of no issue; `share`: of the work, in how much a process dies."""
    with (
        override_settings(ALERT_PRIVATE_ADDRESSES=True),
        webhook_sink() as hook,
        smtp_sink() as box,
        running(START) as clock,
    ):
        keys = [create_key(project=project, kind=kind)[1] for kind in (KeyKind.ADMIN, KeyKind.WRITE)]
        workers = Workers(clock=clock, seed=seed, share=share)
        walk = Walk(
            plan=draw(seed=seed, traffic=traffic, late=LATE_STEPS * step_hours),
            clock=clock,
            workers=workers,
            hook=hook,
            box=box,
            key=keys[0],
            write_key=keys[1],
        )
        try:
            walk.run(step_hours=step_hours)
        finally:
            workers.stop()
        return report(walk, start=START)
