"""Fitting a head (signals/detectors/heads.py) with scikit-learn: logistic regression over the vector, the words and a detector's facts."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import precision_recall_curve

from signals.detectors.heads import READ_WORDS, Floats, Head, grams_of
from signals.detectors.text import Text

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Examples:
    """Row i of everything is one text with its answer. Rows of one `group` are never on both sides of a split."""

    texts: list[Text]
    vectors: Floats  # (n, 384)
    facts: Floats  # (n, number of facts)
    answers: Bools  # (n,)
    weights: Floats  # (n,)
    groups: list[str]
    sources: list[str]
    # For the reader of a tone (readers.py); empty where there is none.
    states: list[npt.NDArray[np.float16]] = field(default_factory=list)  # a text's tokens, (tokens, 384)
    asides: Floats = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))  # (n, k); nan: unknown
    # (n,), by readers that did not see the row.
    tones: Floats = field(default_factory=lambda: np.zeros(0, dtype=np.float32))

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: npt.NDArray[np.intp] | Bools) -> "Examples":
        at = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return Examples(
            [self.texts[i] for i in at],
            self.vectors[at],
            self.facts[at],
            self.answers[at],
            self.weights[at],
            [self.groups[i] for i in at],
            [self.sources[i] for i in at],
            [self.states[i] for i in at] if self.states else [],
            self.asides[at] if len(self.asides) else self.asides,
            self.tones[at] if len(self.tones) else self.tones,
        )


def together(parts: Sequence[Examples]) -> Examples:
    return Examples(
        [text for part in parts for text in part.texts],
        np.concatenate([part.vectors for part in parts]),
        np.concatenate([part.facts for part in parts]),
        np.concatenate([part.answers for part in parts]),
        np.concatenate([part.weights for part in parts]),
        [group for part in parts for group in part.groups],
        [source for part in parts for source in part.sources],
        [tokens for part in parts for tokens in part.states],
        np.concatenate([part.asides for part in parts]),
        np.concatenate([part.tones for part in parts]),
    )


@dataclass(frozen=True)
class Recipe:
    """How a head is fitted. The scales say how freely each kind of feature may speak (ridge shrinks what is small)."""

    vector_scale: float = 4.0
    gram_scale: float = 4.0
    fact_scale: float = 1.0
    order: int = 2
    seen_in: int = 3  # a gram must occur in so many texts
    seen_by: int = 1  # and in so many sources: what only one set talks about is its topic, not the signal
    grams: int = 12_000  # candidates
    kept: int = 6_000  # grams in the head
    strength: float = 1.0  # C of the logistic regression
    balanced: bool = True
    # Where the threshold is put: the best F1 over held-out folds, at this precision or better.
    precision: float = 0.0


FOLDS = 5


def fit(examples: Examples, recipe: Recipe, *, folds: int = FOLDS) -> Head:
    """Deterministic. The threshold is chosen on `folds` held-out folds of the examples themselves."""
    return fit_with_held_out(examples, recipe, folds=folds)[0]


def fit_with_held_out(examples: Examples, recipe: Recipe, *, folds: int = FOLDS) -> tuple[Head, Floats]:
    """Also each row's log-odds, with the head's threshold, by a head that did not see it (0 outside of the folds)."""
    head = _fit(examples, recipe)
    scores, seen = cross_scores(examples, recipe, folds=folds)
    if len(examples.tones):
        head, scores = _with_tones(head, scores, seen, examples)
    threshold = best_threshold(
        examples.answers[seen], scores[seen], weights=examples.weights[seen], precision=recipe.precision
    )
    return replace(head, bias=head.bias - threshold), np.where(seen, scores - threshold, 0).astype(np.float32)


def _with_tones(head: Head, scores: Floats, seen: Bools, examples: Examples) -> tuple[Head, Floats]:
    """The head with the tone as its last fact, and the scores. How much each counts is learned from rows that neither has seen: among
    the head's thousands of weights the tone would be shrunk like any of them."""
    both = np.stack([scores, examples.tones], axis=1)
    share, of_tone = (
        LogisticRegression()
        .fit(both[seen], examples.answers[seen], sample_weight=examples.weights[seen])
        .coef_[0]
        .astype(np.float32)
    )
    heard = replace(
        head,
        vector=head.vector * share,
        facts=np.append(head.facts * share, of_tone),
        bias=head.bias * float(share),
        grams={gram: round(weight * float(share), 4) for gram, weight in head.grams.items()},
    )
    return heard, both @ np.array([share, of_tone])


