"""`/api/clusters/`: problems and intents that the system found. (To make an issue of one: issues/api.)"""

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import User
from ingest.projects.authentication import project_of
from raindrop.api.fields import hiding
from raindrop.api.pagination import MAX_LIMIT, page_of
from raindrop.api.shapes import PAGE, Strict, answers, listed
from raindrop.errors import ApiError
from signals.clusters.changing import CHOSEN, LABEL, change_cluster
from signals.clusters.reading import cluster_items, find_cluster, live_clusters
from signals.clusters.refresh import request_refresh
from signals.models import ClusterKind, ClusterMember, ClusterStatus, SignalDefinition

TAGS = ["Clusters"]
LIST = [
    OpenApiParameter("kind", OpenApiTypes.STR, enum=ClusterKind.values, description="By default both."),
    OpenApiParameter(
        "signal", OpenApiTypes.STR, description="A signal's key: the problems that its matches tell."
    ),
    OpenApiParameter("status", OpenApiTypes.STR, enum=ClusterStatus.values),
    PAGE[0],
    OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": MAX_LIMIT}),
]


class ClusterPrecision(serializers.Serializer[Any]):
    value = serializers.FloatField(help_text="Right of what it finds, on conversations held out of training.")
    low = serializers.FloatField(help_text="Of the 90 % interval.")
    high = serializers.FloatField()
    judged = serializers.IntegerField(
        allow_null=True, help_text="So many it found there; null: not kept before the next refresh."
    )


class ClusterItem(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(ClusterKind.choices)
    signal = serializers.CharField(allow_null=True, help_text="The key of the one whose matches it groups.")
    label = hiding(serializers.CharField())
    description = serializers.CharField()
    level = serializers.IntegerField(help_text="0: the broadest.")
    parent = hiding(serializers.UUIDField(allow_null=True))
    events = serializers.IntegerField(help_text="Those of its children too.")
    conversations = serializers.IntegerField()
    users = serializers.IntegerField()
    first_seen = serializers.DateTimeField(allow_null=True)
    last_seen = serializers.DateTimeField(allow_null=True)
    emerging = serializers.BooleanField(
        help_text="The last 7 days before the project's last event against what was before, by users."
    )
    emerging_reason = serializers.CharField(help_text="With its numbers.")
    status = serializers.ChoiceField(ClusterStatus.choices)
    keywords = serializers.ListField(child=serializers.CharField())
    precision = ClusterPrecision(
        allow_null=True,
        help_text="Of the small model that finds it on conversations that were not read; null: there is none. Below .6 it is not used.",
    )
    example_event_ids = serializers.ListField(child=serializers.CharField())


class MemberItem(serializers.Serializer[Any]):
    event_id = serializers.CharField(help_text="The app's own id.")
    timestamp = serializers.DateTimeField()
    user_id = serializers.CharField(allow_null=True)
    convo_id = serializers.CharField(allow_null=True)
    score = serializers.FloatField()
    source = hiding(
        serializers.CharField(help_text="facet, evidence or assigner: what the membership was read from.")
    )
    phrase = serializers.CharField(help_text="The words that it was read from.")


class ClusterChange(Strict):
    label = hiding(serializers.CharField(max_length=LABEL, required=False))
    status = serializers.ChoiceField(
        [status.value for status in CHOSEN],
        required=False,
        help_text="promoted is set when an issue is made.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Say what to change: label or status.")
        return attrs


class RefreshStarted(serializers.Serializer[Any]):
    job = serializers.UUIDField(help_text="`/api/jobs/{id}/` tells how far it is.")


@extend_schema(
    operation_id="clusters_list", tags=TAGS, summary="Problems and intents, most conversations first", parameters=LIST,
    responses=answers(listed(ClusterItem), missing=False),
)  # fmt: skip
@api_view(["GET"])
def clusters(request: Request) -> Response:
    """Of all levels and statuses. A parent's events include its children's; an event may belong to several problems and to one finest
    intent."""
    project = project_of(request)
    found = live_clusters(project)
    for name, choices in (("kind", ClusterKind.values), ("status", ClusterStatus.values)):
        if value := request.GET.get(name):
            if value not in choices:
                raise ApiError(400, f"{name} must be one of: {', '.join(choices)}.", details={"field": name})
            found = found.filter(**{name: value})
    if key := request.GET.get("signal"):
        signal = SignalDefinition.objects.filter(project=project, key=key.replace("\x00", "")).first()
        if signal is None:
            raise ApiError(400, f"There is no signal {key[:60]!r}.", details={"field": "signal"})
        found = found.filter(signal=signal)
    page = page_of(
        found.select_related("signal"), request=request, order=("-conversations", "-id"), default=MAX_LIMIT
    )
    return Response(page.body(cluster_items(page.rows)))


@extend_schema(
    methods=["GET"],
    operation_id="clusters_get",
    tags=TAGS,
    summary="One cluster",
    responses=answers(ClusterItem),
)
@extend_schema(
    methods=["PATCH"], operation_id="clusters_change", tags=TAGS, summary="Name a cluster, or say what it is", request=ClusterChange,
    responses=answers(ClusterItem),
)  # fmt: skip
@api_view(["GET", "PATCH"])
def cluster(request: Request, cluster_id: uuid.UUID) -> Response:
    """By its id, which stays when a refresh finds it again. Of one that was merged: the one that it was merged into."""
    found = find_cluster(project_of(request), cluster_id)
    if request.method == "PATCH":
        body = ClusterChange(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            found = change_cluster(cluster=found, **body.validated_data)
        except ValidationError as error:
            raise serializers.ValidationError(error.message_dict) from error
    return Response(cluster_items([found])[0])


@extend_schema(
    operation_id="clusters_events", tags=TAGS, summary="A cluster's events, newest first", parameters=PAGE,
    responses=answers(listed(MemberItem)),
)  # fmt: skip
@api_view(["GET"])
def events(request: Request, cluster_id: uuid.UUID) -> Response:
    """Its members, those of its children too."""
    found = find_cluster(project_of(request), cluster_id)
    members = ClusterMember.objects.filter(cluster=found, project=found.project_id)
    page = page_of(members.select_related("event", "conversation", "end_user"), request=request)
    return Response(
        page.body(
            [
                {
                    "event_id": member.event.event_id,
                    "timestamp": member.timestamp,
                    "user_id": member.end_user.user_id if member.end_user else None,
                    "convo_id": member.conversation.convo_id if member.conversation else None,
                    "score": member.score,
                    "source": member.source,
                    "phrase": member.phrase,
                }
                for member in page.rows
            ]
        )
    )


@extend_schema(
    operation_id="clusters_refresh", tags=TAGS, summary="Find problems and intents anew", request=None,
    responses=answers(RefreshStarted, status=202, missing=False),
)  # fmt: skip
@api_view(["POST"])
def refresh(request: Request) -> Response:
    """Starts a run, in the background. While one waits or runs this answers with that one, which looks again before it ends."""
    user = request.user if isinstance(request.user, User) else None
    return Response({"job": str(request_refresh(project_of(request), user=user).pk)}, status=202)
