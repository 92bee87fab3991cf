"""Settings › Alerts: who is told when something happens. Only an admin sees it: the channels are the team's."""

import uuid
import zoneinfo
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from ingest.models import Project
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from issues.alerts.channels import mask
from issues.alerts.quiet import BadSettings, change_settings, settings_of
from issues.alerts.registry import all_triggers, find_trigger
from issues.alerts.rules import (
    BadRule,
    change_rule,
    create_rule,
    delete_rule,
    read_seconds,
    renew_secret,
    test_rule,
    write_seconds,
)
from issues.digest.due import KINDS, compose, send_now
from issues.models import AlertDelivery, AlertRule, MessageSettings, TrackingSettings
from issues.models.alerts import DeliveryState
from raindrop.web.plurals import counted
from raindrop.web.regions import render_page

SHOWN = 30  # deliveries
CONTROL = {"class": "form-control"}
# (service, what its URL looks like, where the parts come from)
SERVICES = (
    ("Slack", "https://hooks.slack.com/services/T000/B000/XXXX", "Slack: Apps, Incoming Webhooks, Add to a channel; paste the address."),
    ("E-mail", "mailto://user:password@smtp.example.org:587?from=raindrop@example.org&to=ops@example.org", "The outgoing mail server's login; to= takes several, with commas."),
    ("Webhook", "https://ops.example.org/hook", "A POST of JSON, signed with a secret that “New signing secret” shows once the alert is saved. json://host:port/path for plain http."),
    ("Teams", "workflows://prod-00.westus.logic.azure.com:443/WORKFLOW/SIGNATURE", "Teams: Workflows, Post to a channel when a webhook request is received."),
    ("Discord", "discord://WEBHOOK_ID/WEBHOOK_TOKEN", "Discord: channel settings, Integrations, Webhooks."),
    ("PagerDuty", "pagerduty://INTEGRATION_KEY@API_KEY", "PagerDuty: the service's Events API v2 integration."),
)  # fmt: skip


