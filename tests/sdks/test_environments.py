"""The SDKs' environments are made once, whoever asks for them at the same moment."""

import fcntl
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.sdks import environments
from tests.waiting import wait_until


def test_two_that_ask_at_once_get_one_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    at_the_door: list[int] = []
    together, real = threading.Barrier(2), fcntl.flock

    def flock(file: int, how: int) -> None:
        at_the_door.append(how)
        real(file, how)

    def run(*command: str, **settings: str) -> str:
        ran.append(command[2])
        wait_until(lambda: len(at_the_door) == 2, what="the other one")
        if command[2] == "venv":
            Path(command[3]).mkdir(exist_ok=True)
        return ""

    monkeypatch.setattr(environments, "CACHE", tmp_path)
    monkeypatch.setattr(environments, "_run", run)
    monkeypatch.setattr(fcntl, "flock", flock)
    make = environments.python_environment.__wrapped__

    def ask() -> Path | str:
        together.wait()
        return make()

    with ThreadPoolExecutor(2) as threads:
        first, second = [one.result() for one in [threads.submit(ask), threads.submit(ask)]]
    assert first == second and isinstance(first, Path)
    assert ran == ["venv", "pip"]
