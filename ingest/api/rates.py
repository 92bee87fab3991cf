"""The `series` of the management API: the same question and answer for a signal and for an issue."""

import dataclasses
import datetime as dt
import uuid
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.counts.rates import Interval, rate_series
from raindrop.errors import ApiError
from raindrop.web.moments import read_moment

MAX_POINTS = 2000
STEPS: dict[Interval, dt.timedelta] = {"day": dt.timedelta(days=1), "hour": dt.timedelta(hours=1)}
USUAL: dict[Interval, dt.timedelta] = {"day": dt.timedelta(days=14), "hour": dt.timedelta(hours=48)}

SERIES = [
    OpenApiParameter("interval", OpenApiTypes.STR, enum=list(STEPS), default="day"),
    OpenApiParameter(
        "start", OpenApiTypes.DATETIME, description="By default 14 days (hour: 48 hours) before `end`."
    ),
    OpenApiParameter(
        "end", OpenApiTypes.DATETIME, description="Not included, but for the day or hour it falls into. Now."
    ),
]


class SeriesPoint(serializers.Serializer[Any]):
    start = serializers.DateTimeField()
    events = serializers.IntegerField()
    users = serializers.IntegerField(allow_null=True, help_text="Null for hours.")
    rate = serializers.FloatField(allow_null=True, help_text="Share of the project's events in this time.")
    low = serializers.FloatField(allow_null=True, help_text="Of the rate: Wilson, 95 %.")
    high = serializers.FloatField(allow_null=True, help_text="Of the rate: Wilson, 95 %.")


def answer_series(request: Request, *, subject: uuid.UUID, project: uuid.UUID) -> Response:
    """A point for each day or hour that the time asked for touches, oldest first. Raises ApiError."""
    interval: Interval | None = next(
        (one for one in STEPS if one == (request.GET.get("interval") or "day")), None
    )
    if interval is None:
        raise ApiError(400, f"interval must be one of: {', '.join(STEPS)}.", details={"field": "interval"})
    end = read_moment(request, "end") or timezone.now()
    start = read_moment(request, "start") or end - USUAL[interval]
    if not 0 < (end - start) / STEPS[interval] <= MAX_POINTS:
        raise ApiError(
            400,
            f"start must lie before end, by at most {MAX_POINTS} {interval}s.",
            details={"field": "start"},
        )
    points = rate_series(subject, project=project, interval=interval, start=start, end=end)
    return Response({"results": [dataclasses.asdict(point) for point in points]})
