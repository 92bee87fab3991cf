"""Invitations to a project: an address that is sent to somebody, holds once and for a week, and needs no superuser."""

import datetime as dt
import secrets

from django.db import transaction
from django.utils import timezone

from ingest.models import Invitation, Membership, Project, User
from ingest.models.projects import Role
from ingest.projects.access import role_in
from ingest.projects.keys import digest
from ingest.projects.members import MemberError

HOLDS = dt.timedelta(days=7)


def invite(*, project: Project, role: Role, by: User) -> tuple[Invitation, str]:
    """Makes an invitation; returns the row and its token, which cannot be had again."""
    token = secrets.token_urlsafe(32)
    row = Invitation.objects.create(
        project=project, role=role, digest=digest(token), created_by=by, expires_at=timezone.now() + HOLDS
    )
    return row, token


def open_invitations(project: Project) -> list[Invitation]:
    """Those that hold, the oldest first."""
    rows = project.invitations.select_related("created_by", "project").filter(expires_at__gt=timezone.now())
    return [row for row in rows if _holds(row)]


def find_invitation(token: str, *, lock: bool = False) -> Invitation | None:
    """The invitation of this token, or None: it never was, is used, withdrawn or too old, or who made it is no admin any more."""
    rows = Invitation.objects.select_related("created_by", "project")
    row = (rows.select_for_update(of=("self",)) if lock else rows).filter(digest=digest(token)).first()
    return row if row is not None and row.expires_at > timezone.now() and _holds(row) else None


@transaction.atomic
def accept(token: str, *, user: User | None = None, username: str = "", password: str = "") -> Membership:
    """Makes `user`, or a new user of this name and password, a member. The invitation is used up. Raises MemberError where it does not hold any
    more, and for one who is a member already."""
    row = find_invitation(token, lock=True)
    if row is None:
        raise MemberError("This invitation does not hold any more. Ask for another one.")
    user = user or User.objects.create_user(username, password=password)
    membership, created = Membership.objects.get_or_create(
        project=row.project, user=user, defaults={"role": row.role}
    )
    if not created:
        raise MemberError(f"You are a member already, as {membership.get_role_display().lower()}.")
    row.delete()
    return membership


def _holds(row: Invitation) -> bool:
    return row.created_by.is_active and role_in(user=row.created_by, project=row.project) == Role.ADMIN
