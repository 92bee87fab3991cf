"""Starts one embedded PostgreSQL for the whole run, before pytest-django reads the settings (`-p` in pyproject.toml).

Each run has a data directory of its own, removed at its end, unless RAINDROP_TEST_DIR names one to keep and reuse. With
DATABASE_URL set, that server is used instead. So do pytest-xdist's workers, which find it set: each has a database of its
own there (pytest-django), and a data directory of its own.

Whole servers of the tests (tests/processes.py) begin as copies of one data directory, which the first of them makes.
"""

import os
import shutil
import tempfile

_kept = None if os.environ.get("PYTEST_XDIST_WORKER") else os.environ.get("RAINDROP_TEST_DIR")
_directory = _kept or tempfile.mkdtemp(prefix="raindrop-test-")
os.environ["RAINDROP_DATA_DIR"] = _directory
_starts = not os.environ.get("DATABASE_URL")
if _starts:
    from raindrop.server import embedded_postgres

    os.environ["DATABASE_URL"] = embedded_postgres.start()


_template = None if "TEST_SERVER_TEMPLATE" in os.environ else tempfile.mkdtemp(prefix="raindrop-template-")
if _template:  # xdist's workers find it set
    os.environ["TEST_SERVER_TEMPLATE"] = _template


def pytest_unconfigure() -> None:
    if _template:
        shutil.rmtree(_template, ignore_errors=True)
    if _kept:
        return
    if _starts:
        from raindrop.server import embedded_postgres

        embedded_postgres.stop()
    shutil.rmtree(_directory, ignore_errors=True)
