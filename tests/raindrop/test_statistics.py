"""The Wilson interval against scipy's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from raindrop.statistics import wilson


@given(trials=st.integers(1, 100_000), share=st.floats(0, 1))
def test_it_is_scipys(trials: int, share: float) -> None:
    successes = round(trials * share)
    expected = binomtest(successes, trials).proportion_ci(method="wilson")
    assert wilson(successes, trials) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_nothing_tried_has_no_interval() -> None:
    assert wilson(0, 0) is None


def test_more_than_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a proportion"):
        wilson(3, 2)
