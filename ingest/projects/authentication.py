"""DRF: a key in the Authorization header, or a logged-in session, always bound to one project."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, cast
from urllib.parse import unquote

from django.http import HttpRequest
from rest_framework import authentication, exceptions, permissions
from rest_framework.request import Request

from ingest.models import ApiKey, Project
from ingest.models.projects import SLUG, KeyKind, Role
from ingest.projects.access import RANK, role_in
from ingest.projects.keys import find_key
from raindrop.errors import ApiError

if TYPE_CHECKING:  # rest_framework.views imports this module, by its name in the settings
    from rest_framework.views import APIView


def authorization(headers: Mapping[str, str]) -> tuple[str, str]:
    """The scheme of the Authorization header, in lower case, and what follows it. The header may be percent-encoded (`Bearer%20<key>`):
    OTEL_EXPORTER_OTLP_HEADERS is written so, and not every exporter decodes it."""
    text = headers.get("Authorization", "").strip()
    if " " not in text:
        text = unquote(text).strip()
    scheme, _, value = text.partition(" ")
    return scheme.lower(), value.strip()


class KeyAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <query or admin key>`."""

    def authenticate(self, request: Request) -> tuple[None, ApiKey] | None:
        scheme, secret = authorization(request.headers)
        if scheme != "bearer":
            return None
        key = find_key(secret)
        if key is None:
            raise exceptions.AuthenticationFailed("This key is not known here, or it was revoked.")
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class ApiRequest(Request):
    """The request of a view of the API behind ProjectPermission."""

    project: Project


def project_of(request: Request) -> Project:
    """The project that the key (or the session) opens: ProjectPermission has found it."""
    return cast(ApiRequest, request).project


class ProjectPermission(permissions.BasePermission):
    """Finds the request's project, sets `request.project`, and checks that the caller may do this there.

    A query key reads, an admin key reads and writes, a write key does neither here. A session acts in the project named
    by `?project=` or X-Raindrop-Project-Id, by default the one whose page was last open, else the only one.
    """

    reading: ClassVar[frozenset[str]] = frozenset(permissions.SAFE_METHODS)

    def has_permission(self, request: Request, view: "APIView") -> bool:
        writing = request.method not in self.reading
        if isinstance(request.auth, ApiKey):
            key = request.auth
            check_project_header(request.headers, key.project)
            if key.kind == KeyKind.WRITE:
                raise ApiError(
                    403, "A write key may only send events. Use a query key to read, an admin key to change."
                )
            if writing and key.kind != KeyKind.ADMIN:
                raise ApiError(403, "A query key may only read. Use an admin key to change things.")
            project = key.project
        elif request.user and request.user.is_authenticated:
            found = session_project(request._request)
            role = role_in(user=request.user, project=found) if found else None
            if found is None or role is None:
                raise ApiError(
                    404,
                    "There is no such project, or you are not a member of it. Name one with ?project=SLUG.",
                )
            if writing and RANK[role] < RANK[Role.MEMBER]:
                raise ApiError(403, "A viewer may only read.")
            project = found
        else:
            raise exceptions.NotAuthenticated("Send a key as `Authorization: Bearer <key>`, or log in.")
        cast(ApiRequest, request).project = project
        return True


class ReadByPost(ProjectPermission):
    """For a view whose POST changes nothing: whoever may read may ask."""

    reading: ClassVar[frozenset[str]] = ProjectPermission.reading | {"POST"}


def session_project(request: HttpRequest) -> Project | None:
    slug = request.GET.get("project") or request.headers.get("X-Raindrop-Project-Id")
    if not slug:
        slug = request.session.get("project")
    if slug:
        if not re.match(SLUG, slug):
            return None
        return Project.objects.filter(slug=slug).first()
    mine = Project.objects.all()
    if not request.user.is_superuser:
        mine = mine.filter(members__in=[request.user.pk])
    found = list(mine[:2])
    return found[0] if len(found) == 1 else None


def check_project_header(headers: Mapping[str, str], project: Project) -> None:
    """A key opens one project. Naming another in the header is an error, not a detour (`default`: the key's own)."""
    slug = headers.get("X-Raindrop-Project-Id", "").strip()
    if slug and slug not in {project.slug, "default"}:
        raise ApiError(
            403,
            f"This key belongs to another project than {slug!r}.",
            details={"field": "X-Raindrop-Project-Id"},
        )
