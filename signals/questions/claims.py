"""Taking verdicts up, with money reserved for them, and putting down what came of it. Both are atomic; the calls in between are
made outside of any transaction, by whoever holds the claim."""

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
from signals.llm.claims import DIED, HELD_FOR, LEASE, MAX_ATTEMPTS, forfeit, postpone, settle
from signals.llm.structured import Void
from signals.llm.wrapping import prompt_bytes
from signals.matching.batches import load_batch, load_texts
from signals.models import LlmSettings, QuestionBatch, QuestionVerdict, SignalDefinition
from signals.models.questions import VerdictState
from signals.questions.config import check, question_of
from signals.questions.detector import NO_KEY, OFF, SPENT
from signals.questions.prompt import MAX_TOKENS, Question, build_request, read_reply
from signals.vectors.embedding import text_hash

GONE = "The event is gone."
CHANGED = "The signal was changed or switched off before the model was asked."


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
        row.available_at = now + LEASE
        claims.append(Claim(row, question, request, event.input, event.output, most))
    QuestionVerdict.objects.bulk_update(
        rows, ["state", "problem", "batch", "held", "day", "attempts", "text_hash", "available_at"]
    )
    return claims


def forfeit_all(rows: list[QuestionVerdict]) -> None:
    """For rows (locked) whose worker is gone."""
    for row in rows:
        forfeit(row)
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
        settle(row, cost=_judge(row, claimed, outcome))
    else:
        postpone(row, outcome, past=VerdictState.LOCAL)
        settle(row, cost=outcome.lost * claimed.most, reached_model=outcome.lost > 0)
    row.batch = None
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
        row.available_at = timezone.now() + HELD_FOR
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
