"""Making projects."""

from django.db import transaction

from ingest.models import Membership, Project, User
from ingest.models.projects import Role


@transaction.atomic
def create_project(*, slug: str, name: str = "", owner: User | None = None) -> Project:
    """Makes a project, with `owner` as its first admin. Raises ValidationError for a bad slug or one that is taken."""
    project = Project(slug=slug, name=name or slug)
    project.full_clean()
    project.save()
    if owner is not None:
        Membership.objects.create(project=project, user=owner, role=Role.ADMIN)
    return project


def find_or_create_project(slug: str) -> tuple[Project, bool]:
    """The project of that slug, and whether it was made, as there was none. Raises ValidationError for a bad slug."""
    found = Project.objects.filter(slug=slug).first()
    return (found, False) if found else (create_project(slug=slug), True)
