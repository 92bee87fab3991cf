"""`/api/events/{event_id}/`: all that is known of one event."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import Attachment, Event, Span
from ingest.projects.authentication import project_of
from issues.api.lookup import find_events
from issues.models import IssueMatch
from issues.models.issues import State
from raindrop.api.fields import hiding
from raindrop.api.shapes import answers
from signals.api.reader import ReaderFacetItem, reader_facet_item
from signals.clusters.reading import clusters_of_events
from signals.models import ClusterKind, SignalMatch
from signals.reader.facets import facets_of


class EvidenceItem(serializers.Serializer[Any]):
    side = serializers.CharField(help_text="user, assistant or span.")
    start = serializers.IntegerField(help_text="In characters of the side's text.")
    end = serializers.IntegerField()
    text = serializers.CharField()
    span_id = serializers.CharField(required=False)


class EventSignalItem(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    key = serializers.CharField()
    name = serializers.CharField()
    sentiment = serializers.CharField()
    score = serializers.FloatField()
    source = hiding(serializers.CharField())
    evidence = EvidenceItem(many=True)


class EventIssueItem(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.IntegerField()
    title = serializers.CharField()
    state = serializers.CharField()
    score = serializers.FloatField()
    classifier_version = serializers.IntegerField(
        allow_null=True, help_text="Null where what the issue follows decided."
    )


class SpanItem(serializers.Serializer[Any]):
    trace_id = serializers.CharField()
    span_id = serializers.CharField()
    parent_span_id = serializers.CharField(allow_null=True)
    kind = serializers.CharField(help_text="llm, tool, agent, retriever or other.")
    name = serializers.CharField()
    status = serializers.CharField(help_text="unset, ok or error.")
    error = serializers.CharField(allow_null=True)
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField()
    duration_ms = serializers.FloatField()
    input = serializers.CharField()
    output = serializers.CharField()
    model = serializers.CharField(allow_null=True)
    provider = serializers.CharField(allow_null=True)
    input_tokens = serializers.IntegerField(allow_null=True)
    output_tokens = serializers.IntegerField(allow_null=True)
    cost_usd = serializers.FloatField(allow_null=True)
    attributes = serializers.DictField()


class AttachmentItem(serializers.Serializer[Any]):
    attachment_id = serializers.CharField(allow_null=True)
    type = serializers.CharField()
    role = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True)
    language = serializers.CharField(allow_null=True)
    value = serializers.CharField()


class ConversationItem(serializers.Serializer[Any]):
    convo_id = serializers.CharField()
    events = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    last_message_at = serializers.DateTimeField()


class KnownEvent(serializers.Serializer[Any]):
    event_id = serializers.CharField(help_text="The app's own id.")
    name = serializers.CharField()
    timestamp = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    is_pending = serializers.BooleanField()
    user_id = serializers.CharField(allow_null=True)
    conversation = ConversationItem(allow_null=True)
    model = serializers.CharField(allow_null=True)
    input = serializers.CharField()
    output = serializers.CharField()
    properties = serializers.DictField()
    feature_flags = serializers.DictField()
    tool_calls = serializers.IntegerField()
    tool_errors = serializers.IntegerField()
    input_tokens = serializers.IntegerField(allow_null=True)
    output_tokens = serializers.IntegerField(allow_null=True)
    cost_usd = serializers.FloatField(allow_null=True)
    latency_ms = serializers.FloatField(allow_null=True)
    signals = EventSignalItem(many=True)
    intents = serializers.ListField(child=serializers.CharField())
    cluster_ids = serializers.ListField(child=serializers.UUIDField())
    issues = EventIssueItem(many=True)
    facets = ReaderFacetItem(
        many=True, help_text="What the reader said of its conversation; empty when unread."
    )
    spans = SpanItem(many=True)
    attachments = AttachmentItem(many=True)


@extend_schema(
    operation_id="events_get",
    tags=["Events"],
    summary="All that is known of an event",
    responses=answers(KnownEvent),
)
@api_view(["GET"])
def event(request: Request, event_id: str) -> Response:
    """By the app's own id."""
    project = project_of(request)
    found = find_events(project, [event_id]).get(event_id)
    if found is None:
        raise Http404(f"There is no event {event_id[:60]!r} in this project.")
    clusters = clusters_of_events([found.id], project=project)[found.id]
    return Response(
        {
            **_facts(found),
            "signals": _signals(found),
            "intents": [one.plain_label for one in clusters if one.kind == ClusterKind.INTENT],
            "cluster_ids": [one.pk for one in clusters],
            "issues": _issues(found),
            "facets": [reader_facet_item(facet) for facet in facets_of(project, event=found)],
            "spans": [
                _span(span) for span in found.spans.filter(project=project).order_by("started_at", "id")
            ],
            "attachments": [
                _attachment(row) for row in found.attachments.filter(project=project).order_by("id")
            ],
        }
    )


