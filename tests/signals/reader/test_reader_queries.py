"""`went_wrong:` and `intent:` find events by what the reader said."""

from typing import Any

import pytest

from ingest.models import Event, Project
from signals.models import Cluster
from signals.reader.shipped import import_facets
from signals.search.faceting import count_facets
from signals.search.language.errors import QueryError
from signals.search.scope import Scope
from tests.signals.reader.test_facets import FINE, ROW, lines, talks
from tests.signals.search.test_fields import found, refused

__all__ = ["talks"]


@pytest.fixture
def read(project: Project, talks: list[Event]) -> Any:
    import_facets(project=project, lines=lines(ROW, FINE))
    return talks


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ('went_wrong:"refuses a refund"', "e1 e2"),
        ("went_wrong:Reason", "e1 e2"),
        ('went_wrong:"a reason refuses"', ""),
        ("went_wrong:/without giving/", "e1 e2"),
        ("-went_wrong:refund", "e3 e4"),
        ("has:went_wrong", "e1 e2"),
        ("intent:refund", "e1 e2"),
        ('intent:"say hello"', "e3"),
        ("intent:refund OR went_wrong:nothing", "e1 e2"),
        ("has:intent -intent:refund", "e3"),
        ("intent:/^Say/", "e3"),
    ],
)
def test_what_was_said_is_found(project: Project, read: Any, query: str, ids: str) -> None:
    assert found(project, query) == ids


def test_a_cluster_of_that_name_comes_first(project: Project, read: Any) -> None:
    Cluster.objects.create(project=project, kind="intent", label="Refund matters")
    assert found(project, "intent:refund") == ""
    assert found(project, "intent:hello") == "e3"


def test_before_anything_was_read_an_unknown_intent_is_an_error(project: Project, talks: list[Event]) -> None:
    assert isinstance(refused(project, "intent:refund"), QueryError)
    assert found(project, "went_wrong:refund") == ""


def intents(project: Project) -> list[tuple[str, int]]:
    scope = Scope(project)
    facets = count_facets(Event.objects.filter(project=project), by="intent", scope=scope, limit=9)
    return [(facet.value, facet.events) for facet in facets]


def test_intents_are_counted_by_the_reader_s_words(project: Project, read: Any) -> None:
    assert intents(project) == [("Get a refund", 2), ("Say hello", 1)]


def test_before_anything_was_read_no_event_is_read_for_its_intent(
    project: Project, talks: list[Event], django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(3) as captured:
        assert intents(project) == []
    assert not [query for query in captured.captured_queries if '"ingest_event"."properties"' in query["sql"]]


def test_what_is_no_word_is_refused(project: Project, read: Any) -> None:
    assert "takes words" in str(refused(project, 'went_wrong:"!!"'))
    assert "takes words" in str(refused(project, 'intent:"!!"'))


def test_it_finds_nothing_of_other_projects(project: Project, other_project: Project, read: Any) -> None:
    assert found(other_project, "went_wrong:refund") == ""
