"""Calling the workers that ask the LLM, and what is wrong with the service."""

import datetime as dt
import uuid

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django_q.tasks import async_task

from ingest.models import Project
from raindrop import live, llm
from signals.models import LlmSettings

CLUSTER = "llm"
# A worker that was called and has not begun by then is called again: its task may have been lost.
CALL_AGAIN_SECONDS = 300
# After the service refused the key (401, 403): it will do so until a person has changed something.
DENIED = dt.timedelta(minutes=10)
# The task of each use -> the column of LlmSettings in which a call stands until the task begins. Paths stay: rows of the queue name them.
QUESTION_TASK = "signals.questions.asking.work"
READER_TASK = "signals.reader.working.work"
CALLED_AT = {QUESTION_TASK: "woken_at", READER_TASK: "reader_woken_at"}


def call_worker(project_id: uuid.UUID, task: str) -> None:
    """Queues one task (a key of CALLED_AT) for what the project has to ask; none while another waits to begin, or where the project is
    gone."""
    defaults, column = LlmSettings(), CALLED_AT[task]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO signals_llmsettings AS t (project_id, daily_calls, daily_dollars, random_share, trouble, {column})
                SELECT id, %s, %s, %s, '', now() FROM {Project._meta.db_table} WHERE id = %s
                ON CONFLICT (project_id) DO UPDATE SET {column} = now()
                  WHERE t.{column} IS NULL OR t.{column} < now() - make_interval(secs => %s)
                RETURNING 1""",
            [
                defaults.daily_calls,
                defaults.daily_dollars,
                defaults.random_share,
                project_id,
                CALL_AGAIN_SECONDS,
            ],
        )
        called = cursor.fetchone() is not None
    if not called:
        return
    if settings.REDIS_URL:  # it does not wait for this transaction
        transaction.on_commit(lambda: _queue(task, project_id))
    else:
        _queue(task, project_id)


def worker_began(project_id: uuid.UUID, task: str) -> None:
    """From now on `call_worker` calls another one: this one may have looked already."""
    LlmSettings.objects.filter(project=project_id).update(**{CALLED_AT[task]: None})


def note_trouble(project_id: uuid.UUID, error: llm.Unavailable | None) -> None:
    """What is wrong with the service; None when it has answered. One that does not take the key is left alone for DENIED. Nothing is noted of a
    project that is gone."""
    if error is not None:
        if not Project.objects.filter(pk=project_id).exists():
            return
        now = timezone.now()
        stopped = now + DENIED if error.denied else None
        LlmSettings.objects.update_or_create(
            project_id=project_id,
            defaults={"trouble": str(error)[:500], "trouble_at": now, "stopped_until": stopped},
        )
    else:
        troubled = LlmSettings.objects.filter(project=project_id).exclude(trouble="")
        if not troubled.update(trouble="", trouble_at=None, stopped_until=None):
            return
    live.changed([project_id])


def is_stopped(project_id: uuid.UUID) -> bool:
    """Whether the service has lately refused the key: nothing is asked for a while."""
    return LlmSettings.objects.filter(project=project_id, stopped_until__gt=timezone.now()).exists()


def _queue(task: str, project_id: uuid.UUID) -> None:
    if task == QUESTION_TASK:
        async_task(QUESTION_TASK, str(project_id), cluster=CLUSTER)
    else:
        async_task(READER_TASK, str(project_id), cluster=CLUSTER)
