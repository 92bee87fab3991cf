"""Numbers as pages show them."""

import re

import pytest

from raindrop.templatetags.raindrop import bar, chart, percent, sparkline, with_code, without_code


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (None, "–"),
        ("", "–"),
        (0, "0.0%"),
        (0.0001, "<0.1%"),
        (0.0312, "3.1%"),
        (0.0996, "10.0%"),
        (0.25, "25%"),
        (1, "100%"),
    ],
)
def test_percent(share: float | str | None, shown: str) -> None:
    assert percent(share) == shown


def test_a_sparkline_of_shares_is_drawn_by_its_own_highest_and_its_last_bar_is_paler() -> None:
    """It drew counts, of which none is below 1: shares would all have been flat."""
    drawn = str(sparkline([0.02, 0.04, 0.0]))
    heights = [float(found) for found in re.findall(r' height="([\d.]+)"', drawn)]
    assert heights == [12.0, 24.0, 0.5]
    assert drawn.count("unfinished") == 1 and drawn.rindex("unfinished") > drawn.rindex('height="0.50"')
    assert "2.0%, 4.0%, 0.0% so far" in drawn
    assert sparkline([]) == ""


def test_a_day_that_has_just_begun_does_not_flatten_the_others() -> None:
    """Shortly after midnight 2 of 19 events are a rate that no whole day had: the rest looked like nothing."""
    heights = [float(found) for found in re.findall(r' height="([\d.]+)"', str(sparkline([0.02, 0.01, 0.5])))]
    assert heights == [24.0, 12.0, 24.0]
    assert "50.0% so far" in str(sparkline([0.02, 0.01, 0.5])) or "50% so far" in str(
        sparkline([0.02, 0.01, 0.5])
    )


def test_a_chart_has_a_name_and_its_numbers_as_a_table() -> None:
    data = {
        "labels": ["1 May", "2 May"],
        "series": [{"name": "<b>", "values": [0.5, 0.25]}],
        "fraction": True,
        "unfinished": True,
    }
    drawn = str(chart("line", data, 200, 'The "rate"'))
    assert 'role="img" aria-label="The &quot;rate&quot;"' in drawn and "style=" not in drawn
    assert "<caption>The &quot;rate&quot;</caption>" in drawn and "&lt;b&gt;</th>" in drawn
    assert "2 May (so far)" in drawn and "1 May (so far)" not in drawn
    assert "<td>50%</td>" in drawn and "<td>25%</td>" in drawn


def test_a_bar_says_how_far_and_warns_when_it_is_nearly_full() -> None:
    drawn = bar(3, 12, "Events <today>")
    assert (
        'value="0.2500" max="1"' in drawn
        and 'aria-label="Events &lt;today&gt;"' in drawn
        and "style=" not in drawn
    )
    assert "value=" not in bar(0, 0, "Nobody knows yet")
    assert 'value="1.0000"' in bar(7, 5, "Over")
    assert [("is-nearly-full" in one, "is-full" in one) for one in (bar(share, 1, "x", warn=True) for share in (0.79, 0.8, 1.2))] == [
        (False, False), (True, False), (False, True),
    ]  # fmt: skip
    assert "is-full" not in bar(1, 1, "x")


def test_a_tools_name_in_a_label_is_code_and_nothing_in_it_is_markup() -> None:
    label = "`sync` & <b>`x<y`</b> fails `"
    assert with_code(label) == "<code>sync</code> &amp; &lt;b&gt;<code>x&lt;y</code>&lt;/b&gt; fails `"
    assert without_code(label) == "sync & <b>x<y</b> fails `"
