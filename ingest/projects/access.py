"""Who may see what: one helper per way in, each returning the project or refusing."""

import functools
import uuid
from collections.abc import Callable
from typing import Concatenate, ParamSpec, cast

from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django_htmx.middleware import HtmxDetails

from ingest.models import Membership, Project, User
from ingest.models.projects import Role

P = ParamSpec("P")
RANK = {Role.VIEWER: 0, Role.MEMBER: 1, Role.ADMIN: 2}


class ProjectRequest(HttpRequest):
    """The request of a page behind `project_page`: a person who is logged in, in a project, in a role there. `htmx` is django-htmx's."""

    project: Project
    role: Role
    user: User
    htmx: HtmxDetails


def current_user(request: HttpRequest) -> User:
    """Who is logged in, where no `project_page` says so: in the admin, which lets nobody else in."""
    assert isinstance(request.user, User)
    return request.user


def role_in(*, user: User | AnonymousUser, project: Project) -> Role | None:
    """The user's role, or None for a stranger. A superuser is an admin everywhere."""
    if not user.is_authenticated:
        return None
    if user.is_superuser:
        return Role.ADMIN
    membership = Membership.objects.filter(user=user, project=project).first()
    return Role(membership.role) if membership else None


def project_page(
    role: Role = Role.VIEWER,
) -> Callable[[Callable[Concatenate[ProjectRequest, Project, P], HttpResponse]], Callable[..., HttpResponse]]:
    """Decorates a page under /p/<slug>/: the view gets the project in place of the slug, and a ProjectRequest. A stranger gets 404, as for a project that does not exist; a member of too low a role 403."""

    def decorate(
        view: Callable[Concatenate[ProjectRequest, Project, P], HttpResponse],
    ) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def wrapped(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            project = Project.objects.filter(slug=slug).first()
            held = role_in(user=request.user, project=project) if project else None
            if project is None or held is None:
                raise Http404("There is no such project, or you are not a member of it.")
            if RANK[held] < RANK[role]:
                raise PermissionDenied(
                    f"This needs the role {role.label.lower()}; you are a {held.label.lower()}."
                )
            inside = cast(ProjectRequest, request)
            inside.project, inside.role = project, held
            if request.session.get("project") != project.slug:  # setting it writes the session
                request.session["project"] = project.slug
            return view(inside, project, *args, **kwargs)

        return wrapped

    return decorate


@sync_to_async
def is_member(*, user: User | AnonymousUser, project_id: uuid.UUID) -> bool:
    project = Project.objects.filter(id=project_id).first()
    return project is not None and role_in(user=user, project=project) is not None
