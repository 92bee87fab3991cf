"""The task that passes hints on to browsers."""

import asyncio
from typing import Any

import pytest

from raindrop import live


def test_it_goes_on_whatever_happens(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without it, nobody's page would be told of anything any more."""
    errors: list[BaseException] = [ValueError("nonsense"), asyncio.CancelledError()]

    async def connect(**_: Any) -> None:
        raise errors.pop(0)

    monkeypatch.setattr(live.psycopg.AsyncConnection, "connect", connect)
    monkeypatch.setattr(live, "RETRY_SECONDS", 0)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(live.relay())
    assert not errors and "ValueError: nonsense" in caplog.text
