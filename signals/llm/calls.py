"""Asking about several things at once, and what an answer has cost. Touches no database."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from raindrop import llm

if TYPE_CHECKING:
    from anthropic.types import Message

PARALLEL = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said, after `lost` attempts that it may have billed as well."""

    message: "Message"
    lost: int = 0
    batch: bool = False


class Asked(Protocol):
    """Whatever is asked about: `request` are the parameters of `messages.create`."""

    @property
    def request(self) -> dict[str, Any]: ...


class Metered(Protocol):
    """A row that keeps what its answer took. `held`: microdollars that are reserved for it."""

    input_tokens: int
    output_tokens: int
    cache_write_tokens: int
    cache_read_tokens: int
    held: int


A = TypeVar("A", bound=Asked)


def ask(
    subjects: Sequence[A], *, retries: int = llm.RETRIES, timeout: float | None = None
) -> list[tuple[A, Answer | llm.Unavailable]]:
    """Asks the model about each, a few at a time."""

    def one(each: A) -> tuple[A, Answer | llm.Unavailable]:
        try:
            message, lost = llm.send(each.request, retries=retries, timeout=timeout)
        except llm.Unavailable as error:
            return each, error
        return each, Answer(message, lost)

    with ThreadPoolExecutor(PARALLEL) as threads:
        return list(threads.map(one, subjects))


def keep_usage(row: Metered, answer: Answer, *, most: int) -> int:
    """Writes the answer's tokens into the row; returns what it cost, in microdollars: all that was held where it says nothing of its
    usage. `most`: what one lost attempt may have cost."""
    usage: Any = getattr(answer.message, "usage", None)  # whatever the service sent
    try:
        row.input_tokens, row.output_tokens = llm.tokens(usage.input_tokens), llm.tokens(usage.output_tokens)
        row.cache_write_tokens = llm.tokens(usage.cache_creation_input_tokens)
        row.cache_read_tokens = llm.tokens(usage.cache_read_input_tokens)
        cost = llm.known_prices().of(usage, batch=answer.batch)
    except (AttributeError, TypeError):
        row.input_tokens = row.output_tokens = row.cache_write_tokens = row.cache_read_tokens = 0
        return row.held
    return cost + answer.lost * most
