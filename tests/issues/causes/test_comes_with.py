"""What a problem comes with is one statement: what the list shows, its page says, and what its page's test refuses, the list does not show."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ingest.models import Event, Project, QueuedEvent, User
from signals.models import Cluster, ClusterMember
from tests.html import html_of

pytestmark = pytest.mark.django_db


def problem(project: Project, label: str, events: list[Event]) -> Cluster:
    found = Cluster.objects.create(
        project=project, kind="problem", label=label, origin="facet", conversations=len(events)
    )
    ClusterMember.objects.bulk_create(
        ClusterMember(project=project, cluster=found, event=one, timestamp=one.timestamp, score=1.0, source="evidence") for one in events
    )  # fmt: skip
    return found


def test_the_list_shows_what_the_page_says(project: Project, member: User, make_event: Any) -> None:
    page, now = Client(), timezone.now()
    page.force_login(member)
    # All at one time, since the hour is a dimension too. 20 of 60 are pro, and 6 of the 10 with the first problem: often enough by chance where several things are tried.
    events = [
        make_event(
            user_id=f"u{n}", convo_id=f"c{n}", timestamp=now,
            properties={"plan": "pro" if n < 6 or 10 <= n < 24 else "free", "release": "r3" if n >= 48 else "r2"},
        )
        for n in range(60)
    ]  # fmt: skip
    QueuedEvent.objects.all().delete()  # as a batch that is through
    chance = problem(project, "Invoices in euros", events[:10])
    caused = problem(project, "Receipts are lost", events[48:])
    listed = html_of(page.get(f"/p/{project.slug}/discover/"))
    assert "comes with" not in listed, "to look takes long: the list does not wait for it"
    [address] = re.findall(r'hx-get="([^"]*/together/[^"]*)"', listed)
    places = html_of(page.get(unescape(address))).split("<div ")
    [place] = [one for one in places if f"together-{caused.pk}" in one]
    assert "hx-swap-oob" in place and "release r3" in place
    [place] = [one for one in places if f"together-{chance.pk}" in one]
    assert "comes with" not in place

    rows = html_of(page.get(f"/p/{project.slug}/discover/")).split("data-row ")
    assert "/together/" not in "".join(rows), "what was found is kept for a minute"
    [in_list] = [row for row in rows if "Invoices in euros" in row]
    on_page = html_of(page.get(f"/p/{project.slug}/discover/{chance.pk}/causes/?period=30d"))
    assert "Nothing that it comes with stands out" in on_page
    assert "comes with" not in in_list
    [in_list] = [row for row in rows if "Receipts are lost" in row]
    on_page = html_of(page.get(f"/p/{project.slug}/discover/{caused.pk}/causes/?period=30d"))
    assert "Nearly all of it comes in release r3" in on_page
    for html in (in_list, on_page):
        assert "release r3" in html and "×5.0" in html
