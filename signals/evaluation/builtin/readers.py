"""Fitting the readers of the tones (raindrop/embedder/tone.py) in numpy: a small net with attention, by gradient descent (Adam).

Deterministic on one machine. A head that uses a tone must learn how far to trust it from readings by readers that did not see the row:
with_tone().
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from raindrop.embedder.tone import Reader
from signals.detectors.heads import Floats, sigmoid
from signals.evaluation.builtin.fitting import FOLDS, Examples, folds_of

States = npt.NDArray[np.float16]  # (tokens, 384)
BATCH = 64  # texts
WARM_UP = 0.15  # share of the steps while the rate rises; then it falls to 0
DECAY = 0.02


@dataclass(frozen=True)
class ReaderRecipe:
    """`width`: what a token is squeezed into. `dropped`: share of it that is hidden at random while training."""

    width: int = 64
    epochs: int = 4
    rate: float = 2e-3
    dropped: float = 0.2


@dataclass
class _Net:
    """A reader of several tones at once; the first is wanted, the others help to learn what to look at."""

    squeeze: Floats  # (384, d)
    squeeze_bias: Floats  # (d,)
    attention: Floats  # (d, k)
    value: Floats  # (d, k)
    bias: Floats  # (k,)


def with_tone(examples: Examples, recipe: ReaderRecipe) -> tuple[Examples, Reader]:
    """The examples with their tones, each read by a reader that did not see the row's group; and a reader that saw all."""
    fold = folds_of(examples.groups, salt="within ")
    tones = np.zeros(len(examples), dtype=np.float32)
    for k in range(FOLDS):
        held = np.flatnonzero(fold == k)
        if len(held):
            reader = fit_reader(examples.take(fold != k), recipe)
            tones[held] = read(reader, [examples.states[i] for i in held])
    return replace(examples, tones=tones), fit_reader(examples, recipe)


def read(reader: Reader, states: Sequence[States]) -> Floats:
    """The tone of each text, (n,); 0 for a text without tokens."""
    found = np.zeros(len(states), dtype=np.float32)
    filled = [i for i, tokens in enumerate(states) if len(tokens)]
    for start in range(0, len(filled), 500):
        part = filled[start : start + 500]
        tokens, lengths = _flat([states[i] for i in part])
        inner = np.maximum(tokens @ reader.squeeze + reader.squeeze_bias, 0)
        shares = _softmax((inner @ reader.attention)[:, None], lengths)
        found[part] = _sums(shares * (inner @ reader.value)[:, None], lengths)[:, 0] + reader.bias
    return found


def fit_reader(examples: Examples, recipe: ReaderRecipe) -> Reader:
    """Of the examples' answers, with their asides learned beside them. Texts without tokens are left out."""
    filled = [i for i, tokens in enumerate(examples.states) if len(tokens)]
    states = [examples.states[i] for i in filled]
    targets = np.concatenate([examples.answers[:, None].astype(np.float32), examples.asides], axis=1)[filled]
    targets = targets[:, ~np.isnan(targets).all(axis=0)]
    weights = examples.weights[filled] / examples.weights[filled].mean()
    mean, spread = _moments(states)
    net = _descend(states, targets, weights, mean, spread, recipe)
    squeeze = net.squeeze / spread[:, None]
    reader = Reader(
        squeeze, net.squeeze_bias - mean @ squeeze, net.attention[:, 0], net.value[:, 0], float(net.bias[0])
    )
    values = read(reader, states)
    return replace(
        reader,
        value=reader.value / values.std(),
        bias=float((reader.bias - values.mean()) / values.std()),
    )


