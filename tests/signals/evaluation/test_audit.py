"""The audit of the built-in signals: what is drawn, what a reader gets and gives back, and what the answers say."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from signals.catalogue.audit_results import audit_results
from signals.detectors import DETECTORS
from signals.evaluation.audit import Figures, figures, measure, publish, report
from signals.evaluation.audit_store import AuditStore
from signals.evaluation.drawing import AUDITED, GROUPS, Kind, SampledTurn, Stratum, draw, group_of, spread
from signals.evaluation.reading import (
    Answer,
    BadAnswers,
    Holds,
    questions_of,
    read_lines,
    read_objects,
    read_questions,
)
from signals.evaluation.traffic import KEPT_SOURCES, SOURCES, SourceTurn, read_source, row_id

TALKS = [
    [("I want a refund for order 7.", "I cannot help with that, it is against our policy."), ("This is useless!!", "Sorry.")],
    [("Hello, what are your hours?", "We open at nine."), ("Thanks, that's great!", "You're welcome.")],
]  # fmt: skip


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one small source, `ledgerly`."""
    monkeypatch.setattr("signals.evaluation.traffic.BASE_DIR", tmp_path / "nowhere")
    path = tmp_path / "data" / SOURCES["ledgerly"]
    path.parent.mkdir(parents=True)
    rows = []
    for number, talk in enumerate(TALKS * 5):
        messages: list[dict[str, object]] = []
        for place, (given, answer) in enumerate(talk):
            messages.append(
                {"role": "user", "content": given, "timestamp": f"2026-11-0{place + 1}T08:00:00Z"}
            )
            messages.append(
                {
                    "role": "assistant",
                    "content": "",
                    "tool_calls": [{"id": "a", "name": "look", "arguments": {"n": 1}}],
                }
            )
            messages.append({"role": "tool", "tool_call_id": "a", "content": "=== nothing"})
            messages.append({"role": "assistant", "content": answer})
        rows.append({"conversation_id": f"c-{number}", "messages": messages})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path / "data"


def drawn_turns(
    data: Path, kinds: Mapping[str, Kind], **counts: int
) -> tuple[list[SampledTurn], list[Stratum]]:
    """`kinds`: of the turns whose message begins so; the same for every signal."""
    turns = read_source("ledgerly", data=data)
    mine: list[Kind] = [kinds.get(spoken.turn.input.raw.split()[0], "other") for spoken in turns]
    return draw(turns, dict.fromkeys(AUDITED, mine), seed=1, **counts)


def test_a_source_is_read_as_the_pipeline_would(data: Path) -> None:
    turns = read_source("ledgerly", data=data)
    second = turns[1]
    assert (second.conversation, second.place, second.last, len(turns)) == ("c-0", 1, True, 20)
    assert [old.input.raw for old in second.turn.previous] == ["I want a refund for order 7."]
    assert second.turn.spans[0].output == "=== nothing" and second.turn.at is not None
    assert len({turn.id for turn in turns}) == 20


def test_each_row_carries_the_probability_of_its_stratum(data: Path) -> None:
    rows, strata = drawn_turns(data, {"I": "match", "This": "near"}, matches=2, others=6)
    mine = [row for row in rows if row.signal == "refusal"]
    counts = {kind: sum(row.kind == kind for row in mine) for kind in ("match", "near", "other")}
    assert counts == {"match": 2, "near": 3, "other": 3}
    assert {(row.kind, row.size, row.probability) for row in mine} == {
        ("match", 5, 0.4),
        ("near", 5, 0.6),
        ("other", 10, 0.3),
    }
    assert {row.version for row in mine} == {DETECTORS["refusal"].version}
    assert [(s.kind, s.size, s.drawn) for s in strata if s.signal == "refusal"] == [
        ("match", 5, 2),
        ("near", 5, 3),
        ("other", 10, 3),
    ]


