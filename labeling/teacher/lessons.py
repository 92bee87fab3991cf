"""The background job in which the teacher labels events of an issue, round after round; and what one would cost."""

import time
from dataclasses import dataclass

from django.db import transaction

from ingest.jobs.kinds import Pause, job_kind
from ingest.jobs.progress import job_under_way, report_job, subject_of
from ingest.jobs.queueing import queue_job
from ingest.models import Job, User
from issues.models import Issue
from labeling.models import TEACH, TEACHER, Lesson, LessonState
from labeling.queue.of_issues import next_cards
from labeling.teacher.asking import BudgetSpent, Claim, ask_about, examples_of, put_down, take
from labeling.teacher.prompt import MAX_TOKENS, TYPICAL_OUTPUT_TOKENS
from labeling.teaching import retrain, tell_taught
from raindrop import llm
from raindrop.locks import hold_lock
from raindrop.web.plurals import counted
from signals.llm import budget
from signals.llm.calls import ask
from signals.llm.workers import is_stopped, note_trouble
from signals.llm.wrapping import prompt_bytes

MOST_CALLS = 2000  # of one run
ROUND = 20  # calls, after which the small model learns, and the next events are chosen with it
CHUNK = 8  # calls under way together
SECONDS = 60.0  # after which a worker hands on: questions and the reader wait for the same workers
PAUSES = (1.0, 4.0)  # seconds before it is tried again at once; after that the job waits for the schedule
DEFAULT_CALLS = 100  # that the page proposes
SAMPLE = 6  # events that an estimate is made from


class CannotTeach(ValueError):
    """The text says why, for people."""


class TeacherLost(RuntimeError):
    """The service takes no request of this key. The text is for people."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of asking about `calls` events: microdollars, as a guess and at most. `calls_left`: that the day's budget still holds."""

    calls: int
    expected: int
    most: int
    calls_left: int

    @property
    def dollars(self) -> float:
        return self.expected / budget.MICRO

    @property
    def most_dollars(self) -> float:
        return self.most / budget.MICRO


def why_not_taught(issue: Issue) -> str:
    """Why no teacher can label events of the issue, for people; empty when one can."""
    if issue.follows:
        return "What the issue follows decides its matches: there is no classifier to teach."
    if why := llm.why_not():
        return f"{why} Set ANTHROPIC_API_KEY, and a teacher can label." if "ANTHROPIC_API_KEY" in why else why
    meter = budget.meter(issue.project_id)
    if meter.off:
        return "The project's LLM budget is 0: raise calls and dollars a day in the settings, or by PATCH /api/llm/."
    if meter.spent:
        return "Today's LLM budget of the project is spent: raise it in the settings or by PATCH /api/llm/, or come back tomorrow (UTC)."
    return ""


@transaction.atomic
def request_teaching(issue: Issue, *, calls: int, user: User | None = None) -> Job:
    """Queues a run of `calls` calls; the one that waits or is under way already when there is one. Raises CannotTeach."""
    if why := why_not_taught(issue):
        raise CannotTeach(why)
    hold_lock(f"teaching:{issue.pk}")  # two that ask at once get one run
    return under_way(issue) or queue_job(
        project=issue.project, kind=TEACH, subject=issue.pk, argument=str(calls), user=user
    )


def under_way(issue: Issue) -> Job | None:
    return job_under_way(project_id=issue.project_id, subject=issue.pk, kinds=[TEACH])


def estimate_teaching(issue: Issue, *, calls: int = DEFAULT_CALLS) -> Estimate | None:
    """From the events that it would be asked about first. None where there is none, or nobody to ask."""
    prices = llm.prices()
    if prices is None or why_not_taught(issue):
        return None
    examples = examples_of(issue)
    cards = next_cards(issue=issue, limit=SAMPLE, author=TEACHER)
    sizes = [prompt_bytes(ask_about(issue, card.event, examples)[1]) for card in cards]
    if not sizes:
        return None
    expected = [prices.expected(prompt_bytes=size, output_tokens=TYPICAL_OUTPUT_TOKENS) for size in sizes]
    most = [prices.most(prompt_bytes=size, max_tokens=MAX_TOKENS) for size in sizes]
    meter = budget.meter(issue.project_id)
    money = (meter.daily_money - meter.money) // max(1, sum(expected) // len(sizes))
    calls_left = max(0, min(meter.daily_calls - meter.calls, money))
    return Estimate(calls, calls * sum(expected) // len(sizes), calls * sum(most) // len(sizes), calls_left)


@job_kind(TEACH, cluster="llm", title="A teacher labels events")
def teach_issue(job: Job) -> str | Pause:
    """Asks about one event a call until so many calls are made, the budget is spent or no event is left. What it learned is used at the end."""
    issue = Issue.objects.select_related("project").filter(pk=subject_of(job)).first()
    if issue is None:
        return "The issue is gone."
    calls, deadline, pauses = int(job.argument or 0), time.monotonic() + SECONDS, list(PAUSES)
    report_job(job, total=calls)
    ended = ""
    while job.done < calls:
        if why := llm.why_not():
            ended = why
            break
        if is_stopped(issue.project_id):
            retrain(issue)
            raise TeacherLost(f"{_said(job)} The service does not take the key.")
        try:
            claims = take(issue, limit=min(CHUNK, calls - job.done, ROUND - job.done % ROUND), calls=job.done)
        except BudgetSpent:
            ended = "Today's LLM budget of the project is spent."
            break
        if not claims:
            ended = "No event is left to ask about."
            break
        wrong = _ask(job, issue, claims)
        if job.done % ROUND == 0:
            retrain(issue, rescore=False)
        if wrong is not None and wrong.denied:
            retrain(issue)
            raise TeacherLost(f"{_said(job)} {wrong}")
        if wrong is not None:
            report_job(job, message=f"The service gave no answer, and is asked again: {wrong}")
            if not pauses:
                return Pause.WAIT
            time.sleep(min(llm.PATIENCE, max(pauses.pop(0), wrong.retry_after or 0.0)))
        if time.monotonic() > deadline:
            return Pause.HAND_ON
    retrain(issue)
    tell_taught(issue)
    return " ".join(part for part in (_said(job), ended) if part)


def _ask(job: Job, issue: Issue, claims: list[Claim]) -> llm.Unavailable | None:
    """Asks and notes. What is wrong with the service, where it gave no answer."""
    wrong = None
    outcomes = ask(claims)
    rows = [put_down(issue, claimed, outcome) for claimed, outcome in outcomes]
    for _, outcome in outcomes:
        if isinstance(outcome, llm.Unavailable) and not outcome.refused:
            wrong = outcome
    note_trouble(issue.project_id, wrong)
    done = job.done + sum(row is not None for row in rows)
    report_job(job, done=done, message=f"{done} of {job.total} events labelled.")
    return wrong


def _said(job: Job) -> str:
    """Of what the run has asked: how many labels came of it."""
    rows = Lesson.objects.filter(issue=job.subject, answered_at__gte=job.created_at)
    matches = rows.filter(state=LessonState.ANSWERED, match=True).count()
    void = rows.exclude(state=LessonState.ANSWERED).count()
    sentence = f"{counted(job.done, 'event')} asked about, {counted(matches, 'match', 'matches')} found."
    return sentence + (f" {counted(void, 'answer')} could not be used." if void else "")