def _descend(
    states: list[States], targets: Floats, weights: Floats, mean: Floats, spread: Floats, recipe: ReaderRecipe
) -> _Net:
    draw = np.random.default_rng(0)
    net = _started(targets, recipe, draw)
    parts = vars(net)
    first = {name: np.zeros_like(part) for name, part in parts.items()}
    second = {name: np.zeros_like(part) for name, part in parts.items()}
    steps = recipe.epochs * -(-len(states) // BATCH)
    for step, rows in enumerate(_rows(len(states), recipe.epochs, draw), start=1):
        tokens, lengths = _flat([states[i] for i in rows])
        slopes = _slopes(
            net, (tokens - mean) / spread, lengths, targets[rows], weights[rows], recipe.dropped, draw
        )
        length = np.sqrt(sum(float(np.sum(slope**2)) for slope in slopes.values()))
        rate = recipe.rate * min(step / (WARM_UP * steps), (steps - step) / ((1 - WARM_UP) * steps), 1)
        for name, part in parts.items():
            slope = slopes[name] / max(1.0, length)
            first[name] = 0.9 * first[name] + 0.1 * slope
            second[name] = 0.999 * second[name] + 0.001 * slope**2
            move = first[name] / (1 - 0.9**step) / (np.sqrt(second[name] / (1 - 0.999**step)) + 1e-8)
            part -= (rate * (move + (DECAY * part if name != "bias" else 0))).astype(np.float32)
    return net


def _started(targets: Floats, recipe: ReaderRecipe, draw: np.random.Generator) -> _Net:
    size, tones = 384, targets.shape[1]
    share = np.clip(np.nanmean(targets, axis=0), 1e-3, 1 - 1e-3)
    return _Net(
        draw.normal(0, size**-0.5, (size, recipe.width)).astype(np.float32),
        np.zeros(recipe.width, dtype=np.float32),
        draw.normal(0, 0.02, (recipe.width, tones)).astype(np.float32),
        draw.normal(0, 0.05, (recipe.width, tones)).astype(np.float32),
        np.log(share / (1 - share)).astype(np.float32),
    )


def _slopes(
    net: _Net,
    tokens: Floats,
    lengths: npt.NDArray[np.intp],
    targets: Floats,
    weights: Floats,
    dropped: float,
    draw: np.random.Generator,
) -> dict[str, Floats]:
    """Of the mean cross entropy, by part of the net. Tones that are not known (nan) have none."""
    kept = (draw.random((len(tokens), net.squeeze.shape[1]), dtype=np.float32) >= dropped) / np.float32(
        1 - dropped
    )
    inner = np.maximum(tokens @ net.squeeze + net.squeeze_bias, 0) * kept
    shares, values = _softmax(inner @ net.attention, lengths), inner @ net.value
    sums = _sums(shares * values, lengths)
    off = np.nan_to_num(sigmoid(sums + net.bias) - targets) * weights[:, None] / len(targets)
    off_tokens, sums_of_tokens = np.repeat(off, lengths, axis=0), np.repeat(sums, lengths, axis=0)
    by_value = shares * off_tokens
    by_attention = by_value * (values - sums_of_tokens)
    by_inner = (by_attention @ net.attention.T + by_value @ net.value.T) * kept * (inner > 0)
    return {
        "squeeze": tokens.T @ by_inner,
        "squeeze_bias": by_inner.sum(axis=0),
        "attention": inner.T @ by_attention,
        "value": inner.T @ by_value,
        "bias": off.sum(axis=0),
    }


def _rows(count: int, epochs: int, draw: np.random.Generator) -> Iterator[npt.NDArray[np.intp]]:
    for _ in range(epochs):
        order = draw.permutation(count)
        for start in range(0, count, BATCH):
            yield order[start : start + BATCH]


def _flat(states: Sequence[States]) -> tuple[Floats, npt.NDArray[np.intp]]:
    """The texts' tokens one after another, and how many each has."""
    lengths = np.array([len(tokens) for tokens in states], dtype=np.intp)
    return np.concatenate(states).astype(np.float32), lengths


def _sums(rows: Floats, lengths: npt.NDArray[np.intp]) -> Floats:
    return np.add.reduceat(rows, np.cumsum(lengths) - lengths, axis=0)


def _softmax(rows: Floats, lengths: npt.NDArray[np.intp]) -> Floats:
    """Over each text's tokens."""
    highest = np.maximum.reduceat(rows, np.cumsum(lengths) - lengths, axis=0)
    powers = np.exp(rows - np.repeat(highest, lengths, axis=0))
    return np.asarray(powers / np.repeat(_sums(powers, lengths), lengths, axis=0), dtype=np.float32)


def _moments(states: Sequence[States]) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each of a token's numbers, over all tokens."""
    total, squares, count = np.zeros(384), np.zeros(384), 0
    for start in range(0, len(states), 500):
        tokens, _ = _flat(states[start : start + 500])
        total, squares = total + tokens.sum(axis=0), squares + (tokens**2).sum(axis=0)
        count += len(tokens)
    mean = total / count
    return mean.astype(np.float32), np.sqrt(squares / count - mean**2 + 1e-12).astype(np.float32)
