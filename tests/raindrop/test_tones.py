"""The tones: the graph says what numpy says, and a reader learns what a mean cannot hold."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from raindrop.embedder import ALL_TONES, DIMENSIONS, embed_texts, read_texts
from raindrop.embedder.onnx import token_states
from raindrop.embedder.tone import WEIGHTS_FILE, load_readers, write_readers
from signals.detectors.text import Text
from signals.evaluation.builtin.fitting import Examples
from signals.evaluation.builtin.readers import ReaderRecipe, fit_reader, read, with_tone

TEXTS = ["This is the third time I ask!", "You are an idiot.", "Thanks, that solved it", "Rain in Oslo"]


def test_the_graph_reads_as_numpy_does_but_for_8_bits_and_padding_is_not_read() -> None:
    texts = [*TEXTS, "I would like to change my booking " * 20]
    states, readers = token_states(texts), load_readers()
    expected = np.stack([read(readers[tone], states) for tone in ALL_TONES], axis=1)
    assert np.allclose(read_texts(texts).tones, expected, atol=0.2)


def test_vectors_are_the_same_with_tones_beside_them() -> None:
    texts = [*TEXTS, "", "  "]
    reading = read_texts(texts)
    assert np.array_equal(reading.vectors, embed_texts(texts))
    assert reading.tones.shape == (6, len(ALL_TONES)) and not reading.tones[4:].any()
    assert [len(tokens) > 0 for tokens in token_states(texts)] == [True] * 4 + [False] * 2


def test_each_tone_is_heard_where_it_is() -> None:
    angry, rude, thanks, plain = read_texts(TEXTS).tones
    at = {tone: i for i, tone in enumerate(ALL_TONES)}
    assert angry[at["annoyed"]] > plain[at["annoyed"]]
    assert rude[at["offensive"]] > max(plain[at["offensive"]], thanks[at["offensive"]])
    assert thanks[at["grateful"]] > max(plain[at["grateful"]], rude[at["grateful"]])


def examples(count: int = 600) -> Examples:
    """Yes where one token of ten is the odd one; the mean hardly shows it."""
    draw = np.random.default_rng(0)
    answers = np.arange(count) % 3 == 0
    states = [draw.normal(size=(10, DIMENSIONS)).astype(np.float16) for _ in range(count)]
    for tokens, answer in zip(states, answers, strict=True):
        if answer:
            tokens[draw.integers(10), :3] += 4
        else:
            tokens[draw.choice(10, 3, replace=False), [0, 1, 2]] += 4
    return Examples(
        [Text("x")] * count,
        np.zeros((count, DIMENSIONS), dtype=np.float32),
        np.zeros((count, 1), dtype=np.float32),
        answers,
        np.ones(count, dtype=np.float32),
        [str(i) for i in range(count)],
        [""] * count,
        states,
        np.full((count, 2), np.nan, dtype=np.float32),
    )


def test_a_reader_finds_the_one_token_and_is_the_same_twice() -> None:
    recipe = ReaderRecipe(width=16, epochs=12, rate=1e-2, dropped=0.0)
    rows = examples()
    reader = fit_reader(rows, recipe)
    again = fit_reader(rows, recipe)
    assert all(np.array_equal(getattr(reader, part), getattr(again, part)) for part in ("squeeze", "value"))
    tones = read(reader, rows.states)
    assert tones.mean() == pytest.approx(0, abs=1e-3) and tones.std() == pytest.approx(1, abs=1e-3)
    means = np.stack([tokens.mean(axis=0) for tokens in rows.states])[:, :3].sum(axis=1)
    assert abs(np.corrcoef(means, rows.answers)[0, 1]) < 0.2 < 0.8 < np.corrcoef(tones, rows.answers)[0, 1]


def test_rows_are_read_by_readers_that_did_not_see_them() -> None:
    rows = examples(200)
    shuffled = replace(rows, answers=np.random.default_rng(1).permutation(rows.answers))
    learned_by_heart = ReaderRecipe(width=64, epochs=40, rate=1e-2, dropped=0.0)
    ready, reader = with_tone(shuffled, learned_by_heart)
    seen = np.corrcoef(read(reader, rows.states), shuffled.answers)[0, 1]
    held_out = np.corrcoef(ready.tones, shuffled.answers)[0, 1]
    assert seen > 0.9 and abs(held_out) < 0.3


def test_weights_come_back_as_they_were_written(tmp_path: Path) -> None:
    readers = load_readers()
    write_readers(tmp_path / "tones.npz", readers)
    for tone, reader in load_readers(tmp_path / "tones.npz").items():
        assert np.array_equal(reader.squeeze, readers[tone].squeeze)
        assert reader.bias == readers[tone].bias
    assert WEIGHTS_FILE.stat().st_size < 500_000
