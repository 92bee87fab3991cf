"""Group commit: the requests that arrive while one commit is under way are stored together by the next one.

A single event costs five statements and a commit, whether it comes alone or with a hundred others; a commit waits for the
disk. Nobody waits on purpose, and the busier the server, the larger the groups. Each answer is sent after its own commit.
Projects take turns, so that one that sends much waits for itself.
"""

import asyncio
import contextlib
import logging
import threading
import uuid
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpResponse

from ingest.http import wire
from ingest.models import ApiKey

logger = logging.getLogger(__name__)

# Two work for one project, so that one prepares its rows while the other waits for the disk; the third is for the others.
COMMITTERS = 3
EACH = 2
# A group's size in items: beyond it a longer transaction gains nothing and makes everybody wait.
MAX_GROUP = 1000


@dataclass
class Write:
    """One request's prepared items on their way to the database."""

    endpoint: wire.Endpoint
    key: ApiKey
    items: list[Any]
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[HttpResponse]"


class _Queue:
    """What waits, by project. A group is of one project, and projects take turns."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[uuid.UUID, deque[Write]] = {}
        self._running: Counter[uuid.UUID] = Counter()
        self._stopped = False

    def put(self, writes: list[Write]) -> None:
        with self._changed:
            for write in writes:
                self._waiting.setdefault(write.key.project_id, deque()).append(write)
            if self._next() is not None:
                self._changed.notify()

    def take(self) -> list[Write]:
        """A group, to be given to `done` afterwards; empty when the queue was stopped and nothing waits."""
        with self._changed:
            while (project := self._next()) is None:
                if self._stopped and not self._waiting:
                    return []
                self._changed.wait()
            waiting = self._waiting.pop(project)
            group: list[Write] = []
            size = 0
            while waiting and (not group or size + len(waiting[0].items) <= MAX_GROUP):
                group.append(waiting.popleft())
                size += len(group[-1].items)
            self._running[project] += 1
            if waiting:
                self._waiting[project] = waiting  # at the end: the others' turn
            if self._next() is not None:
                self._changed.notify()
            return group

    def done(self, group: list[Write]) -> None:
        with self._changed:
            self._running[group[0].key.project_id] -= 1  # whose thread takes the next group itself

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _next(self) -> uuid.UUID | None:
        return next((project for project in self._waiting if self._running[project] < EACH), None)


@dataclass
class Committer:
    """Threads that take what waits, and store it with one commit per project and endpoint."""

    queue: _Queue = field(default_factory=_Queue)
    gathered: list[Write] = field(default_factory=list)  # in this pass of the event loop
    started: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def store(self, *, endpoint: wire.Endpoint, key: ApiKey, items: list[Any]) -> HttpResponse:
        if not self.started:
            with self.lock:
                if not self.started:
                    for number in range(COMMITTERS):
                        threading.Thread(target=self._run, name=f"committer-{number}", daemon=True).start()
                    self.started = True
        loop = asyncio.get_running_loop()
        write = Write(endpoint, key, items, loop, loop.create_future())
        if not self.gathered:
            loop.call_soon(self._hand_over)
        self.gathered.append(write)
        return await write.answer

    def _hand_over(self) -> None:
        """All that one pass of the event loop has read, at once: a thread that is woken for the first of them stores that one alone."""
        gathered, self.gathered = self.gathered, []
        self.queue.put(gathered)

    def stop(self) -> None:
        """Ends the threads, after what waits is stored."""
        self.queue.stop()

    def _run(self) -> None:
        while taken := self.queue.take():
            groups: dict[tuple[object, ...], list[Write]] = {}
            for write in taken:
                alone = () if write.endpoint.grouped else (id(write),)
                groups.setdefault((id(write.endpoint), *alone), []).append(write)
            for group in groups.values():
                try:
                    self._store_group(group)
                except (
                    Exception
                ):  # in the answer to a failure, too: the thread must live, and nobody wait for ever
                    logger.exception("The committer failed")
                    _answer_all(group, [wire.failed().response() for _ in group])
            self.queue.done(taken)
        connection.close()

    def _store_group(self, group: list[Write]) -> None:
        first = group[0]
        try:
            answers = wire.store(first.endpoint, [(write.key, write.items) for write in group])
        except (OperationalError, InterfaceError) as error:
            connection.close()
            answers = [wire.failure(error, key=write.key) for write in group]
        except Exception as error:
            if len(group) > 1:  # one of them spoils it for the others: each by itself
                for write in group:
                    self._store_group([write])
                return
            answers = [wire.failure(error, key=first.key)]
        finally:
            if connection.connection and connection.connection.broken:
                connection.close()
        _answer_all(group, answers)


def _answer_all(group: list[Write], answers: list[HttpResponse]) -> None:
    """Those that have an answer keep it. The loop is woken once, so that their senders' next requests come together, too."""
    answered = list(zip(group, answers, strict=True))
    for loop in {write.loop for write in group}:  # a server has one
        with contextlib.suppress(RuntimeError):  # it has ended
            loop.call_soon_threadsafe(
                _resolve, [(write.answer, one) for write, one in answered if write.loop is loop]
            )


def _resolve(answered: "list[tuple[asyncio.Future[HttpResponse], HttpResponse]]") -> None:
    for future, answer in answered:
        if not future.done():  # the client may have gone
            future.set_result(answer)
