"""`/api/signals/`: the taxonomy, and how often each signal holds over time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.api.rates import SERIES, SeriesPoint, answer_series
from ingest.counts import rollups
from ingest.models import ApiKey, Project
from ingest.projects.authentication import project_of
from raindrop.api.pagination import page_of
from raindrop.api.shapes import answers, listed, results
from signals.api.schema import LIST, BulkChange, BulkResult, NewSignal, SignalChange, SignalItem
from signals.catalogue.access import find_signal
from signals.catalogue.history import REASON_LENGTH
from signals.catalogue.installing import ensure_groups, ensure_signals
from signals.detection.backfill import backfills_of
from signals.learning.standing import standings
from signals.models import SignalDefinition, SignalGroup
from signals.taxonomy.bulk import change_signals
from signals.taxonomy.definitions import SignalFilters, change_signal, create_signal

TAGS = ["Signals"]


@extend_schema(
    methods=["GET"], operation_id="signals_list", tags=TAGS, summary="Signals, newest first", parameters=LIST,
    responses=answers(listed(SignalItem), missing=False),
)  # fmt: skip
@extend_schema(
    methods=["POST"], operation_id="signals_create", tags=TAGS, summary="Make a signal: words, a metric, a sentence, a question or a combination",
    request=NewSignal, responses=answers(SignalItem, status=201, missing=False),
)  # fmt: skip
@extend_schema(
    methods=["PATCH"], operation_id="signals_change_many", tags=TAGS, summary="Enable, mute, group... many signals at once",
    request=BulkChange, responses=answers(BulkResult, missing=False),
)  # fmt: skip
@api_view(["GET", "POST", "PATCH"])
def signals(request: Request) -> Response:
    """The project's signals; or a new one, of one of the kinds that `config` can hold. It is looked for in the history at once, in
    the background (`job`). Or one change of many signals: all of them, or none."""
    project = project_of(request)
    ensure_signals(project)
    if request.method == "PATCH":
        return _change_many(request, project)
    if request.method == "POST":
        body = NewSignal(data=request.data)
        body.is_valid(raise_exception=True)
        fields = {
            k: v
            for k, v in body.validated_data.items()
            if k not in {"kind", "detector", "action", "reviewed"}
        }
        with _field_errors():
            signal = create_signal(project=project, **actor_of(request), **_with_group(project, fields))
        return Response(signal_items([signal])[0], status=201)
    filters = SignalFilters(
        **{name: request.GET.get(name, "") for name in ("q", "kind", "sentiment", "group", "reviewed")}
    )
    found = filters.apply(SignalDefinition.objects.filter(project=project)).select_related("group")
    page = page_of(found, request=request, order=("-created_at", "-id"))
    return Response(page.body(signal_items(page.rows)))


@extend_schema(
    methods=["GET"],
    operation_id="signals_get",
    tags=TAGS,
    summary="One signal",
    responses=answers(SignalItem),
)
@extend_schema(
    methods=["PATCH"], operation_id="signals_change", tags=TAGS, summary="Change a signal",
    request=SignalChange, responses=answers(SignalItem),
)  # fmt: skip
@api_view(["GET", "PATCH"])
def signal(request: Request, key: str) -> Response:
    """One signal by its id or its key; or change it. A change of `config`, `reads` or `threshold` reads the history again (`job`)."""
    found = find_signal(project_of(request), key)
    if request.method == "PATCH":
        body = SignalChange(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        with _field_errors():
            changes = _with_group(project_of(request), dict(body.validated_data))
            found = change_signal(signal=found, **actor_of(request), **changes)
    return Response(signal_items([found])[0])


@extend_schema(
    operation_id="signals_series", tags=TAGS, summary="How often a signal holds, over time", parameters=SERIES,
    responses=answers(results(SeriesPoint)),
)  # fmt: skip
@api_view(["GET"])
def series(request: Request, key: str) -> Response:
    """One point for each hour or day (UTC) between `start` and `end`, zeros filled in, oldest first."""
    found = find_signal(project_of(request), key)
    return answer_series(request, subject=found.pk, project=found.project_id)


def _change_many(request: Request, project: Project) -> Response:
    body = BulkChange(data=request.data)
    body.is_valid(raise_exception=True)
    changes = dict(body.validated_data)
    keys = set(changes.pop("signals"))
    mine = SignalDefinition.objects.filter(project=project, key__in=keys)
    if unknown := sorted(keys.difference(mine.values_list("key", flat=True))):
        raise serializers.ValidationError(
            {"signals": [f"There is no signal {key!r}." for key in unknown[:20]]}
        )
    if "group" in changes:
        changes["group"] = changes["group"] or ""
    with _field_errors():
        return Response({"changed": change_signals(signals=mine, **actor_of(request), **changes)})


def signal_items(signals: list[SignalDefinition]) -> list[dict[str, Any]]:
    """The signals as SignalItem, with their counts, runs and precision: three queries for all of them (of one project)."""
    trust = standings(signals)
    totals = rollups.totals(signal.id for signal in signals)
    jobs = backfills_of(signals[0].project, signals) if signals else {}
    return [
        {
            "id": str(signal.id),
            **{
                name: getattr(signal, name)
                for name in (
                    "key", "name", "description", "kind", "detector", "reads", "sentiment", "enabled", "muted",
                    "reviewed", "builtin", "threshold", "action", "config", "created_at", "updated_at",
                )
            },
            "group": signal.group.name if signal.group else None,
            **{name: getattr(totals[signal.id], name) for name in ("events", "users", "first_seen", "last_seen")},
            "precision": trust[signal.id].as_dict(),
            "tentative": trust[signal.id].tentative,
            "job": jobs[signal.id].id if signal.id in jobs else None,
        }
        for signal in signals
    ]  # fmt: skip


def actor_of(request: Request) -> dict[str, Any]:
    """Who changes it, and how, as its history names them."""
    if isinstance(request.auth, ApiKey):
        return {"user": None, "via": f"API key {request.auth.name or request.auth.prefix}"[:REASON_LENGTH]}
    return {"user": request.user, "via": "API"}


def _with_group(project: Project, fields: dict[str, Any]) -> dict[str, Any]:
    """With the group's row in place of its name."""
    name = fields.get("group")
    if isinstance(name, str):
        group: SignalGroup = ensure_groups(project, {name: ""})[name]
        return {**fields, "group": group}
    return fields


@contextmanager
def _field_errors() -> Iterator[None]:
    """Turns a model's ValidationError into the API's, field by field."""
    try:
        yield
    except ValidationError as error:
        raise serializers.ValidationError(error.message_dict) from error
