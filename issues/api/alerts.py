"""`/api/alerts/`: rules, what they sent, and their test."""

import uuid
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.projects.authentication import project_of
from issues.alerts.channels import mask
from issues.alerts.registry import all_triggers
from issues.alerts.rules import (
    BadRule,
    change_rule,
    create_rule,
    delete_rule,
    read_seconds,
    renew_secret,
    test_rule,
)
from issues.api.lookup import actor
from issues.models import AlertDelivery, AlertRule
from raindrop.api.pagination import page_of
from raindrop.api.shapes import PAGE, Strict, answers, listed, refuse_unknown, results
from raindrop.errors import ApiError

TAGS = ["Alerts"]
TRIGGERS = f"One of {', '.join(trigger.name for trigger in all_triggers())}."


@extend_schema_field(
    {
        "oneOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]{1,7}[smhdw]?$"}],
        "description": "Seconds, or a text such as 30m, 1h, 7d. Answers have seconds.",
    }
)
class SecondsField(serializers.Field[int, Any, int, Any]):
    """Seconds as a number, or "30m"."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, int) and not isinstance(data, bool) and 0 <= data < 10**9:
            return data
        try:
            return read_seconds(data if isinstance(data, str) else "")
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error

    def to_representation(self, value: int) -> int:
        return value


class AlertItem(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    trigger = serializers.CharField(help_text=TRIGGERS)
    query = serializers.CharField(help_text="Empty: everything.")
    threshold = serializers.FloatField(allow_null=True)
    window = serializers.IntegerField(allow_null=True, help_text="Seconds.")
    channels = serializers.ListField(
        child=serializers.CharField(), help_text="Apprise URLs, their secrets masked."
    )
    throttle = serializers.IntegerField(help_text="Seconds.")
    urgent = serializers.BooleanField(help_text="It goes out in the quiet hours too.")
    enabled = serializers.BooleanField()
    problem = serializers.CharField(allow_null=True, help_text="Why the last check failed.")
    signing_secret = serializers.CharField(
        allow_null=True,
        help_text="Checks the signature of webhooks. Stands in the answer that makes it, and is null later.",
    )
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class AlertChange(Strict):
    name = serializers.CharField(max_length=200, required=False)
    trigger = serializers.CharField(max_length=40, required=False, help_text=TRIGGERS)
    query = serializers.CharField(max_length=20_000, allow_blank=True, trim_whitespace=False, required=False)
    threshold = serializers.FloatField(required=False, allow_null=True)
    window = SecondsField(required=False, allow_null=True)
    channels = serializers.ListField(
        child=serializers.CharField(max_length=2000), min_length=1, max_length=10, required=False,
        help_text="Apprise URLs. A masked one is the channel that it stands for.",
    )  # fmt: skip
    throttle = SecondsField(required=False)
    urgent = serializers.BooleanField(required=False)
    enabled = serializers.BooleanField(required=False)
    new_secret = serializers.BooleanField(required=False, help_text="True: signs with a new secret.")


class NewAlert(Strict):
    name = serializers.CharField(max_length=200)
    trigger = serializers.CharField(max_length=40, help_text=TRIGGERS)
    query = serializers.CharField(max_length=20_000, allow_blank=True, trim_whitespace=False, default="")
    threshold = serializers.FloatField(required=False, allow_null=True)
    window = SecondsField(required=False, allow_null=True)
    channels = serializers.ListField(
        child=serializers.CharField(max_length=2000), min_length=1, max_length=10, help_text="Apprise URLs."
    )
    throttle = SecondsField(default=0)
    urgent = serializers.BooleanField(default=False)
    enabled = serializers.BooleanField(default=True)


class DeliveryItem(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="A webhook has it as Idempotency-Key.")
    subject = serializers.CharField(help_text="An issue's id, or what else the rule spoke of.")
    occurrence = serializers.CharField(help_text="Which time it happened to the subject.")
    channel = serializers.CharField(help_text="Masked.")
    test = serializers.BooleanField()
    title = serializers.CharField()
    message = serializers.CharField()
    state = serializers.CharField(help_text="pending, sent or failed.")
    attempts = serializers.IntegerField()
    error = serializers.CharField(allow_null=True, help_text="Of the last attempt.")
    created_at = serializers.DateTimeField()
    next_attempt_at = serializers.DateTimeField(allow_null=True, help_text="While it is pending.")
    sent_at = serializers.DateTimeField(allow_null=True)


def find_rule(request: Request, alert_id: str) -> AlertRule:
    """The rule of the request's project. Raises Http404."""
    try:
        key = uuid.UUID(alert_id)
    except ValueError as error:
        raise Http404(f"There is no alert {alert_id[:60]!r} in this project.") from error
    rules = AlertRule.objects.filter(project=project_of(request), owner=None).select_related("project")
    found = rules.prefetch_related("channels").filter(pk=key).first()
    if found is None:
        raise Http404(f"There is no alert {alert_id[:60]!r} in this project.")
    return found


