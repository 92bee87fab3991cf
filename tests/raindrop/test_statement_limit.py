"""A statement is cancelled at its limit, and the limit around it holds again."""

import datetime as dt

import pytest
from django.db import OperationalError, connection, transaction

from ingest.models import Project
from raindrop.statement_limit import TookTooLong, statement_limit

pytestmark = pytest.mark.django_db
SHORT, LONG = dt.timedelta(milliseconds=50), dt.timedelta(seconds=30)


def limit() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        return str(cursor.fetchone()[0])


def sleep(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


def test_what_is_written_is_undone(project: Project) -> None:
    name = project.name
    with pytest.raises(TookTooLong), statement_limit(SHORT):
        Project.objects.filter(pk=project.pk).update(name="another")
        sleep(30)
    project.refresh_from_db()
    assert project.name == name


def test_limits_nest() -> None:
    before = limit()
    with statement_limit(LONG):
        assert limit() == "30s"
        with pytest.raises(TookTooLong), statement_limit(SHORT):
            assert limit() == "50ms"
            sleep(30)
        assert limit() == "30s"
        with statement_limit(SHORT):
            pass
        assert limit() == "30s"
    assert limit() == before


def test_another_fault_stays_what_it_is() -> None:
    with pytest.raises(ValueError), statement_limit(SHORT):
        raise ValueError
    with pytest.raises(OperationalError), transaction.atomic(), statement_limit(LONG):
        raise OperationalError("no connection")
