"""Sums over whole days and the hours beside them, beside sums over hours alone."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db.models import Sum

from ingest.counts.period import Period
from ingest.counts.rollups import Occurrence, record
from ingest.models import Hour

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 20, 15, 40, tzinfo=dt.UTC)


@pytest.fixture
def subjects(project: Any) -> list[uuid.UUID]:
    """Two, with an event every five and every seven hours of 60 days, up to a few hours ahead of NOW."""
    found = [uuid.UUID(int=1), uuid.UUID(int=2)]
    record(
        Occurrence(subject, project.id, NOW + dt.timedelta(hours=4 - hours), None)
        for subject, step in zip(found, (5, 7), strict=True)
        for hours in range(0, 60 * 24, step)
    )
    return found


@pytest.mark.parametrize("key", ["24h", "7d", "14d", "90d"])
def test_a_periods_sums_are_those_of_its_hours(subjects: list[uuid.UUID], key: str) -> None:
    period = Period.named(key, now=NOW)
    for found, (start, end) in (
        (period.sums(subjects), (period.start, period.until)),
        (period.previous_sums(subjects), period.previous),
    ):
        hours = Hour.objects.filter(subject__in=subjects, start__gte=start, start__lt=end).values("subject")
        assert found == dict(hours.annotate(n=Sum("events")).values_list("subject", "n"))
    assert period.sums(subjects) == {
        subject: sum(counts) for subject, counts in period.series(subjects).items()
    }
