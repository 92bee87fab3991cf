"""Dotted paths that stand in rows of the database: an upgrade finds tasks in the queue, and schedules, that an earlier version wrote."""

import ast
from pathlib import Path

import pytest
from django.utils.module_loading import import_string

from ingest.jobs.queueing import RUN_JOB
from raindrop.pipeline import RUN_BATCH
from raindrop.workers import SCHEDULES
from signals.llm.workers import QUESTION_TASK, READER_TASK

ROOT = Path(__file__).resolve().parents[2]
# Whoever moves one of these functions leaves the old path working until no queue can hold it (as ingest.0013 did for jobs).
STORED = [
    "ingest.jobs.runner.run_job",
    "raindrop.pipeline.every_minute",
    "raindrop.pipeline.run_batch",
    "raindrop.workers.beat",
    "signals.questions.asking.work",
    "signals.reader.working.work",
]


@pytest.mark.parametrize("path", STORED)
def test_what_rows_of_earlier_versions_name_still_runs(path: str) -> None:
    assert callable(import_string(path))


def test_all_that_is_stored_today_is_listed() -> None:
    assert {
        RUN_JOB,
        RUN_BATCH,
        QUESTION_TASK,
        READER_TASK,
        *(function for function, _ in SCHEDULES.values()),
    } <= set(STORED)


def test_each_task_is_queued_by_a_listed_path() -> None:
    """A task's function is given as text that is listed, or as one of the constants above: never as an object."""
    names = {"RUN_JOB", "RUN_BATCH", "QUESTION_TASK", "READER_TASK"}
    tasks, others = 0, []
    for app in ("raindrop", "ingest", "signals", "issues", "labeling"):
        for file in sorted((ROOT / app).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                named = [getattr(part, "id", "") for part in (node.func, *node.args)]
                if "async_task" in named:  # called, or handed to another function together with its arguments
                    function = node.args[named.index("async_task")]
                    tasks += 1
                    if (
                        getattr(function, "id", "") not in names
                        and getattr(function, "value", "") not in STORED
                    ):
                        others.append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert tasks
    assert not others
