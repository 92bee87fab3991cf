"""`/api/jobs/{id}/`: how far a long job is."""

import uuid
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from ingest.models import Job
from ingest.projects.authentication import project_of


class JobItem(serializers.Serializer[Any]):
    state = serializers.CharField(help_text="queued, running, done, failed or stopped (by a person).")
    done = serializers.IntegerField()
    total = serializers.IntegerField(help_text="0 while it is not known.")
    message = serializers.CharField(help_text="What it does, what came of it, or why it failed.")


@extend_schema(operation_id="jobs_get", tags=["Jobs"], summary="How far a long job is", responses=JobItem)
@api_view(["GET"])
def job(request: Request, job_id: uuid.UUID) -> Response:
    """A training, a rescore, a backfill: whatever answered with a `job`."""
    found = Job.objects.filter(pk=job_id, project=project_of(request)).first()
    if found is None:
        raise Http404("There is no such job in this project.")
    return Response(
        {"state": found.state, "done": found.done, "total": found.total, "message": found.message}
    )
