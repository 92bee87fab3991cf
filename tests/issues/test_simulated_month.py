"""The short form of a simulated month (`python -m tests.benchmarks.month`): its issues walk through every state, while workers and senders are
killed and receivers refuse, and each alert is received once, by its id, at a webhook and in a mailbox."""

from typing import Any

import pytest

from issues.states.transitions import SYSTEMS, Action
from tests.benchmarks.month.running import run_month


@pytest.mark.soak
@pytest.mark.timeout(1500)
@pytest.mark.django_db(transaction=True)
def test_a_month(project: Any) -> None:
    found = run_month(project=project, seed=1, step_hours=6, traffic=1.0, share=0.03)
    assert found.is_right, found.text()
    # Nothing of it is empty: every change of state came about, processes died, some of them once a message was out, and receivers refused.
    assert set(found.walked) == {*SYSTEMS, Action.RESOLVE, Action.MUTE, Action.REOPEN}
    assert min(found.killed["pipeline"], found.killed["sending"]) > 2
    assert sum(row.hook["again"] + row.mail["again"] for row in found.rows) > 0
    assert min(found.refused.values()) > 2
