"""fixtures/corpus holds what its README says, and its loader reads truth off two readers."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from raindrop.evaluation.measurement import MissingData
from signals.catalogue.builtins import BUILT_IN_KEYS
from signals.evaluation.corpus import (
    FOLDER,
    PLANTED,
    SPLITS,
    kappa,
    labelled_signals,
    read_product,
    two_readings,
)

PRODUCTS = [product for split in SPLITS.values() for product in split]

# Conversations, where they are not 100.
SIZES = {
    "fernwell": 80,
    "gantry": 80,
    "hartwell": 80,
    "vialta": 80,
    "inkwell": 70,
    "innkeep": 80,
    "murmur": 64,
    "palette": 90,
    "reporta": 80,
    "solvaro": 80,
    "telvia": 80,
}


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_splits_share_no_product() -> None:
    assert len(PRODUCTS) == len(set(PRODUCTS)) >= 12
    assert len(SPLITS["kept"]) == 5
    assert {path.name for path in FOLDER.iterdir() if path.is_dir()} == {*PRODUCTS, *PLANTED}


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_product_is_whole(product: str) -> None:
    talks = rows(FOLDER / product / "conversations.jsonl")
    assert len(talks) == SIZES.get(product, 100)
    assert len({talk["conversation_id"] for talk in talks}) == SIZES.get(product, 100)
    turns = {talk["conversation_id"]: _texts(talk) for talk in talks}
    labels = [(talk["conversation_id"], label) for talk in talks for label in talk["labels"]["turns"]]
    readings = [(row["conversation_id"], row) for row in rows(FOLDER / product / "readings.jsonl")]
    assert labels and readings
    for talk_id, label in [*labels, *readings]:
        assert label["signal"] in BUILT_IN_KEYS
        words = str(label["words"])
        texts = turns[talk_id][label["turn"]]
        assert any(
            words in text
            or words.replace("\\n", "\n") in text
            or words in json.dumps(text, ensure_ascii=False)
            for text in texts
        )


def _texts(talk: dict[str, object]) -> list[list[str]]:
    found: list[list[str]] = []
    for message in talk["messages"]:
        if message["role"] == "user":
            found.append([])
        found[-1] += [
            message["content"],
            *(
                f"{call['function']['name']} {call['function']['arguments']}"
                for call in message.get("tool_calls", [])
            ),
        ]
    return found


def test_truth_is_what_both_readers_say(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    messages = [
        {"role": "user", "content": "no!"},
        {"role": "assistant", "content": "Sorry."},
        {"role": "user", "content": "thanks"},
    ]
    first = [
        {"turn": 0, "signal": "correction", "words": "no!"},
        {"turn": 1, "signal": "win", "words": "thanks"},
    ]
    talk = {"conversation_id": "c-1", "messages": messages, "labels": {"turns": first}}
    (folder / "conversations.jsonl").write_text(json.dumps(talk) + "\n")
    with pytest.raises(MissingData, match="second reader"):
        read_product("shop", folder=tmp_path)
    second = [
        {"conversation_id": "c-1", "turn": 0, "signal": signal, "words": "no!"}
        for signal in ("correction", "abuse")
    ]
    (folder / "readings.jsonl").write_text("".join(json.dumps(row) + "\n" for row in second))
    one, two = read_product("shop", folder=tmp_path)
    assert (one.answer("correction"), one.answer("abuse"), one.answer("refusal")) == (True, None, False)
    assert two.answer("win") is None
    assert [exchange.input.raw for exchange in two.turn.previous] == ["no!"]
    assert two_readings("shop", folder=tmp_path) == (
        [{"correction"}, {"win"}],
        [{"correction", "abuse"}, set()],
    )
    with pytest.raises(MissingData):
        read_product("nowhere", folder=tmp_path)


def test_where_only_the_conversation_was_labelled_the_reader_says_on_which_turn(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    messages = [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]
    talk = {"conversation_id": "c-1", "messages": messages, "labels": {"signals": ["win", "refusal"]}}
    (folder / "conversations.jsonl").write_text(json.dumps(talk) + "\n")
    (folder / "readings.jsonl").write_text(
        json.dumps({"conversation_id": "c-1", "turn": 1, "signal": "win", "words": "b"}) + "\n"
    )
    one, two = read_product("shop", folder=tmp_path)
    assert (one.answer("win"), two.answer("win")) == (False, True)
    assert (one.answer("refusal"), two.answer("refusal")) == (None, None)


def test_the_corpus_says_itself_what_it_is_labelled_for(tmp_path: Path) -> None:
    unlabelled = BUILT_IN_KEYS - labelled_signals()
    assert unlabelled == {"abandonment", "slow_response", "high_cost", "model_error", "lost_information"}
    (tmp_path / "one").mkdir()
    row = {"conversation_id": "c-1", "turn": 0, "signal": "win", "words": "thanks"}
    (tmp_path / "one" / "readings.jsonl").write_text(json.dumps(row))
    assert labelled_signals(folder=tmp_path) == {"win"}


def test_kappa() -> None:
    assert kappa([True, False, True, False], [True, False, True, False]) == 1.0
    assert kappa([True, True, False, False], [True, False, True, False]) == 0.0


def test_the_corpus_is_measured_by_a_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There are: train, tune, kept, planted"):
        call_command("evaluate", "corpus", only="nonsense")
    out = tmp_path / "corpus.json"
    call_command("evaluate", "corpus", only="tune", out=out)
    results = json.loads(out.read_text())
    shipped, rules = results["conversations"]["shipped"], results["conversations"]["rules alone"]
    assert shipped["conversations"] == 200
    assert shipped["micro F1"] > rules["micro F1"]
    assert shipped["clean flagged"] < rules["clean flagged"]
    assert "kappa" in capsys.readouterr().out
