"""Which conversations are read: a random part, drawn with a known probability, and a targeted part at which something points.

Each conversation has a place in [0, 1) that its id alone decides. One whose place lies below the day's rate is of the random part, so that
rates can be estimated from that part: what is said in it has no influence. A conversation that is looked at again (it grew) takes part with the
highest rate so far; that is its probability. Of the others those at which a negative signal, a failed tool, bad feedback or a missing answer
points are targeted. Where the budget holds all, all are drawn at random, with probability 1.
"""

import datetime as dt
import hashlib
import uuid

from django.db import connection, transaction
from django.utils import timezone

from raindrop import llm
from signals.llm import budget
from signals.models import LlmSettings, Reading
from signals.models.facets import Sampled
from signals.models.readings import ReadingState
from signals.reader.noting import OFF
from signals.reader.prompt import TYPICAL_OUTPUT_TOKENS

CHUNK = 2000
DAY = dt.timedelta(days=1)
NOT_DRAWN = "Not drawn: nothing points at it, and the budget does not hold all."
# Of a conversation with its instructions, until there are some to go by.
TYPICAL_BYTES = 9_000
LATEST = 100  # readings whose cost is what the next ones are taken to cost


def place_of(thing: uuid.UUID) -> float:
    """Of a conversation, or of a lone event: in [0, 1), the same each time, as if drawn at random."""
    digest = hashlib.blake2b(b"reader" + thing.bytes, digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def rate_for(*, held: float, expected: int, targeted: int, share: float) -> float:
    """With which probability a conversation is drawn at random, where a day's budget holds `held` of `expected` conversations, at
    `targeted` of which something points: all, where it holds them; else the random share of it, or what the targeted ones leave."""
    if held >= expected:
        return 1.0
    return min(1.0, max(share * held, held - targeted) / expected)


def holds(limits: LlmSettings) -> float:
    """How many conversations a day's budget holds."""
    prices = llm.prices()
    if prices is None:
        return 0.0
    costs = Reading.objects.filter(project=limits.project_id, state=ReadingState.READ, cost__gt=0)
    latest = list(costs.order_by("-woken_at").values_list("cost", flat=True)[:LATEST])
    guess = prices.expected(prompt_bytes=TYPICAL_BYTES, output_tokens=TYPICAL_OUTPUT_TOKENS)
    each = sum(latest) / len(latest) if latest else guess
    return min(float(limits.daily_calls), float(limits.daily_dollars) * budget.MICRO / max(1.0, each))


@transaction.atomic
def draw(project_id: uuid.UUID, *, state: ReadingState = ReadingState.WAITING) -> int:
    """Decides for what has been quiet for long enough, or for what a run wants of the PAST; returns for how many. What is not drawn is left."""
    now = timezone.now()
    quiet = Reading.objects.filter(project=project_id, state=state, sampled="", available_at__lte=now)
    rows = list(quiet.order_by("available_at", "id").select_for_update(skip_locked=True)[:CHUNK])
    if not rows:
        return 0
    if budget.meter(project_id).off:
        ids = [row.id for row in rows]
        Reading.objects.filter(id__in=ids).update(state=ReadingState.LEFT, problem=OFF)
        return len(rows)
    why = _reasons([row.id for row in rows])
    lately = Reading.objects.filter(project=project_id, woken_at__gte=now - DAY)
    pointed_at = lately.exclude(why="").exclude(id__in=[row.id for row in rows]).count()
    limits = budget.settings_of(project_id)
    rate = rate_for(
        held=holds(limits),
        expected=lately.count(),
        targeted=pointed_at + sum(bool(reasons) for reasons in why.values()),
        share=limits.random_share,
    )
    for row in rows:
        row.draw_rate, row.why = max(row.draw_rate, rate), why.get(row.id, "")
        if place_of(row.conversation_id or row.event_id) < row.draw_rate:
            row.sampled = Sampled.RANDOM
        elif row.why:
            row.sampled = Sampled.TARGETED
        else:
            row.state, row.problem = ReadingState.LEFT, NOT_DRAWN
    Reading.objects.bulk_update(rows, ["draw_rate", "why", "sampled", "state", "problem"])
    return len(rows)


def _reasons(reading_ids: list[uuid.UUID]) -> dict[uuid.UUID, str]:
    """What points at each, for people to read; empty where nothing does."""
    found: dict[uuid.UUID, str] = {}
    with connection.cursor() as cursor:
        for kind, condition in (
            ("IS NOT NULL", "e.conversation_id = r.conversation_id"),
            ("IS NULL", "e.id = r.event_id"),
        ):
            cursor.execute(
                f"""SELECT r.id, o.tools_failed, o.unanswered, s.names, x.bad
                    FROM signals_reading r
                    CROSS JOIN LATERAL (
                      SELECT bool_or(e.tool_errors > 0) AS tools_failed,
                        (array_agg(e.output = '' ORDER BY e.timestamp DESC, e.id DESC))[1] AS unanswered
                      FROM ingest_event e WHERE {condition} AND e.project_id = r.project_id AND NOT e.is_pending) o
                    CROSS JOIN LATERAL (
                      SELECT string_agg(DISTINCT d.name, ', ' ORDER BY d.name) AS names
                      FROM ingest_event e JOIN signals_signalmatch m ON m.event_id = e.id JOIN signals_signaldefinition d ON d.id = m.signal_id
                      WHERE {condition} AND e.project_id = r.project_id AND d.sentiment = 'negative' AND d.enabled AND NOT d.muted) s
                    CROSS JOIN LATERAL (
                      SELECT count(*) > 0 AS bad
                      FROM ingest_event e JOIN ingest_explicitsignal f ON f.project_id = e.project_id AND f.app_event_id = e.event_id
                      WHERE {condition} AND e.project_id = r.project_id AND f.sentiment = 'NEGATIVE') x
                    WHERE r.id = ANY(%s) AND r.conversation_id {kind}""",
                [reading_ids],
            )
            for reading, tools_failed, unanswered, names, bad in cursor.fetchall():
                parts = [
                    names and f"signals: {names}",
                    bad and "bad feedback",
                    tools_failed and "a tool failed",
                    unanswered and "the last turn has no answer",
                ]
                found[reading] = "; ".join(part for part in parts if part)[:500]
    return found
