"""A project's settings: read, cached, changed."""

from typing import Any

import pytest

from ingest.models import RedactionSettings
from ingest.redaction import DEFAULT_KINDS, PatternError
from ingest.redaction import settings as redaction_settings
from ingest.redaction.settings import redactor_for, save_redaction


@pytest.fixture(autouse=True)
def _nothing_cached() -> None:
    redaction_settings._cache.clear()


def test_without_settings_the_defaults_hold(project: Any) -> None:
    assert redactor_for(project).kinds == DEFAULT_KINDS


def test_it_asks_the_database_once(project: Any, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert redactor_for(project) is redactor_for(project)


def test_a_change_holds_at_once_here_and_after_ten_seconds_elsewhere(
    project: Any, other_project: Any, monkeypatch: Any, django_capture_on_commit_callbacks: Any
) -> None:
    redactor_for(project)
    with django_capture_on_commit_callbacks(execute=True):
        save_redaction(project=project, kinds={"email"}, patterns=["EMP-[0-9]+"], regions=["GB"])
    assert (
        redactor_for(project).text("a@b.example EMP-1 4111111111111111")
        == "<REDACTED_EMAIL> <REDACTED_CUSTOM> 4111111111111111"
    )
    assert redactor_for(other_project).kinds == DEFAULT_KINDS
    RedactionSettings.objects.filter(project=project).delete()  # by another process
    assert redactor_for(project).kinds == {"email"}
    later = redaction_settings.time.monotonic() + 11
    monkeypatch.setattr(redaction_settings.time, "monotonic", lambda: later)
    assert redactor_for(project).kinds == DEFAULT_KINDS


def test_only_what_a_person_switched_is_kept(project: Any) -> None:
    settings = save_redaction(project=project, kinds=(DEFAULT_KINDS | {"ip"}) - {"card"}, patterns=[])
    assert settings.switches == {"ip": True, "card": False}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"kinds": {"nonsense"}}, ValueError),
        ({"patterns": ["("]}, PatternError),
        ({"regions": ["XX"]}, ValueError),
    ],
)
def test_what_is_wrong_is_refused(project: Any, changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        save_redaction(**({"project": project, "kinds": set(), "patterns": []} | changes))
    assert not RedactionSettings.objects.exists()
