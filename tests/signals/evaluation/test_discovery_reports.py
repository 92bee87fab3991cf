"""`manage.py evaluate clusters` and `evaluate discovery` on tiny sets of our own, and what they count."""

import datetime as dt
import gzip
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from signals.evaluation.grouping import emerging_report, recipes
from signals.evaluation.grouping.group_quality import kind_quality, majority, partition_quality
from signals.evaluation.grouping.planted import read_corpus_product, read_planted

TRUTH = ["a", "a", "a", "b", "b", None]


def test_a_kind_counts_as_found_from_half_on() -> None:
    quality = kind_quality(TRUTH, [[0, 1, 5], [3]])
    assert quality.best == {"a": pytest.approx(4 / 6), "b": pytest.approx(2 / 3)}
    assert quality.found == 1.0 and quality.f1 == pytest.approx(2 / 3)
    assert quality.pure == 1.0 and quality.groups == 2
    assert kind_quality(TRUTH, []).found == 0.0
    assert kind_quality(TRUTH, [[0, 3, 5]]).pure == 0.0


def test_items_without_a_kind_are_no_majority() -> None:
    assert majority(TRUTH, [0, 1, 5]) == ("a", pytest.approx(2 / 3))
    assert majority(TRUTH, [5]) == (None, 0.0)


def test_a_partition_is_compared_with_the_labels() -> None:
    assert partition_quality(["x", "x", "y", "y"], [1, 1, 0, 0]).ari == 1.0
    assert partition_quality(["x", "x", "y", "y"], [0, 1, 2, 3]).off == 2.0


def test_recipes_leave_noise_out_of_the_groups() -> None:
    assert recipes.groups_of([0, 0, -1, 1, -1]) == [[0, 1]]
    few = np.eye(4, 384, dtype=np.float32)
    assert set(recipes.bertopic(few)) == {-1}
    assert sorted(recipes.k_means(few, 9).tolist()) == [0, 1, 2, 3]


def conversation(number: int, *, day: int, text: str, intent: str, problem: str | None) -> dict[str, Any]:
    at = f"2026-11-{day:02d}T09:00:0"
    call = {"id": "t", "type": "function", "function": {"name": "bank_sync", "arguments": "{}"}}
    error = '{"error": "connection refused"}' if problem else '{"new": 3}'
    return {
        "conversation_id": f"c{number}",
        "user_id": f"u{number}",
        "model": "m",
        "properties": {"release": "r2" if day > 20 else "r1"},
        "messages": [
            {"role": "user", "content": text, "timestamp": at + "1Z"},
            {"role": "assistant", "content": "", "tool_calls": [call], "timestamp": at + "2Z"},
            {
                "role": "tool",
                "tool_call_id": "t",
                "name": "bank_sync",
                "content": error,
                "timestamp": at + "3Z",
            },
            {"role": "assistant", "content": "Here is what I found.", "timestamp": at + "4Z"},
        ],
        "labels": {
            "intent": intent,
            "problem": problem,
            "signals": [],
            "problem_message": 2 if problem else None,
        },
    }


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "planted" / "shop"
    folder.mkdir(parents=True)
    rows = [
        conversation(
            number, day=1 + number, text="Please sync my bank" if number % 2 else "Write a short poem",
            intent="bank" if number % 2 else "poem", problem="bank_down" if number >= 21 else None,
        )
        for number in range(28)
    ]  # fmt: skip
    (folder / "conversations.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "problems.json").write_text(json.dumps({"bank_down": {"cause": {"release": "r2"}}}))
    facets = [
        {
            "id": row["conversation_id"], "intent": row["messages"][0]["content"],
            "went_wrong": "The bank could not be reached" if row["labels"]["problem"] else None, "quote": None,
        }
        for row in rows
    ]  # fmt: skip
    (folder / "facets.jsonl").write_text("".join(json.dumps(one) + "\n" for one in facets))
    with gzip.open(tmp_path / "tiny_short.jsonl.gz", "wt") as file:
        for number in range(24):
            text = (
                f"How do I cook rice number {number}" if number % 2 else f"My train number {number} is late"
            )
            file.write(
                json.dumps({"text": text, "label": "food" if number % 2 else "travel", "split": "test"})
                + "\n"
            )
    return tmp_path


def test_problems_are_found_with_a_reader_and_without(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = data / "discovery.json"
    call_command("evaluate", "discovery", data=data, out=out)
    printed = capsys.readouterr().out
    assert "problems, reader (goal: found 0.9" in printed and "average linkage at 0.6: shop" in printed
    found = json.loads(out.read_text())
    for leg in ("reader", "no key"):
        assert found[f"{leg}, shop"]["kinds"]["found"] == 1.0
        assert found[f"{leg}, shop"]["emerging"]["marked"] == ["bank_down"]
    labels = [group["label"] for group in found["no key, shop"]["groups"]]
    assert "`bank_sync` fails: connection refused" in labels


def test_a_problem_is_made_to_begin_lately(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 28 conversations the seven with the problem move to the last days; the tool that fails is marked, by chance seldom."""
    monkeypatch.setattr(emerging_report, "FOLDER", data / "planted")
    monkeypatch.setattr(emerging_report, "TRAIN", ("shop",))
    product = read_corpus_product(data / "planted" / "shop")
    times = emerging_report.planted_times(product, "bank_down", draw=random.Random(1))  # noqa: S311
    assert sorted(times) == sorted(product.starts) and times != product.starts
    late = max(times) - dt.timedelta(days=max(emerging_report.BEGAN))
    assert all(
        time >= late for time, kind in zip(times, product.problems, strict=True) if kind == "bank_down"
    )
    found = emerging_report.measure(data).results["shop"]
    assert found["planted"] == 3 and found["marked"] >= 2 and found["others"] == 0
    assert found["by chance"] < found["shuffled"] / 2 and found["shuffled"] == 6


def test_intents_and_public_texts_are_measured(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = data / "clusters.json"
    call_command("evaluate", "clusters", data=data, out=out)
    printed = capsys.readouterr().out
    assert (
        "first messages (goal" in printed
        and "a reader's intents (goal" in printed
        and "public (goal" in printed
    )
    found = json.loads(out.read_text())
    assert found["a reader's intents"]["discovery"]["shop"]["ari"] > 0.3
    assert found["public"]["k-means, true number"]["tiny"]["groups"] == 2


def test_a_product_without_readings_is_measured_without_a_reader(data: Path) -> None:
    (data / "planted" / "shop" / "facets.jsonl").unlink()
    [product] = read_planted(data)
    assert product.facet_observations() == [] and product.emerging_kinds == ["bank_down"]
    assert product.first_messages[0] == "Write a short poem" and product.tools[0] == {"bank_sync"}


def test_missing_data_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no product in"):
        call_command("evaluate", "discovery", data=tmp_path)
    with pytest.raises(CommandError, match="There are no short texts"):
        call_command("evaluate", "clusters", data=tmp_path)
