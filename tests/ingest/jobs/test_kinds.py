"""The registry of kinds: each name once, each with a title and with workers."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from ingest.jobs import kinds
from ingest.jobs.kinds import DEFAULT, UnknownKind, all_kinds, job_kind, kind_of, modules_with_kinds
from ingest.jobs.queueing import queue_job
from ingest.models import Job

ROOT = Path(__file__).resolve().parents[3]
APPS = ["ingest", "signals", "issues", "labeling"]


def count(job: Job) -> str:
    return "Counted."


@pytest.mark.parametrize("kind", all_kinds(), ids=lambda kind: kind.name)
def test_every_kind_has_a_title_and_workers(kind: kinds.JobKind) -> None:
    assert kind.title[0].isupper() and not kind.title.endswith(".")
    assert kind.cluster in {DEFAULT, *settings.Q_CLUSTER["ALT_CLUSTERS"]}
    module = importlib.import_module(kind.work.__module__)
    assert getattr(module, kind.work.__name__) is kind.work


def test_the_kinds_that_rows_name_are_known() -> None:
    """Rows in databases out there name these: a kind that goes needs a migration of its rows."""
    assert {kind.name for kind in all_kinds()} >= {
        "backfill", "discover", "question_history", "reader_past", "rescore", "train", "tune",
    }  # fmt: skip


def test_each_kind_in_the_source_is_registered_when_the_apps_are_ready() -> None:
    """Where Django is only set up, as in a worker: nothing else has imported them."""
    script = "import django; django.setup(); from ingest.jobs.kinds import all_kinds; print(*(k.name for k in all_kinds()))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True,
        env={"DJANGO_SETTINGS_MODULE": "raindrop.settings", "PATH": ""},
    )  # fmt: skip
    sources = [path.read_text() for app in APPS for path in (ROOT / app).rglob("*.py")]
    decorated = sum(line.startswith("@job_kind(") for source in sources for line in source.splitlines())
    assert len(done.stdout.split()) == decorated >= 6


def test_a_kind_in_a_new_file_anywhere_in_an_app_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = tmp_path / "toy_app" / "room"
    room.mkdir(parents=True)
    for folder in (room.parent, room):
        (folder / "__init__.py").write_text("")
    (room / "plain.py").write_text("raise AssertionError('It holds no kind, and is not imported.')")
    (room / "toy.py").write_text(
        "from ingest.jobs.kinds import job_kind\n\n"
        "@job_kind('toy', cluster='slow', title='Playing')\ndef play(job):\n    return 'Played.'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert list(modules_with_kinds("toy_app")) == ["toy_app.room.toy"]
    kinds.import_kinds("toy_app")
    assert (kind_of("toy").cluster, kind_of("toy").title) == ("slow", "Playing")


def test_a_kind_registered_twice_is_an_error_that_names_both() -> None:
    job_kind("count", title="Counting")(count)
    with pytest.raises(ValueError, match=r'"count" is registered twice.*test_kinds\.count.*other'):

        @job_kind("count", title="Counting otherwise")
        def other(job: Job) -> str:
            return "Counted."

    assert kind_of("count").work is count


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("count", {"cluster": "fast", "title": "Counting"}, '"fast", which has no workers'),
        ("count", {"title": ""}, "has no title"),
        ("", {"title": "Counting"}, "cannot be stored"),
        ("n" * 41, {"title": "Counting"}, "cannot be stored"),
    ],
)
def test_a_kind_that_cannot_work_is_an_error_at_import(
    name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        job_kind(name, **options)(count)


def test_an_unknown_kind_is_an_error_with_its_name() -> None:
    with pytest.raises(UnknownKind, match='"conut".*backfill'):
        kind_of("conut")


@pytest.mark.django_db
def test_an_unknown_kind_is_not_queued(project: Any) -> None:
    with pytest.raises(UnknownKind, match='"conut"'):
        queue_job(project=project, kind="conut", subject=project.id)
    assert not Job.objects.exists()
