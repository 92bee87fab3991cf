"""Looking, every few seconds, whether the condition of a rule holds that time or new events bring about."""

import datetime as dt
import logging
import time
import uuid

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from issues.alerts.raising import raise_holding
from issues.alerts.registry import Trigger, checked_triggers, find_trigger
from issues.models import AlertRule
from raindrop.statement_limit import TookTooLong, statement_limit
from signals.search.language.errors import QueryError

logger = logging.getLogger("raindrop.alerts")

AT_ONCE = 50
# A check may take so long, and all checks of a rule together 1/50 of the time.
CHECK_LIMIT = dt.timedelta(seconds=10)
SHARE = 50
WINDOWS_A_CHECK = 360  # a window of an hour is looked at every ten seconds
LONGEST = 300.0  # seconds between two checks


def check_due() -> int:
    """Checks the rules whose time has come; returns how many. Each is claimed, so that several processes may do it at once."""
    now = timezone.now()
    standing = AlertRule.objects.standing()
    due = AlertRule.objects.filter(
        pk__in=standing.values("pk"), next_check_at__lte=now, trigger__in=checked_triggers()
    )
    with transaction.atomic():
        ids = list(
            due.select_for_update(skip_locked=True)
            .order_by("next_check_at")
            .values_list("pk", flat=True)[:AT_ONCE]
        )
        AlertRule.objects.filter(pk__in=ids).update(next_check_at=now + 3 * CHECK_LIMIT)
    for rule_id in ids:
        check_rule(rule_id, now=timezone.now())
    return len(ids)


def check_rule(rule_id: uuid.UUID, *, now: dt.datetime) -> None:
    """Writes what there is to say, with the reason. A check that fails is shown with the rule, and made again."""
    rule = AlertRule.objects.select_related("project").prefetch_related("channels").filter(pk=rule_id).first()
    trigger = find_trigger(rule.trigger) if rule else None
    if rule is None or trigger is None or trigger.check is None or not rule.enabled:
        return
    began, problem = time.monotonic(), ""
    try:
        with statement_limit(CHECK_LIMIT):
            found = list(trigger.check(rule, now))
            raise_holding(rule=rule, found=found, now=now)
    except QueryError as error:
        problem = error.message
    except TookTooLong:
        problem = f"The check took longer than {CHECK_LIMIT.seconds} s. A shorter window, or a query that an index serves, helps."
    except ValueError as error:
        problem = str(error)
    except (OperationalError, InterfaceError):  # the database is away: of no rule in particular
        raise
    except Exception:  # a fault of ours: no other project's rules are to wait for it
        logger.exception("The alert rule %s cannot be checked.", rule_id)
        problem = "The check failed by a fault of this server. Its log says more."
    took = time.monotonic() - began
    AlertRule.objects.filter(pk=rule_id).update(
        problem=problem, next_check_at=timezone.now() + dt.timedelta(seconds=_wait(trigger, rule, took))
    )
    if problem and problem != rule.problem:
        logger.warning("The alert rule %s cannot be checked: %s", rule_id, problem)


def _wait(trigger: Trigger, rule: AlertRule, took: float) -> float:
    window = rule.window or 0
    return max(took * SHARE, min(LONGEST, max(trigger.seconds, window / WINDOWS_A_CHECK)))
