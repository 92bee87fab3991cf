"""Who belongs to a project, and in which role. A project that has an admin never loses its last one."""

from django.db import transaction

from ingest.models import Membership, Project, User
from ingest.models.projects import Role


class MemberError(Exception):
    """The change is refused; the text tells the person why."""


@transaction.atomic
def add_member(*, project: Project, username: str, role: Role) -> Membership:
    """Makes an existing user a member. Raises MemberError for an unknown user, and for one who is a member already."""
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise MemberError(f"There is no user {username!r} on this server.")
    membership, created = Membership.objects.get_or_create(
        project=project, user=user, defaults={"role": role}
    )
    if not created:
        raise MemberError(f"{username} is a member already, as {membership.get_role_display().lower()}.")
    return membership


@transaction.atomic
def change_role(*, membership: Membership, role: Role) -> None:
    """Raises MemberError when it would take the project's last admin."""
    if role != Role.ADMIN:
        _refuse_last_admin(membership)
    membership.role = role
    membership.save(update_fields=["role"])


@transaction.atomic
def remove_member(*, membership: Membership) -> None:
    """Raises MemberError when it would take the project's last admin."""
    _refuse_last_admin(membership)
    membership.delete()


def _refuse_last_admin(membership: Membership) -> None:
    """Locks the project's admins, so that two of them cannot demote each other at once."""
    admins = Membership.objects.filter(project=membership.project_id, role=Role.ADMIN, user__is_active=True)
    ids = set(admins.select_for_update(of=("self",)).order_by("id").values_list("id", flat=True))
    if ids == {membership.id}:
        raise MemberError(f"{membership.user} is the only admin. Make somebody else an admin first.")
