"""The environments in which the SDKs run: kept in `.venv/sdks/`, made once, out of the way of our own packages.

Without the registry (or node) there is nothing to run, and the tests are skipped with a warning that says so; set
RAINDROP_REQUIRE_SDKS=1 where that must be a failure.
"""

import contextlib
import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

HERE = Path(__file__).resolve().parent
CACHE = Path(sys.prefix) / "sdks"


def missing(what: str) -> NoReturn:
    message = f"THE SDK TESTS DO NOT RUN: {what}"
    if os.environ.get("RAINDROP_REQUIRE_SDKS"):
        pytest.fail(message)
    warnings.warn(message, stacklevel=2)
    pytest.skip(message)


@functools.cache
def python_environment(packages: str = "requirements.txt") -> Path | str:
    """The interpreter of an environment with the packages of python/PACKAGES, or why there is none. Ours does not do: `raindrop-ai` needs
    protobuf<7, `raindrop-query` pydantic<2.13."""
    pins = HERE / "python" / packages
    home = CACHE / f"python-{_digest(pins)}"
    python = home / "bin" / "python"
    with _one_at_a_time(home):
        if not (home / "made").exists():
            shutil.rmtree(home, ignore_errors=True)
            problem = _run(sys.executable, "-m", "venv", str(home)) or _run(
                str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps",
                "-r", str(pins),
            )  # fmt: skip
            if problem:
                return f"the Python SDKs cannot be installed: {problem}"
            (home / "made").touch()
    return python


@functools.cache
def integration_environment(name: str) -> Path | str:
    """The interpreter of an environment of integrations/packages.txt, or why there is none. Installed by uv: pip needs minutes to find versions
    that agree."""
    pins = HERE / "integrations" / "packages.txt"
    [packages] = [line.split()[1:] for line in pins.read_text().splitlines() if line.startswith(f"{name}:")]
    home = CACHE / f"{name}-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:12]}"
    python, uv = home / "bin" / "python", str(Path(sys.prefix) / "bin" / "uv")
    with _one_at_a_time(home):
        if not (home / "made").exists():
            shutil.rmtree(home, ignore_errors=True)
            settings = {"UV_CACHE_DIR": str(CACHE / "uv"), **_index()}
            problem = _run(uv, "venv", "--quiet", "--python", sys.executable, str(home), **settings) or _run(
                uv, "pip", "install", "--quiet", "--python", str(python), *packages, **settings
            )
            if problem:
                return f"{name} cannot be installed: {problem}"
            (home / "made").touch()
    return python


def _index() -> dict[str, str]:
    """pip's package index and certificate, as uv's settings."""
    settings = {}
    for pips, uvs in (("index-url", "UV_DEFAULT_INDEX"), ("cert", "SSL_CERT_FILE")):
        told = (
            os.environ.get(f"PIP_{pips.upper().replace('-', '_')}")
            or subprocess.run(
                [sys.executable, "-m", "pip", "config", "get", f"global.{pips}"],
                capture_output=True,
                text=True,
            ).stdout.strip()
        )
        if told:
            settings[uvs] = told
    return settings


@functools.cache
def node_environment(packages: str = "packages.txt") -> Path | str:
    """A folder with the packages of js/PACKAGES in its `node_modules`; or why there is none."""
    pins = HERE / "js" / packages
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return "node and npm are not here"
    home = CACHE / f"node-{_digest(pins)}"
    with _one_at_a_time(home):
        if not (home / "made").exists():
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(parents=True)
            problem = _run(
                npm, "install", "--prefix", str(home), "--no-package-lock", "--no-save", "--ignore-scripts", "--no-audit",
                "--no-fund", *pins.read_text().split(),
            )  # fmt: skip
            if problem:
                return f"the JS SDKs cannot be installed: {problem}"
            (home / "made").touch()
    return home


@contextlib.contextmanager
def _one_at_a_time(home: Path) -> Iterator[None]:
    """Test processes run side by side, and two of them may want the same environment at its first use."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with home.with_name(f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # given back when the file is closed
        yield


def chromium() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def _digest(pins: Path) -> str:
    return hashlib.sha256(pins.read_bytes()).hexdigest()[:12]


def _run(*command: str, **settings: str) -> str:
    """Empty when it went well, else the end of what it said. `settings`: environment variables."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=280, stdin=subprocess.DEVNULL, env={**os.environ, **settings}
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)[-500:]
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip()[-500:] or "it failed"
