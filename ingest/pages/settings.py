"""A project's settings: its name, its keys, its members. Every member may look; an admin changes."""

import uuid

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from ingest.limits.quotas import DEFAULT_BURST, DEFAULT_RATE
from ingest.models import ApiKey, Invitation, Membership, Project
from ingest.models.projects import KeyKind, Role
from ingest.pages.forms import KeyForm, LimitsForm, MemberForm, ProjectForm, RoleForm
from ingest.pages.health import quota_of
from ingest.projects.access import ProjectRequest, project_page, role_in
from ingest.projects.invitations import HOLDS, invite, open_invitations
from ingest.projects.keys import create_key, revoke_key
from ingest.projects.members import MemberError, add_member, change_role, remove_member

# The tabs of "Send events": each one's id, and its name.
SEND_WAYS = [
    ("curl", "curl"), ("python", "Python"), ("js", "JavaScript"), ("otel", "OpenTelemetry"), ("file", "A file"),
]  # fmt: skip


@project_page()
def settings(request: ProjectRequest, project: Project) -> HttpResponse:
    return _page(request, project)


@require_POST
@project_page(Role.ADMIN)
def rename(request: ProjectRequest, project: Project) -> HttpResponse:
    form = ProjectForm(request.POST, instance=project)
    if form.is_valid():
        form.save()
        messages.success(request, "Saved.")
    else:
        messages.error(request, _first_error(form))
    return redirect("settings", project.slug)


@require_POST
@never_cache
@project_page(Role.ADMIN)
def key_create(request: ProjectRequest, project: Project) -> HttpResponse:
    """Answers with the page itself: a redirect would have to keep the secret somewhere in between."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        messages.error(request, _first_error(form))
        return redirect("settings", project.slug)
    key, secret = create_key(
        project=project,
        kind=KeyKind(form.cleaned_data["kind"]),
        name=form.cleaned_data["name"],
        created_by=request.user,
    )
    return _page(request, project, created=key, secret=secret)


@require_POST
@project_page(Role.ADMIN)
def key_revoke(request: ProjectRequest, project: Project, key_id: uuid.UUID) -> HttpResponse:
    key = get_object_or_404(ApiKey, project=project, id=key_id, revoked_at=None)
    revoke_key(key)
    messages.success(request, f"The key {key.prefix}… is revoked.")
    return redirect("settings", project.slug)


@require_POST
@project_page(Role.ADMIN)
def limits(request: ProjectRequest, project: Project) -> HttpResponse:
    form = LimitsForm(request.POST, project=project)
    if form.is_valid():
        form.save()
        messages.success(
            request, "Saved. It holds for what arrives from now on, everywhere within ten seconds."
        )
    else:
        field, errors = next(iter(form.errors.items()))
        messages.error(request, f"{form.fields[field].label}: {errors[0]}")
    return redirect(f"{reverse('settings', args=[project.slug])}#limits")


@require_POST
@project_page(Role.ADMIN)
def member_add(request: ProjectRequest, project: Project) -> HttpResponse:
    form = MemberForm(request.POST)
    if not form.is_valid():
        messages.error(request, _first_error(form))
        return redirect("settings", project.slug)
    username, role = form.cleaned_data["username"], Role(form.cleaned_data["role"])
    try:
        add_member(project=project, username=username, role=role)
        messages.success(request, f"{username} is now a member.")
    except MemberError as error:
        messages.error(request, str(error))
    return redirect("settings", project.slug)


@require_POST
@project_page(Role.ADMIN)
def member_role(request: ProjectRequest, project: Project, member_id: int) -> HttpResponse:
    membership = get_object_or_404(Membership.objects.select_related("user"), project=project, id=member_id)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _first_error(form))
        return redirect("settings", project.slug)
    try:
        change_role(membership=membership, role=Role(form.cleaned_data["role"]))
        messages.success(request, f"{membership.user} is now {membership.get_role_display().lower()}.")
    except MemberError as error:
        messages.error(request, str(error))
    return redirect("settings", project.slug)


@require_POST
@project_page(Role.ADMIN)
def member_remove(request: ProjectRequest, project: Project, member_id: int) -> HttpResponse:
    membership = get_object_or_404(Membership.objects.select_related("user"), project=project, id=member_id)
    try:
        remove_member(membership=membership)
        messages.success(request, f"{membership.user} is no longer a member.")
    except MemberError as error:
        messages.error(request, str(error))
    still_in = role_in(user=request.user, project=project)
    return redirect("settings", project.slug) if still_in else redirect("home")


@require_POST
@never_cache
@project_page(Role.ADMIN)
def member_invite(request: ProjectRequest, project: Project) -> HttpResponse:
    """Answers with the page itself, as `key_create` does."""
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _first_error(form))
        return redirect("settings", project.slug)
    invitation, token = invite(project=project, role=Role(form.cleaned_data["role"]), by=request.user)
    address = request.build_absolute_uri(reverse("invited", args=[token]))
    return _page(request, project, invited=invitation, address=address)


@require_POST
@project_page(Role.ADMIN)
def invitation_withdraw(request: ProjectRequest, project: Project, invitation_id: uuid.UUID) -> HttpResponse:
    get_object_or_404(Invitation, project=project, id=invitation_id).delete()
    messages.success(request, "The invitation is withdrawn.")
    return redirect(f"{reverse('settings', args=[project.slug])}#members")


def _page(
    request: ProjectRequest,
    project: Project,
    *,
    created: ApiKey | None = None,
    secret: str = "",
    invited: Invitation | None = None,
    address: str = "",
) -> HttpResponse:
    """The settings page. `created` and `secret`: the key just made, `invited` and `address`: the invitation just made, shown this once."""
    keys = list(project.keys.select_related("created_by"))
    context = {
        "keys_in_force": [key for key in keys if key.revoked_at is None],
        "keys_revoked": [key for key in keys if key.revoked_at is not None],
        "members": project.memberships.select_related("user").order_by("user__username"),
        "roles": Role.choices,
        "kinds": KeyKind.choices,
        "may_change": request.role == Role.ADMIN,
        "created": created,
        "secret": secret,
        "invitations": open_invitations(project) if request.role == Role.ADMIN else [],
        "invited": invited,
        "address": address,
        "invitation_days": HOLDS.days,
        "send_ways": SEND_WAYS,
        "write_key": secret if created and created.kind == KeyKind.WRITE else "YOUR_WRITE_KEY",
        "limits": LimitsForm(project=project),
        "default_rate": DEFAULT_RATE,
        "default_burst": DEFAULT_BURST,
        "quota": quota_of(project),
        "base_url": request.build_absolute_uri("/").rstrip("/"),
    }
    return render(request, "ingest/settings.html", context)


def _first_error(form: forms.BaseForm) -> str:
    field, errors = next(iter(form.errors.items()))
    return f"{field.capitalize()}: {errors[0]}"
