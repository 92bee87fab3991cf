"""docs/guide/alerts.md and the API's schema name the triggers that there are."""

import re
from typing import Any

from drf_spectacular.generators import SchemaGenerator

from issues.alerts.registry import all_triggers
from tests.docs.pages import text_of


def test_the_table_lists_every_trigger() -> None:
    _, _, table = text_of("docs/guide/alerts.md").partition("## Triggers")
    rows = [line for line in table.partition("\n### ")[0].splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(named) == sorted(trigger.name for trigger in all_triggers())


def test_the_schema_names_every_trigger() -> None:
    schema: Any = SchemaGenerator().get_schema(request=None, public=True)
    for shape in ("AlertItem", "PatchedAlertChange", "NewAlert"):
        told = schema["components"]["schemas"][shape]["properties"]["trigger"]["description"]
        assert re.findall(r"\w+", told)[2:] == [trigger.name for trigger in all_triggers()]
