"""Runs a command while another one runs, and fails when either fails.

    python tests/ci/beside.py "make checks" pytest -n 2

The first is a shell's line: its output is kept, and shown where it failed. The second's is passed through as it comes, and its last
line, which is a summary, is the last line here too. Beside tests that wait for servers, linters and type checks cost little time.
"""

import os
import subprocess
import sys
import tempfile


def main(beside: str, command: list[str]) -> int:
    with tempfile.TemporaryFile() as log:
        other = subprocess.Popen(beside, shell=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        status, last = _pass_through(command)
        failed = other.wait()
        if failed:
            log.seek(0)
            sys.stdout.buffer.write(b"\n" + log.read() + f"FAILED: {beside}\n".encode() + last)
            sys.stdout.flush()
    return status or failed


def _pass_through(command: list[str]) -> tuple[int, bytes]:
    """(The command's status, the last line that it wrote.)"""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout
    end = b""
    while piece := os.read(process.stdout.fileno(), 65536):
        sys.stdout.buffer.write(piece)
        sys.stdout.flush()
        end = (end + piece)[-10_000:]
    lines = end.splitlines(keepends=True)
    return process.wait(), lines[-1] if lines else b""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
