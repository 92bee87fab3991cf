"""Taking events up for the teacher, with money reserved for each, and putting down what it said. Both are atomic; the calls in between are made
outside of any transaction, by whoever holds the claim."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ingest.models import Event
from issues.models import Issue
from labeling.labels.authors import definition_version
from labeling.labels.labels import Why, record_teaching, standing_answers
from labeling.models import TEACHER, Answer, Lesson, LessonState
from labeling.queue.cards import Card
from labeling.queue.of_issues import next_cards
from labeling.teacher.prompt import (
    EXAMPLES,
    MAX_TOKENS,
    PROMPT_VERSION,
    Example,
    build_request,
    read_reply,
)
from raindrop import llm
from raindrop.locks import hold_lock
from signals.llm import budget
from signals.llm.calls import Answer as Reply
from signals.llm.calls import keep_usage
from signals.llm.claims import LEASE, forfeit, settle
from signals.llm.structured import Void
from signals.llm.wrapping import prompt_bytes
from signals.reader.transcript import Message, Told, Transcript, load_transcript, tell

CHECKED = 0.25  # of the calls go to events that people have answered, until CHECKS are: their agreement is what its labels are worth
CHECKS = 20


class BudgetSpent(Exception):
    """The day's budget holds no further call."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One event that the teacher is asked about. `most`: microdollars that one attempt can cost."""

    lesson: Lesson
    event: Event
    told: Told
    request: dict[str, Any]
    most: int
    why: Why


@transaction.atomic
def take(issue: Issue, *, limit: int, calls: int) -> list[Claim]:
    """The next events to ask about, `limit` at most; none when no event is left. `calls`: that this run has made. Raises BudgetSpent when
    the budget does not hold even one."""
    hold_lock(f"teach:{issue.pk}")
    forfeit_all(issue)
    version = definition_version(issue)
    assert version is not None  # create_issue writes the first
    fresh = Lesson.objects.filter(issue=issue, definition_version=version, prompt_version=PROMPT_VERSION)
    busy = set(fresh.values_list("event_id", flat=True))
    limits, day, examples = budget.settings_of(issue.project_id), budget.today(), examples_of(issue)
    claims: list[Claim] = []
    for card in _cards(issue, busy, limit, calls):
        event = card.event
        told, request = ask_about(issue, event, examples)
        if not told.quotable:
            continue
        most = llm.known_prices().most(prompt_bytes=prompt_bytes(request), max_tokens=MAX_TOKENS)
        held = most * llm.ATTEMPTS
        if not budget.reserve(limits, day=day, money=held):
            if not claims:
                raise BudgetSpent
            break
        lesson, _ = Lesson.objects.update_or_create(
            issue=issue,
            event=event,
            defaults={
                "project_id": issue.project_id, "state": LessonState.ASKING, "problem": "", "match": None, "quote": "", "explanation": "",
                "definition_version": version, "prompt_version": PROMPT_VERSION, "model": settings.LLM_MODEL, "held": held, "day": day,
                "attempts": 1, "available_at": timezone.now() + LEASE,
            },
        )  # fmt: skip
        why = Why(card.reason, card.score, card.probability)
        claims.append(Claim(lesson, event, told, request, most, why))
    return claims


def ask_about(issue: Issue, event: Event, examples: Sequence[Example]) -> tuple[Told, dict[str, Any]]:
    """(What of the event may be quoted, the request.)"""
    transcript = load_transcript(
        project_id=issue.project_id, conversation_id=event.conversation_id, event_id=event.id
    )
    places = [place for place, message in enumerate(transcript.messages) if message.event == event.id]
    own: list[Message] = [transcript.messages[place] for place in places]
    if not own:  # in the middle of a long conversation, which is not read
        alone = load_transcript(project_id=issue.project_id, conversation_id=None, event_id=event.id)
        own = alone.messages
    told = tell(Transcript(own, [event]))
    request = build_request(
        title=issue.title,
        description=issue.description,
        examples=examples,
        told=told,
        earlier=transcript.messages[: places[0]] if places else [],
        model=settings.LLM_MODEL,
    )
    return told, request


def examples_of(issue: Issue) -> list[Example]:
    """The newest events of each kind that people settled."""
    answers = standing_answers(issue)
    chosen = [
        event
        for kind in (True, False)
        for event in sorted((one for one, is_match in answers.items() if is_match == kind), reverse=True)[:EXAMPLES]
    ]  # fmt: skip
    events = Event.objects.in_bulk(chosen)
    return [
        Example(events[event].input, events[event].output, answers[event])
        for event in chosen
        if event in events
    ]


@transaction.atomic
def put_down(issue: Issue, claimed: Claim, outcome: Reply | llm.Unavailable) -> Lesson | None:
    """Stores what came of a claim, and what it cost; its answer as a label. None when the claim had run out, and somebody else has taken it up, and
    when the service gave no answer at all: the event may be asked about again then."""
    row = Lesson.objects.select_for_update().filter(pk=claimed.lesson.pk).first()
    if row is None or row.state != LessonState.ASKING or row.day is None or row.held != claimed.lesson.held:
        return None
    if isinstance(outcome, Reply):
        settle(row, cost=_judge(issue, row, claimed, outcome))
    else:
        row.state, row.problem = LessonState.FAILED, f"The service gave no answer. {outcome}"[:500]
        settle(row, cost=outcome.lost * claimed.most, reached_model=outcome.lost > 0)
    if isinstance(outcome, llm.Unavailable) and not outcome.refused:
        row.delete()
        return None
    row.save()
    return row


def forfeit_all(issue: Issue) -> None:
    """Of those whose worker is gone. They may be asked about again."""
    gone = Lesson.objects.select_for_update().filter(
        issue=issue, state=LessonState.ASKING, available_at__lt=timezone.now()
    )
    for row in gone:
        forfeit(row)
        row.delete()


# -- inside


def _judge(issue: Issue, row: Lesson, claimed: Claim, reply: Reply) -> int:
    """Notes what it says; returns what the answer cost."""
    row.answered_at = timezone.now()
    try:
        opinion = read_reply(reply.message, claimed.told)
    except Void as error:
        row.state, row.problem = LessonState.VOID, str(error)[:500]
    else:
        row.state, row.match = LessonState.ANSWERED, opinion.match
        row.quote, row.explanation = opinion.quote, opinion.explanation
        record_teaching(
            issue=issue,
            event=claimed.event,
            answer=Answer.MATCH if opinion.match else Answer.NOT_MATCH,
            note=opinion.explanation,
            why=claimed.why,
            version=row.definition_version,
        )
    return keep_usage(row, reply, most=claimed.most)


def _cards(issue: Issue, busy: set[uuid.UUID], limit: int, calls: int) -> list[Card]:
    """What the queue would ask next, and among it events that people have answered."""
    answered = standing_answers(issue)
    compared = sum(event in busy for event in answered)
    wanted = min(CHECKS - compared, round((calls + limit) * CHECKED) - round(calls * CHECKED))
    to_check = sorted(answered.keys() - busy)[: max(0, wanted)]
    events = Event.objects.filter(project=issue.project_id).in_bulk(to_check)
    cards = [Card(events[event], None, "", None) for event in to_check if event in events]
    more = next_cards(issue=issue, limit=limit - len(cards), author=TEACHER, exclude=busy | answered.keys())
    return cards + more
