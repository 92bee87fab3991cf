"""The first look: when a person opens the queue of a new search and there is an LLM key, the teacher is asked about the likeliest events, with the
description at hand. It runs in the background within the day's budget; what it calls a match, with words that stand in the event, comes first among the
cards that are chosen next (labeling/queue/picking.py, order_by_score)."""

from dataclasses import dataclass

from django.db import transaction

from ingest.jobs.kinds import Pause, job_kind
from ingest.jobs.progress import UNFINISHED
from ingest.jobs.queueing import queue_job
from ingest.models import Job, User
from issues.models import Issue
from labeling.models import FIRST_LOOK, TEACH, Lesson
from labeling.teacher.lessons import teach_issue, why_not_taught
from raindrop import llm
from raindrop.locks import hold_lock

# Two rounds, after each of which the small model learns (labeling/teacher/lessons.py). A person may ask for more; the rest of the day's budget is the
# reader's.
CALLS = 40


@dataclass(frozen=True, slots=True)
class Look:
    """How far it has come: `is_running`, `done` of `total` calls; else what it found, or why it does not begin, in `text`, for people."""

    is_running: bool
    done: int = 0
    total: int = 0
    text: str = ""


@transaction.atomic
def begin_look(issue: Issue, *, user: User) -> Job | None:
    """Queues the first look of an issue of which the teacher was asked nothing yet. None where it was, or where nobody can be asked."""
    if issue.follows or llm.why_not():
        return None
    hold_lock(f"teaching:{issue.pk}")  # two that open the queue at once begin one
    if last_look(issue) is not None or Lesson.objects.filter(issue=issue).exists() or why_not_taught(issue):
        return None
    return queue_job(project=issue.project, kind=FIRST_LOOK, subject=issue.pk, argument=str(CALLS), user=user)


def last_look(issue: Issue) -> Job | None:
    """The newest run of the teacher, the first look or one that somebody asked for."""
    jobs = Job.objects.filter(project_id=issue.project_id, kind__in=[FIRST_LOOK, TEACH], subject=issue.pk)
    found: Job | None = jobs.order_by("-created_at", "-id").first()
    return found


def look_of(issue: Issue) -> Look | None:
    """None without a key, and for an issue that no teacher can be asked about."""
    if issue.follows or llm.why_not():
        return None
    job = last_look(issue)
    if job is None:
        return Look(False, text=why_not_taught(issue))
    if job.state in UNFINISHED:
        return Look(True, job.done, job.total or int(job.argument or 0))
    return Look(False, job.done, job.total, job.message)


@job_kind(FIRST_LOOK, cluster="llm", title="A first look at the likeliest events")
def look_first(job: Job) -> str | Pause:
    return teach_issue(job)
