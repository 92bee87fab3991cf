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
from signals.models import QuestionSettings, QuestionSpend

MICRO = 1_000_000
# A run over the history leaves so much of the day's budget to what is new.
HISTORY_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Meter:
    """A day's (UTC) events and money (microdollars; `held` of them are for calls under way, which mostly cost less) and limits."""

    day: dt.date
    events: int
    daily_events: int
    money: int
    held: int
    daily_money: int

    @property
    def spent(self) -> bool:
        """Whether nothing more can be asked today. Of the money a little is always left: the next call does not fit into it."""
        return self.events >= self.daily_events or self.money >= self.daily_money * 0.995

    @property
    def off(self) -> bool:
        return not self.daily_events or not self.daily_money

    @property
    def events_share(self) -> float:
        return min(1.0, self.events / self.daily_events) if self.daily_events else 1.0

    @property
    def money_share(self) -> float:
        return min(1.0, self.money / self.daily_money) if self.daily_money else 1.0


def today() -> dt.date:
    return timezone.now().astimezone(dt.UTC).date()


def settings_of(project_id: uuid.UUID) -> QuestionSettings:
    """The project's, or the defaults (not saved)."""
    found = QuestionSettings.objects.filter(project=project_id).first()
    return found or QuestionSettings(project_id=project_id, daily_dollars=Decimal("1.00"))


def meter(project_id: uuid.UUID) -> Meter:
    limits, day = settings_of(project_id), today()
    spend = QuestionSpend.objects.filter(project=project_id, day=day).first() or QuestionSpend()
    return Meter(
        day=day,
        events=spend.events,
        daily_events=limits.daily_events,
        money=spend.money,
        held=spend.held,
        daily_money=int(limits.daily_dollars * MICRO),
    )


def spent_by_day(project_id: uuid.UUID, *, days: int) -> list[QuestionSpend]:
    """Oldest first, zeros filled in, today last."""
    end = today()
    start = end - dt.timedelta(days=days - 1)
    rows = {row.day: row for row in QuestionSpend.objects.filter(project=project_id, day__gte=start)}
    return [
        rows.get(day) or QuestionSpend(project_id=project_id, day=day)
        for day in (start + dt.timedelta(days=n) for n in range(days))
    ]


@transaction.atomic
def save_budget(*, project: Project, daily_events: int, daily_dollars: Decimal) -> None:
    QuestionSettings.objects.update_or_create(
        project=project, defaults={"daily_events": daily_events, "daily_dollars": daily_dollars}
    )
    live.changed([project.id])


def reserve(limits: QuestionSettings, *, day: dt.date, money: int, share: float = 1.0) -> bool:
    """Takes one event and so much money from the day's budget; False, and nothing taken, when it does not hold both.

    `share`: of the limits. Call it in the transaction that marks what the reservation is for.
    """
    events_limit = int(limits.daily_events * share)
    money_limit = int(limits.daily_dollars * MICRO * Decimal(str(share)))
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO signals_questionspend AS t (project_id, day, events, money, held)
               SELECT %(project)s, %(day)s, 1, %(money)s, %(money)s WHERE 1 <= %(events_limit)s AND %(money)s <= %(money_limit)s
               ON CONFLICT (project_id, day) DO UPDATE
                 SET events = t.events + 1, money = t.money + EXCLUDED.money, held = t.held + EXCLUDED.held
                 WHERE t.events + 1 <= %(events_limit)s AND t.money + EXCLUDED.money <= %(money_limit)s
               RETURNING 1""",
            {
                "project": limits.project_id,
                "day": day,
                "money": money,
                "events_limit": events_limit,
                "money_limit": money_limit,
            },
        )
        return cursor.fetchone() is not None


def settle(*, project_id: uuid.UUID, day: dt.date, held: int, cost: int, reached_model: bool = True) -> None:
    """Replaces the money that was held by what the call cost. Without `reached_model` the event does not count."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE signals_questionspend SET money = money - %s + %s, held = held - %s, events = events - %s
               WHERE project_id = %s AND day = %s""",
            [held, cost, held, 0 if reached_model else 1, project_id, day],
        )
