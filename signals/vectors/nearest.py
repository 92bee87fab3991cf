"""The events whose vectors are nearest to one: by their signs first where there are many, and then by the exact cosine."""

import uuid
from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection
from django.db.models import QuerySet

from ingest.counts import rollups
from ingest.models import Event, Project
from signals.vectors.reading import Side

# Up to so many vectors are compared exactly: 100 ms (docs/benchmarks.md, "Searching a million events"). Above, the signs are compared first.
EXACT = 20_000
# The same of events that a filter finds: joining them costs less than reading all signs in vain.
EXACT_AMONG = 100_000
# So many of the nearest by their signs are then compared exactly, and SPARE for each that is shown: what is missed of the true nearest is
# in docs/benchmarks.md.
SHORTLIST = 5_000
SPARE = 5

Near = tuple[uuid.UUID, float]  # an event and its cosine: a place in the order of the nearest
_SCORES = {
    "user": "-(user_vector <#> v)",
    "agent": "-(agent_vector <#> v)",
    "both": "greatest(-(user_vector <#> v), -(agent_vector <#> v))",  # greatest() ignores nulls
}
# Of the 384 signs, those that differ; null where no text is.
_DIFFERENCES = {
    "user": "user_signs <~> s",
    "agent": "agent_signs <~> s",
    "both": "least(user_signs <~> s, agent_signs <~> s)",
}


def nearest_events(
    *,
    project: Project,
    vector: npt.NDArray[np.float32],
    limit: int,
    side: Side = "both",
    among: QuerySet[Event] | None = None,
    at_least: float = -2.0,
    after: Near | None = None,
) -> list[Near]:
    """The events whose text is nearest to the vector, with the cosine, best first, those of one cosine by id. `both`: the better of the two sides.

    `among`: events of the project to choose from. `at_least`: the least cosine. `after`: what comes behind this place.
    In a project of more than EXACT events some of the nearest may be missing, and farther ones stand in their place (their signs differ in more
    places than their cosine lets expect). But there are never fewer than are asked for while there are others: then all vectors are compared.
    """
    length = float(np.linalg.norm(vector))
    if not length or limit < 1:
        return []
    search = _Search(
        project,
        str(np.round(np.asarray(vector, dtype=np.float64) / length, 6).tolist()),
        side,
        limit,
        at_least,
        after,
    )
    if among is not None:
        among = among.select_related(None).order_by()
        found = among[: EXACT_AMONG + 1].count()
        if found <= EXACT_AMONG:
            return search.exact(among) if found else []
    elif rollups.totals([project.id])[project.id].events <= EXACT:
        return search.exact(None)
    near = search.by_signs(max(SHORTLIST, SPARE * limit))
    if among is not None:
        near = list(among.filter(pk__in=near).values_list("pk", flat=True))
    return search.page_of(near) or search.exact(among)


class _Search:
    def __init__(
        self, project: Project, vector: str, side: Side, limit: int, at_least: float, after: Near | None
    ) -> None:
        self.project, self.vector, self.side, self.limit = project, vector, side, limit
        self.at_least, self.after = at_least, after

    def by_signs(self, number: int) -> list[uuid.UUID]:
        """The events of which the fewest signs differ. event_embedding_signs holds all that is read of a row."""
        rows = self._rows(
            f"""SELECT event_id FROM signals_eventembedding, (SELECT binary_quantize(%s::halfvec)::bit(384) AS s) q
                WHERE project_id = %s ORDER BY {_DIFFERENCES[self.side]}, event_id LIMIT %s""",
            [self.vector, self.project.id, number],
        )
        return [event for [event] in rows]

    def page_of(self, near: list[uuid.UUID]) -> list[Near]:
        """The page that is asked for, where all of it is in the first part of these, ranked: farther down others belong between them that have
        more signs that differ. Else nothing."""
        ranked = self._ranked(near, after=None, limit=len(near) // SPARE)
        if self.after is not None:
            event, score = self.after
            ranked = [row for row in ranked if (-row[1], row[0]) > (-score, event)]
        return ranked[: self.limit] if len(ranked) >= self.limit else []

    def exact(self, among: QuerySet[Event] | Collection[uuid.UUID] | None) -> list[Near]:
        """The page, by the cosine of each of these."""
        return self._ranked(among, after=self.after, limit=self.limit)

    def _ranked(
        self, among: QuerySet[Event] | Collection[uuid.UUID] | None, *, after: Near | None, limit: int
    ) -> list[Near]:
        where, given = _within(among)
        bound = "score >= %s"
        values: list[Any] = [self.at_least]
        if after is not None:
            event, score = after
            bound += " AND (score < %s OR (score = %s AND event_id > %s))"
            values += [score, score, event]
        return self._rows(
            f"""SELECT event_id, score FROM (
                  SELECT event_id, {_SCORES[self.side]} AS score FROM signals_eventembedding, (SELECT %s::halfvec AS v) q
                  WHERE project_id = %s{where}) s
                WHERE {bound} ORDER BY score DESC, event_id LIMIT %s""",
            [self.vector, self.project.id, *given, *values, limit],
        )

    def _rows(self, sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall())


def _within(among: QuerySet[Event] | Collection[uuid.UUID] | None) -> tuple[str, list[Any]]:
    """The condition that an embedding is of one of these, and its parameters."""
    if among is None:
        return "", []
    if isinstance(among, QuerySet):
        sql, params = among.values("pk").query.sql_with_params()
        return f" AND event_id IN ({sql})", list(params)
    return " AND event_id = ANY(%s)", [list(among)]
