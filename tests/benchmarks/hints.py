"""What one live hint costs: the requests that a page makes, their statements and their time.

    RAINDROP_DATA_DIR=DATA .venv/bin/python -m tests.benchmarks.hints --url http://127.0.0.1:8000 --user NAME --password PASSWORD PATH...

Chromium opens each path at the running server, waits until the page is still, and gets one hint. The requests that follow are sent once more,
in this process, by Django's test client on the same database (of that data directory, or DATABASE_URL), where they can be counted. The time of
a request is the median of REPEATS. Both are summed over the page's requests. A page makes a hint's requests side by side, so that a sum
says what the server works, not how long a person waits.
"""

import argparse
import os
import statistics
import time

REPEATS = 5
QUIET_MS = 4000  # longer than the page holds a request back
# Pages listen to an event of this name on the body.
HINT = "document.body.dispatchEvent(new Event('changed'))"


def requests_of(paths: list[str], *, url: str, user: str, password: str) -> dict[str, list[str]]:
    """Of each path: the paths, with their queries, that its page asks for after one hint."""
    import shutil

    from playwright.sync_api import sync_playwright

    found: dict[str, list[str]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=url).new_page()
        page.set_default_timeout(60_000)
        page.goto("/accounts/login/")
        page.fill("[name=username]", user)
        page.fill("[name=password]", password)
        page.click("button[type=submit]")
        page.wait_for_url("**/p/**")
        page.wait_for_load_state("networkidle")
        page.route_web_socket("**/ws/**", lambda socket: None)  # no hints but the one below
        seen: list[str] = []
        page.on(
            "request",
            lambda request: (
                seen.append(request.url.removeprefix(url))
                if request.resource_type in {"xhr", "fetch"}
                else None
            ),
        )
        for path in paths:
            page.goto(path)
            page.wait_for_load_state("networkidle")
            seen.clear()
            page.evaluate(HINT)
            page.wait_for_timeout(QUIET_MS)
            page.wait_for_load_state("networkidle")
            found[path] = list(seen)
        browser.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("url", "user", "password"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("paths", nargs="+")
    options = parser.parse_args()
    answers = requests_of(options.paths, url=options.url, user=options.user, password=options.password)

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raindrop.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from ingest.models import User

    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(User.objects.get(username=options.user))
    print("| page | requests | statements | ms | kB |\n|---|---|---|---|---|")
    for path, requests in answers.items():
        statements, milliseconds, size = 0, 0.0, 0
        for request in requests:
            taken = []
            for _ in range(REPEATS):
                with CaptureQueriesContext(connection) as captured:
                    start = time.perf_counter()
                    answer = client.get(request, HTTP_HX_REQUEST="true")
                    taken.append((time.perf_counter() - start) * 1000)
                assert answer.status_code == 200, (request, answer.status_code)
            statements += len(captured)
            milliseconds += statistics.median(taken)
            size += len(answer.content)
        print(
            f"| `{path}` | {len(requests)} | {statements} | {milliseconds:.0f} | {size / 1000:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
