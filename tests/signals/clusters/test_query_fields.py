"""`problem:`, `intent:` and `cluster:` find the same events by both evaluators."""

from typing import Any

import pytest

from ingest.models import Event, Project
from signals.clusters.changing import merge_clusters
from signals.models import Cluster
from signals.search.faceting import count_facets
from signals.search.fields.registry import find_field
from signals.search.finding import find_events
from signals.search.holding import holds
from signals.search.language.errors import QueryError
from signals.search.language.parsing import parse
from signals.search.scope import Facts, Scope
from tests.signals.clusters.test_refresh import find


def found(project: Project, query: str) -> set[str]:
    """By both evaluators, which agree."""
    node, scope = parse(query), Scope(project)
    events = list(
        Event.objects.filter(project=project).select_related("end_user", "conversation").order_by("id")
    )
    in_memory = {
        event.event_id for event, held in zip(events, holds(node, Facts(events, scope)), strict=True) if held
    }
    by_sql = set(find_events(node, scope).values_list("event_id", flat=True))
    assert by_sql == in_memory
    return by_sql


def test_fields_of_clusters(project: Project, broken: list[Event]) -> None:
    find(project)
    sync, export = Cluster.objects.get(origin="tool sync"), Cluster.objects.get(origin="tool export")
    first = {event.event_id for event in broken[:6]}
    ten = {event.event_id for event in broken[:10]}
    assert found(project, f"problem:{sync.pk}") == first == found(project, f'problem:"{sync.label.upper()}"')
    assert found(project, 'problem:"sync fails"') == first == found(project, 'problem:"`sync` fails"')
    assert found(project, "problem:*fails*") == ten == found(project, "has:problem")
    assert found(project, f"cluster:{sync.pk} OR cluster:{export.pk}") == ten
    intent = Cluster.objects.filter(kind="intent").exclude(assigner=b"").order_by("label")[0]
    assert len(found(project, f"intent:{intent.pk}")) == 12
    assert found(project, f"-intent:{intent.pk} problem:{sync.pk}") < first
    merge_clusters(into=export, others=[sync])
    assert found(project, f"problem:{sync.pk}") == ten


@pytest.mark.parametrize("by", ["intent", "problem", "cluster"])
def test_facets_of_clusters_are_counted_at_once(
    project: Project, broken: list[Event], by: str, django_assert_max_num_queries: Any
) -> None:
    find(project)
    scope = Scope(project)
    with django_assert_max_num_queries(3):
        facets = count_facets(find_events(parse(""), scope), by=by, scope=scope, limit=20)
    assert facets
    for facet in facets:
        assert "`" not in str(facet.value)
        assert find_events(parse(facet.query), scope).count() == facet.events
    field, _ = find_field(by) or pytest.fail("no such field")
    with django_assert_max_num_queries(20):
        assert {label for label, _ in field.known(scope)} == {facet.value for facet in facets}


def test_what_is_no_cluster_is_refused_with_a_hint(
    project: Project, other_project: Project, broken: list[Event]
) -> None:
    find(project)
    sync = Cluster.objects.get(origin="tool sync")
    with pytest.raises(QueryError, match="do you mean"):
        found(project, f'problem:"{sync.label[:-3]}x"')
    for query in (f"intent:{sync.pk}", "problem:nothing"):
        with pytest.raises(QueryError):
            found(project, query)
    with pytest.raises(QueryError):
        found(other_project, f"problem:{sync.pk}")
