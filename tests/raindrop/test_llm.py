"""What is said when the LLM does not answer."""

from typing import Any

import anthropic

from raindrop.llm import BATCHES_TIMEOUT, _unavailable, explain

LATE = anthropic.APITimeoutError(request=None)


def test_a_time_out_names_the_seconds_that_were_waited_for(settings: Any) -> None:
    settings.LLM_TIMEOUT = 33.0
    assert str(_unavailable(LATE, 1, timeout=7.5)) == "No answer within 7.5 seconds."
    assert str(_unavailable(LATE, 1, timeout=None)) == "No answer within 33 seconds."
    assert str(explain(LATE)) == f"No answer within {BATCHES_TIMEOUT:g} seconds."
