"""How many examples a property is tried on. Each run draws others, so that many short runs see more than one long one."""

import os

IS_LONG = os.environ.get("RAINDROP_LONG_TESTS") == "1"  # `make test-soak`
DIVISOR = 4  # so many times fewer in `make test`


def examples(number: int) -> int:
    """For `@settings(max_examples=...)`: the number in `make test-soak`, a quarter of it in `make test`, but at least 8
    where there are so many."""
    return number if IS_LONG else min(number, max(8, number // DIVISOR))
