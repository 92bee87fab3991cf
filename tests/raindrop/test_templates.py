"""What holds for the text of every template."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template

LONGEST = 140  # as djangofmt is told (Makefile)
TEMPLATES = sorted(path for folder in settings.TEMPLATES[0]["DIRS"] for path in Path(folder).rglob("*.html"))


def test_there_are_templates() -> None:
    assert len(TEMPLATES) > 80


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_lines_are_short_and_no_style_stands_in_a_template(path: Path) -> None:
    """The formatter leaves what it cannot break: a tag, or an attribute. A style in an attribute is refused by the content security
    policy."""
    lines = path.read_text().splitlines()
    assert not [number for number, line in enumerate(lines, 1) if len(line) > LONGEST]
    assert not re.search(r"\sstyle\s*=", "\n".join(lines))


def test_a_tag_of_django_stands_on_one_line() -> None:
    """A tag over two lines is no tag to Django: it would be shown as text."""
    for path in TEMPLATES:
        text = path.read_text()
        assert text.count("{%") == len(re.findall(r"\{%[^\n]*?%\}", text)), path
        assert text.count("{{") == len(re.findall(r"\{\{[^\n]*?\}\}", text)), path


def test_a_link_to_the_events_that_have_a_value() -> None:
    where, value = {"signal": "win"}, {"property": "plan=a&b"}
    link = Template("{% parameters where value range='7d' %}").render(
        Context({"where": where, "value": value})
    )
    assert link == "?signal=win&amp;property=plan%3Da%26b&amp;range=7d"
    assert Template("{% only_with 'model' 'm 1' range='7d' %}").render(Context()) == "?range=7d&amp;model=m+1"


def test_no_line_break_of_a_template_stands_where_white_space_is_shown() -> None:
    """The formatter does not know of the class `prewrap`: what it would break is a partial of its own."""
    for path in TEMPLATES:
        assert not re.search(r'class="[^"]*\bprewrap\b[^"]*"[^>]*>[ \t]*\n', path.read_text()), path
