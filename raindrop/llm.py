"""Asking Anthropic's Messages API: whether it is set up, what a call costs, and the call itself, through the SDK.

Money is counted in microdollars (millionths of a US dollar, integers): a price of so many dollars per million tokens is so many
microdollars a token.

The SDK is imported when it is first used: it takes a second and 60 MB, which most processes would pay for nothing.
"""

import contextlib
import email.utils
import functools
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2
from django.conf import settings

if TYPE_CHECKING:
    import anthropic
    from anthropic.types import Message, Usage

# The SDK retries 408, 409, 429, 5xx and lost connections this often, with back-off, and waits as long as `retry-after` asks.
RETRIES = 2
ATTEMPTS = RETRIES + 1
# But no longer than this: a worker is not to sleep for an hour. The caller hears of it, and comes back later.
PATIENCE = 20.0
# What the API adds around a prompt with an output schema, in tokens; generous.
OVERHEAD_TOKENS = 800
# Seconds for a call of the Batches API.
BATCHES_TIMEOUT = 120.0
# Typical, for estimates that are shown: bytes of UTF-8 to a token (newer tokenizers count more than older ones).
BYTES_PER_TOKEN = 3.0


@dataclass(frozen=True, slots=True)
class Prices:
    """Microdollars a token; `batch` is the factor of the Batches API."""

    input: float
    output: float
    cache_write: float
    cache_read: float
    batch: float

    def of(self, usage: "Usage", *, batch: bool = False) -> int:
        """What the usage costs, rounded up."""
        cost = (
            tokens(usage.input_tokens) * self.input
            + tokens(usage.cache_creation_input_tokens) * self.cache_write
            + tokens(usage.cache_read_input_tokens) * self.cache_read
            + tokens(usage.output_tokens) * self.output
        )
        return math.ceil(cost * (self.batch if batch else 1))

    def most(self, *, prompt_bytes: int, max_tokens: int, batch: bool = False) -> int:
        """No attempt at such a request costs more: a token stands for a byte at least."""
        dearest = max(self.input, self.cache_write)
        cost = (prompt_bytes + OVERHEAD_TOKENS) * dearest + max_tokens * self.output
        return math.ceil(cost * (self.batch if batch else 1))

    def expected(self, *, prompt_bytes: int, output_tokens: int, batch: bool = False) -> int:
        """A guess to show, nothing to rely on."""
        cost = (
            prompt_bytes / BYTES_PER_TOKEN + OVERHEAD_TOKENS / 2
        ) * self.input + output_tokens * self.output
        return math.ceil(cost * (self.batch if batch else 1))


class Unavailable(Exception):
    """The service gave no answer, after the SDK's retries. The text is for a person to read.

    `lost`: attempts that were sent and never answered, which may have been billed. `retry_after`: seconds, when it said so.
    `refused`: it will not take this very request, however often it is sent. `missing`: what was asked for is not there (404), or the service has
    no such thing (405, 501). `denied`: it does not take the key (401, 403).
    """

    def __init__(
        self,
        text: str,
        *,
        lost: int = 0,
        retry_after: float | None = None,
        refused: bool = False,
        missing: bool = False,
        denied: bool = False,
    ) -> None:
        super().__init__(_without_key(text))
        self.lost, self.retry_after, self.refused, self.missing = lost, retry_after, refused, missing
        self.denied = denied


def why_not() -> str:
    """Why nothing can be asked, for a person to read; empty when it can."""
    if not settings.ANTHROPIC_API_KEY:
        return "There is no ANTHROPIC_API_KEY in the server's environment."
    if prices() is None:
        return (
            f"The price of the model {settings.LLM_MODEL} is not known here: state it in RAINDROP_LLM_PRICES, so that the "
            "budget can be kept."
        )
    return ""


def prices() -> Prices | None:
    """Of the model in use; None when nobody stated them."""
    stated = settings.LLM_MODELS.get(settings.LLM_MODEL)
    return Prices(**{name: stated[name] for name in settings.PRICE_NAMES}) if stated else None


def known_prices() -> Prices:
    """As `prices`. Raises ValueError when there are none: ask `why_not` first."""
    if (found := prices()) is None:
        raise ValueError(f"The price of the model {settings.LLM_MODEL} is not known.")
    return found


def effort() -> str | None:
    """How much the model in use is to think; None for one that takes no such parameter."""
    found: str | None = settings.LLM_MODELS.get(settings.LLM_MODEL, {}).get("effort")
    return found


def send(
    request: Mapping[str, Any], *, retries: int = RETRIES, timeout: float | None = None
) -> tuple["Message", int]:
    """The answer, and how many attempts before it were lost (see Unavailable). `timeout`: seconds an attempt. Raises
    Unavailable."""
    from anthropic.types import Message

    attempts = _Attempts()
    client = _client().with_options(
        max_retries=retries, timeout=timeout or settings.LLM_TIMEOUT, middleware=[attempts]
    )
    try:
        message = client.messages.create(**request)
    except errors() as error:
        raise _unavailable(error, attempts.lost, timeout=timeout) from _tellable(error)
    if not isinstance(message, Message):
        raise Unavailable("What answered is not the Messages API: check ANTHROPIC_BASE_URL.", lost=1)
    return message, attempts.lost


