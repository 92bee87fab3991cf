"""Taking conversations up, with money reserved for them, and putting down what came of it. Both are atomic; the calls in between are made
outside of any transaction, by whoever holds the claim."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, IntegerField, Value, When
from django.utils import timezone

from raindrop import llm
from signals.llm import budget
from signals.llm.calls import Answer, keep_usage
from signals.llm.claims import DIED, HELD_FOR, LEASE, MAX_ATTEMPTS, forfeit, postpone, settle
from signals.llm.structured import Void
from signals.llm.wrapping import prompt_bytes
from signals.models import Facet, LlmSettings, Reading
from signals.models.facets import FacetSource, Sampled
from signals.models.readings import ReadingState
from signals.reader.facets import save_facet
from signals.reader.noting import OFF, SPENT
from signals.reader.prompt import MAX_TOKENS, PROMPT_VERSION, build_request, read_reply
from signals.reader.transcript import Told, Transcript, load_transcript, tell

CHUNK = 8
GONE = "Nothing of it is there any more."
JOINED = "It is part of a conversation now."

OPEN = (ReadingState.WAITING, ReadingState.READING, ReadingState.POSTPONED)
CHANGED = [
    "state", "problem", "held", "day", "attempts", "available_at", "wake_at", "cost", "sampled",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claim:
    """One conversation that is being read. `most`: microdollars that one attempt can cost; `text_hash`, `prompt_version`, `model`: of what was
    asked, and by which. (Of a batch the transcript is what stands there now.)"""

    reading: Reading
    transcript: Transcript
    told: Told
    request: dict[str, Any]
    most: int
    text_hash: bytes
    prompt_version: str
    model: str


@transaction.atomic
def take(project_id: uuid.UUID) -> list[Claim] | None:
    """The next conversations to read, those drawn at random first; None when none waits. Those that need not or cannot be read are noted, and
    left out."""
    ripe = Reading.objects.filter(project=project_id, state__in=OPEN, available_at__lte=timezone.now())
    first = Case(When(sampled=Sampled.RANDOM, then=Value(0)), default=Value(1), output_field=IntegerField())
    drawn = ripe.exclude(state=ReadingState.WAITING, sampled="").order_by(first, "available_at", "id")
    rows = list(drawn.select_for_update(skip_locked=True)[:CHUNK])
    if not rows:
        return None
    limits, why_not = budget.settings_of(project_id), llm.why_not()
    claims = []
    for row in rows:
        if row.state == ReadingState.READING:
            forfeit(row)
        claimed = None if why_not else _claim(row, limits)
        if why_not:
            row.state, row.problem = ReadingState.LEFT, why_not[:300]
        if claimed is not None:
            claims.append(claimed)
        elif row.wake_at is not None:  # it had grown while a worker that is gone read it
            row.state, row.sampled, row.available_at, row.wake_at = (
                ReadingState.WAITING,
                "",
                row.wake_at,
                None,
            )
    Reading.objects.bulk_update(rows, CHANGED)
    return claims  # fmt: skip


def _claim(row: Reading, limits: LlmSettings) -> Claim | None:
    """With the row's state set, whatever comes of it. None where there is nothing to ask."""
    meter = budget.meter(row.project_id)
    if row.attempts < MAX_ATTEMPTS and (meter.spent or meter.off):
        _hold_off(row, meter)
        return None
    claimed = prepare(row)
    if claimed is None:
        return None
    day, held = budget.today(), claimed.most * llm.ATTEMPTS
    if not budget.reserve(limits, day=day, money=held):
        _hold_off(row, budget.meter(row.project_id))
        return None
    mark(row, ReadingState.READING, held=held, day=day)
    return claimed


def mark(row: Reading, state: ReadingState, *, held: int, day: dt.date) -> None:
    """The row is in hand from now on, with `held` microdollars of the day's budget."""
    row.state, row.problem, row.held, row.day = state, "", held, day
    row.attempts += 1
    row.available_at = timezone.now() + LEASE


