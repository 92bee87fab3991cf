"""Forty wrong logins, or thirty searches by regular expression, at once: over the real door and the real application."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.asgi import get_asgi_application
from django.db import connection
from django.test import Client
from django.utils import timezone

from ingest.http import gateway
from ingest.http.gateway import WriteGateway
from ingest.models import Event, User
from ingest.models.projects import KeyKind
from ingest.projects.keys import create_key
from raindrop.models import Heartbeat
from signals.read_api import search as read_search
from signals.read_api.page import SEARCHES

pytestmark = pytest.mark.django_db(transaction=True)
CSRF = "c" * 32
Answer = tuple[int, dict[str, str], str]


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[WriteGateway]:
    Heartbeat.objects.create(cluster="default", at=timezone.now())
    monkeypatch.setitem(
        connection.settings_dict, "CONN_MAX_AGE", 0
    )  # as the web process has it: each thread closes its own
    door = WriteGateway(get_asgi_application())
    yield door
    door.committer.stop()


async def ask(door: WriteGateway, path: str, *, form: str = "", **headers: str) -> Answer:
    """Status, headers and body of the answer to a GET, or to a POST of a form. Fails after 30 s."""
    path, _, query = path.partition("?")
    sent: list[Any] = []
    given = [{"type": "http.request", "body": form.encode()}]
    pairs = {"host": "testserver"} | headers
    if form:
        pairs |= {
            "content-type": "application/x-www-form-urlencoded",
            "content-length": str(len(form)),
            "x-csrftoken": CSRF,
        }
    scope = {
        "type": "http", "method": "POST" if form else "GET", "path": path, "query_string": query.encode(), "client": ("10.0.0.9", 4711),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in pairs.items()],
    }  # fmt: skip

    async def receive() -> Any:
        return given.pop() if given else await asyncio.sleep(3600)

    async def send(message: Any) -> None:
        sent.append(message)

    await asyncio.wait_for(door(scope, receive, send), 30)
    told = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], told, b"".join(one.get("body", b"") for one in sent[1:]).decode()


async def until(condition: Any) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come")


def test_thirty_searches_leave_room_for_everybody_else(
    door: WriteGateway,
    project: Any,
    member: Any,
    query_key: str,
    other_project: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other_key = create_key(project=other_project, kind=KeyKind.QUERY)[1]
    Event.objects.create(project=project, input="hello", timestamp=timezone.now())
    inside: list[int] = []
    free = threading.Event()
    real = read_search._regex_page

    def slow(request: Any, query: Any, rows: Any, searched: Any, **options: Any) -> Any:
        if searched == project:
            inside.append(1)
            assert free.wait(20)
        return real(request, query, rows, searched, **options)

    monkeypatch.setattr(read_search, "_regex_page", slow)
    browser = Client()
    browser.force_login(member)
    cookie = f"sessionid={browser.cookies['sessionid'].value}"
    url = "/v1/events/search?mode=regex&query=h.llo"

    async def main() -> list[Answer]:
        searches = [
            asyncio.create_task(ask(door, url, authorization=f"Bearer {query_key}")) for _ in range(30)
        ]
        await until(lambda: sum(task.done() for task in searches) == 30 - SEARCHES.most)
        assert len(inside) == SEARCHES.most
        for path in ("/healthz", "/readyz"):
            assert (await ask(door, path))[0] == 200
        assert (await ask(door, "/p/acme/events/", cookie=cookie))[0] == 200
        assert (await ask(door, url, authorization=f"Bearer {other_key}"))[0] == 200
        free.set()
        return list(await asyncio.gather(*searches))

    answers = asyncio.run(main())
    assert Counter(status for status, _, _ in answers) == {200: SEARCHES.most, 429: 30 - SEARCHES.most}
    for status, headers, body in answers:
        if status == 200:
            assert len(json.loads(body)["data"]) == 1
        else:
            assert int(headers["retry-after"]) > 0
            assert "searches at once already" in json.loads(body)["error"]["message"]
    assert not SEARCHES._inside


@pytest.mark.parametrize("path", ["/accounts/login/", "/admin/login/"])
def test_forty_wrong_logins_leave_room_for_everybody_else(
    door: WriteGateway, member: Any, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    checking: list[str] = []
    free = threading.Event()

    def slow(user: User, password: str) -> bool:
        checking.append(user.username)
        assert free.wait(20)
        return False

    browser = Client()
    browser.force_login(member)
    cookie = f"sessionid={browser.cookies['sessionid'].value}"
    monkeypatch.setattr(User, "check_password", slow)

    async def main() -> list[Answer]:
        form = "username=alice&password=guess"
        logins = [
            asyncio.create_task(ask(door, path, form=form, cookie=f"csrftoken={CSRF}")) for _ in range(40)
        ]
        await until(lambda: len(checking) == gateway.LOGINS)
        for page in ("/healthz", "/readyz"):
            assert (await ask(door, page))[0] == 200
        for _ in range(5):
            assert (await ask(door, "/p/acme/events/", cookie=cookie))[0] == 200
        assert len(checking) == gateway.LOGINS
        free.set()
        return list(await asyncio.gather(*logins))

    answers = asyncio.run(main())
    statuses = Counter(status for status, _, _ in answers)
    assert set(statuses) <= {200, 429, 503} and statuses[429] >= 1
    assert all(int(headers["retry-after"]) > 0 for status, headers, _ in answers if status != 200)
    assert len(checking) < 10 + gateway.LOGINS  # no more passwords are tried than the throttle allows
    assert (door.logins._value, door.places._value) == (gateway.LOGINS, gateway.PAGES)
