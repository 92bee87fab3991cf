"""Under /api/."""

from django.urls import path

from ingest.api import jobs as api
from ingest.api import retention

urlpatterns = [
    path("jobs/<uuid:job_id>/", api.job, name="api-job"),
    path("retention/", retention.retention, name="api-retention"),
    path("export/", retention.export, name="api-export"),
    path("erase/", retention.erase, name="api-erase"),
]
