"""`manage.py evaluate signals` and `train_detectors` on tiny sets of our own."""

import gzip
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from signals.evaluation import train_turns
from signals.evaluation.builtin import PARTS, ordinary, training
from signals.evaluation.builtin.corpora import user_says
from signals.evaluation.builtin.vectors import VectorStore


def _write(path: Path, rows: list[object]) -> None:
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def test_missing_data_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no .*chatgpt_refusals"):
        call_command("evaluate", "signals", data=tmp_path, only="refusal")
    with pytest.raises(CommandError, match=f"There are: {', '.join(PARTS)}"):
        call_command("evaluate", "signals", data=tmp_path, only="nonsense")
    with pytest.raises(CommandError, match="There is no "):
        call_command("train_detectors", data=tmp_path, only="unsafe_content")


def test_one_part_is_measured_without_the_other_sets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    talks = [
        {
            "conversation_id": str(number),
            "messages": [
                {"role": "user", "content": "Find it"},
                {"role": "assistant", "content": "", "tool_calls": [call]},
                {"role": "tool", "content": result, "tool_call_id": "1", "name": "find"},
                {"role": "assistant", "content": "Here."},
            ],
            "labels": {"success": True},
            "meta": {},
        }
        for number, result in enumerate(["Error: not found", "found", "Error: timeout", "[1, 2]"])
    ]
    for name in ("taubench_airline_gpt4o", "taubench_retail_community"):
        _write(tmp_path / f"{name}.jsonl.gz", talks)
    out = tmp_path / "signals.json"
    call_command("evaluate", "signals", data=tmp_path, only="tool_failure", out=out)
    assert "tool failure, tau-bench (both)" in capsys.readouterr().out
    [row] = json.loads(out.read_text())["rows"]
    assert row["ours"]["rows"] == 8 and row["ours"]["positives"] == 4 and row["ours"]["f1"] == 1
    assert row["goals"]["f1"] == {"wanted": 0.98, "measured": 1.0, "met": True}


def test_the_report_of_the_committed_weights_is_the_training_report() -> None:
    report = json.loads((training.FOLDER / "report.json").read_text())
    heads = {path.stem for path in training.FOLDER.glob("*.npz")} - {train_turns.NAME}
    assert set(report["heads"]) == heads
    assert (training.FOLDER / "README.md").read_text() == training._markdown(report)


def test_the_cost_is_that_of_an_agent_with_tools(tmp_path: Path) -> None:
    sample = user_says("Book it", False)
    batch = ordinary._fresh([sample], frozenset({"book"}), VectorStore(tmp_path / "vectors.npz"))
    assert [turn.agent_tools for turn in batch.turns] == [{"book"}]
