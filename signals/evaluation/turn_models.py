"""Fitting the turn models (signals/detectors/turn_model.py): logistic regression over vectors, words and facts, one signal at a time.

Judged and tuned leave-one-product-out: a product's turns are scored by models that saw none of its conversations, so that what only one
product talks about cannot help. The thresholds are chosen on those scores. Kept products are never read here.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse
from sklearn.linear_model import LogisticRegression

from signals.detectors import LEARNED, RULES
from signals.detectors.batch import Batch, Finding
from signals.detectors.heads import READ_WORDS, Floats, grams_of
from signals.detectors.text import Text
from signals.detectors.turn_features import CONTEXT, facts_of
from signals.detectors.turn_model import ORDER, TurnModel, Words
from signals.evaluation.builtin.vectors import VectorStore, batch_of_turns
from signals.evaluation.corpus import LabelledTurn

Bools = npt.NDArray[np.bool_]
SIDES = {"user": "user", "assistant": "agent"}  # as the facts call them


@dataclass(frozen=True)
class Recipe:
    """The scales say how freely each kind of feature may speak: ridge shrinks what is small."""

    vector_scale: float = 2.0
    gram_scale: float = 2.0
    fact_scale: float = 0.5
    strength: float = 0.3  # C of the logistic regression
    seen_in: int = 3  # a gram must occur in so many turns
    seen_by: int = 2  # and in so many products
    grams: int = 6_000  # of a side
    positive_weight: float = 3.0


@dataclass(frozen=True)
class Turns:
    """Row i of everything is one turn."""

    users: Floats  # (n, 384)
    agents: Floats  # (n, 384)
    facts: Floats  # (n, facts)
    texts: list[tuple[Text, Text]]
    products: npt.NDArray[np.str_]  # (n,)
    conversations: list[str]
    weights: Floats  # (n,)
    answers: dict[str, Floats]  # by signal (n,): 1, 0, or nan where the readers differ
    rules: dict[str, Floats] = field(default_factory=dict)  # by signal (n,): what the rules alone said


def findings(batch: Batch) -> dict[str, dict[int, Finding]]:
    return {key: {found.index: found for found in rule.detect(batch)} for key, rule in RULES.items()}


def prepare(
    labelled: Sequence[LabelledTurn],
    signals: Sequence[str],
    store: VectorStore,
    user_tones: Floats | None = None,
    agent_tones: Floats | None = None,
) -> Turns:
    """`user_tones` (n, 4) and `agent_tones` (n, len(AGENT_TONES)): in place of the last of those of the committed readers, which saw
    these turns."""
    batch = batch_of_turns([one.turn for one in labelled], store)
    if user_tones is not None:
        before = batch.user_tones[:, : -user_tones.shape[1]]
        batch = replace(batch, user_tones=np.concatenate([before, user_tones], axis=1))
    if agent_tones is not None:
        batch = replace(batch, agent_tones=agent_tones)
    found = findings(batch)
    keys = list(RULES)
    rules = {
        key: np.array(
            [found[key][i].score if i in found[key] else 0.0 for i in range(len(labelled))], np.float32
        )
        for key in keys
    }
    return Turns(
        users=batch.user_vectors,
        agents=batch.agent_vectors,
        facts=facts_of(batch, found, keys),
        texts=[(one.turn.input, one.turn.output) for one in labelled],
        products=np.array([one.product for one in labelled]),
        conversations=[f"{one.product}/{one.conversation}" for one in labelled],
        weights=np.array([one.weight for one in labelled], dtype=np.float32),
        answers={
            signal: np.array(
                [
                    np.nan if one.answer(signal) is None else float(bool(one.answer(signal)))
                    for one in labelled
                ],
                dtype=np.float32,
            )
            for signal in signals
        },
        rules=rules,
    )


def vocabulary(texts: Sequence[Text], products: Sequence[str], recipe: Recipe) -> list[str]:
    """Grams that are seen often enough and by enough products, in order."""
    counts: Counter[str] = Counter()
    seen: dict[str, set[str]] = {}
    for text, product in zip(texts, products, strict=True):
        for gram in grams_of(text.words_of(READ_WORDS), ORDER):
            counts[gram] += 1
            seen.setdefault(gram, set()).add(product)
    known = [
        gram
        for gram, count in counts.items()
        if count >= recipe.seen_in and len(seen[gram]) >= recipe.seen_by
    ]
    return sorted(sorted(known, key=lambda gram: (-counts[gram], gram))[: recipe.grams])


def gram_matrix(texts: Sequence[Text], grams: Sequence[str]) -> sparse.csr_matrix:
    place = {gram: i for i, gram in enumerate(grams)}
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for i, text in enumerate(texts):
        mine = grams_of(text.words_of(READ_WORDS), ORDER)
        known = sorted(place[gram] for gram in mine if gram in place)
        rows += [i] * len(known)
        columns += known
        values += [1 / max(1, len(mine)) ** 0.5] * len(known)
    return sparse.csr_matrix((values, (rows, columns)), shape=(len(texts), len(grams)), dtype=np.float32)


@dataclass(frozen=True)
class Space:
    """How the features of some turns are laid side by side. Row slices of `matrix` follow `ends`."""

    user_grams: list[str]
    agent_grams: list[str]
    spread: Floats  # (facts,)
    recipe: Recipe

    @classmethod
    def of(cls, turns: Turns, rows: Bools, recipe: Recipe) -> "Space":
        at = np.flatnonzero(rows)
        products = [str(turns.products[i]) for i in at]
        spread = turns.facts[at].std(axis=0)
        return cls(
            vocabulary([turns.texts[i][0] for i in at], products, recipe),
            vocabulary([turns.texts[i][1] for i in at], products, recipe),
            np.where(spread > 0, spread, 1).astype(np.float32),
            recipe,
        )

    def matrix(self, turns: Turns) -> sparse.csr_matrix:
        scale = self.recipe
        return sparse.hstack(
            [
                sparse.csr_matrix(turns.users * scale.vector_scale),
                sparse.csr_matrix(turns.agents * scale.vector_scale),
                sparse.csr_matrix(turns.facts / self.spread * scale.fact_scale),
                gram_matrix([user for user, _ in turns.texts], self.user_grams) * scale.gram_scale,
                gram_matrix([agent for _, agent in turns.texts], self.agent_grams) * scale.gram_scale,
            ]
        ).tocsr()

    def split(self, row: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """A row of weights over `matrix`, as weights of the unscaled features."""
        scale = self.recipe
        ends = np.cumsum([384, 384, len(self.spread), len(self.user_grams)])
        user, agent, facts, user_grams, agent_grams = np.split(row, ends)
        return (
            user * scale.vector_scale,
            agent * scale.vector_scale,
            facts * scale.fact_scale / self.spread,
            user_grams * scale.gram_scale,
            agent_grams * scale.gram_scale,
        )


def fit_rows(
    matrix: sparse.csr_matrix, answers: Floats, weights: Floats, recipe: Recipe
) -> tuple[Floats, float]:
    """Weights and bias of one signal. Rows without an answer are left out."""
    known = ~np.isnan(answers)
    positive = answers[known] > 0.5
    weights = weights[known] * np.where(positive, recipe.positive_weight, 1.0)
    model = LogisticRegression(C=recipe.strength, max_iter=300, tol=1e-3).fit(
        matrix[np.flatnonzero(known)], positive, sample_weight=weights
    )
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])


def left_out_scores(
    turns: Turns, signals: Sequence[str], recipe: Recipe, folds: Sequence[Sequence[str]]
) -> dict[str, Floats]:
    """By signal: each turn's log-odds by a model that saw no turn of its product, (n,); 0 for products in no fold. `folds` are products
    that are left out together."""
    scores = {signal: np.zeros(len(turns.texts), dtype=np.float32) for signal in signals}
    for products in folds:
        held = np.isin(turns.products, list(products))
        space = Space.of(turns, ~held, recipe)
        matrix = space.matrix(turns)
        known, unseen = matrix[np.flatnonzero(~held)], matrix[np.flatnonzero(held)]
        for signal in signals:
            answers = turns.answers[signal][~held]
            if np.nansum(answers) > 1:
                row, bias = fit_rows(known, answers, turns.weights[~held], recipe)
                scores[signal][held] = np.asarray(unseen @ row) + bias
    return scores


def fit_model(
    turns: Turns,
    signals: Sequence[str],
    recipe: Recipe,
    scales: dict[str, tuple[float, float]],
    lifts: Mapping[str, float] | None = None,
) -> TurnModel:
    """On all turns. `scales`: by signal (slope, shift), so that sigmoid(slope * log-odds + shift) is 0.5 at the threshold. `lifts`: what is
    added to a signal's log-odds where its side reads as another language."""
    space = Space.of(turns, np.ones(len(turns.texts), dtype=bool), recipe)
    matrix = space.matrix(turns)
    parts, biases = [], []
    for signal in signals:
        row, bias = fit_rows(matrix, turns.answers[signal], turns.weights, recipe)
        part = space.split(row)
        if lifts:
            part[2][len(RULES) + CONTEXT.index(f"{SIDES[LEARNED[signal]]} other language")] += lifts[signal]
        parts.append(part)
        biases.append(bias + scales[signal][1] / scales[signal][0])
    user, agent, facts, user_grams, agent_grams = (
        np.stack(columns, axis=1) for columns in zip(*parts, strict=True)
    )
    return TurnModel(
        keys=tuple(signals),
        facts=tuple(RULES),
        user_vector=user,
        agent_vector=agent,
        fact_weights=facts,
        user_words=Words({gram: i for i, gram in enumerate(space.user_grams)}, user_grams),
        agent_words=Words({gram: i for i, gram in enumerate(space.agent_grams)}, agent_grams),
        bias=np.array(biases, dtype=np.float32),
        scale=np.array([scales[signal][0] for signal in signals], dtype=np.float32),
    )


def calibrated(scores: Floats, answers: Floats, weights: Floats) -> tuple[float, float]:
    """Platt's scaling, (slope, shift): sigmoid(slope * log-odds + shift) is how often the signal holds where a model that saw none of
    the product says so."""
    known = ~np.isnan(answers)
    model = LogisticRegression(C=100.0).fit(
        scores[known, None], answers[known] > 0.5, sample_weight=weights[known]
    )
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def log_odds(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))