class SecondsInput(forms.CharField):
    """Seconds, written as 30m or 1h."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            return read_seconds(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def prepare_value(self, value: Any) -> Any:
        return write_seconds(value) if isinstance(value, int) else value


FILLED = ("trigger", "query", "name")  # of a new alert, by the link that leads to it


class AlertForm(forms.Form):
    name = forms.CharField(
        max_length=200, widget=forms.TextInput(attrs={**CONTROL, "placeholder": "Tools fail"})
    )
    trigger = forms.ChoiceField(label="When", widget=forms.Select(attrs={"class": "form-select"}))
    query = forms.CharField(
        required=False, max_length=20_000, strip=False, label="Of what (a query; empty: of anything)",
        widget=forms.TextInput(attrs={**CONTROL, "class": "form-control font-monospace", "placeholder": "tool.errors:>0"}),
    )  # fmt: skip
    threshold = forms.FloatField(
        required=False, label="How much", widget=forms.TextInput(attrs={**CONTROL, "inputmode": "decimal"})
    )
    window = SecondsInput(
        required=False, label="In how long", widget=forms.TextInput(attrs={**CONTROL, "placeholder": "1h"})
    )
    throttle = SecondsInput(
        required=False, label="Not again within", widget=forms.TextInput(attrs={**CONTROL, "placeholder": "0"})
    )  # fmt: skip
    channels = forms.CharField(
        max_length=25_000, label="Channels, one a line",
        widget=forms.Textarea(attrs={"class": "form-control font-monospace", "rows": 3, "spellcheck": "false", "autocomplete": "off"}),
        help_text="A line that is shown with **** stays as it is. At most 10.",
    )  # fmt: skip
    urgent = forms.BooleanField(
        required=False, widget=forms.CheckboxInput(attrs={"class": "form-check-input"})
    )
    enabled = forms.BooleanField(
        required=False, initial=True, widget=forms.CheckboxInput(attrs={"class": "form-check-input"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        trigger = cast(forms.ChoiceField, self.fields["trigger"])
        trigger.choices = [(one.name, one.title) for one in all_triggers()]

    def fields_of_rule(self) -> dict[str, Any]:
        cleaned = dict(self.cleaned_data)
        lines = [line.strip() for line in cleaned["channels"].splitlines()]
        return {**cleaned, "throttle": cleaned["throttle"] or 0, "channels": [line for line in lines if line]}


CLOCK = {"class": "form-control", "type": "time"}


class QuietForm(forms.Form):
    """When messages wait, and in which time zone. Both times empty: never."""

    time_zone = forms.CharField(
        max_length=60, widget=forms.TextInput(attrs={**CONTROL, "list": "zones", "autocomplete": "off"})
    )
    quiet_from = forms.TimeField(
        required=False,
        input_formats=["%H:%M"],
        label="From",
        widget=forms.TimeInput(format="%H:%M", attrs=CLOCK),
    )
    quiet_until = forms.TimeField(
        required=False, input_formats=["%H:%M"], label="Until", widget=forms.TimeInput(format="%H:%M", attrs=CLOCK)
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class RuleRow:
    rule: AlertRule
    title: str
    channels: list[str]
    last: AlertDelivery | None


@never_cache
@project_page(Role.ADMIN)
def alerts(request: ProjectRequest, project: Project) -> HttpResponse:
    rules = (
        AlertRule.objects.filter(project=project, owner=None)
        .prefetch_related("channels")
        .order_by("name", "id")
    )
    last = {
        row.rule_id: row
        for row in AlertDelivery.objects.filter(rule__in=rules).order_by("rule_id", "-id").distinct("rule_id")
    }
    rows = [
        RuleRow(rule, _title(rule), [mask(channel.url) for channel in rule.channels.all()], last.get(rule.pk))
        for rule in rules
    ]
    return _list(request, rows, QuietForm(initial=_hours(settings_of(project))))


@require_POST
@project_page(Role.ADMIN)
def quiet_hours(request: ProjectRequest, project: Project) -> HttpResponse:
    form = QuietForm(request.POST)
    if form.is_valid():
        try:
            change_settings(project=project, changes=form.cleaned_data)
        except BadSettings as error:
            messages.error(request, f"Not saved. {error}")
        else:
            messages.success(request, "Saved.")
    else:
        messages.error(request, "Not saved. Times are written as 22:00.")
    return redirect("alerts", project.slug)


def _hours(settings: MessageSettings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in QuietForm.base_fields}


def _address_missing(request: ProjectRequest) -> str:
    """The address of this page's server where messages do not know it, else "": for issues/_no_address.html."""
    return "" if settings.PUBLIC_URL else request.build_absolute_uri("/").rstrip("/")


def _list(request: ProjectRequest, rows: list[RuleRow], hours: QuietForm) -> HttpResponse:
    opens = TrackingSettings.objects.filter(project=request.project, opens_issues=True).exists()
    zones = sorted(zoneinfo.available_timezones())
    context = {
        "rows": rows, "opens_issues": opens, "hours": hours, "zones": zones, "address_missing": _address_missing(request),
    }  # fmt: skip
    return render_page(request, "issues/alerts.html", context)


@require_POST
@project_page(Role.ADMIN)
def opening_switch(request: ProjectRequest, project: Project) -> HttpResponse:
    """`on`: 1 lets what emerges or escalates open an issue by itself; anything else ends that."""
    opens = request.POST.get("on") == "1"
    TrackingSettings.objects.update_or_create(project=project, defaults={"opens_issues": opens})
    return redirect("alerts", project.slug)


@never_cache
@project_page(Role.ADMIN)
def alert_new(request: ProjectRequest, project: Project) -> HttpResponse:
    form = AlertForm(request.POST or None, initial={name: request.GET.get(name, "") for name in FILLED})
    if request.method == "POST" and form.is_valid():
        try:
            rule = create_rule(project=project, user=request.user, **form.fields_of_rule())
        except BadRule as error:
            _blame(form, error)
        else:
            messages.success(request, "Saved. Send a test to see that it arrives.")
            return redirect("alert", project.slug, rule.pk)
    return _form(request, form)


@never_cache
@project_page(Role.ADMIN)
def alert(request: ProjectRequest, project: Project, alert_id: uuid.UUID) -> HttpResponse:
    rule = _find(project, alert_id)
    form = AlertForm(request.POST if request.method == "POST" else None, initial=_initial(rule))
    if request.method == "POST" and form.is_valid():
        try:
            change_rule(rule=rule, **form.fields_of_rule())
        except BadRule as error:
            _blame(form, error)
            rule = _find(project, alert_id)
        else:
            messages.success(request, "Saved.")
            return redirect("alert", project.slug, rule.pk)
    return _form(request, form, rule)


