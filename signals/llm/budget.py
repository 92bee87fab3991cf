"""What a project may spend on the LLM a day, and has spent. Checked before a call, with a reservation of the most that it can
cost, in one statement: workers that run at once cannot overspend together."""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection, transaction
from django.utils import timezone

from ingest.models import Project
from raindrop import live
from signals.models import LlmSettings, LlmSpend

MICRO = 1_000_000
# A run over the history leaves so much of the day's budget to what is new.
HISTORY_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Meter:
    """A day's (UTC) calls and money (microdollars; `held` of them are for calls under way, which mostly cost less) and limits."""

    day: dt.date
    calls: int
    daily_calls: int
    money: int
    held: int
    daily_money: int

    @property
    def spent(self) -> bool:
        """Whether nothing more can be asked today. Of the money a little is always left: the next call does not fit into it."""
        return self.calls >= self.daily_calls or self.money >= self.daily_money * 0.995

    @property
    def off(self) -> bool:
        return not self.daily_calls or not self.daily_money

    @property
    def calls_share(self) -> float:
        return min(1.0, self.calls / self.daily_calls) if self.daily_calls else 1.0

    @property
    def money_share(self) -> float:
        return min(1.0, self.money / self.daily_money) if self.daily_money else 1.0


def today() -> dt.date:
    return timezone.now().astimezone(dt.UTC).date()


def settings_of(project_id: uuid.UUID) -> LlmSettings:
    """The project's, or the defaults (not saved)."""
    found = LlmSettings.objects.filter(project=project_id).first()
    return found or LlmSettings(project_id=project_id, daily_dollars=Decimal("1.00"))


def meter(project_id: uuid.UUID) -> Meter:
    limits, day = settings_of(project_id), today()
    spend = LlmSpend.objects.filter(project=project_id, day=day).first() or LlmSpend()
    return Meter(
        day=day,
        calls=spend.calls,
        daily_calls=limits.daily_calls,
        money=spend.money,
        held=spend.held,
        daily_money=int(limits.daily_dollars * MICRO),
    )


def spent_by_day(project_id: uuid.UUID, *, days: int) -> list[LlmSpend]:
    """Oldest first, zeros filled in, today last."""
    end = today()
    start = end - dt.timedelta(days=days - 1)
    rows = {row.day: row for row in LlmSpend.objects.filter(project=project_id, day__gte=start)}
    return [
        rows.get(day) or LlmSpend(project_id=project_id, day=day)
        for day in (start + dt.timedelta(days=n) for n in range(days))
    ]


@transaction.atomic
def save_budget(*, project: Project, daily_calls: int, daily_dollars: Decimal, random_share: float) -> None:
    LlmSettings.objects.update_or_create(
        project=project,
        defaults={"daily_calls": daily_calls, "daily_dollars": daily_dollars, "random_share": random_share},
    )
    live.changed([project.id])


def reserve(limits: LlmSettings, *, day: dt.date, money: int, share: float = 1.0) -> bool:
    """Takes one call and so much money from the day's budget; False, and nothing taken, when it does not hold both.

    `share`: of the limits. Call it in the transaction that marks what the reservation is for.
    """
    calls_limit = int(limits.daily_calls * share)
    money_limit = int(limits.daily_dollars * MICRO * Decimal(str(share)))
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO signals_llmspend AS t (project_id, day, calls, money, held)
               SELECT %(project)s, %(day)s, 1, %(money)s, %(money)s WHERE 1 <= %(calls_limit)s AND %(money)s <= %(money_limit)s
               ON CONFLICT (project_id, day) DO UPDATE
                 SET calls = t.calls + 1, money = t.money + EXCLUDED.money, held = t.held + EXCLUDED.held
                 WHERE t.calls + 1 <= %(calls_limit)s AND t.money + EXCLUDED.money <= %(money_limit)s
               RETURNING 1""",
            {
                "project": limits.project_id,
                "day": day,
                "money": money,
                "calls_limit": calls_limit,
                "money_limit": money_limit,
            },
        )
        return cursor.fetchone() is not None


def settle(*, project_id: uuid.UUID, day: dt.date, held: int, cost: int, reached_model: bool = True) -> None:
    """Replaces the money that was held by what the call cost. Without `reached_model` the call does not count."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE signals_llmspend SET money = money - %s + %s, held = held - %s, calls = calls - %s
               WHERE project_id = %s AND day = %s""",
            [held, cost, held, 0 if reached_model else 1, project_id, day],
        )
