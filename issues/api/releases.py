"""`/api/releases/`: when each release, model, version of a prompt and value of a flag was first seen; and what moved since one of them."""

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import Appearance, AppearanceKind
from ingest.projects.authentication import project_of
from issues.api.lookup import read_choice
from issues.causes.moving import Share
from issues.causes.since import DAYS, MOST, Moved, find_appearance, moved_since, query_for
from issues.models import Issue
from raindrop.api.pagination import page_of
from raindrop.api.shapes import PAGE, answers, listed, refuse_unknown
from raindrop.errors import ApiError

TAGS = ["Issues"]
ORDER = ("-first_seen", "kind", "value")
LIST = [
    OpenApiParameter(
        "kind", OpenApiTypes.STR, enum=list(AppearanceKind.values), description="Left out: of all kinds."
    ),
    *PAGE,
]
MOVED = [
    OpenApiParameter(
        "since", OpenApiTypes.STR, description="`kind:value`, such as `release:r3`. Left out: the newest of all."
    )
]  # fmt: skip


class ReleaseItem(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text=", ".join(AppearanceKind.values) + ".")
    value = serializers.CharField(help_text="Of a flag: its name, `=` and its value.")
    first_seen = serializers.DateTimeField(help_text="The first event's own time.")
    last_seen = serializers.DateTimeField(help_text="When the hour of the last event began.")
    query = serializers.CharField(help_text="Finds its events.")


class ShareItem(serializers.Serializer[Any]):
    events = serializers.IntegerField()
    of = serializers.IntegerField(help_text="All events.")
    rate = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True, help_text="Wilson, 95 %.")
    high = serializers.FloatField(allow_null=True)


class MovedItem(serializers.Serializer[Any]):
    subject = serializers.CharField(help_text="`issue:12` or `signal:KEY`, as `/api/compare/` takes it.")
    title = serializers.CharField()
    before = ShareItem()
    after = ShareItem()
    difference = serializers.FloatField(help_text="Of the rates, after less before.")
    low = serializers.FloatField(
        help_text="Newcombe's interval, 95 % over all that was looked at (Bonferroni); of `alone`: 90 %."
    )
    high = serializers.FloatField()


class SinceItem(serializers.Serializer[Any]):
    since = ReleaseItem()
    start = serializers.DateTimeField(help_text=f"At most {DAYS} days before `at`.")
    at = serializers.DateTimeField(help_text="The full hour in which it was first seen.")
    end = serializers.DateTimeField(help_text=f"At most {DAYS} days after `at`.")
    events_before = serializers.IntegerField(help_text="Of the project, from `start` to `at`.")
    events = serializers.IntegerField(help_text="Of the project, from `at` to `end`.")
    tried = serializers.IntegerField(help_text="Signals and open issues that were looked at.")
    results = MovedItem(
        many=True, help_text=f"The {MOST} that moved most, by more than chance; the largest first."
    )
    alone = MovedItem(
        many=True,
        help_text=f"At most {MOST} others that differ where each is looked at alone, as `/api/compare/` does: `low` to `high` are 90 %. "
        "Of what did not change, one in ten differs so by chance.",
    )
    summary = serializers.CharField(
        help_text="Why `results` has nothing; empty where it has something."
    )  # fmt: skip


@extend_schema(
    operation_id="releases_list",
    tags=TAGS,
    summary="What was first seen when",
    parameters=LIST,
    responses=answers(listed(ReleaseItem), missing=False),
)
@api_view(["GET"])
def releases(request: Request) -> Response:
    """Releases, models, versions of prompts and values of flags, those first seen last first."""
    refuse_unknown(request, LIST)
    kind = read_choice(request, "kind", ["", *AppearanceKind.values], "")
    rows = Appearance.objects.filter(project=project_of(request))
    page = page_of(rows.filter(kind=kind) if kind else rows, request=request, order=ORDER)
    return Response(page.body([release_item(row) for row in page.rows]))


@extend_schema(
    operation_id="releases_moved",
    tags=TAGS,
    summary="What moved since a release",
    parameters=MOVED,
    responses=answers(SinceItem),
)
@api_view(["GET"])
def moved(request: Request) -> Response:
    """The signals and open issues whose rates differ by more than chance between the days before a release (or a model, a prompt's version, a
    flag's value) was first seen and the days after it."""
    refuse_unknown(request, MOVED)
    project, name = project_of(request), request.GET.get("since", "")
    if name:
        if name.partition(":")[0] not in AppearanceKind.values or not name.partition(":")[2]:
            kinds = ", ".join(AppearanceKind.values)
            raise ApiError(
                400, f"since is kind:value, such as release:r3. The kinds are {kinds}.", details={"field": "since"}
            )  # fmt: skip
        chosen = find_appearance(project, name)
    else:
        chosen = Appearance.objects.filter(project=project).order_by(*ORDER).first()
    if chosen is None:
        raise Http404("No event of this project has had that.")
    since = moved_since(project, chosen, now=timezone.now())
    return Response(
        {
            "since": release_item(chosen), "start": since.start, "at": since.at, "end": since.end,
            "events_before": since.events_before, "events": since.events, "tried": since.tried,
            "results": [_moved_item(one) for one in since.moved], "alone": [_moved_item(one) for one in since.alone],
            "summary": since.words,
        }
    )  # fmt: skip


def release_item(row: Appearance) -> dict[str, Any]:
    return {
        "kind": row.kind, "value": row.value, "first_seen": row.first_seen, "last_seen": row.last_seen, "query": query_for(row),
    }  # fmt: skip


def _moved_item(one: Moved) -> dict[str, Any]:
    subject, move = one.subject, one.move
    name, title = (
        (f"issue:{subject.number}", subject.title)
        if isinstance(subject, Issue)
        else (f"signal:{subject.key}", subject.name)
    )
    return {
        "subject": name, "title": title, "before": _share_item(move.before), "after": _share_item(move.now),
        "difference": move.difference, "low": move.low, "high": move.high,
    }  # fmt: skip


def _share_item(share: Share) -> dict[str, Any]:
    return {"events": share.events, "of": share.of, "rate": share.value, "low": share.low, "high": share.high}
