"""Asking the model about new events: what the cluster `llm` works on. No transaction is open while the model thinks."""

import time
import uuid

from django.db import transaction
from django.utils import timezone

from ingest.models import Project
from raindrop import live, llm
from signals.llm import budget
from signals.llm.calls import ask
from signals.llm.workers import QUESTION_TASK, call_worker, is_stopped, note_trouble, worker_began
from signals.models import QuestionVerdict
from signals.models.questions import VerdictState
from signals.questions import history
from signals.questions.claims import Claim, claim, forfeit_all, put_down, questions_in
from signals.questions.prompt import Question
from signals.questions.verdicts import Plausible, request_verdicts

CHUNK = 8
# After so long a worker hands on. The slowest chunk takes two rounds of three attempts of a minute, with their waits: a task
# may take 900.
BUDGET_SECONDS = 60.0
# A person waits for a preview.
PREVIEW_TIMEOUT = 15.0

# Verdicts that a worker may take up once their time has come.
OPEN = (VerdictState.WAITING, VerdictState.ASKING)


def call_workers() -> None:
    """Once a minute: calls a worker for each project that has something to ask, or a run over the history to go on with."""
    now = timezone.now()
    ripe = QuestionVerdict.objects.filter(state__in=OPEN, available_at__lte=now)
    for project_id in {
        *ripe.values_list("project_id", flat=True).distinct(),
        *history.QUESTION_RUNS.projects_at_work(),
    }:
        call_worker(project_id, QUESTION_TASK)


def work(project_id: str) -> None:
    """The background task: goes on with the project's runs over the history, and asks about what waits. Safe twice at once."""
    project = uuid.UUID(project_id)
    worker_began(project, QUESTION_TASK)
    history.QUESTION_RUNS.go_on(project)
    deadline = time.monotonic() + BUDGET_SECONDS
    while not is_stopped(project) and (claims := _take(project)) is not None:
        answers = ask(claims)
        for claimed, outcome in answers:
            put_down(claimed, outcome)
        live.changed([project])
        wrong = [one for _, one in answers if isinstance(one, llm.Unavailable) and not one.refused]
        if answers:
            note_trouble(project, wrong[-1] if wrong else None)
        if wrong:
            return  # the schedule calls the next one: what waits is not burned on a service that is down
        if time.monotonic() > deadline:
            call_worker(project, QUESTION_TASK)
            return


def ask_now(project: Project, question: Question, plausible: list[Plausible]) -> list[QuestionVerdict]:
    """For a preview: the verdicts on these few events, asked for at once where they are missing; in the order given, and in whatever
    state they end."""
    events = [one.event.id for one in plausible]
    with transaction.atomic():
        request_verdicts(version=question.version, plausible=plausible, problem="It was not asked.")
        rows = list(
            QuestionVerdict.objects.filter(version=question.version, event__in=events, project=project)
            .exclude(
                state__in=[
                    VerdictState.ANSWERED,
                    VerdictState.VOID,
                    VerdictState.ASKING,
                    VerdictState.BATCHED,
                ]
            )
            .order_by("id")
            .select_for_update()
        )
        for row in rows:
            row.attempts = 0  # a person asks
        claims = claim(rows, limits=budget.settings_of(project.id), questions={question.version: question})
    for claimed, outcome in ask(claims, retries=0, timeout=PREVIEW_TIMEOUT):
        put_down(claimed, outcome)
    found = QuestionVerdict.objects.filter(version=question.version, event__in=events, project=project)
    return sorted(found, key=lambda row: events.index(row.event_id))


@transaction.atomic
def _take(project_id: uuid.UUID) -> list[Claim] | None:
    """The next verdicts to ask for; None when nothing waits. Those that can never be asked for are noted, and left out."""
    open_ = QuestionVerdict.objects.filter(
        project=project_id, state__in=OPEN, available_at__lte=timezone.now()
    )
    rows = list(open_.order_by("available_at", "id").select_for_update(skip_locked=True)[:CHUNK])
    if not rows:
        return None
    forfeit_all([row for row in rows if row.state == VerdictState.ASKING])
    return claim(rows, limits=budget.settings_of(project_id), questions=questions_in(project_id))
