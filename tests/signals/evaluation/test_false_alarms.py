"""`manage.py evaluate signals --only short_replies` and `--only tool_results`: what they read, and that a wrong answer shows."""

from pathlib import Path

import pytest

from signals.detectors import keywords
from signals.evaluation.builtin import measure, short_replies, tool_dialects
from signals.evaluation.builtin.short_replies import Reply, alarms, lists_that_hit, read_replies
from signals.evaluation.builtin.vectors import VectorStore


def test_the_kept_replies_are_none_of_the_chosen_ones() -> None:
    chosen, kept = (
        {reply.text.lower().strip(".!") for reply in read_replies(part)} for part in ("chosen", "kept")
    )
    assert chosen & kept == set()
    assert {reply.language for reply in read_replies("kept")} == {"en", "de", "es", "fr", "pt"}


def test_a_kept_reply_stands_after_the_message_that_it_answers() -> None:
    answer = Reply("kept", "en", "agent", "policy", "Is it free?", "Only for members.").turn
    message = Reply("kept", "en", "user", "closing", "Anything else?", "no, bye").turn
    assert (answer.input.raw, answer.output.raw, answer.previous) == ("Is it free?", "Only for members.", [])
    assert (message.input.raw, message.output.raw) == ("no, bye", "")
    assert [before.output.raw for before in message.previous] == ["Anything else?"]


def test_a_match_on_a_reply_is_a_false_alarm(tmp_path: Path) -> None:
    calm = Reply("kept", "en", "user", "closing", "Anything else?", "no, bye")
    rude = Reply("kept", "en", "user", "closing", "Anything else?", "you are a stupid fucking idiot")
    found = alarms([calm, rude], VectorStore(tmp_path / "vectors.npz"))
    assert "abuse" in {alarm.signal for alarm in found}
    assert {alarm.reply for alarm in found} == {rude}
    assert keywords.ABUSE in lists_that_hit(rude)
    assert lists_that_hit(calm) == set()


def test_a_missed_failure_and_a_false_alarm_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    lists = [tool_dialects.read_results(of) for of in tool_dialects.LISTS]
    assert all({result.failed for result in results} == {True, False} for results in lists)
    results = [result for results in lists for result in results]
    monkeypatch.setattr(tool_dialects, "failure", lambda span: 0.0)
    table, _, lines = tool_dialects.measure()
    assert table.rows[0] == ["read", "130/109", "tool_failure", 0.0, 0.0, 0.0, 0]
    assert len(lines) == sum(result.failed for result in results)
    monkeypatch.setattr(tool_dialects, "failure", lambda span: 1.0)
    table, _, lines = tool_dialects.measure()
    assert len(lines) == sum(not result.failed for result in results)
    assert table.rows[0][4:] == [1.0, pytest.approx(2 * 130 / 369), 109]


def test_each_part_is_measured_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {part: read_replies(part)[:3] for part in short_replies.LISTS}
    monkeypatch.setattr(short_replies, "read_replies", few.__getitem__)
    monkeypatch.setattr(
        "signals.evaluation.builtin.VectorStore", lambda: VectorStore(tmp_path / "vectors.npz")
    )
    replies = measure(tmp_path, only="short_replies")
    assert replies.results["short_replies"]["kept"]["replies"] == 3
    results = measure(tmp_path, only="tool_results")
    assert set(results.results) == {"rows", "tool_results"}
    assert results.results["rows"] == []
