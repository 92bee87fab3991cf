"""Saved views of the events list: keeping, renaming, sharing and deleting them."""

import uuid

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from ingest.models import Project, User
from ingest.models.projects import Role
from ingest.projects.access import RANK, ProjectRequest, project_page
from signals.models import SavedView, SignalDefinition
from signals.models.views import MOST, NAME_LENGTH
from signals.pages.events.filters import PAGING, EventFilters

TAKEN = "You have a view of that name already."


def views_of(project: Project, user: User) -> QuerySet[SavedView]:
    """The user's own and those that are shared, by name."""
    mine = SavedView.objects.filter(Q(owner=user) | Q(is_shared=True), project=project)
    return mine.select_related("owner").order_by("name", "id")


def kept_parameters(data: QueryDict) -> str:
    """The filters of a list's URL as a view keeps them, in one order."""
    kept = sorted((name, value) for name, value in data.items() if name not in PAGING and value)
    found = QueryDict(mutable=True)
    for name, value in kept:
        found[name] = str(value)
    return found.urlencode()


@require_POST
@project_page()
def save(request: ProjectRequest, project: Project) -> HttpResponse:
    """Keeps the filters of `parameters` under `name`; with `shared`, for the whole project."""
    data = QueryDict(request.POST.get("parameters", "").removeprefix("?"))
    signals = list(SignalDefinition.objects.filter(project=project, enabled=True))
    filters = EventFilters(data, project=project, signals=signals)
    if not filters.is_valid():
        raise BadRequest(" ".join(str(error) for errors in filters.errors.values() for error in errors))
    name, is_shared = _name(request), bool(request.POST.get("shared"))
    if is_shared:
        _check_may_share(request)
    if SavedView.objects.filter(project=project, owner=request.user).count() >= MOST:
        raise BadRequest(f"You keep {MOST} views here, as many as there may be. Delete one first.")
    parameters = kept_parameters(data)
    try:
        with transaction.atomic():
            SavedView.objects.create(
                project=project, owner=request.user, name=name, parameters=parameters, is_shared=is_shared
            )
    except IntegrityError:
        messages.error(request, TAKEN)
    else:
        messages.success(request, f"The view “{name}” is kept.")
    return redirect(f"{reverse('events', args=[project.slug])}?{parameters}")


@require_POST
@project_page()
def change(request: ProjectRequest, project: Project, view_id: uuid.UUID) -> HttpResponse:
    """`action`: rename (to `name`), share, unshare or delete. By who made it; of a shared one, by an admin too."""
    view = get_object_or_404(views_of(project, request.user), id=view_id)
    if view.owner_id != request.user.pk and RANK[request.role] < RANK[Role.ADMIN]:
        raise PermissionDenied("This view is another person's. An admin can change it.")
    action, parameters = request.POST.get("action"), view.parameters
    if action == "delete":
        view.delete()
        messages.success(request, f"The view “{view.name}” is deleted.")
    elif action == "rename":
        view.name = _name(request)
        try:
            with transaction.atomic():
                view.save(update_fields=["name"])
        except IntegrityError:
            messages.error(request, TAKEN)
    elif action in ("share", "unshare"):
        _check_may_share(request)
        view.is_shared = action == "share"
        view.save(update_fields=["is_shared"])
    else:
        raise BadRequest("action is rename, share, unshare or delete.")
    return redirect(f"{reverse('events', args=[project.slug])}?{parameters}")


def _name(request: ProjectRequest) -> str:
    name = " ".join(request.POST.get("name", "").replace("\x00", " ").split())
    if not name or len(name) > NAME_LENGTH:
        raise BadRequest(f"A view has a name of at most {NAME_LENGTH} characters.")
    return name


def _check_may_share(request: ProjectRequest) -> None:
    if RANK[request.role] < RANK[Role.MEMBER]:
        raise PermissionDenied("Sharing a view needs the role member; you are a viewer.")
