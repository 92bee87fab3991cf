"""Under /api/."""

from django.urls import path

from ingest import api

urlpatterns = [path("jobs/<uuid:job_id>/", api.job, name="api-job")]