def alert_item(rule: AlertRule, *, secret: str | None = None) -> dict[str, Any]:
    copied = (
        "name",
        "trigger",
        "query",
        "threshold",
        "window",
        "throttle",
        "urgent",
        "enabled",
        "created_at",
        "updated_at",
    )
    return {
        "id": str(rule.pk),
        **{name: getattr(rule, name) for name in copied},
        "channels": [mask(channel.url) for channel in rule.channels.all()],
        "problem": rule.problem or None,
        "signing_secret": secret,
    }


def delivery_item(row: AlertDelivery) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "subject": row.subject,
        "occurrence": row.occurrence,
        "channel": row.channel_name,
        "test": row.is_test,
        "title": row.title,
        "message": row.text,
        "state": row.state,
        "attempts": row.attempts,
        "error": row.error or None,
        "created_at": row.created_at,
        "next_attempt_at": row.next_attempt_at if row.state == "pending" else None,
        "sent_at": row.sent_at,
    }


@extend_schema(
    methods=["GET"],
    operation_id="alerts_list",
    tags=TAGS,
    summary="Alert rules",
    parameters=PAGE,
    responses=answers(listed(AlertItem), missing=False),
)
@extend_schema(
    methods=["POST"],
    operation_id="alerts_create",
    tags=TAGS,
    summary="Make an alert rule",
    request=NewAlert,
    responses=answers(AlertItem, status=201, missing=False),
)
@api_view(["GET", "POST"])
def alerts(request: Request) -> Response:
    """Who is told when something happens (docs/guide/alerts.md). What a trigger needs and is not said has its default."""
    if request.method == "POST":
        form = NewAlert(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            made = create_rule(project=project_of(request), user=actor(request), **form.validated_data)
        except BadRule as error:
            raise ApiError(400, str(error), details={"field": error.field}) from error
        return Response(alert_item(made, secret=made.secret), status=201)
    refuse_unknown(request, PAGE)
    rules = AlertRule.objects.filter(project=project_of(request), owner=None).prefetch_related("channels")
    page = page_of(rules, request=request, order=("-created_at", "-id"))
    return Response(page.body([alert_item(rule) for rule in page.rows]))


@extend_schema(
    methods=["GET"],
    operation_id="alerts_get",
    tags=TAGS,
    summary="One alert rule",
    responses=answers(AlertItem),
)
@extend_schema(
    methods=["PATCH"],
    operation_id="alerts_change",
    tags=TAGS,
    summary="Change an alert rule",
    request=AlertChange,
    responses=answers(AlertItem),
)
@extend_schema(
    methods=["DELETE"],
    operation_id="alerts_delete",
    tags=TAGS,
    summary="Delete an alert rule, with what it sent",
    responses={**answers(AlertItem, status=204), 204: None},
)
@api_view(["GET", "PATCH", "DELETE"])
def alert(request: Request, alert_id: str) -> Response:
    """A change is made as a whole or not at all."""
    rule, secret = find_rule(request, alert_id), None
    if request.method == "DELETE":
        delete_rule(rule=rule)
        return Response(status=204)
    if request.method == "PATCH":
        form = AlertChange(data=request.data)
        form.is_valid(raise_exception=True)
        changes = dict(form.validated_data)
        renew = changes.pop("new_secret", False)
        try:
            change_rule(rule=rule, **changes)
        except BadRule as error:
            raise ApiError(400, str(error), details={"field": error.field}) from error
        secret = renew_secret(rule=rule) if renew else None
        rule = find_rule(request, alert_id)
    return Response(alert_item(rule, secret=secret))


@extend_schema(
    operation_id="alerts_deliveries",
    tags=TAGS,
    summary="What an alert rule sent, newest first",
    parameters=PAGE,
    responses=answers(listed(DeliveryItem)),
)
@api_view(["GET"])
def deliveries(request: Request, alert_id: str) -> Response:
    """A row for each message and channel, with what went wrong. Kept for 30 days."""
    refuse_unknown(request, PAGE)
    rows = AlertDelivery.objects.filter(rule=find_rule(request, alert_id))
    page = page_of(rows, request=request, order=("-created_at", "-id"))
    return Response(page.body([delivery_item(row) for row in page.rows]))


@extend_schema(
    operation_id="alerts_test",
    tags=TAGS,
    summary="Send a message to each channel of an alert rule now",
    request=None,
    responses=answers(results(DeliveryItem)),
)
@api_view(["POST"])
def test(request: Request, alert_id: str) -> Response:
    """Answers once each has been sent or has failed, within half a minute. A test is tried once."""
    return Response({"results": [delivery_item(row) for row in test_rule(rule=find_rule(request, alert_id))]})