def test_a_new_draw_keeps_what_stays_and_takes_up_only_what_newly_matches(data: Path) -> None:
    before, _ = drawn_turns(data, {"I": "match"}, matches=60, others=6)
    after, _ = drawn_turns(data, {"I": "match", "This": "match"}, matches=60, others=6)
    old = {row.id for row in before if row.signal == "win" and row.kind == "match"}
    new = {row.id for row in after if row.signal == "win" and row.kind == "match"}
    assert old < new and len(new - old) == 5
    assert [row.id for row in before] == [
        row.id for row in drawn_turns(data, {"I": "match"}, matches=60, others=6)[0]
    ]


def test_sources_share_a_sample_evenly() -> None:
    assert spread({"a": 100, "b": 3, "c": 100}, 21) == {"a": 9, "b": 3, "c": 9}
    assert spread({"a": 2, "b": 0}, 60) == {"a": 2, "b": 0}


def test_a_new_signal_leaves_the_groups_of_the_others_as_they_are() -> None:
    named = [key for keys in GROUPS for key in keys.split()]
    assert len(named) == len(set(named)) and set(named) <= set(AUDITED)
    assert all(key in GROUPS[group_of(key)].split() for key in named)
    assert group_of("broken_off") == group_of("broken_off") < len(GROUPS)


