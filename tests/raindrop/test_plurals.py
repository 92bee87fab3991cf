"""Numbers of things, and what the admin calls many of a thing."""

import re

from django.apps import apps

from raindrop.web.plurals import counted


def test_one_and_many() -> None:
    assert counted(1, "line was", "lines were") == "1 line was"
    assert (counted(0, "event"), counted(2000, "event")) == ("0 events", "2,000 events")


def test_no_model_has_a_plural_that_is_no_word() -> None:
    """Django adds an s: "signal matchs", "evidence clusterss"."""
    ours = ("ingest", "signals", "issues", "labeling")
    names = [
        str(model._meta.verbose_name_plural)
        for app in ours
        for model in apps.get_app_config(app).get_models()
    ]
    assert len(names) > 40
    assert not [name for name in names if re.search(r"(ss|chs|xs|[^aeiou]ys|feedbacks)$", name)]
