"""Numbers as pages show them."""

import pytest

from raindrop.templatetags.raindrop import percent


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (None, "–"),
        (0, "0.0%"),
        (0.0001, "<0.1%"),
        (0.0312, "3.1%"),
        (0.0996, "10.0%"),
        (0.25, "25%"),
        (1, "100%"),
    ],
)
def test_percent(share: float | None, shown: str) -> None:
    assert percent(share) == shown
