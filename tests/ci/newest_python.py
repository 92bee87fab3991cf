"""Runs a part of the tests under the newest Python of this machine, where that is newer than the environment's.

    python tests/ci/newest_python.py

The environment lies in `.venv/newest-VERSION-DIGEST/`, installed by uv from the same pins: seconds, where the packages are cached. What
cannot be run, because there is no such Python or no package index, is said loudly and is no failure.
"""

import glob
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PINS = ("requirements.txt", "requirements-dev.txt")
# The ways in, the queue, the database's own types, vectors, the language, and learning: what leans on packages with compiled parts.
PART = [
    "tests/ingest/decoding", "tests/ingest/http/test_wire.py", "tests/ingest/incoming", "tests/ingest/otlp/test_decode.py",
    "tests/ingest/otlp/test_turns.py", "tests/ingest/jobs/test_runner.py", "tests/ingest/store", "tests/signals/search/test_language.py",
    "tests/signals/detection/test_stages.py", "tests/signals/vectors", "tests/issues/classifier/test_scoring.py",
    "tests/labeling/labels/test_labels.py",
    "tests/raindrop/test_embedder.py", "tests/raindrop/test_errors.py", "tests/raindrop/test_llm.py", "tests/raindrop/test_markdown.py",
    "tests/raindrop/test_pipeline.py",
]  # fmt: skip
FOUND_IN = (
    "~/.pyenv/versions/3.*/bin/python3",
    "~/.local/share/uv/python/cpython-3.*/bin/python3",
    "/opt/python/3.*/bin/python3",
)


def version_of(python: str) -> tuple[int, int, int] | None:
    """None for what does not start (a shim of a version that is not chosen), and for what is no final release of CPython."""
    code = "import sys; print(*sys.version_info[:3]) if sys.version_info[3] == 'final' and sys.implementation.name == 'cpython' else None"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=20)
        major, minor, micro = map(int, done.stdout.split())
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return major, minor, micro


def newest() -> tuple[tuple[int, int, int], str] | None:
    """(version, interpreter) of the newest Python that is newer than this one, by its minor version."""
    here = sys.version_info[1]
    on_path = (shutil.which(f"python3.{minor}") for minor in range(here + 1, here + 10))
    elsewhere = (path for pattern in FOUND_IN for path in glob.glob(os.path.expanduser(pattern)))  # noqa: PTH111, PTH207
    found = {python: version_of(python) for python in (*on_path, *elsewhere) if python}
    newer = [(version, python) for python, version in found.items() if version and version[1] > here]
    return max(newer, default=None)


def environment(version: tuple[int, int, int], python: str) -> Path:
    """The interpreter of an environment with our pins. Raises CalledProcessError."""
    digest = hashlib.sha256(b"".join((ROOT / pins).read_bytes() for pins in PINS)).hexdigest()[:12]
    home = Path(sys.prefix) / f"newest-{'.'.join(map(str, version))}-{digest}"
    if not (home / "made").exists():
        for old in Path(sys.prefix).glob("newest-*"):
            shutil.rmtree(old)
        uv, settings = str(Path(sys.prefix) / "bin" / "uv"), os.environ | index()
        subprocess.run([uv, "venv", "--quiet", "--python", python, str(home)], check=True, env=settings)
        command = [
            uv,
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "--python",
            str(home / "bin" / "python"),
        ]
        command += [option for pins in PINS for option in ("-r", str(ROOT / pins))]
        subprocess.run(command, check=True, env=settings)
        (home / "made").touch()
    return home / "bin" / "python"


def index() -> dict[str, str]:
    """pip's package index and certificate, as uv's settings."""
    found = {}
    for of_pip, of_uv in (("index-url", "UV_DEFAULT_INDEX"), ("cert", "SSL_CERT_FILE")):
        name = f"PIP_{of_pip.upper().replace('-', '_')}"
        told = [sys.executable, "-m", "pip", "config", "get", f"global.{of_pip}"]
        if (
            value := os.environ.get(name)
            or subprocess.run(told, capture_output=True, text=True).stdout.strip()
        ):
            found[of_uv] = value
    return found


def main() -> int:
    found = newest()
    if found is None:
        print(f"WARNING: THERE IS NO PYTHON NEWER THAN {sys.version.split()[0]} HERE: IT ALONE IS TESTED")
        return 0
    version, python = found
    print(f"A part of the tests under Python {'.'.join(map(str, version))} ({python})", flush=True)
    command = [
        str(environment(version, python)),
        "-m",
        "pytest",
        "-n",
        "2",
        "--dist",
        "loadfile",
        "-m",
        "not slow",
    ]
    return subprocess.run([*command, *PART], cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