def test_draw_read_and_report(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store, out = tmp_path / "store", tmp_path / "out"
    options = {"source": ["ledgerly"], "seed": 3, "data": data, "store": store, "out": out}
    call_command("audit", "draw", **options)
    text, told = (out / "blocks.txt").read_text(), (out / "READER.md").read_text()
    questions = read_questions(text)
    assert len(questions) == 20 and all(len(signals) >= 6 for signals in questions.values())
    assert 'T look {"n": 1} ->  === nothing' in text  # what looks like a block's line is none
    assert "before U: I want a refund" in text and "[the conversation ends here]" in text
    assert "0.5" not in text and "match" not in text.replace(
        "mismatch", ""
    )  # nothing of what the detectors said
    assert "- refusal: The agent declines" in told
    assert "I want" not in "".join(path.read_text() for path in store.iterdir())  # no text is stored

    refused = {s.id for s in read_source("ledgerly", data=data) if s.turn.input.raw.startswith("I want")}
    for reader in ("a", "b"):
        lines = [
            f"{turn} {'refusal' if turn in refused and 'refusal' in signals else '-'}"
            for turn, signals in questions.items()
        ]
        file = tmp_path / f"{reader}.txt"
        file.write_text("\n".join(lines))
        call_command("audit", "read", file, store=store, blocks=out / "blocks.txt", reader=reader)
    found = report(AuditStore(store)).results["ledgerly"]["refusal"]
    assert found["precision"]["value"] == 1 and found["recall"]["value"] == 1 and found["kappa"] == 1
    assert found["read"] == 20 and found["unread"] == 0 and found["matches"] == 5

    capsys.readouterr()
    call_command("audit", "draw", **options)
    assert "0 turns to be read" in capsys.readouterr().out


def test_answers_that_make_no_sense_are_refused_with_their_lines(tmp_path: Path) -> None:
    questions, rows = {"0123456789": ["win", "refusal"]}, {("0123456789", "win"): "r1"}
    with pytest.raises(
        BadAnswers,
        match=r"line 1: no such turn x\nline 3: .* answered twice\nline 3: .* does not ask for abuse",
    ):
        read_lines("x win\n0123456789 win\n0123456789 abuse", questions, rows, "a")
    assert read_lines("0123456789 win?", questions, rows, "a") == [Answer("r1", "unsure", "a")]
    assert read_objects([{"id": "r1", "holds": True, "reader": "b"}], {"r1"}) == [Answer("r1", "true", "b")]
    with pytest.raises(BadAnswers, match="line 1: needs id, holds"):
        read_objects([{"id": "r1", "holds": "maybe", "reader": "b"}], {"r1"})
    with pytest.raises(BadAnswers, match="line 1: no such row"):
        read_objects([{"id": "r2", "holds": "true", "reader": "b"}], {"r1"})
    AuditStore(tmp_path).replace_sample([], [])
    lines = tmp_path / "a.txt"
    lines.write_text("0123456789 -")
    with pytest.raises(CommandError, match="Lines need --blocks"):
        call_command("audit", "read", lines, store=tmp_path)


def test_what_a_turn_is_asked_for_is_no_hint() -> None:
    rows = [SampledTurn("r", "0123456789", "win", "ledgerly", "match", 1, 5, 1.0)]
    questions = questions_of(rows, seed=1)["0123456789"]
    assert (
        len(questions) == 6 and "win" in questions and questions == questions_of(rows, seed=1)["0123456789"]
    )


# -- estimates


def sampled(
    kind: Kind, size: int, *pairs: tuple[Holds, Holds]
) -> tuple[list[SampledTurn], list[Answer], Stratum]:
    """A stratum of `refusal` with `size` turns, of which two readers read len(said)."""
    rows, answers = [], []
    for place, both in enumerate(pairs):
        row = row_id("ledgerly", kind, place, "refusal")
        rows.append(SampledTurn(row, row[:10], "refusal", "ledgerly", kind, 1, size, len(pairs) / size))
        answers += [Answer(row, holds, reader) for holds, reader in zip(both, "ab", strict=True)]
    return rows, answers, Stratum("refusal", "ledgerly", kind, 1, size, len(pairs))


def estimated(*strata: tuple[list[SampledTurn], list[Answer], Stratum]) -> Figures:
    by_row: dict[str, Sequence[Answer]] = {}
    for _, answers, _ in strata:
        for answer in answers:
            by_row[answer.id] = [*by_row.get(answer.id, ()), answer]
    rows = [row for mine, _, _ in strata for row in mine]
    return figures("refusal", ["ledgerly"], rows, [stratum for _, _, stratum in strata], by_row)


YES: tuple[Holds, Holds] = ("true", "true")
NO: tuple[Holds, Holds] = ("false", "false")
SPLIT: tuple[Holds, Holds] = ("true", "false")


def test_recall_is_weighted_by_how_the_sample_was_drawn() -> None:
    found = estimated(
        sampled("match", 40, *[YES] * 8, *[NO] * 2),
        sampled("near", 20, YES, NO),
        sampled("other", 1000, *[NO] * 50),
    )
    assert found.precision is not None and found.recall is not None and found.false_alarms is not None
    assert found.precision.value == pytest.approx(0.8)
    # 32 of the 40 matches are right; of the 20 near misses 10 were missed.
    assert found.recall.value == pytest.approx(32 / 42)
    assert found.false_alarms.value == pytest.approx(1000 * 8 / 1060)
    # None in 50 of 1,000 can still be 51 of 1,000 (Wilson's upper end of 0 of 50 at 90 %): 2.706 / 52.706.
    assert found.recall.low < 26 / (26 + 51)
    assert found.precision.low < 0.8 < found.precision.high


def test_a_match_that_the_readers_differ_on_is_half_right() -> None:
    found = estimated(
        sampled("match", 4, YES, SPLIT, ("unsure", "true"), NO), sampled("other", 10, SPLIT, NO)
    )
    assert found.precision is not None and found.precision.value == pytest.approx(0.5)
    assert found.disputed == 3
    assert (
        found.recall is not None and found.recall.value == 1
    )  # what is disputed among the others is left out


def test_what_was_not_read_is_said() -> None:
    found = estimated(sampled("match", 4), sampled("other", 10, NO))
    assert found.precision is None and found.recall is None and found.false_alarms is None
    rows, answers, stratum = sampled("match", 4, YES, YES)
    found = figures("refusal", ["ledgerly"], rows, [stratum], {answers[0].id: answers[:1]})
    assert (found.unread, found.read) == (2, 0)


def test_kappa_of_the_readers() -> None:
    assert estimated(sampled("match", 4, YES, YES, NO, NO)).kappa == 1
    assert estimated(sampled("match", 4, SPLIT, ("false", "true"), YES, NO)).kappa == 0
    assert estimated(sampled("match", 2, YES, YES)).kappa is None  # they never said anything else


def test_what_is_published_is_of_the_kept_sources(tmp_path: Path) -> None:
    store = AuditStore(tmp_path / "store")
    kept = KEPT_SOURCES[0]
    rows = [SampledTurn(f"{n:016x}", f"{n:010x}", "refusal", kept, "match", 3, 12, 1.0) for n in range(12)]
    other = [SampledTurn(f"{n:016x}", f"{n:010x}", "win", "ledgerly", "match", 1, 1, 1.0) for n in (20,)]
    strata = [Stratum("refusal", kept, "match", 3, 12, 12), Stratum("win", "ledgerly", "match", 1, 1, 1)]
    store.replace_sample(rows + other, strata)
    store.add_answers(Answer(row.id, "true", reader) for row in rows + other for reader in "ab")
    path = tmp_path / "audit.json"
    assert publish(store, path) == 1
    found = audit_results(path)["refusal"]
    assert (found.precision, found.high, found.matches, found.tentative) == (1, 1, 12, False)
    assert found.low == pytest.approx(0.82, abs=0.005) and found.measured_on == KEPT_SOURCES
    store.add_answers(Answer(row.id, "false", reader) for row in rows[:3] for reader in "ab")
    assert publish(store, tmp_path / "again.json") == 1
    assert audit_results(tmp_path / "again.json")["refusal"].tentative  # .75


def test_few_matches_are_tentative(tmp_path: Path) -> None:
    store = AuditStore(tmp_path / "store")
    rows = [
        SampledTurn(f"{n:016x}", f"{n:010x}", "refusal", KEPT_SOURCES[0], "match", 3, 9, 1.0)
        for n in range(9)
    ]
    store.replace_sample(rows, [Stratum("refusal", KEPT_SOURCES[0], "match", 3, 9, 9)])
    store.add_answers(Answer(row.id, "true", reader) for row in rows for reader in "ab")
    publish(store, tmp_path / "audit.json")
    assert audit_results(tmp_path / "audit.json")["refusal"].tentative


def test_a_draw_replaces_only_its_own_sources(tmp_path: Path) -> None:
    store = AuditStore(tmp_path)
    one = SampledTurn("1" * 16, "1" * 10, "win", "tutor", "match", 1, 1, 1.0)
    two = SampledTurn("2" * 16, "2" * 10, "win", "ledgerly", "match", 1, 1, 1.0)
    store.replace_sample([one, two], [Stratum("win", s, "match", 1, 1, 1) for s in ("tutor", "ledgerly")])
    store.replace_sample([], [Stratum("win", "tutor", "match", 2, 0, 0)])
    assert store.sample() == [two]
    assert [(s.source, s.version) for s in store.strata()] == [("ledgerly", 1), ("tutor", 2)]


def test_evaluate_knows_it_and_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signals.evaluation.audit.AuditStore", lambda: AuditStore(tmp_path))
    with pytest.raises(CommandError, match=r"There is no .*sample.jsonl: `manage.py audit draw`"):
        call_command("evaluate", "audit")
    AuditStore(tmp_path).replace_sample([], [Stratum("win", "tutor", "match", 2, 0, 0)])
    assert "audit, tutor" in measure(tmp_path).text()


def test_kept_sources_are_half_of_them() -> None:
    assert set(KEPT_SOURCES) < SOURCES.keys() and len(SOURCES) // 2 == len(KEPT_SOURCES)


def test_a_turn_is_known_by_a_hash() -> None:
    assert SourceTurn.__slots__ and row_id("a", "b", 1, "win") != row_id("a", "b", 11, "win")
    assert len(row_id("a", "b", 1, "win")) == 16
