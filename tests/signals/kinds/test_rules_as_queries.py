"""Stored metric and combination signals are conditions of the query language: what was stored before still holds where it held."""

from collections.abc import Callable
from typing import Any

import pytest

from ingest.models import Event
from signals.kinds.combination import as_query
from signals.kinds.metric import METRICS, OPERATORS, parse
from signals.search.finding import find_events
from signals.search.holding import holds
from signals.search.language.nodes import all_of
from signals.search.language.parsing import parse as parse_query
from signals.search.scope import Facts, Scope


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("operator", OPERATORS)
def test_every_metric_is_a_field(
    metric: str, operator: str, project: Any, make_event: Callable[..., Event]
) -> None:
    events = [
        make_event(input="hello", output="hi", latency_ms=3.0, cost_usd=0.5, input_tokens=3),
        make_event(),
    ]
    query = parse(f"{metric} {operator} 3").as_query()
    assert parse_query(str(query)) == query
    found = set(find_events(query, Scope(project)).values_list("id", flat=True))
    assert found == {
        event.id
        for event, held in zip(events, holds(query, Facts(events, Scope(project))), strict=True)
        if held
    }


@pytest.mark.parametrize(
    ("condition", "finds"),
    [
        ({"property": "plan", "equals": "pro"}, ["pro"]),
        ({"property": "seats", "equals": "3"}, ["pro", "text"]),  # the number and the text
        ({"property": "trial", "equals": "True"}, ["pro"]),  # case of a truth value never counted
        ({"property": "trial", "equals": "true"}, ["pro"]),
        ({"property": "a b.c:*", "equals": "x*"}, ["text"]),
        ({"model": "gpt-4o"}, ["pro"]),
        ({"metric": "cost_usd >= 0.5"}, ["pro"]),
        ({"metric": "turns <= 1"}, ["pro", "text"]),
    ],
)
def test_a_condition_means_what_it_meant(
    condition: dict[str, Any], finds: list[str], project: Any, make_event: Callable[..., Event]
) -> None:
    events = [
        make_event(
            event_id="pro",
            model="gpt-4o",
            cost_usd=0.5,
            properties={"plan": "pro", "seats": 3, "trial": True},
        ),
        make_event(
            event_id="text",
            model="gpt-4",
            properties={"plan": "prof", "seats": "3", "trial": "no", "a b.c:*": "x*"},
        ),
    ]
    query = all_of([as_query(condition)])
    held = holds(query, Facts(events, Scope(project)))
    assert [event.event_id for event, one in zip(events, held, strict=True) if one] == finds
    assert sorted(find_events(query, Scope(project)).values_list("event_id", flat=True)) == finds
    assert parse_query(str(query)) == query
