"""What a page reads at a live hint (raindrop/web/regions.py): one request for some of its regions, and no more work than these need."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from issues.actions import create_issue
from issues.models import Issue
from tests.html import html_of


@pytest.fixture
def issue(project: Any, member: Any) -> Issue:
    return create_issue(project=project, title="The agent forgets", description="", user=member)


@pytest.fixture
def page(client: Client, member: Any) -> Client:
    client.force_login(member)
    return client


def at(name: str, issue: Issue) -> str:
    return reverse(name, args=[issue.project.slug, issue.number])


def read(page: Client, *addresses: str) -> Any:
    return page.get(reverse("live"), {"region": addresses})


def addresses_of(page: Client, path: str) -> list[str]:
    """The addresses of the live regions of a page, as static/live.js puts them together."""
    found = re.findall(r'id="([\w-]+)"[^>]*? data-live(?:="([^"]+)")?(?=[ >])', html_of(page.get(path)))
    return [url.replace("&amp;", "&") or f"{path}#{name}" for name, url in found]


def test_all_regions_of_an_issue_are_one_request(page: Client, issue: Issue) -> None:
    addresses = addresses_of(page, at("issue", issue))
    assert len(addresses) == 9, addresses
    answer = read(page, *addresses)
    assert answer.status_code == 200
    shown = [one["html"] for one in answer.json()["regions"]]
    for address, html in zip(addresses, shown, strict=True):
        assert "<html" not in html
        if "#" in address:
            assert f'id="{address.partition("#")[2]}"' in html
    assert "The agent forgets" not in "".join(shown), "nothing of the page around them"


@pytest.mark.parametrize(
    "name", ["overview", "issues", "signals", "ingest-health", "llm-settings", "events"], ids=str
)
def test_each_region_of_each_page_can_be_read_alone(page: Client, issue: Issue, name: str) -> None:
    addresses = addresses_of(page, reverse(name, args=[issue.project.slug]))
    assert addresses
    for one in read(page, *addresses).json()["regions"]:
        assert one["html"].strip()


def test_and_those_of_a_signal(page: Client, project: Any, make_event: Any) -> None:
    page.get(reverse("signals", args=[project.slug]))  # installs the built-in ones
    addresses = addresses_of(page, reverse("signal", args=[project.slug, "refusal"]) + "?period=7d")
    assert [address.partition("#")[2] for address in addresses] == ["backfill", "numbers", "matches"]
    assert "7d" in read(page, *addresses).json()["regions"][1]["html"]


def test_a_region_costs_less_than_its_page(
    page: Client, issue: Issue, django_assert_max_num_queries: Any
) -> None:
    """The issue's page takes 19 statements, of which 4 are the login's and the project's."""
    page.get(at("issue", issue))
    with django_assert_max_num_queries(6) as captured:
        assert "State" in read(page, at("issue", issue) + "#state").json()["regions"][0]["html"]
    assert not [query for query in captured.captured_queries if "activity" in query["sql"]]


def test_what_may_not_be_seen_or_is_gone_has_a_status(
    page: Client, issue: Issue, stranger: Any, client: Client
) -> None:
    gone = at("issue", issue).replace("/1/", "/99/") + "#state"
    assert read(page, gone, at("issue", issue) + "#state").json()["regions"][0] == {"status": 404}
    client.force_login(stranger)
    assert read(client, at("issue", issue) + "#state").json() == {"regions": [{"status": 404}]}


def test_a_page_that_has_become_another_says_so(page: Client, project: Any, make_event: Any) -> None:
    make_event(event_id="first")
    answer = read(page, reverse("events", args=[project.slug]) + "#events")
    assert answer.json() == {"regions": [{"status": 205}]}


@pytest.mark.parametrize(
    "addresses",
    [
        [],
        ["/p/acme/issues/1/#state"] * 21,
        ["https://example.com/p/acme/"],
        ["//example.com/p/acme/"],
        ["/admin/"],
        ["/live/?region=/p/acme/"],
        ["/p/acme/no/such/page/at/all/#x"],
        ["/p/acme/issues/1/#no-such-region"],
        ["/p/acme/issues/1/matches/#x"],
    ],
)
def test_what_is_no_region_is_refused(page: Client, issue: Issue, addresses: list[str]) -> None:
    answer = read(page, *addresses)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BAD_REQUEST" and answer.json()["error"]["message"]


def test_nobody_reads_without_a_login(client: Client, issue: Issue) -> None:
    answer = read(client, at("issue", issue) + "#state")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHORIZED")


def test_nothing_listens_to_hints_beside_the_regions() -> None:
    """A template with a trigger of its own would bring its own requests back."""
    templates = [path for folder in settings.TEMPLATES[0]["DIRS"] for path in Path(folder).rglob("*.html")]
    assert len(templates) > 50
    assert not [
        path for path in templates if re.search(r'hx-trigger="[^"]*(changed from|every )', path.read_text())
    ]
