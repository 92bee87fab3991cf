"""docs/guide/search.md lists the fields that there are, and what it shows is a query."""

import re

from signals.search.fields.registry import Field, all_fields
from signals.search.language.parsing import MAX_DEPTH, MAX_LENGTH, MAX_TERMS, parse
from signals.search.regexes import MAX_PATTERN
from tests.docs.pages import blocks, text_of

PAGE = "docs/guide/search.md"


def row_of(field: Field) -> str:
    also = f" (also {', '.join(f'`{name}`' for name in field.aliases)})" if field.aliases else ""
    return f"| `{field.name}{'.NAME' if field.needs_key else ''}` | `{field.example}` | {field.title}{also} |"


def test_the_table_lists_every_field() -> None:
    _, _, table = text_of(PAGE).partition("## Fields")
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert rows == [row_of(field) for field in all_fields()]


def test_its_block_is_a_query() -> None:
    [block] = [one for one in blocks() if one.page == PAGE]
    assert str(parse(block.text.strip())) == block.text.strip()


def test_its_limits_are_those_that_hold() -> None:
    stated = re.search(
        r"at most ([0-9,]+) characters, (\d+) conditions and (\d+) levels .*; a regular expression (\d+) characters",
        text_of(PAGE),
    )
    assert stated and [int(number.replace(",", "")) for number in stated.groups()] == [
        MAX_LENGTH,
        MAX_TERMS,
        MAX_DEPTH,
        MAX_PATTERN,
    ]
