"""Starts one embedded PostgreSQL for the whole run, before pytest-django reads the settings (`-p` in pyproject.toml).

Each run has a data directory of its own, removed at its end, unless RAINDROP_TEST_DIR names one to keep and reuse. With
DATABASE_URL set, that server is used instead.
"""

import os
import shutil
import tempfile

_temporary = None
if not os.environ.get("RAINDROP_TEST_DIR"):
    _temporary = tempfile.mkdtemp(prefix="raindrop-test-")
os.environ["RAINDROP_DATA_DIR"] = os.environ.get("RAINDROP_TEST_DIR") or str(_temporary)
if not os.environ.get("DATABASE_URL"):
    from raindrop import embedded_postgres

    os.environ["DATABASE_URL"] = embedded_postgres.start()


def pytest_unconfigure() -> None:
    if _temporary:
        import atexit

        from raindrop import embedded_postgres

        embedded_postgres.stop()
        atexit.register(shutil.rmtree, _temporary, ignore_errors=True)
