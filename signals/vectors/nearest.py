"""The events whose vectors are nearest to one: by their signs first where there are many, and then by the exact cosine."""

import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction
from django.db.models import QuerySet

from ingest.counts import rollups
from ingest.models import Event, Project
from signals.vectors.reading import VectorSide

# Up to so many vectors are compared exactly: 100 ms (docs/benchmarks.md, "Searching a million events"). Above, the signs are compared first.
EXACT = 20_000
# Of more that a filter finds the nearest of all are looked at first: to find all that it finds may cost more.
EXACT_AMONG = 100_000
# So many of the nearest by their signs are then compared exactly, and SPARE for each that is shown: what is missed of the true nearest is
# in docs/benchmarks.md.
SHORTLIST = 5_000
SPARE = 5

Among = QuerySet[Event] | Collection[uuid.UUID]
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
    side: VectorSide = "both",
    among: Among | None = None,
    at_least: float = -2.0,
    after: Near | None = None,
) -> list[Near]:
    """The events whose text is nearest to the vector, with the cosine, best first, those of one cosine by id. `both`: the better of the two sides.

    `among`: events of the project to choose from, or their ids. `at_least`: the least cosine. `after`: what comes behind this place.
    In a project of more than EXACT events some of the nearest may be missing, and farther ones stand in their place (their signs differ in more
    places than their cosine lets expect). But there are never fewer than are asked for while there are others: then all vectors are compared, but
    for `at_least`, where the signs tell that the others are farther (`page_of`).
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
    number = max(SHORTLIST, SPARE * limit)
    if among is None:
        if rollups.totals([project.id])[project.id].events <= EXACT:
            return search.exact(None)
        found = search.page_of(search.by_signs(number))
        return search.exact(None) if found is None else found
    if isinstance(among, QuerySet):
        among = among.select_related(None).order_by()
        of = among[: EXACT_AMONG + 1].count()
    else:
        of = len(among)
    if of <= EXACT:
        return search.exact(among) if of else []
    if of > EXACT_AMONG and (page := search.few_of(search.by_signs(number), among)):
        return page
    found = search.page_of(search.by_signs(number, among))
    return search.exact(among) if found is None else found


@contextmanager
def in_one_process() -> Iterator[Any]:
    """A cursor in whose transaction no statement is shared among processes: that gains little on two cores, and where these have other work it
    takes up to twice as long (docs/benchmarks.md, "Searching a million events")."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        yield cursor


class _Search:
    def __init__(
        self, project: Project, vector: str, side: VectorSide, limit: int, at_least: float, after: Near | None
    ) -> None:
        self.project, self.vector, self.side, self.limit = project, vector, side, limit
        self.at_least, self.after = at_least, after

    def by_signs(self, number: int, among: Among | None = None) -> list[uuid.UUID]:
        """The events of which the fewest signs differ, those first. event_embedding_signs holds all that is read of a row."""
        where, given = _within(among)
        with in_one_process() as cursor:
            cursor.execute(
                f"""SELECT event_id FROM signals_eventembedding, (SELECT binary_quantize(%s::halfvec)::bit(384) AS s) q
                    WHERE project_id = %s{where} ORDER BY {_DIFFERENCES[self.side]}, event_id LIMIT %s""",
                [self.vector, self.project.id, *given, number],
            )
            return [event for [event] in cursor.fetchall()]

    def page_of(self, near: list[uuid.UUID]) -> list[Near] | None:
        """The page that is asked for, where these, in the order of their signs, tell all of it; else None.

        They do where all of the page is in the first part of them, ranked: farther down others belong between them that have more signs that
        differ. And where only events of that part are near enough at all: of those behind them, whose signs differ more, none is."""
        first = len(near) // SPARE
        ranked = self._ranked(near, after=None, limit=first)
        page = self._after(ranked)
        if len(page) >= self.limit:
            return page
        is_all = len(ranked) < first and {event for event, _ in ranked} <= {*near[:first]}
        return page if is_all else None

    def few_of(self, near: list[uuid.UUID], among: Among) -> list[Near]:
        """The page, where so many of the nearest pass the filter that it is in the first part of these; else nothing."""
        if isinstance(among, QuerySet):
            near = list(among.filter(pk__in=near).values_list("pk", flat=True))
        else:
            near = [*{*near} & {*among}]
        page = self._after(self._ranked(near, after=None, limit=len(near) // SPARE))
        return page if len(page) >= self.limit else []

    def _after(self, ranked: list[Near]) -> list[Near]:
        if self.after is not None:
            event, score = self.after
            ranked = [row for row in ranked if (-row[1], row[0]) > (-score, event)]
        return ranked[: self.limit]

    def exact(self, among: Among | None) -> list[Near]:
        """The page, by the cosine of each of these."""
        return self._ranked(among, after=self.after, limit=self.limit)

    def _ranked(self, among: Among | None, *, after: Near | None, limit: int) -> list[Near]:
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


def _within(among: Among | None) -> tuple[str, list[Any]]:
    """The condition that an embedding is of one of these, and its parameters."""
    if among is None:
        return "", []
    if isinstance(among, QuerySet):
        sql, params = among.values("pk").query.sql_with_params()
        return f" AND event_id IN ({sql})", list(params)
    return " AND event_id = ANY(%s)", [list(among)]
