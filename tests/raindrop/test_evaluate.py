"""`manage.py evaluate NAME`."""

import gzip
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ingest.evaluation.redaction import GOAL, measure
from issues.evaluation import classifiers
from signals.evaluation import few_shot, meaning

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def _write(path: Path, rows: list[object]) -> None:
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    span = {"entity_type": "EMAIL_ADDRESS", "start_position": 5, "end_position": 16}
    rows = [{"text": "mail a@b.example, SSN 536-90-4399.", "spans": [span]}]
    _write(tmp_path / "presidio_synth_v2.jsonl.gz", rows)
    _write(
        tmp_path / "taubench_retail_community.jsonl.gz", [{"messages": [{"role": "user", "content": "hi"}]}]
    )
    return tmp_path


def test_it_prints_a_table_and_writes_json(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out" / "redaction.json"
    call_command("evaluate", "redaction", data=data, out=out)
    printed = capsys.readouterr().out
    assert "EMAIL_ADDRESS" in printed and "eaten of the rest" in printed
    scores = json.loads(out.read_text())["scores"]
    assert scores["everything"]["labels"]["EMAIL_ADDRESS"]["recall"] == 1
    assert scores["defaults"]["labels"]["EMAIL_ADDRESS"]["recall"] == 0
    # The SSN stands in no labelled span: its 11 characters count as eaten, of the 23 outside.
    assert scores["defaults"]["eaten"] == pytest.approx(11 / 23)


INTENTS = {
    "refund": "I want my money back for order {n}",
    "weather": "Will it rain in town {n} tomorrow?",
    "music": "Play song number {n} by my favourite band",
}


def _write_intents(folder: Path, **numbers: range) -> None:
    rows: list[object] = [
        {"text": text.format(n=n), "label": label, "split": split}
        for split, few in numbers.items()
        for label, text in INTENTS.items()
        for n in few
    ]
    _write(folder / "mini_fewshot_splits.jsonl.gz", rows)


def test_few_shot_measures_examples_and_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = {"train_5": range(5), "train_10": range(10), "valid": range(20, 50), "test": range(60, 75)}
    _write_intents(tmp_path, **numbers)
    monkeypatch.setattr(few_shot, "SETS", ("mini",))
    found = few_shot.measure(tmp_path).results["mini"]
    assert found["examples"].keys() == {1, 3, 5, 10}
    assert found["examples"][10]["average precision"] > 0.99  # so unlike each other are they
    assert 0 <= found["labels"]["careful"] <= 1 and found["labels"]["always"] > 0.9


def test_classifiers_are_measured_by_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write_intents(tmp_path, train=range(30), test=range(60, 75))
    monkeypatch.setattr(classifiers, "SETS", ("mini",))
    found = classifiers.measure(tmp_path).results["mini"]
    assert found.keys() == {"1+0", "3+3", "5+20", "10+20", "25+40"}
    assert found["10+20"]["average precision"] > 0.99 and found["10+20"]["F1"] > 0.9


def test_meaning_is_measured_by_cut_offs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write_intents(tmp_path, test=range(5))
    monkeypatch.setattr(meaning, "SETS", ("mini",))
    found = meaning.measure(tmp_path).results["mini"]
    assert found["0.2"]["wanted texts found"] > found["0.5"]["wanted texts found"] >= 0
    assert found["0.2"]["unrelated texts found"] >= found["0.35"]["unrelated texts found"]


def test_missing_data_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no .*presidio_synth_v2"):
        call_command("evaluate", "redaction", data=tmp_path)


@pytest.mark.skipif(
    not (DATA / "presidio_synth_v2.jsonl.gz").exists(), reason="the public data is not beside the checkout"
)
def test_the_goal_is_met() -> None:
    scores = measure(DATA).results["scores"]
    assert scores["pattern kinds"]["pattern_recall"] >= GOAL
    assert scores["defaults"]["eaten"] < 0.001
    assert scores["everything"]["eaten"] < 0.01
