"""Taking verdicts up, with money reserved for them, and putting down what came of it. Both are atomic; the calls in between are
made outside of any transaction, by whoever holds the claim."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ingest.models import Event
from ingest.store.queueing import enqueue
from raindrop import llm
from signals.detectors.batch import Turn
from signals.llm import budget
from signals.llm.calls import Answer, keep_usage
from signals.llm.structured import Void
from signals.llm.workers import DENIED
from signals.llm.wrapping import prompt_bytes
from signals.matching.batches import load_batch, load_texts
from signals.models import LlmSettings, QuestionBatch, QuestionVerdict, SignalDefinition
from signals.models.questions import VerdictState
from signals.questions.config import check, question_of
from signals.questions.detector import NO_KEY, OFF, SPENT
from signals.questions.prompt import MAX_TOKENS, Question, build_request, read_reply
from signals.vectors.embedding import text_hash

MAX_ATTEMPTS = 4
# Longer than a task may run (Q_CLUSTER), so that nobody takes up what is still worked on.
LEASE_SECONDS = 1200
# Until money that is held for calls under way may have come back.
HELD_SECONDS = 30
BACKOFF_SECONDS = (60, 300, 1800)
MAX_WAIT_SECONDS = 6 * 3600.0
GONE = "The event is gone."
CHANGED = "The signal was changed or switched off before the model was asked."
DIED = "The worker died on it again and again."


@dataclass(frozen=True, slots=True)
class Claim:
    """One verdict that is being asked for. `most`: microdollars that one attempt can cost."""

    verdict: QuestionVerdict
    question: Question
    request: dict[str, Any]
    input: str
    output: str
    most: int


def questions_in(project_id: uuid.UUID) -> dict[str, Question]:
    """The project's enabled questions, by version."""
    rows = SignalDefinition.objects.filter(project=project_id, enabled=True, detector="llm", builtin=False)
    questions = [question_of(row) for row in rows if check(row.config) is None]
    return {question.version: question for question in questions}


def claim(
    rows: list[QuestionVerdict],
    *,
    limits: LlmSettings,
    questions: dict[str, Question],
    share: float = 1.0,
    batch: QuestionBatch | None = None,
) -> list[Claim]:
    """Those of the rows (locked, of one project, not under way) that can be asked for; each of the others is noted with its reason.

    Where the budget runs out the rest is left to the local answer; the history's rows (`batch`) stay as they are. `limits` and
    `share`: signals.llm.budget.reserve.
    """
    prices, now, day = llm.prices(), timezone.now(), budget.today()
    problem = NO_KEY if llm.why_not() or prices is None else ""
    turns = {} if problem else _turns(rows, questions)
    claims: list[Claim] = []
    for row in rows:
        obstacle = problem or _obstacle(row, questions, turns)
        if obstacle or prices is None:
            row.problem = obstacle
            row.state = VerdictState.FAILED if obstacle in {GONE, DIED} else VerdictState.LOCAL
            continue
        event, turn = turns[row.event_id]
        question = questions[row.version]
        request = build_request(question, turn, model=settings.LLM_MODEL)
        most = prices.most(prompt_bytes=prompt_bytes(request), max_tokens=MAX_TOKENS, batch=batch is not None)
        held = most if batch else most * llm.ATTEMPTS
        if not budget.reserve(limits, day=day, money=held, share=share):
            if batch:
                break
            _hold_off(row, limits)
            problem = row.problem
            continue
        row.state, row.problem = (VerdictState.BATCHED if batch else VerdictState.ASKING), ""
        row.batch, row.held, row.day, row.attempts = batch, held, day, row.attempts + 1
        row.text_hash = text_hash(event.input, event.output)
        row.available_at = now + dt.timedelta(seconds=LEASE_SECONDS)
        claims.append(Claim(row, question, request, event.input, event.output, most))
    QuestionVerdict.objects.bulk_update(
        rows, ["state", "problem", "batch", "held", "day", "attempts", "text_hash", "available_at"]
    )
    return claims


def forfeit(rows: list[QuestionVerdict]) -> None:
    """For rows (locked) whose worker is gone: what was held for them may have been spent, and counts as spent."""
    for row in rows:
        if row.day is not None:
            budget.settle(project_id=row.project_id, day=row.day, held=row.held, cost=row.held)
            row.cost, row.held, row.day = row.cost + row.held, 0, None
    QuestionVerdict.objects.bulk_update(rows, ["cost", "held", "day"])


