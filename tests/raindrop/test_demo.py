"""The first event that `make demo` prints: taken as it stands, and found as what it says."""

import json
import re
import shlex
from io import StringIO
from pathlib import Path
from typing import Any

from django.test import Client

from ingest.models import Event
from ingest.projects.projects import create_project
from issues.models import Issue
from raindrop import pipeline
from raindrop.management.commands.demo import FIRST_FOUND, FOLLOWED, SECOND, Command
from signals.models import Facet, FacetSource, SignalMatch


def test_the_printed_curl_is_found_as_what_it_says(
    client: Client, project: Any, write_key: str, transactional_db: None
) -> None:
    printed = StringIO()
    Command(stdout=printed)._say_how(
        address="http://testserver", password="x", key=write_key, project=project
    )
    said = printed.getvalue()
    curl = shlex.split(said[said.index("curl") : said.index("It is found")].replace("\\\n", " "))
    key = next(word.partition("Bearer ")[2] for word in curl if word.startswith("Authorization"))
    body = curl[curl.index("-d") + 1]
    assert key == write_key and curl[1] == "http://testserver/v1/events/track"
    assert isinstance(json.loads(body), list)
    answer = client.post(
        curl[1], body, content_type="application/json", headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.status_code == 200, answer.content
    event = Event.objects.get(project=project)
    pipeline.process([event.id])
    found = set(SignalMatch.objects.filter(event=event).values_list("signal__name", flat=True))
    assert set(FIRST_FOUND) <= found
    assert re.search(r"It is found as (.*)\.", said)[1].split(" and ") == list(FIRST_FOUND)


def test_the_second_project_has_facets_and_issues(
    settings: Any, tmp_path: Path, transactional_db: None
) -> None:
    settings.DATA_DIR = tmp_path
    project = create_project(slug=SECOND, name="Ledgerly")
    command = Command(stdout=StringIO())
    command._planted(project)
    command._planted(project)  # a second start adds nothing
    events = Event.objects.filter(project=project)
    assert events.count() > 600
    assert (events.latest("timestamp").timestamp - events.earliest("timestamp").timestamp).days in (26, 27)
    assert Facet.objects.filter(project=project, source=FacetSource.SHIPPED).count() == 241
    issues = Issue.objects.filter(project=project)
    assert issues.count() == len(FOLLOWED[SECOND])
    assert issues.with_counts().get(title__startswith="Plain questions").events > 20
