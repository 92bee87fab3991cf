"""Errors of the model, told apart by what they say."""

from typing import Any

import pytest

from signals.detectors.model_error import kind_of
from tests.signals.detectors.asking import holds, span


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("RateLimitError: Error code: 429 - Rate limit reached for gpt-4o on tokens per min", "rate limit"),
        (
            "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000",
            "context length",
        ),
        ("anthropic.BadRequestError: prompt is too long: 210000 tokens > 200000 maximum", "context length"),
        ("APITimeoutError: Request timed out.", "time-out"),
        ("DeadlineExceeded", "time-out"),
        (
            "The response was filtered due to the prompt triggering Azure OpenAI's content management policy",
            "content filter",
        ),
        ("AuthenticationError: Incorrect API key provided", "no access"),
        ("overloaded_error: Overloaded", "not available"),
        ("503 Service Unavailable", "not available"),
        ("invalid_request_error: messages.0.content: field required", "invalid request"),
        ("Oops", "other"),
        ("", "other"),
    ],
)
def test_model_errors_are_told_apart(error: str, kind: str) -> None:
    assert kind_of(error) == kind
    [one] = holds(
        "model_error", ("x", ""), spans=[span(kind="llm", name="chat", status="error", error=error)]
    )
    assert kind.capitalize() in one.evidence[0]["text"] and one.evidence[0]["span_id"] == "a" * 16


def test_a_tools_error_is_not_the_models() -> None:
    assert not holds("model_error", ("x", "y"), spans=[span(status="error", error="429")])
    assert not holds("model_error", ("x", "y"), spans=[span(kind="llm", status="ok")])
    assert holds("model_error", ("x", ""), error="AI_APICallError: Too Many Requests")
    assert not holds("model_error", ("x", ""), error="TypeError: x is undefined")
    assert not holds("model_error", ("x", ""), error="fetch failed", spans=[span(status="error")])
    assert holds("model_error", ("x", ""), error="Error: Error getting response")
    assert holds("model_error", ("x", ""), error="RuntimeError: the model is down")
    assert not holds("model_error", ("x", ""), error="ValueError: no such place: Atlantis")


def test_a_model_error_that_the_agents_span_tells() -> None:
    def agent(error: str) -> Any:
        return span(kind="agent", name="crew", status="error", error=error)

    assert holds("model_error", ("x", ""), spans=[agent("ModelOverloaded: the model is overloaded")])
    assert holds("model_error", ("x", ""), spans=[agent("RuntimeError: boom")])
    assert holds("model_error", ("x", ""), spans=[agent("429 Too Many Requests"), span(status="ok")])
    assert not holds("model_error", ("x", ""), spans=[agent("ValueError: boom"), span(status="ok")])
    assert not holds("model_error", ("x", ""), spans=[agent("ValueError: boom"), span(status="error")])
    assert not holds("model_error", ("x", "Here it is."), spans=[agent("ValueError: boom")])