@transaction.atomic
def put_down(
    claimed: Claim, outcome: Answer | llm.Unavailable, *, detect_again: bool = True
) -> QuestionVerdict | None:
    """Stores what came of a claim, and what it cost. None when the claim had run out, and somebody else has taken it up.

    `detect_again`: an event with a verdict goes through the pipeline once more, which is what changes its match, its counts and
    its issues.
    """
    row = QuestionVerdict.objects.select_for_update().filter(pk=claimed.verdict.pk).first()
    mine = claimed.verdict
    if row is None or (row.state, row.attempts) != (mine.state, mine.attempts) or row.day is None:
        return None
    if isinstance(outcome, Answer):
        cost, reached_model = _judge(row, claimed, outcome), True
    else:
        cost = outcome.lost * claimed.most
        reached_model = outcome.lost > 0
        _postpone(row, outcome)
    budget.settle(
        project_id=row.project_id, day=row.day, held=row.held, cost=cost, reached_model=reached_model
    )
    row.cost, row.held, row.day, row.batch = row.cost + cost, 0, None, None
    row.save()
    if row.state == VerdictState.ANSWERED and detect_again:
        enqueue([(row.project_id, row.event_id)])
    return row


def _judge(row: QuestionVerdict, claimed: Claim, answer: Answer) -> int:
    """Writes the verdict into the row; returns what it cost. An answer that says nothing of its usage costs all that was held."""
    message = answer.message
    row.model, row.answered_at = settings.LLM_MODEL, timezone.now()
    try:
        verdict = read_reply(message, claimed.question, input=claimed.input, output=claimed.output)
    except Void as error:
        row.state, row.problem = VerdictState.VOID, str(error)
    else:
        row.state, row.problem = VerdictState.ANSWERED, ""
        row.match, row.reason = verdict.match, verdict.reason
        row.evidence = [dict(piece) for piece in verdict.evidence]
    return keep_usage(row, answer, most=claimed.most)


def _postpone(row: QuestionVerdict, error: llm.Unavailable) -> None:
    row.problem = f"The service gave no verdict. {error}"[:500]
    if error.denied:
        row.attempts -= 1  # it is the key's fault
        row.state = VerdictState.LOCAL if row.state == VerdictState.BATCHED else VerdictState.WAITING
        row.available_at = timezone.now() + DENIED
        return
    if error.refused or row.attempts >= MAX_ATTEMPTS:
        row.state = VerdictState.FAILED
    elif row.state == VerdictState.BATCHED:
        row.state = VerdictState.LOCAL  # the run over the history takes it up again
    else:
        wait = max(BACKOFF_SECONDS[row.attempts - 1], min(error.retry_after or 0.0, MAX_WAIT_SECONDS))
        row.state, row.available_at = VerdictState.WAITING, timezone.now() + dt.timedelta(seconds=wait)


def _obstacle(
    row: QuestionVerdict, questions: dict[str, Question], turns: dict[uuid.UUID, tuple[Event, Turn]]
) -> str:
    if row.attempts >= MAX_ATTEMPTS:
        return DIED
    if row.version not in questions:
        return CHANGED
    return "" if row.event_id in turns else GONE


def _hold_off(row: QuestionVerdict, limits: LlmSettings) -> None:
    """The budget does not hold this one. Where calls under way hold some of it, that may change within seconds."""
    today = budget.meter(limits.project_id)
    if today.held and not today.off and today.calls < today.daily_calls:
        row.state, row.problem = VerdictState.WAITING, ""  # what it failed at before is not why it waits
        row.available_at = timezone.now() + dt.timedelta(seconds=HELD_SECONDS)
    else:
        row.state, row.problem = VerdictState.LOCAL, OFF if today.off else SPENT


def _turns(
    rows: list[QuestionVerdict], questions: dict[str, Question]
) -> dict[uuid.UUID, tuple[Event, Turn]]:
    """The rows' events that are there, as the model is to see them."""
    event_ids = [row.event_id for row in rows if row.version in questions]
    events = (
        list(Event.objects.filter(id__in=event_ids, project=rows[0].project_id, is_pending=False))
        if rows
        else []
    )
    talks = any(questions[row.version].reads == "conversation" for row in rows if row.version in questions)
    batch = load_batch(events) if talks else load_texts(events)
    return {event.id: (event, turn) for event, turn in zip(events, batch.turns, strict=True)}
