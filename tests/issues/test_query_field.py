"""The query language's field `issue`, in the database and in memory."""

from typing import Any

import pytest

from issues.models import Issue, IssueMatch
from signals.search.faceting import count_facets
from signals.search.finding import find_events
from signals.search.holding import holds
from signals.search.language.errors import QueryError
from signals.search.language.parsing import parse
from signals.search.scope import Facts, Scope


@pytest.mark.django_db
def test_an_issue_is_a_field_of_events(project: Any, other_project: Any, make_event: Any) -> None:

    events = [make_event(event_id="a"), make_event(event_id="b")]
    issue = Issue.objects.create(project=project, number=12, title="x")
    Issue.objects.create(project=other_project, number=13, title="theirs")
    IssueMatch.objects.create(
        project=project,
        issue=issue,
        event=events[0],
        timestamp=events[0].timestamp,
        classifier_version=1,
        score=1.0,
    )
    scope = Scope(project)
    for query, found in (
        ("issue:12", ["a"]),
        ("-issue:ACME-12", ["b"]),
        ("has:issue", ["a"]),
        ("issue:#12", ["a"]),
    ):
        assert sorted(find_events(parse(query), scope).values_list("event_id", flat=True)) == found
        assert [
            e.event_id
            for e, held in zip(events, holds(parse(query), Facts(events, scope)), strict=True)
            if held
        ] == found
    [facet] = count_facets(find_events(parse(""), scope), by="issue", scope=scope, limit=5)
    assert (facet.value, facet.events, facet.users, facet.query) == ("12", 1, 1, "issue:12")
    for query in ("issue:13", "issue:x", "issue:1*", "issue:99999999999"):
        with pytest.raises(QueryError, match="there is no issue"):
            find_events(parse(query), scope)