def prepare(row: Reading, *, batch: bool = False) -> Claim | None:
    """What is to be asked about the row, with nothing reserved yet. None where there is nothing to ask: the row's state says why."""
    if row.attempts >= MAX_ATTEMPTS:
        row.state, row.problem = ReadingState.FAILED, DIED
        return None
    transcript = load_transcript(
        project_id=row.project_id, conversation_id=row.conversation_id, event_id=row.event_id
    )
    if not transcript.messages:
        row.state, row.problem = ReadingState.LEFT, GONE
        return None
    if row.conversation_id is None and transcript.events[-1].conversation_id is not None:
        row.state, row.problem = ReadingState.LEFT, JOINED
        return None
    if _is_answered(row, transcript):
        return None
    told = tell(transcript)
    request = build_request(told, model=settings.LLM_MODEL)
    most = llm.known_prices().most(prompt_bytes=prompt_bytes(request), max_tokens=MAX_TOKENS, batch=batch)
    return Claim(
        row, transcript, told, request, most, text_hash=transcript.hash, prompt_version=PROMPT_VERSION, model=settings.LLM_MODEL
    )  # fmt: skip


def _is_answered(row: Reading, transcript: Transcript) -> bool:
    """Whether this very text was answered before: by the same prompt, or with the data. The row's state is set then."""
    facets = Facet.objects.filter(project=row.project_id, text_hash=transcript.hash)
    if row.conversation_id is None:
        facets = facets.filter(conversation=None, event=row.event_id)
    else:
        facets = facets.filter(conversation=row.conversation_id)
    for facet in facets:
        if facet.source == FacetSource.LLM and facet.prompt_version != PROMPT_VERSION:
            continue
        if facet.source == FacetSource.LLM:
            facets.filter(pk=facet.pk).update(sampled=row.sampled, probability=_probability(row))
        row.state, row.problem = ReadingState.READ, ""
        return True
    if row.answered_at and bytes(row.text_hash) == transcript.hash and row.prompt_version == PROMPT_VERSION:
        row.state = ReadingState.VOID
        row.problem = row.problem or "The answer was not to be used."
        return True
    return False


def _probability(row: Reading) -> float | None:
    return row.draw_rate if row.sampled == Sampled.RANDOM else None


def _hold_off(row: Reading, meter: budget.Meter) -> None:
    """The budget does not hold this one. Where calls under way hold some of it, that may change within seconds; what was drawn at random waits
    for the next day's, so that no hour of the day is left out of that part."""
    now = timezone.now()
    if meter.off:
        row.state, row.problem = ReadingState.LEFT, OFF
    elif meter.held and meter.calls < meter.daily_calls:
        row.state, row.problem = ReadingState.WAITING, ""
        row.available_at = now + HELD_FOR
    elif row.sampled == Sampled.RANDOM:
        row.state, row.problem = ReadingState.POSTPONED, SPENT
        tomorrow = budget.today() + dt.timedelta(days=1)
        row.available_at = dt.datetime.combine(tomorrow, dt.time(), dt.UTC)
    else:
        row.state, row.problem = ReadingState.LEFT, SPENT


@transaction.atomic
def put_down(claimed: Claim, outcome: Answer | llm.Unavailable) -> Reading | None:
    """Stores what came of a claim, and what it cost. None when the claim had run out, and somebody else has taken it up."""
    row = Reading.objects.select_for_update().filter(pk=claimed.reading.pk).first()
    mine = claimed.reading
    if row is None or (row.state, row.attempts) != (mine.state, mine.attempts) or row.day is None:
        return None
    if isinstance(outcome, Answer):
        settle(row, cost=_judge(row, claimed, outcome))
    else:
        postpone(row, outcome, past=ReadingState.PAST)
        settle(row, cost=outcome.lost * claimed.most, reached_model=outcome.lost > 0)
    row.batch = None
    if row.wake_at is not None:
        row.state, row.sampled, row.attempts = ReadingState.WAITING, "", 0
        row.available_at, row.wake_at = row.wake_at, None
    row.save()
    return row


def _judge(row: Reading, claimed: Claim, answer: Answer) -> int:
    """Stores the facet, or why there is none; returns what the answer cost."""
    row.model, row.answered_at = claimed.model, timezone.now()
    row.text_hash, row.prompt_version = claimed.text_hash, claimed.prompt_version
    try:
        finding = read_reply(answer.message, claimed.told)
        if not claimed.transcript.events:
            raise Void(GONE)
    except Void as error:
        row.state, row.problem = ReadingState.VOID, str(error)[:500]
    else:
        row.state, row.problem = ReadingState.READ, ""
        save_facet(
            transcript=claimed.transcript,
            finding=finding,
            sampled=row.sampled,
            probability=_probability(row),
            source=FacetSource.LLM,
            prompt_version=claimed.prompt_version,
            model=claimed.model,
            text_hash=claimed.text_hash,
        )
    return keep_usage(row, answer, most=claimed.most)
