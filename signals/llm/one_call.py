"""One call of the LLM within a project's daily budget, for uses that keep no row of what they ask."""

from typing import TYPE_CHECKING, Any

from django.db import transaction

from ingest.models import Project
from raindrop import llm
from signals.llm import budget
from signals.llm.wrapping import prompt_bytes

if TYPE_CHECKING:
    from anthropic.types import Message


class BudgetSpent(Exception):
    """Today's budget does not hold the call. The message is meant for people."""


def call_once(
    request: dict[str, Any], *, project: Project, timeout: float, retries: int = llm.RETRIES
) -> "Message":
    """Sends the parameters of `messages.create`. The most that the call can cost is held meanwhile, and what it has cost is kept.

    `timeout`: seconds an attempt. Raises BudgetSpent, and llm.Unavailable.
    """
    prices, day = llm.known_prices(), budget.today()
    most = prices.most(prompt_bytes=prompt_bytes(request), max_tokens=request["max_tokens"])
    with transaction.atomic():
        if not budget.reserve(budget.settings_of(project.pk), day=day, money=most):
            raise BudgetSpent("Today's budget for the LLM is spent.")
    cost, reached = most, True
    try:
        message, lost = llm.send(request, retries=retries, timeout=timeout)
        usage = getattr(message, "usage", None)
        cost = (prices.of(usage) if usage is not None else most) + lost * most
        return message
    except llm.Unavailable as error:
        cost, reached = (most, True) if error.lost else (0, False)
        raise
    finally:
        budget.settle(project_id=project.pk, day=day, held=most, cost=cost, reached_model=reached)