def event_or(
    view: Callable[[HttpRequest], HttpResponseBase], *, event_id: str
) -> Callable[[HttpRequest], HttpResponseBase]:
    """`view`, whose path is also that of an event of this id: the event answers where there is one and nothing is asked of the view."""

    @csrf_exempt
    def either(request: HttpRequest) -> HttpResponseBase:
        if request.method == "GET" and not set(request.GET) - {"project", "format"}:
            found = event(request, event_id=event_id)
            if found.status_code != 404:
                return found
        return view(request)

    return either


def _facts(event: Event) -> dict[str, Any]:
    conversation, end_user = event.conversation, event.end_user
    copied = (
        "event_id", "name", "timestamp", "received_at", "is_pending", "input", "output", "properties", "feature_flags",
        "tool_calls", "tool_errors", "input_tokens", "output_tokens", "cost_usd", "latency_ms",
    )  # fmt: skip
    return {
        **{name: getattr(event, name) for name in copied},
        "model": event.model or None,
        "user_id": end_user.user_id if end_user else None,
        "conversation": conversation
        and {
            "convo_id": conversation.convo_id,
            "events": conversation.events_count,
            "started_at": conversation.started_at,
            "last_message_at": conversation.last_message_at,
        },
    }


def _signals(event: Event) -> list[dict[str, Any]]:
    matches = SignalMatch.objects.filter(event=event, project_id=event.project_id).select_related("signal")
    return [
        {
            "id": match.signal.pk,
            "key": match.signal.key,
            "name": match.signal.name,
            "sentiment": match.signal.sentiment,
            "score": match.score,
            "source": match.source,
            "evidence": match.evidence,
        }
        for match in matches.order_by("signal__name", "id")
    ]


def _issues(event: Event) -> list[dict[str, Any]]:
    matches = IssueMatch.objects.filter(event=event, project_id=event.project_id).exclude(
        issue__state=State.MERGED
    )
    matches = matches.select_related("issue")
    return [
        {
            "id": match.issue.pk,
            "number": match.issue.number,
            "title": match.issue.title,
            "state": match.issue.state,
            "score": match.score,
            "classifier_version": match.classifier_version or None,
        }
        for match in matches.order_by("-score", "id")
    ]


def _span(span: Span) -> dict[str, Any]:
    copied = (
        "trace_id", "span_id", "kind", "name", "status", "started_at", "ended_at", "duration_ms", "input", "output",
        "input_tokens", "output_tokens", "cost_usd", "attributes",
    )  # fmt: skip
    return {
        **{name: getattr(span, name) for name in copied},
        **{name: getattr(span, name) or None for name in ("parent_span_id", "error", "model", "provider")},
    }


def _attachment(attachment: Attachment) -> dict[str, Any]:
    return {
        "type": attachment.type,
        "value": attachment.value,
        **{name: getattr(attachment, name) or None for name in ("attachment_id", "role", "name", "language")},
    }
