"""A whole server with real conversations in it, and headless Chromium."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.browser.walk import Visit, darkened, visit
from tests.processes import ROOT, Server
from tests.signals.anthropic_stub import Reply, Stub, error, exchange_of, running_stub, verdict

PASSWORD = "correct horse battery"
CONVERSATIONS = 60
# What the content security policy forbids a page is an error in its console, so that the test fails.
VIOLATIONS = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`${location.pathname}: the policy forbids ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));"""


@pytest.fixture(scope="session")
def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.skip("NO CHROMIUM HERE: THE BROWSER TESTS ARE SKIPPED. Install it with: apt-get install chromium")


@pytest.fixture(scope="session")
def llm() -> Iterator[Stub]:
    """A stub of the Messages API that says yes where the user speaks of cancelling. It refuses what is no question about an exchange: the
    workers ask it to read conversations and to label events, too."""

    def answer(request: dict[str, Any], n: int) -> Reply:
        is_teacher = "<issue>" in request["system"][0]["text"]
        if is_teacher or not request["messages"][0]["content"].startswith("<exchange>"):
            return error(400, "invalid_request_error")
        found = re.search(r"cancel\w*", exchange_of(request)["user"])
        return verdict(
            bool(found), found[0] if found else "", f"It {'says' if found else 'does not say'} so."
        )

    with running_stub() as stub:
        stub.answer = answer
        yield stub


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, chromium: str, llm: Stub) -> Iterator[Server]:
    import gzip

    folder = tmp_path_factory.mktemp("browser")
    server = Server(
        folder / "data", settings={"ANTHROPIC_API_KEY": "sk-ant-fake", "ANTHROPIC_BASE_URL": llm.url}
    )
    server.start()
    try:
        with gzip.open(ROOT / "fixtures" / "taubench_airline_gpt4o.jsonl.gz", "rt") as lines:
            sample = folder / "sample.jsonl"
            sample.write_text("".join(line for line, _ in zip(lines, range(CONVERSATIONS), strict=False)))
        server.manage("import_events", str(sample), "--project", "shop", "--redate", "14d")
        server.write_key = server.manage(
            "shell", "--no-imports", "-c",
            "from ingest.models import User, Membership, Project; from ingest.projects.keys import create_key; from ingest.models.projects import KeyKind;"
            f"user, shop = User.objects.create_user('ada', password={PASSWORD!r}), Project.objects.get(slug='shop');"
            "Membership.objects.create(user=user, project=shop, role='admin');"
            "print(create_key(project=shop, kind=KeyKind.WRITE)[1])",
        )  # fmt: skip
        server.manage("drain", "--timeout", "600", seconds=660)
        yield server
    finally:
        server.kill_everything()


@pytest.fixture(scope="session")
def filled(server: Server) -> dict[str, list[str]]:
    """The paths of the main pages ("pages"), of which each has something to show, and of the admin's ("admin")."""
    lines = server.manage(
        "shell", "--no-imports", "-c", (ROOT / "tests" / "browser" / "filling.py").read_text()
    )
    found: dict[str, list[str]] = json.loads(lines.splitlines()[-1])
    return found


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Any]:
    """One Chromium for all tests of this folder: to start it takes as long as most of them. It is gone before other tests run: beside
    Playwright's event loop no other one can."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def sessions() -> dict[str, Any]:
    """The cookies of who has logged in, by name."""
    return {}


@pytest.fixture
def page(browser: Any, server: Server, sessions: dict[str, Any]) -> Iterator[Any]:
    """A page where ada, a member of the team, is logged in. The test fails on any script error or failed request of ours."""
    with _page_of(browser, server, "ada", sessions) as page:
        yield page


@pytest.fixture
def root_page(
    browser: Any, server: Server, sessions: dict[str, Any], filled: dict[str, list[str]]
) -> Iterator[Any]:
    """The same of the server's owner, who may use the admin too."""
    with _page_of(browser, server, "root", sessions) as page:
        yield page


@dataclass
class Walked:
    """What the walk saw, in both schemes: of the main pages and the login page, of the admin's index and lists and its login page, and of
    the admin's other pages and the API's documentation, which are opened in the light only."""

    pages: list[Visit]
    lists: list[Visit]
    others: list[Visit]

    def everything(self) -> list[Visit]:
        return [*self.pages, *self.lists, *self.others]


@pytest.fixture(scope="package")
def walked(browser: Any, server: Server, sessions: dict[str, Any], filled: dict[str, list[str]]) -> Walked:
    """Each page once in each scheme. By the server's owner, who may open all of them."""
    lists = [path for path in filled["admin"] if is_list(path)]
    forms = [path for path in filled["admin"] if not is_list(path)]
    seen = Walked([], [], [])
    with _page_of(browser, server, "root", sessions) as page:
        for scheme in ("light", "dark"):
            seen.pages += [visit(page, path, scheme=scheme) for path in filled["pages"]]
        for path in lists:
            seen.lists += _in_both(page, path)
        seen.others += [visit(page, path, scheme="light", axe=False) for path in ("/api/docs/", *forms)]
        page.context.clear_cookies()
        seen.pages += [visit(page, "/accounts/login/", scheme=scheme) for scheme in ("light", "dark")]
        seen.lists += _in_both(page, "/admin/login/")
    return seen


def _in_both(page: Any, path: str) -> list[Visit]:
    """A page whose script sets the theme, which is no page of the admin's own look, is opened again for the dark."""
    light = visit(page, path, scheme="light")
    return [light, visit(page, path, scheme="dark") if light.parts["theme"] else darkened(page, light)]


def is_list(path: str) -> bool:
    """Whether a path of the admin is its index, a list or another page of its top: not a form of one row."""
    return path.count("/") <= 4


@contextmanager
def _page_of(browser: Any, server: Server, user: str, sessions: dict[str, Any]) -> Iterator[Any]:
    """Each test has a context of its own: its own cookies, its own storage, nothing of another test. It opens its first page itself."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, base_url=server.url, storage_state=sessions.get(user)
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    problems: list[str] = []
    page.problems = problems  # for the test that makes some, and for the walk
    page.add_init_script(VIOLATIONS)
    page.on("pageerror", lambda error: problems.append(f"script: {error}"))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on(
        "response",
        lambda answer: problems.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
    )
    page.on("request", lambda request: None if request.url.startswith((server.url, server.url.replace("http", "ws"), "data:", "blob:")) else problems.append(f"goes elsewhere: {request.url}"))  # fmt: skip
    if user not in sessions:
        page.goto("/")
        page.fill("[name=username]", user)
        page.fill("[name=password]", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url("**/p/shop/")
        sessions[user] = {"cookies": context.cookies()}
    yield page
    context.close()
    assert not problems


@pytest.fixture
def screenshots(tmp_path: Path) -> Path:
    return tmp_path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test's fixtures fill a server and walk its pages."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(900))
