"""`manage.py up` as a whole: it starts, serves, survives kill -9, and leaves nothing behind."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import ROOT, Server

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    # A path that is too long for a unix socket (107 bytes): the database must find another place for it.
    server = Server(tmp_path / ("a-rather-long-directory-name-" * 4) / "data", fresh=True)
    yield server
    server.kill_everything()


@pytest.mark.parametrize("kills", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_every_acknowledged_event_survives_kill_9_and_is_processed_once(server: Server, kills: int) -> None:
    server.start()
    key = server.manage("create_key", "--project", "acme", "--kind", "write")
    query = server.manage("create_key", "--project", "acme", "--kind", "query")
    acknowledged: list[str] = []
    stop = threading.Event()

    def send(thread: int) -> None:
        number = 0
        while not stop.is_set():
            ids = [f"{thread}-{number}-{i}" for i in range(5)]
            events = [
                {"event_id": i, "event": "chat", "user_id": f"user-{thread}", "ai_data": {"input": f"hello {i}", "output": "hi", "convo_id": i}}
                for i in ids
            ]  # fmt: skip
            status, body = server.post("/v1/events/track", events, key=key)
            if status == 200:
                assert [event["event_id"] for event in json.loads(body)["events"]] == ids
                acknowledged.extend(ids)
                number += 1
            elif not stop.is_set():
                stop.wait(0.1)  # a killed server: send the same ids again, as an SDK would

    threads = [threading.Thread(target=send, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for killed in range(kills):
        server.wait(lambda least=(killed + 1) * 100: len(acknowledged) >= least, what="acknowledged events")
        server.kill_everything()
        server.start()
    stop.set()
    for thread in threads:
        thread.join()

    server.manage("drain", "--timeout", "120")
    found: list[str] = []
    cursor = ""
    while True:
        status, body = server.request(
            "GET", f"/v1/events?limit=200{cursor}", headers={"Authorization": f"Bearer {query}"}
        )
        assert status == 200, body
        page = json.loads(body)
        found += [event["id"] for event in page["data"]]
        if not page["meta"]["has_more"]:
            break
        cursor = f"&cursor={page['meta']['cursor']}"
    assert len(found) == len(set(found)), "an event is stored twice"
    assert set(acknowledged) <= set(found), "an acknowledged event is lost"
    counts = server.manage(
        "shell", "--no-imports", "-c",
        "from ingest.models import Total, Project, ProcessingFailure;"
        "print(Total.objects.get(subject=Project.objects.get(slug='acme').id).events, ProcessingFailure.objects.count())",
    )  # fmt: skip
    assert counts.split() == [str(len(found)), "0"], "each event is processed exactly once"

    server.stop()
    assert not server.tree(), "Ctrl-C leaves no process behind"


def test_a_second_server_on_the_same_data_is_refused_and_another_directory_works(tmp_path: Path) -> None:
    first, second = Server(tmp_path / "one"), Server(tmp_path / "two")
    try:
        first.start()
        again = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "up", "--port", "1"],
            env=first.environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert again.returncode == 1
        assert "RAINDROP_DATA_DIR" in again.stderr
        second.start()
        assert first.get("/healthz")[0] == second.get("/healthz")[0] == 200
        # The database alone is killed: it is started again, and the pages come back.
        [postmaster] = [p for p in first.tree() if p.name() == "postgres" and "-D" in p.cmdline()]
        postmaster.kill()
        first.wait(
            lambda: first.get("/readyz")[0] != 200 or not postmaster.is_running(), what="the database's end"
        )
        first.wait(lambda: first.get("/readyz")[0] == 200, what="/readyz after the database was killed")
        told = f"RAINDROP_DATA_DIR={second.data_dir} "
        second.wait(lambda: told in second.log.read_text(), what="how to make the first user")
        [address] = re.findall(r"http://127\.0\.0\.1:\d+(/accounts/first/\S+/)", second.log.read_text())
        assert b"The first user" in second.get(address)[1]
        second.manage("createsuperuser", "--no-input", "--username", "root", "--email", "root@example.org")
        assert b"The first user" not in second.get(address)[1]
        key = second.manage("create_key", "--project", "acme", "--kind", "write")
        for number in range(3):
            assert (
                second.post("/v1/events/track", {"event_id": f"e{number}", "event": "chat"}, key=key)[0]
                == 200
            )
        for server in (second, first):  # at once, before what was counted is due to be written
            server.stop()
            assert not server.tree()
        counts = second.manage(
            "shell", "--no-imports", "-c",
            "from ingest.models import IngestCount, MonthlyUsage;"
            "print(IngestCount.objects.get(outcome='accepted').count, MonthlyUsage.objects.get().events)",
        )  # fmt: skip
        assert counts.split() == ["3", "3"], "an ordinary stop loses no count"
    finally:
        first.kill_everything()
        second.kill_everything()