def batches() -> Any:
    """The SDK's `messages.batches`, with the guards of `send`. Creating one is not retried: it would be made, and billed, twice.
    Turn what it raises into Unavailable with `explain`."""
    return (
        _client()
        .with_options(max_retries=0, timeout=BATCHES_TIMEOUT, middleware=[_Attempts()])
        .messages.batches
    )


def explain(error: Exception) -> Unavailable:
    """What calls of `batches()` raise (`errors`), as Unavailable."""
    import anthropic

    lost = isinstance(error, anthropic.APIConnectionError) and not _never_sent(error)
    return _unavailable(error, int(lost), timeout=BATCHES_TIMEOUT)


class _TooBusy(Exception):
    """The service asks for more patience than PATIENCE."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def errors() -> tuple[type[Exception], ...]:
    """What a call through the SDK may raise. ValueError: an answer that is not JSON."""
    import anthropic

    return (anthropic.AnthropicError, _TooBusy, httpx2.HTTPError, ValueError)


class _Attempts:
    """Middleware of one call: counts the attempts that were lost, and ends what would wait too long."""

    def __init__(self) -> None:
        self.lost = 0

    def __call__(self, request: Any, call_next: Any) -> Any:
        import anthropic

        try:
            response = call_next(request)
        except anthropic.APIConnectionError as error:
            self.lost += not _never_sent(error)
            raise
        if response.status_code >= 400:
            seconds = _seconds(response.http_response.headers)
            if seconds > PATIENCE:
                raise _TooBusy(seconds)
        return response


@functools.lru_cache(maxsize=4)
def _make_client(key: str, base_url: str) -> "anthropic.Anthropic":
    import anthropic

    return anthropic.Anthropic(api_key=key, base_url=base_url, open_telemetry=False)


def _client() -> "anthropic.Anthropic":
    return _make_client(settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL)


def _never_sent(error: BaseException) -> bool:
    """Whether the connection could not even be made."""
    return isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)


def _seconds(headers: Mapping[str, str]) -> float:
    """What `retry-after` asks for, as the SDK reads it: milliseconds, seconds or a date; 0 when it is missing or nonsense."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        with contextlib.suppress(KeyError, ValueError):
            return float(headers[name]) / unit
    date = email.utils.parsedate_tz(headers.get("retry-after", ""))
    return max(0.0, email.utils.mktime_tz(date) - time.time()) if date else 0.0


def _unavailable(error: BaseException, lost: int, *, timeout: float | None) -> Unavailable:
    """`timeout`: seconds that were waited for; None: the setting's."""
    import anthropic

    if isinstance(error, _TooBusy):
        return Unavailable("It asks to wait.", retry_after=error.seconds, lost=lost)
    if isinstance(error, anthropic.APITimeoutError):
        return Unavailable(f"No answer within {timeout or settings.LLM_TIMEOUT:g} seconds.", lost=lost)
    if isinstance(error, anthropic.APIStatusError):
        message = error.api_message if isinstance(error.api_message, str) else ""
        text = f"It answered {error.status_code}{f': {_clean(message)}' if message else ''}."
        return Unavailable(
            text,
            lost=lost,
            retry_after=_seconds(error.response.headers) or None,
            refused=error.status_code in {400, 413, 422},
            missing=error.status_code in {404, 405, 501},
            denied=error.status_code in {401, 403},
        )
    if isinstance(error, anthropic.APIConnectionError):
        return Unavailable("The connection could not be made, or broke.", lost=lost)
    return Unavailable(f"What answered is not the Messages API ({type(error).__name__}).", lost=max(1, lost))


def _without_key(text: str) -> str:
    """A gateway may quote the key that it refuses: nobody is to read it on a page or in a log."""
    key = settings.ANTHROPIC_API_KEY
    return text.replace(key, "<the key>") if key else text


def _tellable(error: Exception) -> Exception | None:
    """The error as a cause, unless its text, or that of what caused it, holds the key: tracebacks are logged and stored."""
    seen: BaseException | None = error
    while seen is not None:
        if _without_key(f"{seen}{seen!r}") != f"{seen}{seen!r}":
            return None
        seen = seen.__cause__ or seen.__context__
    return error


MAX_TOKENS = 2**31 - 1  # of one kind in one answer; PostgreSQL's integer


def tokens(count: object) -> int:
    """A figure of the usage that an answer tells. A gateway may tell anything: what is no count is 0, and nothing is beyond
    MAX_TOKENS."""
    if isinstance(count, bool) or not isinstance(count, int | float) or not count > 0:
        return 0
    return int(min(count, MAX_TOKENS))


def _clean(text: str) -> str:
    """The service's words, fit for the database and a page."""
    text = _without_key(text)  # before it is cut
    kept = "".join(c if c.isprintable() else " " for c in text)
    return kept.encode("utf-8", "replace").decode()[:300].rstrip(".")
