"""The first event that `make demo` prints: taken as it stands, and found as what it says."""

import datetime as dt
import json
import re
import shlex
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

from django.db.models import F
from django.test import Client

from ingest.files.conversations import events_of_conversation
from ingest.models import Event, Span
from ingest.models.events import SpanKind
from ingest.projects.projects import create_project
from issues.models import Issue
from raindrop import pipeline
from raindrop.management.commands.demo import FIRST_FOUND, FOLLOWED, SECOND, Command, as_the_app_would_send_it
from signals.models import Facet, FacetSource, SignalMatch


def test_the_printed_curl_is_found_as_what_it_says(
    client: Client, project: Any, write_key: str, transactional_db: None
) -> None:
    printed = StringIO()
    Command(stdout=printed)._say_how(
        address="http://testserver", password="x", key=write_key, project=project
    )
    output = printed.getvalue()
    curl = shlex.split(output[output.index("curl") : output.index("It is found")].replace("\\\n", " "))
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
    assert re.search(r"It is found as (.*)\.", output)[1].split(" and ") == list(FIRST_FOUND)


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
    steps = Span.objects.filter(project=project, kind=SpanKind.TOOL)
    assert steps.filter(ended_at__gt=F("started_at")).count() > 0.9 * steps.count()  # the data's own times
    assert Facet.objects.filter(project=project, source=FacetSource.SHIPPED).count() == 241
    issues = Issue.objects.filter(project=project)
    assert issues.count() == len(FOLLOWED[SECOND])
    assert issues.with_counts().get(title__startswith="Plain questions").events > 20


def test_tool_calls_without_times_take_the_same_invented_ones_each_time() -> None:
    start = dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC)
    calls = [{"id": str(n), "name": "find_order", "arguments": "{}"} for n in range(3)]
    conversation: dict[str, Any] = {
        "conversation_id": "c", "meta": {"domain": "retail"}, "labels": {"success": True},
        "messages": [
            {"role": "user", "content": "Where is it?"}, {"role": "assistant", "content": "Here.", "tool_calls": calls},
            *({"role": "tool", "tool_call_id": str(n), "content": "{}"} for n in range(3)),
        ],
    }  # fmt: skip

    def sent() -> list[tuple[dt.datetime | None, dt.datetime | None]]:
        [event] = events_of_conversation(conversation, start=start)
        made = as_the_app_would_send_it(event, conversation)
        assert made is not None
        return [(span.started_at, span.ended_at) for span in made.spans]

    lengths = [(end - begin).total_seconds() for begin, end in sent() if begin and end]
    assert sent() == sent() and len(set(lengths)) == 3 and all(0.02 < one < 9.1 for one in lengths)
    assert all(before[1] < after[0] for before, after in pairwise(sent()) if before[1] and after[0])
