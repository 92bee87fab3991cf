"""Counts against a recount from the raw rows, after random sequences of all that changes them (`python -m tests.benchmarks.recounts` has more)."""

from typing import Any

import pytest

from tests.benchmarks.recounts import walk


@pytest.mark.timeout(600)
@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_the_rows(project: Any, write_key: str, admin_key: str, seed: int) -> None:
    world = walk(project=project, seed=seed, steps=25, write_key=write_key, admin_key=admin_key)
    assert len(world.done) > 5