def cross_scores(examples: Examples, recipe: Recipe, *, folds: int = FOLDS) -> tuple[Floats, Bools]:
    """Each row's log-odds by a head that was fitted on the other folds, and which rows have one. Groups stay together."""
    fold = folds_of(examples.groups, salt="within ")  # other folds than those that a caller measures on
    scores = np.zeros(len(examples), dtype=np.float32)
    for k in range(folds):
        held = fold == k
        if held.any():
            head = _fit(examples.take(~held), recipe)
            part = examples.take(held)
            scores[held] = head.log_odds(part.vectors, part.texts, part.facts)
    return scores, fold < folds


def folds_of(groups: Sequence[str], *, salt: str = "") -> npt.NDArray[np.intp]:
    """A fold for each group, by its hash: the same in every run, and for the same text in every set."""
    return np.array(
        [
            int.from_bytes(hashlib.blake2b((salt + group).encode(), digest_size=4).digest(), "big") % FOLDS
            for group in groups
        ],
        dtype=np.intp,
    )


def best_threshold(
    answers: Bools, scores: Floats, *, weights: Floats | None = None, precision: float = 0.0
) -> float:
    precisions, recalls, places = precision_recall_curve(answers, scores, sample_weight=weights)
    f1 = 2 * precisions * recalls / np.maximum(precisions + recalls, 1e-9)
    f1 = np.where(precisions >= precision, f1, 0)[:-1]
    at = int(np.argmax(f1))
    # Between this score and the next lower one, so that a tie on another machine does not flip it.
    lower = places[at - 1] if at else places[at]
    return float((places[at] + lower) / 2)


def _fit(examples: Examples, recipe: Recipe) -> Head:
    spread = np.where(examples.facts.std(axis=0) > 0, examples.facts.std(axis=0), 1).astype(np.float32)
    vocabulary = _vocabulary(examples, recipe)
    parts = [sparse.csr_matrix(examples.vectors * recipe.vector_scale)]
    if vocabulary:
        parts.append(_gram_matrix(examples.texts, vocabulary, recipe) * recipe.gram_scale)
    if examples.facts.shape[1]:
        parts.append(sparse.csr_matrix(examples.facts / spread * recipe.fact_scale))
    model = LogisticRegression(
        C=recipe.strength,
        class_weight="balanced" if recipe.balanced else None,
        max_iter=3000,
    ).fit(sparse.hstack(parts).tocsr(), examples.answers, sample_weight=examples.weights)
    row = model.coef_[0].astype(np.float32)
    size = examples.vectors.shape[1]
    grams = row[size : size + len(vocabulary)] * recipe.gram_scale
    kept = sorted(zip(vocabulary, grams.tolist(), strict=True), key=lambda pair: (-abs(pair[1]), pair[0]))
    return Head(
        vector=row[:size] * recipe.vector_scale,
        facts=(row[size + len(vocabulary) :] * recipe.fact_scale / spread)
        if examples.facts.shape[1]
        else np.zeros(0, np.float32),
        bias=float(model.intercept_[0]),
        grams={gram: round(weight, 4) for gram, weight in kept[: recipe.kept] if weight},
        order=recipe.order,
    )


def _vocabulary(examples: Examples, recipe: Recipe) -> list[str]:
    if not recipe.gram_scale:
        return []
    counts: Counter[str] = Counter()
    sources: dict[str, set[str]] = defaultdict(set)
    for text, source in zip(examples.texts, examples.sources, strict=True):
        grams = grams_of(text.words_of(READ_WORDS), recipe.order)
        counts.update(grams)
        if recipe.seen_by > 1:
            for gram in grams:
                sources[gram].add(source)
    known = [
        (gram, count)
        for gram, count in counts.items()
        if count >= recipe.seen_in and (recipe.seen_by < 2 or len(sources[gram]) >= recipe.seen_by)
    ]
    return sorted(gram for gram, _ in sorted(known, key=lambda pair: (-pair[1], pair[0]))[: recipe.grams])


def _gram_matrix(texts: list[Text], vocabulary: list[str], recipe: Recipe) -> sparse.csr_matrix:
    place = {gram: i for i, gram in enumerate(vocabulary)}
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for i, text in enumerate(texts):
        grams = grams_of(text.words_of(READ_WORDS), recipe.order)
        value = 1 / max(1, len(grams)) ** 0.5
        known = sorted(place[gram] for gram in grams if gram in place)
        rows += [i] * len(known)
        columns += known
        values += [value] * len(known)
    return sparse.csr_matrix((values, (rows, columns)), shape=(len(texts), len(vocabulary)), dtype=np.float32)
