"""What explains a problem: counts alone, no database."""

import datetime as dt

import numpy as np
import pytest

from signals.dimensions.finding import ALPHA, MOST, Cause, Unit, find_causes, fisher, tarone, within
from signals.dimensions.names import Value

START = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)


def world(
    *,
    n: int = 400,
    seed: int = 0,
    problem: float = 0.02,
    cause: dict[Value, float] | None = None,
    extra: int = 0,
) -> list[Unit]:
    """Conversations with three releases, two channels, a plan, forty cities and `extra` properties of noise. The problem holds with the
    probability `problem`, and with that of the value where `cause` names one that the conversation has."""
    draw = np.random.default_rng(seed)
    units = []
    for i in range(n):
        values: set[Value] = {
            ("release", f"r{draw.integers(3)}"),
            ("property.channel", str(draw.choice(["mobile", "web"]))),
            ("property.plan", str(draw.choice(["free", "pro", "team"]))),
            ("property.city", f"city {draw.integers(40)}"),
            ("event", "chat"),
            *((f"property.noise{k}", str(draw.integers(4))) for k in range(extra)),
        }
        if draw.random() < 0.2:
            values.add(("tool.called", "export"))
        chance = max([problem, *(p for value, p in (cause or {}).items() if value in values)])
        held = draw.random() < chance
        units.append(
            Unit(
                frozenset(values),
                events=int(held),
                users=frozenset([i % 50]) if held else frozenset(),
                first=START + dt.timedelta(hours=i) if held else None,
            )
        )
    return units


def best(found: list[Cause]) -> Value | None:
    return found[0].values[0] if found and len(found[0].values) == 1 else None


def test_a_planted_cause_is_first_with_its_numbers() -> None:
    units = world(problem=0.0, cause={("release", "r2"): 0.3})
    [first, *_] = find_causes(units)
    held = [unit for unit in units if unit.events]
    n = sum(("release", "r2") in unit.values for unit in units)
    assert first.values == (("release", "r2"),)
    assert (first.events, first.conversations, first.rate) == (len(held), len(held), 1.0)
    assert first.lift == pytest.approx(len(units) / n)
    assert 1 < first.low < first.lift <= first.high + 1e-9
    assert first.since == min(unit.first for unit in held if unit.first)
    assert first.users == len({user for unit in held for user in unit.users})
    assert first.explained_by is None


def test_without_a_cause_seldom_anything_is_claimed() -> None:
    """The error over all that is tried stays below ALPHA (0.16: three standard errors above it, of 100 worlds)."""
    claimed = [bool(find_causes(world(seed=seed, problem=0.05, extra=10))) for seed in range(100)]
    assert np.mean(claimed) <= ALPHA + 0.06


def test_causes_are_found_again_and_again() -> None:
    found = [
        best(find_causes(world(seed=seed, problem=0.01, cause={("property.plan", "free"): 0.15}, extra=5)))
        for seed in range(40)
    ]
    assert np.mean([one == ("property.plan", "free") for one in found]) >= 0.9


def test_a_value_that_goes_with_the_cause_is_explained_by_it() -> None:
    units = [
        Unit(unit.values | {("model", "new" if ("release", "r2") in unit.values and row % 10 else "old")}, unit.events, unit.users, unit.first)
        for row, unit in enumerate(world(n=900, problem=0.0, cause={("release", "r2"): 0.2}))
    ]  # fmt: skip
    found = {one.values[0]: one for one in find_causes(units) if len(one.values) == 1}
    assert found["release", "r2"].explained_by is None
    model = found["model", "new"]
    assert model.explained_by is found["release", "r2"]
    assert model.lift > 1


def test_a_pair_that_says_more_than_its_parts() -> None:
    draw = np.random.default_rng(3)
    units = []
    for unit in world(n=1500, problem=0.0):
        both = {("property.channel", "mobile"), ("tool.called", "export")} <= unit.values
        units.append(Unit(unit.values, events=int(draw.random() < (0.5 if both else 0.005)), first=START))
    found = find_causes(units)
    [pair] = [one for one in found if len(one.values) == 2]
    assert pair.values == (("property.channel", "mobile"), ("tool.called", "export"))
    assert pair.lift > max(one.lift for one in found if len(one.values) == 1)


def test_what_is_given_stands_before_the_tool_and_signals_only_beside_a_cause() -> None:
    draw = np.random.default_rng(1)
    units = []
    for unit in world(n=600, problem=0.0, cause={("release", "r2"): 0.3}):
        values = set(unit.values)
        if unit.events or draw.random() < 0.02:
            values |= {("signal.refusal", "true"), ("tool.failed", "export")}
        units.append(Unit(frozenset(values), unit.events, unit.users, unit.first))
    singles = [one.values[0] for one in find_causes(units) if len(one.values) == 1]
    assert singles[:2] == [("release", "r2"), ("tool.failed", "export")]
    assert ("signal.refusal", "true") in singles
    alone = [
        Unit(frozenset({("signal.refusal", "true")} if row < 30 else set()), events=int(row < 20)) for row in range(300)
    ]  # fmt: skip
    assert find_causes(alone) == []


def test_the_small_and_the_empty() -> None:
    assert find_causes([]) == []
    every = [Unit(frozenset({("model", "a")}), events=1) for _ in range(20)]
    assert find_causes(every) == []
    assert find_causes(every[:2] + [Unit(frozenset({("model", "b")})) for _ in range(100)]) == []


def test_never_more_than_twenty() -> None:
    units = [
        Unit(frozenset((f"property.p{k}", str(row < 40 + k)) for k in range(40)), events=int(row < 40)) for row in range(400)
    ]  # fmt: skip
    assert len(find_causes(units)) == MOST


def test_many_values_cost_a_bounded_time_and_hide_nothing() -> None:
    units = [
        Unit(unit.values | {("property.id", str(row))}, unit.events, unit.users, unit.first)
        for row, unit in enumerate(world(n=3000, problem=0.0, cause={("release", "r1"): 0.05}))
    ]
    assert best(find_causes(units)) == ("release", "r1")


def test_fisher_and_tarone_against_their_definitions() -> None:
    # 3 of 3 among 4 of 10: C(4,3)/C(10,3).
    [p] = fisher(np.array([3]), units=10, held=3, having=np.array([4]))
    assert p == pytest.approx(4 / 120)
    assert tarone([0.001, 0.3, 0.4], alpha=0.05) == 0.05
    assert tarone([0.001, 0.002, 0.003], alpha=0.05) == pytest.approx(0.05 / 3)
    assert tarone([0.5], alpha=0.05) == 0.05


def test_within_is_one_where_the_other_says_it_all() -> None:
    other = np.arange(100) < 50
    held = np.arange(100) < 20
    assert within(other.copy(), other, held) == 1.0
    assert within(np.arange(100) < 25, other, held) < 0.001
