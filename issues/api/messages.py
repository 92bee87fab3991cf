"""`/api/alerts/settings/`: quiet hours; and the digest that a rule sends: its preview, and sending it now."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.projects.authentication import project_of
from issues.alerts.quiet import BadSettings, change_settings, settings_of
from issues.api.alerts import TAGS, DeliveryItem, delivery_item, find_rule
from issues.digest.due import KINDS, compose, send_now
from issues.models import AlertRule, MessageSettings
from raindrop.api.shapes import Strict, answers, results
from raindrop.errors import ApiError

CLOCK = ["%H:%M"]


class MessageSettingsItem(serializers.Serializer[Any]):
    time_zone = serializers.CharField(help_text="Of the quiet hours and the digests, such as Europe/Berlin.")
    quiet_from = serializers.TimeField(format="%H:%M", allow_null=True)
    quiet_until = serializers.TimeField(format="%H:%M", allow_null=True)


class MessageSettingsChange(Strict):
    time_zone = serializers.CharField(max_length=60, required=False)
    quiet_from = serializers.TimeField(input_formats=CLOCK, required=False, allow_null=True)
    quiet_until = serializers.TimeField(input_formats=CLOCK, required=False, allow_null=True)


class DigestItem(serializers.Serializer[Any]):
    title = serializers.CharField()
    message = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        """`data` is a name of the serializer's own."""
        numbers = serializers.JSONField(help_text="What a webhook gets as `data`.")
        return {**super().get_fields(), "data": numbers}


@extend_schema(
    methods=["GET"],
    operation_id="alerts_settings",
    tags=TAGS,
    summary="Quiet hours, and the time zone of messages",
    responses=answers(MessageSettingsItem),
)
@extend_schema(
    methods=["PATCH"],
    operation_id="alerts_settings_change",
    tags=TAGS,
    summary="Change quiet hours and the time zone",
    request=MessageSettingsChange,
    responses=answers(MessageSettingsItem),
)
@api_view(["GET", "PATCH"])
def settings(request: Request) -> Response:
    """In quiet hours messages wait, but for those of rules that are `urgent`."""
    project = project_of(request)
    if request.method == "GET":
        return Response(_item(settings_of(project)))
    form = MessageSettingsChange(data=request.data)
    form.is_valid(raise_exception=True)
    try:
        return Response(_item(change_settings(project=project, changes=form.validated_data)))
    except BadSettings as error:
        raise ApiError(400, str(error), details={"field": error.field}) from error


@extend_schema(
    operation_id="alerts_preview",
    tags=TAGS,
    summary="The digest that a rule sends, as it would be now",
    responses=answers(DigestItem, conflict=True),
)
@api_view(["GET"])
def preview(request: Request, alert_id: str) -> Response:
    """Of the last whole day or week. 409 where the rule sends no digest."""
    found = compose(_digest(request, alert_id), now=timezone.now())
    return Response({"title": found.title, "message": found.text, "data": found.data})


@extend_schema(
    operation_id="alerts_send",
    tags=TAGS,
    summary="Send a rule's digest now",
    request=None,
    responses=answers(results(DeliveryItem), conflict=True),
)
@api_view(["POST"])
def send(request: Request, alert_id: str) -> Response:
    """To each channel, also in quiet hours; answers once each has been sent or has failed the first time. 409 where the rule sends no digest."""
    return Response({"results": [delivery_item(row) for row in send_now(_digest(request, alert_id))]})


def _digest(request: Request, alert_id: str) -> AlertRule:
    rule = find_rule(request, alert_id)
    if rule.trigger not in KINDS:
        raise ApiError(409, "This alert sends no digest.")
    return rule


def _item(settings: MessageSettings) -> dict[str, Any]:
    return dict(MessageSettingsItem(settings).data)