@never_cache
@require_POST
@project_page(Role.ADMIN)
def alert_secret(request: ProjectRequest, project: Project, alert_id: uuid.UUID) -> HttpResponse:
    """Answers with the page itself: a redirect would have to keep the secret somewhere in between."""
    rule = _find(project, alert_id)
    secret = renew_secret(rule=rule)
    return _form(request, AlertForm(initial=_initial(rule)), rule, secret=secret)


@require_POST
@project_page(Role.ADMIN)
def alert_test(request: ProjectRequest, project: Project, alert_id: uuid.UUID) -> HttpResponse:
    rule = _find(project, alert_id)
    for row in test_rule(rule=rule):
        if row.state == DeliveryState.SENT:
            messages.success(request, f"The test arrived: {row.channel_name}")
        else:
            messages.error(request, f"The test did not arrive at {row.channel_name}. {row.error}")
    return redirect("alert", project.slug, rule.pk)


@require_POST
@project_page(Role.ADMIN)
def alert_send(request: ProjectRequest, project: Project, alert_id: uuid.UUID) -> HttpResponse:
    """Sends the digest now."""
    rule = _find(project, alert_id)
    if rule.trigger not in KINDS:
        raise Http404("This alert sends no digest.")
    for row in send_now(rule):
        if row.state == DeliveryState.SENT:
            messages.success(request, f"The digest arrived: {row.channel_name}")
        else:
            messages.error(request, f"The digest did not arrive at {row.channel_name}. {row.error}")
    return redirect("alert", project.slug, rule.pk)


@require_POST
@project_page(Role.ADMIN)
def alert_switch(request: ProjectRequest, project: Project, alert_id: uuid.UUID) -> HttpResponse:
    rule = _find(project, alert_id)
    try:
        change_rule(rule=rule, enabled=not rule.enabled)
    except BadRule as error:  # what it asks for is gone since
        messages.error(request, str(error))
    return redirect("alerts", project.slug)


@require_POST
@project_page(Role.ADMIN)
def alert_delete(request: ProjectRequest, project: Project, alert_id: uuid.UUID) -> HttpResponse:
    rule = _find(project, alert_id)
    delete_rule(rule=rule)
    messages.success(request, f"Deleted the alert {rule.name}.")
    return redirect("alerts", project.slug)


def _find(project: Project, alert_id: uuid.UUID) -> AlertRule:
    """Raises Http404."""
    rules = (
        AlertRule.objects.filter(project=project, owner=None)
        .select_related("project")
        .prefetch_related("channels")
    )
    rule = rules.filter(pk=alert_id).first()
    if rule is None:
        raise Http404("There is no such alert in this project.")
    return rule


def _title(rule: AlertRule) -> str:
    trigger = find_trigger(rule.trigger)
    return trigger.title if trigger else rule.trigger


def _initial(rule: AlertRule) -> dict[str, Any]:
    copied = ("name", "trigger", "query", "threshold", "window", "throttle", "urgent", "enabled")
    channels = "\n".join(mask(channel.url) for channel in rule.channels.all())
    return {**{name: getattr(rule, name) for name in copied}, "channels": channels}


def _blame(form: AlertForm, error: BadRule) -> None:
    form.add_error(error.field if error.field in form.fields else None, str(error))


def _form(
    request: ProjectRequest, form: AlertForm, rule: AlertRule | None = None, *, secret: str = ""
) -> HttpResponse:
    deliveries = list(AlertDelivery.objects.filter(rule=rule).order_by("-id")[:SHOWN]) if rule else []
    failed = AlertDelivery.objects.filter(rule=rule, state=DeliveryState.FAILED).count() if rule else 0
    context = {
        "form": form, "rule": rule, "secret": secret, "deliveries": deliveries, "triggers": all_triggers(), "services": SERVICES,
        "failed": counted(failed, "message") if failed else "",
        "digest": compose(rule, now=timezone.now()) if rule and rule.trigger in KINDS else None,
        "address_missing": _address_missing(request),
    }  # fmt: skip
    return render_page(request, "issues/alert.html", context, status=400 if form.errors else 200)
