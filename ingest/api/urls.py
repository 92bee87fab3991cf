"""Under /api/."""

from django.urls import path

from ingest.api import jobs as api

urlpatterns = [path("jobs/<uuid:job_id>/", api.job, name="api-job")]
