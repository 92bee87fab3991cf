"""Measured signals, and the numbers that a project sets itself."""

from signals.detectors.batch import Batch
from tests.signals.detectors.asking import found, holds, span, turn


def test_slow_is_the_event_or_a_step() -> None:
    assert holds("slow_response", ("x", "y"), latency_ms=60_000.0)
    assert not holds("slow_response", ("x", "y"), latency_ms=59_000.0)
    [one] = holds(
        "slow_response",
        ("x", "y"),
        spans=[span(duration_ms=31_000.0), span(kind="agent", duration_ms=59_000.0)],
    )
    assert [(piece["text"], piece.get("span_id")) for piece in one.evidence] == [
        ("search took 31.0 s.", "a" * 16)
    ]


def test_expensive_is_money_or_tokens() -> None:
    assert holds("high_cost", ("x", "y"), cost_usd=0.5)
    assert holds("high_cost", ("x", "y"), tokens=100_000)
    assert not holds("high_cost", ("x", "y"), cost_usd=0.49, tokens=99_999)
    assert not holds("high_cost", ("x", "y"))


def test_a_project_sets_its_own_numbers() -> None:
    batch = Batch([turn(("x", "y"), latency_ms=5000.0, cost_usd=0.02)])
    assert found("slow_response", batch, seconds=5) and not found("slow_response", batch, seconds=6)
    assert found("high_cost", batch, cost_usd=0.01) and not found("high_cost", batch)
    failing = [span(status="error") for _ in range(2)]
    tools = Batch([turn(("x", "y"), spans=failing)])
    assert found("repeated_tool_failure", tools, failures=2) and not found("repeated_tool_failure", tools)
    assert found("tool_loop", Batch([turn(("x", "y"), spans=[span(input="1"), span(input="1")])]), calls=2)
