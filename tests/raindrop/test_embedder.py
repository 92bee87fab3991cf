"""The model that ships: its files, its vectors, and that it survives a fork."""

import hashlib
import multiprocessing
import threading

import numpy as np
import pytest

from raindrop.embedder import DIMENSIONS, embed_texts
from raindrop.embedder.onnx import FOLDER, MODEL_FILE, TOKENIZER_FILE, _batches

# Of the files that the figures in docs/benchmarks.md were measured with.
SHA256 = {
    MODEL_FILE: "9ebe0fe6aca841bc4bdd16ce5dcf1830fcde466d6e7ffff3e92336fc77a22375",
    TOKENIZER_FILE: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


def test_the_files_are_the_ones_that_were_measured_and_their_licence_is_beside_them() -> None:
    notice = (FOLDER / "NOTICE").read_text()
    for path, digest in SHA256.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
        assert digest in notice
    assert "Apache License" in (FOLDER / "LICENSE").read_text()


def test_rows_have_length_one_and_a_text_without_words_is_zero() -> None:
    vectors = embed_texts(["A question about refunds", "", "  \n", "😀"])
    assert vectors.shape == (4, DIMENSIONS) and vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 0, 0, 1], abs=1e-5)
    assert embed_texts([]).shape == (0, DIMENSIONS)


def test_meaning_is_near() -> None:
    refund, money, weather = embed_texts(
        ["I want a refund", "Please give me my money back", "Will it rain tomorrow?"]
    )
    assert refund @ money > 0.5 > 0.3 > refund @ weather


def test_the_order_of_texts_is_kept_and_equal_texts_are_equal() -> None:
    texts = [f"text number {i} " * (1 + i % 40) for i in range(90)] + ["text number 3 " * 4]
    together = embed_texts(texts)
    assert np.array_equal(together[3], together[90])
    for i in (0, 17, 39, 89):
        assert float(together[i] @ embed_texts([texts[i]])[0]) > 0.97


def test_only_the_first_256_tokens_count() -> None:
    long = "word " * 400
    assert np.allclose(embed_texts([long]), embed_texts([long + "different ending"]), atol=1e-6)
    assert np.isfinite(embed_texts(["x" * 3_000_000, "\ud800 lone surrogate"])).all()


def test_batches_stay_within_their_bounds() -> None:
    lengths = sorted([1, 5, 5, 60, 200, 256, 256, 256] + [3] * 100)
    batches = _batches(list(range(len(lengths))), lengths)
    assert [i for batch in batches for i in batch] == list(range(len(lengths)))
    assert all(len(batch) <= 32 and max(lengths[i] for i in batch) * len(batch) <= 512 for batch in batches)


def _child(queue: "multiprocessing.Queue[float]") -> None:
    queue.put(float(np.linalg.norm(embed_texts(["in a child"])[0])))


def test_a_forked_worker_makes_a_session_of_its_own() -> None:
    embed_texts(["in the parent"])
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_child, args=(queue,))
    child.start()
    assert queue.get(timeout=60) == pytest.approx(1, abs=1e-5)
    child.join(10)
    assert child.exitcode == 0


def test_threads_share_it() -> None:
    results: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: results.append(embed_texts(["the same text"]))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4 and all(np.allclose(result, results[0]) for result in results)
