"""What clusters add to the query language: `problem:` and `intent:` by label or id, `cluster:` either."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, ClassVar

from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet
from django.db.models import Value as Constant

from ingest.models import Event
from raindrop.web.names import CODE, plain_name
from signals.clusters.reading import clusters_of_events, live_clusters
from signals.models import Cluster, ClusterKind, ClusterMember, Facet
from signals.reader.facets import facets_of_events
from signals.reader.query_fields import holds_in, said_at_all, said_q, words_test
from signals.search.comparing import OneOf, Test
from signals.search.fields.columns import text_test
from signals.search.fields.registry import Field, register
from signals.search.language.nodes import Text, Value
from signals.search.scope import Facts, Scope

# What raindrop.web.names.plain_name makes of a label.
PLAIN = Func(
    F("cluster__label"), Constant(CODE.pattern), Constant(r"\1"), Constant("g"), function="regexp_replace"
)


@dataclass(frozen=True, kw_only=True)
class ClusterField(Field):
    """Clusters of one kind, of both without one. A part of a label does where none is called so; it may name several, as a pattern may. Case does
    not count."""

    of: ClusterKind | None = None

    kind: ClassVar[str] = "choice"

    def _clusters(self, scope: Scope) -> QuerySet[Cluster]:
        found = live_clusters(scope.project)
        return found.filter(kind=self.of) if self.of else found

    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        if isinstance(value, Text) and (ids := self._by_id(value.text, scope)):
            return OneOf(ids)
        rows = [(row.pk, row.plain_label) for row in self._clusters(scope).only("id", "label")]
        if isinstance(value, Text):
            words = plain_name(value.text).casefold()
            found = frozenset(pk for pk, label in rows if label.casefold() == words) or frozenset(
                pk for pk, label in rows if words in label.casefold()
            )
        else:
            test = text_test(value)
            found = frozenset(pk for pk, label in rows if test.holds(label))
        if not found:
            what = self.of.label.lower() if self.of else "cluster"
            near = (
                get_close_matches(value.text, [label for _, label in rows], n=1)
                if isinstance(value, Text)
                else []
            )
            hint = f": do you mean {Text(near[0])}?" if near else ""
            raise ValueError(
                f"names a {what} by its label or id, and there is no {str(value)[:80]} in this project{hint}"
            )
        return OneOf(found)

    def _by_id(self, text: str, scope: Scope) -> frozenset[Any]:
        """Also of one that was merged: the one that it was merged into."""
        try:
            wanted_id = uuid.UUID(text)
        except ValueError:
            return frozenset()
        row = Cluster.objects.filter(project=scope.project, pk=wanted_id).only("id", "merged_into_id").first()
        live = {one for one in (wanted_id, row.merged_into_id) if one is not None} if row else set()
        return frozenset(self._clusters(scope).filter(pk__in=live).values_list("id", flat=True))

    def _members(self, scope: Scope) -> QuerySet[ClusterMember]:
        return ClusterMember.objects.filter(project=scope.project, event=OuterRef("pk"))

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        assert isinstance(test, OneOf)
        return Q(Exists(self._members(scope).filter(test.q("cluster"))))

    def narrow(
        self, events: QuerySet[Event], tests: Sequence[Test], *, key: str, scope: Scope
    ) -> QuerySet[Event]:
        """One cluster by a join: an event is a member once, and cluster_member_recent finds a small one."""
        ids = frozenset(one for test in tests if isinstance(test, OneOf) for one in test.ids)
        if len(ids) != 1:
            return events.filter(self.any_of(tests, key=key, scope=scope))
        [cluster] = ids
        return events.filter(cluster_members__cluster=cluster, cluster_members__project=scope.project)

    def present(self, *, key: str, scope: Scope) -> Q:
        return Q(Exists(self._members(scope).filter(cluster__in=self._clusters(scope))))

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        held = clusters_of_events(facts.ids, project=facts.scope.project, kind=self.of)
        return [[one.pk for one in held.get(event.id, ())] for event in facts.events]

    def grouped(self, events: QuerySet[Event], *, key: str, scope: Scope) -> QuerySet[Any] | None:
        """By label: clusters of one label are found by it together."""
        members = ClusterMember.objects.filter(project=scope.project, event__in=events.values("pk"))
        return members.filter(cluster__in=self._clusters(scope)).annotate(value=PLAIN)

    def shown(self, value: Any, scope: Scope) -> str:
        found = self._clusters(scope).filter(pk=value).only("id", "label").first()
        return found.plain_label if found else str(value)


@dataclass(frozen=True, kw_only=True)
class IntentField(ClusterField):
    """Where no intent is called so: the words of what the reader said that the user wants, once it has read something."""

    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        try:
            return super().test(value, operator=operator, key=key, scope=scope)
        except ValueError:
            if not Facet.objects.filter(project=scope.project).exists():
                raise
            return words_test(value)

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        if isinstance(test, OneOf):
            return super().where(test, key=key, scope=scope)
        return said_q("intent", test, scope.project)

    def narrow(
        self, events: QuerySet[Event], tests: Sequence[Test], *, key: str, scope: Scope
    ) -> QuerySet[Event]:
        if all(isinstance(test, OneOf) for test in tests):
            return super().narrow(events, tests, key=key, scope=scope)
        return events.filter(self.any_of(tests, key=key, scope=scope))

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        clusters = super().values(facts, key=key)
        facets = facets_of_events(facts.events)
        return [
            [*held, *(facet.intent for facet in facets.get(event.id, ()) if facet.intent)]
            for event, held in zip(facts.events, clusters, strict=True)
        ]

    def grouped(self, events: QuerySet[Event], *, key: str, scope: Scope) -> QuerySet[Any] | None:
        """By the reader's words where nothing was grouped yet. Where it has read nothing either, no event has a value, and none is read for it."""
        words_alone = (
            not self._clusters(scope).exists() and Facet.objects.filter(project=scope.project).exists()
        )
        return None if words_alone else super().grouped(events, key=key, scope=scope)

    def present(self, *, key: str, scope: Scope) -> Q:
        return super().present(key=key, scope=scope) | said_at_all("intent", scope.project)

    def holds(self, value: Any, test: Test) -> bool:
        if isinstance(value, str):
            return not isinstance(test, OneOf) and holds_in(value, test)
        return isinstance(test, OneOf) and test.holds(value)

    def shown(self, value: Any, scope: Scope) -> str:
        return value if isinstance(value, str) else super().shown(value, scope)


register(
    ClusterField(
        name="problem", title="a problem that was found, by its label, a part of it, or its id", example='problem:"sync fails"', of=ClusterKind.PROBLEM
    ),
    IntentField(
        name="intent", title="what the user wants, by its label, a part of it, or its id; else by words of what the reader says", example='intent:"get a refund"',
        aliases=("topic",), of=ClusterKind.INTENT,
    ),
    ClusterField(name="cluster", title="a problem or an intent, by its label, a part of it, or its id", example='cluster:"sync fails"'),
)  # fmt: skip
