"""A command beside another: both run, either's failure is one, and the summary stays the last line."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "beside.py"
TESTS = "print('....'); print('2 passed in 1 s'); raise SystemExit({})"


@pytest.mark.parametrize(
    ("checks", "tests", "status"),
    [("true", 0, 0), ("echo E501; exit 3", 0, 3), ("true", 1, 1), ("exit 3", 1, 1)],
)
def test_either_may_fail_and_the_last_line_is_the_summary(checks: str, tests: int, status: int) -> None:
    command = [sys.executable, str(SCRIPT), checks, sys.executable, "-c", TESTS.format(tests)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == status
    assert done.stdout.splitlines()[-1] == "2 passed in 1 s"
    assert ("E501" in done.stdout) == ("E501" in checks)
    assert (f"FAILED: {checks}" in done.stdout) == (checks != "true")


def test_they_run_at_the_same_time(tmp_path: Path) -> None:
    """Each waits until the other has begun."""
    wait = f"import pathlib, time\npathlib.Path({str(tmp_path)!r}, '{{}}').touch()\nwhile not pathlib.Path({str(tmp_path)!r}, '{{}}').exists(): time.sleep(0.01)"
    (tmp_path / "first.py").write_text(wait.format("a", "b"))
    command = [
        sys.executable,
        str(SCRIPT),
        f"{sys.executable} {tmp_path}/first.py",
        sys.executable,
        "-c",
        wait.format("b", "a"),
    ]
    assert subprocess.run(command, timeout=60).returncode == 0
