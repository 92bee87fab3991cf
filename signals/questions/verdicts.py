"""The verdicts that stand, and asking for those that are missing."""

import uuid
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from ingest.models import Event
from raindrop.ids import id_at
from signals.llm.workers import QUESTION_TASK, call_worker
from signals.models import QuestionVerdict
from signals.models.questions import VerdictState
from signals.vectors.embedding import text_hash

# Of the plausible events, so many newest ones are looked at for the share that the model judged.
STANDING = 1000


@dataclass(frozen=True, slots=True)
class Plausible:
    """An event that a question is to be asked about, with the small model's score."""

    event: Event
    score: float


@dataclass(frozen=True, slots=True)
class Standing:
    """Of the newest plausible events (STANDING at most): judged by the model, to be asked, and left to the small model."""

    judged: int
    open: int
    local: int
    void: int

    @property
    def all(self) -> int:
        return self.judged + self.open + self.local + self.void

    @property
    def share(self) -> float | None:
        return self.judged / self.all if self.all else None


def verdicts_on(version: str, events: list[Event]) -> dict[uuid.UUID, QuestionVerdict]:
    """By event id, in whatever state; those about a text that has changed since are left out."""
    hashes = {event.id: text_hash(event.input, event.output) for event in events}
    rows = QuestionVerdict.objects.filter(version=version, event__in=list(hashes))
    return {row.event_id: row for row in rows if bytes(row.text_hash) == hashes[row.event_id]}


def request_verdicts(*, version: str, plausible: list[Plausible], problem: str = "") -> None:
    """Notes that the model is to be asked about these events of one project, or, with a `problem`, why it is not: the local answer
    stands then. What was noted before about the same text stays as it is. Call it in a transaction."""
    if not plausible:
        return
    state = VerdictState.LOCAL if problem else VerdictState.WAITING
    plausible = sorted(plausible, key=lambda one: one.event.id)
    events = [one.event for one in plausible]
    count = len(events)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO signals_questionverdict AS t (id, project_id, event_id, version, text_hash, state, problem, local_score,
                 attempts, available_at, evidence, reason, model, input_tokens, cache_write_tokens, cache_read_tokens, output_tokens,
                 cost, held)
               SELECT g.id, g.project, g.event, g.version, g.hash, g.state, g.problem, g.score, 0, %s, '[]', '', '', 0, 0, 0, 0, 0, 0
               FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::bytea[], %s::text[], %s::text[], %s::float8[])
                 AS g(id, project, event, version, hash, state, problem, score)
               ON CONFLICT (event_id, version) DO UPDATE
                 SET text_hash = EXCLUDED.text_hash, state = EXCLUDED.state, problem = EXCLUDED.problem, attempts = 0,
                   local_score = EXCLUDED.local_score, available_at = EXCLUDED.available_at, match = NULL, evidence = '[]', reason = ''
                 WHERE t.text_hash <> EXCLUDED.text_hash AND t.state NOT IN ('asking', 'batched')
               RETURNING 1""",
            [
                timezone.now(),
                [id_at(event.timestamp) for event in events],
                [event.project_id for event in events],
                [event.id for event in events],
                [version] * count,
                [text_hash(event.input, event.output) for event in events],
                [state.value] * count,
                [problem] * count,
                [one.score for one in plausible],
            ],
        )
        made = cursor.rowcount
    if made and not problem:
        call_worker(events[0].project_id, QUESTION_TASK)


def standing_of(project_id: uuid.UUID, version: str) -> Standing:
    newest = QuestionVerdict.objects.filter(project=project_id, version=version).order_by("-id")
    states = list(newest.values_list("state", flat=True)[:STANDING])
    count = {state: states.count(state) for state in VerdictState.values}
    return Standing(
        judged=count["answered"],
        open=count["waiting"] + count["asking"] + count["batched"],
        local=count["local"] + count["failed"],
        void=count["void"],
    )
