"""Pages of what a meaning ranks: the nearest first, down to NEAR_ENOUGH, each event once; and who stands beside an event in that order."""

import base64
import binascii
import json
import uuid

from django.db.models import Q, QuerySet

from ingest.models import Event, Project
from raindrop.api.pagination import BAD_CURSOR
from raindrop.errors import ApiError
from signals.search.meaning import NEAR_ENOUGH, meaning_vector, near_events
from signals.vectors.nearest import Among, Near, nearest_events


def near_page(
    text: str, *, project: Project, among: Among | None, limit: int, cursor: str
) -> tuple[list[Near], str | None]:
    """At most `limit` events with their cosines, and the cursor of the next page. `among`: events to choose from, all of the project by default.
    `cursor`: "" for the first page. Raises ApiError 400."""
    found = nearest_events(
        project=project, vector=meaning_vector(text), limit=limit + 1, among=among, at_least=NEAR_ENOUGH,
        after=_place_of(cursor) if cursor else None,
    )  # fmt: skip
    rows = found[:limit]
    return rows, near_cursor(rows[-1]) if len(found) > limit else None


def near_cursor(place: Near) -> str:
    """The cursor of the page that begins behind this place."""
    event, score = place
    return base64.urlsafe_b64encode(json.dumps([score, str(event)]).encode()).decode()


def _place_of(cursor: str) -> Near:
    try:
        score, event = json.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
        if not isinstance(score, float) or not -2 <= score <= 2:
            raise ValueError("not a cosine")
        return uuid.UUID(event), score
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError) as error:
        raise ApiError(400, BAD_CURSOR, details={"field": "cursor"}) from error


def near_neighbours(
    text: str, *, project: Project, among: QuerySet[Event], event_id: uuid.UUID
) -> tuple[str, str]:
    """The app's ids of the events behind the event and before it in the order of `near_page`; "" at an end, and where the event is no part of it.
    Compares all vectors of `among`."""
    rows = near_events(text, project=project).filter(event__in=among.order_by().values("pk"))
    own = near_events(text, project=project).filter(event=event_id).values_list("score", flat=True).first()
    if own is None or own < NEAR_ENOUGH:
        return "", ""
    behind = rows.filter(Q(score__lt=own) | Q(score=own, event__gt=event_id), score__gte=NEAR_ENOUGH)
    before = rows.filter(Q(score__gt=own) | Q(score=own, event__lt=event_id), score__gte=NEAR_ENOUGH)
    ids = "event__event_id"
    following = behind.order_by("-score", "event_id").values_list(ids, flat=True).first()
    previous = before.order_by("score", "-event_id").values_list(ids, flat=True).first()
    return following or "", previous or ""
