"""Starts one embedded PostgreSQL for the whole run, before pytest-django reads the settings (`-p` in pyproject.toml).

Under pytest-xdist the first worker makes a migrated database, and those of all workers are copies of it.

Each run has a data directory of its own, removed at its end, unless RAINDROP_TEST_DIR names one to keep and reuse. With
DATABASE_URL set, that server is used instead. So do pytest-xdist's workers, which find it set: each has a database of its
own there (pytest-django), and a data directory of its own.

Whole servers of the tests (tests/processes.py) begin as copies of one data directory, which the first of them makes.

Byte code is kept, also where PYTHONDONTWRITEBYTECODE says otherwise: without it every process compiles the apps again (0.6 s
of CPU for a `manage.py check`), and every worker rewrites the asserts of 300 test files (10 s).
"""

import fcntl
import os
import shutil
import sys
import tempfile

DATABASE_TEMPLATE = "test_template"

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # for the processes that tests start
# As the product's workers have it. Two threads of OpenBLAS spin for each small fit: twice the CPU, which the other worker wants.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

_kept = None if os.environ.get("PYTEST_XDIST_WORKER") else os.environ.get("RAINDROP_TEST_DIR")
_directory = _kept or tempfile.mkdtemp(prefix="raindrop-test-")
os.environ["RAINDROP_DATA_DIR"] = _directory
_starts = not os.environ.get("DATABASE_URL")
if _starts:
    from raindrop.server import embedded_postgres

    # These databases are thrown away: nobody waits for a disk. The servers that tests start wait as they should.
    embedded_postgres.SETTINGS += "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
    os.environ["DATABASE_URL"] = embedded_postgres.start()


_template = None if "TEST_SERVER_TEMPLATE" in os.environ else tempfile.mkdtemp(prefix="raindrop-template-")
if _template:  # xdist's workers find it set
    os.environ["TEST_SERVER_TEMPLATE"] = _template


def migrated_template() -> str:
    """The name of a database of this run's own server in which all migrations are done, made by the first worker that asks: out of the
    one that the tests' whole servers begin with, so that the migrations run once (25 s)."""
    from tests.processes import DUMP, restore_database, template

    dump = template().data_dir.parent / DUMP
    made = dump.with_name("database-made")
    with made.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # until the file is closed
        if not made.exists():
            restore_database(dump, name=DATABASE_TEMPLATE)
            made.touch()
    return DATABASE_TEMPLATE


def pytest_unconfigure() -> None:
    if _template:
        shutil.rmtree(_template, ignore_errors=True)
    if _kept:
        return
    if _starts:
        from raindrop.server import embedded_postgres

        embedded_postgres.stop()
    shutil.rmtree(_directory, ignore_errors=True)
