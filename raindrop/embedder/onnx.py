"""The model on onnxruntime. One session per process, made on first use: a session does not survive a fork."""

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Before tokenizers is imported: its thread pool does not survive a fork either, and workers are forked.
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import numpy as np
import numpy.typing as npt
import onnxruntime
import tokenizers

from raindrop.embedder import tone

Floats = npt.NDArray[np.float32]
FOLDER = Path(__file__).resolve().parent
MODEL_FILE = FOLDER / "all-MiniLM-L6-v2.int8.onnx"
TOKENIZER_FILE = FOLDER / "tokenizer.json"

MODEL = "all-MiniLM-L6-v2.int8"
DIMENSIONS = 384
MAX_TOKENS = 256
# Far more than 256 tokens of prose; bounds the cost of tokenizing a text of megabytes.
MAX_CHARACTERS = 16_000
# A batch holds at most this many texts and this many tokens with padding: bounds memory, and small batches of long
# texts stay in the processor's cache.
BATCH_TEXTS = 32
BATCH_TOKENS = 512
# onnxruntime 1.32's fused kernel takes nine times as long as the addition and the layer normalisation that it stands for:
# without it the whole model is 1.15 to 1.2 times as fast (measured in pairs, AVX-512 VNNI, 14 to 250 tokens).
SLOW_FUSIONS = ["SkipLayerNormFusion"]


@dataclass(frozen=True, slots=True)
class _Model:
    session: Any
    tokenizer: tokenizers.Tokenizer


_lock = threading.Lock()
_models: dict[int, _Model] = {}


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read off each text."""

    vectors: Floats  # (n, 384), each row of length 1
    tones: Floats  # (n, len(ALL_TONES)), as tone.Reader says them: those of a user's text first, then those of an agent's


def embed_texts(texts: list[str]) -> Floats:
    """(n, 384) float32, each row of length 1; a text without any word gets a row of zeros.

    Reads the first 256 tokens of each text. The same text twice in one call is computed once. The model is quantised
    per batch, so that a text's vector moves a little (cosine about 0.99) with the texts beside it.
    """
    vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    for places, _, [rows] in _computed(texts, ["emb"]):
        for at, row in zip(places, rows, strict=True):
            vectors[at] = row
    return vectors


def read_texts(texts: list[str]) -> Reading:
    """As embed_texts, with the tones; zeros for a text without any word."""
    found = Reading(
        np.zeros((len(texts), DIMENSIONS), dtype=np.float32),
        np.zeros((len(texts), len(tone.ALL_TONES)), dtype=np.float32),
    )
    for places, _, [vectors, tones] in _computed(texts, ["emb", tone.OUTPUT]):
        for at, vector, scores in zip(places, vectors, tones, strict=True):
            found.vectors[at], found.tones[at] = vector, scores
    return found


def token_states(texts: list[str]) -> list[npt.NDArray[np.float16]]:
    """What the readers of the tones look at: (tokens, 384) for each text, (0, 384) for one without any word."""
    found = [np.zeros((0, DIMENSIONS), dtype=np.float16)] * len(texts)
    for places, lengths, [states] in _computed(texts, [tone.STATES]):
        for at, length, tokens in zip(places, lengths, states, strict=True):
            for i in at:
                found[i] = tokens[:length].astype(np.float16)
    return found


def _computed(
    texts: list[str], outputs: list[str]
) -> Iterator[tuple[list[list[int]], list[int], list[Floats]]]:
    """Batch by batch: where in `texts` each of its texts stands (equal ones share a row), their tokens, and the model's outputs."""
    places: dict[str, list[int]] = {}
    for i, text in enumerate(texts):
        text = text[:MAX_CHARACTERS].strip()
        if text:
            places.setdefault(text, []).append(i)
    if not places:
        return
    unique = list(places)
    model = _model()
    encodings = model.tokenizer.encode_batch(_encodable(unique))
    lengths = [len(encoding.ids) for encoding in encodings]
    for batch in _batches(sorted(range(len(unique)), key=lambda i: lengths[i]), lengths):
        yield (
            [places[unique[i]] for i in batch],
            [lengths[i] for i in batch],
            _run(model, [encodings[i] for i in batch], outputs),
        )


def _model() -> _Model:
    """This process's model. The lock guards against two threads that both load it."""
    process = os.getpid()
    model = _models.get(process)
    if model is None:
        with _lock:
            model = _models.get(process)
            if model is None:
                _models.clear()  # a parent's, copied by fork
                model = _models[process] = _load()
    return model


def _load(*, tones: bool = True) -> _Model:
    options = onnxruntime.SessionOptions()
    # One thread: each worker process is one, and there are as many as there are cores.
    options.intra_op_num_threads = int(os.environ.get("RAINDROP_EMBEDDER_THREADS", "1"))
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        MODEL_FILE.read_bytes() + (tone.addition(tone.load_readers()) if tones else b""),
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=SLOW_FUSIONS,
    )
    tokenizer = tokenizers.Tokenizer.from_file(str(TOKENIZER_FILE))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return _Model(session, tokenizer)


@contextlib.contextmanager
def without_tones() -> Iterator[None]:
    """Within, embed_texts uses the model as it was delivered: to measure what the tones add to its cost."""
    before = _model()
    _models[os.getpid()] = _load(tones=False)
    try:
        yield
    finally:
        _models[os.getpid()] = before


def _after_fork() -> None:
    """A child forked while another thread held the lock would wait for ever."""
    global _lock
    _lock = threading.Lock()
    _models.clear()


os.register_at_fork(after_in_child=_after_fork)


def _encodable(texts: list[str]) -> list[str]:
    """Without lone surrogates, which have no UTF-8 form."""
    return [text.encode("utf-8", "replace").decode() for text in texts]


def _batches(order: list[int], lengths: list[int]) -> list[list[int]]:
    """Cuts `order` (shortest first) into batches within BATCH_TEXTS and BATCH_TOKENS."""
    batches: list[list[int]] = []
    for i in order:
        if (
            not batches
            or len(batches[-1]) == BATCH_TEXTS
            or (len(batches[-1]) + 1) * lengths[i] > BATCH_TOKENS
        ):
            batches.append([])
        batches[-1].append(i)
    return batches


def _run(model: _Model, encodings: list[Any], outputs: list[str]) -> list[Floats]:
    width = max(len(encoding.ids) for encoding in encodings)
    ids = np.zeros((len(encodings), width), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, encoding in enumerate(encodings):
        ids[row, : len(encoding.ids)] = encoding.ids
        mask[row, : len(encoding.ids)] = 1
    return list(model.session.run(outputs, {"input_ids": ids, "attention_mask": mask}))
