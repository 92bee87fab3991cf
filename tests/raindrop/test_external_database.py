"""`manage.py up` with a PostgreSQL that DATABASE_URL names: it uses that one, and starts none of its own. CI gives it one
(tests/ci/external_database.py)."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.processes import Server

EXTERNAL = urlsplit(os.environ.get("DATABASE_URL", ""))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not EXTERNAL.port, reason="DATABASE_URL names no server on TCP"),
]


@pytest.fixture
def url() -> Iterator[str]:
    """An empty database of its own on the external server."""
    with psycopg.connect(EXTERNAL.geturl(), autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS up_external WITH (FORCE)")
        admin.execute("CREATE DATABASE up_external")
        yield urlunsplit(EXTERNAL._replace(path="/up_external"))
        admin.execute("DROP DATABASE up_external WITH (FORCE)")


def test_an_event_goes_through_and_no_server_of_our_own_is_started(url: str, tmp_path: Path) -> None:
    server = Server(tmp_path / "data", settings={"DATABASE_URL": url}, fresh=True)
    try:
        server.start()
        key = server.manage("create_key", "--project", "acme", "--kind", "write")
        body = {
            "event_id": "e1",
            "event": "chat",
            "ai_data": {"input": "hello", "output": "I cannot help with that."},
        }
        assert server.post("/v1/events/track", body, key=key)[0] == 200
        server.manage("drain", "--timeout", "120")
        with psycopg.connect(url) as database:
            [stored] = database.execute(
                "SELECT e.output, e.counted, array_agg(s.key) FROM ingest_event e JOIN signals_signalmatch m ON m.event_id = e.id"
                " JOIN signals_signaldefinition s ON s.id = m.signal_id GROUP BY e.id"
            ).fetchall()
        assert stored[:2] == ("I cannot help with that.", True) and "refusal" in stored[2]
        assert not (server.data_dir / "postgres").exists()
        server.stop()
        assert not server.tree()
    finally:
        server.kill_everything()
