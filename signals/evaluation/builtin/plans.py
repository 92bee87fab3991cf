"""What each head is trained on, and how: the single place to read or to change it."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from raindrop.embedder.tone import Reader
from signals.detectors import abuse, jailbreak, refusal, user_frustration, win
from signals.detectors.batch import Side
from signals.detectors.heads import Floats
from signals.detectors.judging import Facts, facts_matrix
from signals.evaluation.builtin import corpora, templates
from signals.evaluation.builtin.corpora import Sample
from signals.evaluation.builtin.fitting import Examples, Recipe, together
from signals.evaluation.builtin.readers import ReaderRecipe, with_tone
from signals.evaluation.builtin.vectors import VectorStore

Source = Callable[[Path], list[Sample]]


@dataclass(frozen=True)
class Plan:
    """A head: the sets it learns from, by name, each with the weight that its rows get."""

    name: str
    side: Side
    facts: Facts
    fact_names: tuple[str, ...]
    recipe: Recipe
    sources: dict[str, tuple[Source, float]]
    tone: str = ""  # one of TONES, whose reader is fitted to the same rows
    reader: ReaderRecipe = ReaderRecipe()

    def samples(self, data: Path, names: list[str] | None = None) -> dict[str, list[Sample]]:
        chosen = self.sources if names is None else {name: self.sources[name] for name in names}
        return {name: read(data) for name, (read, _) in chosen.items()}

    def examples(self, data: Path, store: VectorStore, names: list[str] | None = None) -> Examples:
        """The rows of these sources (all of them by default)."""
        return together(
            [
                self.prepared(rows, store, name=name, weight=self.sources[name][1])
                for name, rows in self.samples(data, names).items()
            ]
        )

    def prepared(
        self, samples: list[Sample], store: VectorStore, *, name: str = "", weight: float = 1.0
    ) -> Examples:
        turns = [sample.turn for sample in samples]
        texts = [turn.text(self.side) for turn in turns]
        return Examples(
            texts,
            store.of([text.raw for text in texts]),
            facts_matrix(turns, self.facts),
            np.array([sample.answer for sample in samples], dtype=bool),
            np.array([sample.weight * weight for sample in samples], dtype=np.float32),
            [sample.group for sample in samples],
            [name] * len(samples),
            *((store.states_of([text.raw for text in texts]), _asides(samples)) if self.tone else ()),
        )

    def readied(self, examples: Examples) -> tuple[Examples, dict[str, Reader]]:
        """As the head is fitted to them: with their tones, and the reader of these, by its name."""
        if not self.tone:
            return examples, {}
        ready, reader = with_tone(examples, self.reader)
        return ready, {self.tone: reader}


def _asides(samples: list[Sample]) -> Floats:
    """Which emotions people saw in the text; nan where nobody was asked."""
    rows = [
        [float(emotion in sample.tags["emotions"]) for emotion in corpora.EMOTIONS]
        if "emotions" in sample.tags
        else [np.nan] * len(corpora.EMOTIONS)
        for sample in samples
    ]
    return np.array(rows, dtype=np.float32).reshape(len(samples), len(corpora.EMOTIONS))


def some(read: Source, count: int) -> Source:
    """The same `count` samples in every run."""

    def chosen(data: Path) -> list[Sample]:
        samples = read(data)
        return random.Random(0).sample(samples, min(count, len(samples)))  # noqa: S311

    return chosen


def lines(yes: str, no: str) -> Source:
    """Our own sentences."""
    return lambda data: (
        [corpora.user_says(text, True) for text in corpora.written(yes)]
        + [corpora.user_says(text, False) for text in corpora.written(no)]
    )


def _templates(yes: str, no: str, count: int) -> Source:
    """Sentences of our own with slots, each filled so many times."""
    return lambda data: templates.requests(yes, True, count) + templates.requests(no, False, count)


def _requests_in_talks(data: Path) -> list[Sample]:
    """What users say to the agents of tau-bench (retail) and sgd."""
    texts = dict.fromkeys(
        sample.turn.input.raw
        for name in ("taubench_retail_community", "sgd_dev")
        for talk in corpora.talks(data, name)
        for sample in talk.samples
        if not sample.turn.input.is_blank
    )
    return [corpora.user_says(text, False) for text in texts]


def _answers_in_talks(data: Path) -> list[Sample]:
    """What the agents of sgd say. They never refuse; what sounds like it ("I was unable to book it") is left out."""
    texts = dict.fromkeys(
        sample.turn.output.raw
        for talk in corpora.talks(data, "sgd_dev")
        for sample in talk.samples
        if not sample.turn.output.is_blank and not refusal.RULE.hits(sample.turn.output)
    )
    return [corpora.agent_says(text, False) for text in texts]


def _plain_refusals(data: Path) -> list[Sample]:
    """jailbreakbench answers, without those that are called not jailbroken and hold no word of refusal."""
    return [
        sample
        for sample in corpora.jailbreak_answers(data)
        if not sample.answer or refusal.RULE.hits(sample.turn.output)
    ]


def _questions_of_refusals(data: Path) -> list[Sample]:
    """The provocative questions of chatgpt_refusals: rude, but no attempts to break the rules."""
    texts = dict.fromkeys(sample.turn.input.raw for sample in corpora.refusals(data))
    return [corpora.user_says(text, False) for text in texts]


REFUSAL = Plan(
    "refusal",
    "assistant",
    refusal.facts,
    refusal.NAMES,
    Recipe(vector_scale=1.0, gram_scale=8.0, fact_scale=1.0, order=2, seen_by=2, precision=0.95),
    {
        "own sentences": (lambda data: corpora.refusal_sentences(), 1.0),
        "mixed answers": (corpora.mixed_answers, 1.0),
        "after disclaimers": (lambda data: corpora.disclaimed_answers(), 1.0),
        "templates": (
            lambda data: templates.answers("refusals", True, 4) + templates.answers("compliances", False, 4),
            1.0,
        ),
        "multichallenge": (some(corpora.long_answers, 400), 2.0),
        "sgd_dev": (some(_answers_in_talks, 1500), 0.5),
        "jailbreakbench": (_plain_refusals, 0.5),
        "chatgpt_refusals": (corpora.refusals, 1.0),
    },
)
FRUSTRATION = Plan(
    "frustration",
    "user",
    user_frustration.facts,
    user_frustration.NAMES,
    Recipe(vector_scale=4.0, gram_scale=2.0, fact_scale=0.5, strength=0.3, kept=8_000, precision=0.45),
    {
        "goemotions_dev": (lambda data: corpora.emotions(data, *corpora.ANNOYED), 1.0),
        "own sentences": (lines("frustrated", "calm"), 3.0),
        "requests": (some(_requests_in_talks, 1500), 0.5),
    },
    tone=user_frustration.TONE,
    reader=ReaderRecipe(epochs=8, rate=4e-3, dropped=0.3),
)
GRATITUDE = Plan(
    "gratitude",
    "user",
    win.facts,
    win.NAMES,
    Recipe(vector_scale=2.0, gram_scale=3.0, fact_scale=1.0, strength=0.5, balanced=False),
    {"goemotions_dev": (lambda data: corpora.emotions(data, "gratitude"), 1.0)},
    tone=win.TONE,
    reader=ReaderRecipe(epochs=8, rate=4e-3, dropped=0.3),
)
ABUSE = Plan(
    "abuse",
    "user",
    abuse.facts,
    abuse.NAMES,
    Recipe(vector_scale=4.0, gram_scale=3.0, fact_scale=0.5, strength=0.3, kept=8_000),
    {
        "tweeteval_offensive": (corpora.offensive_tweets, 1.0),
        "surge_toxicity": (corpora.toxic_comments, 2.0),
        "own sentences": (lines("abuse", "not_abuse"), 6.0),
        "templates": (_templates("abuse", "not_abuse", 5), 1.0),
        "ordinary templates": (lambda data: templates.requests("ordinary", False, 6), 0.5),
        "stackoverflow_short": (some(corpora.coding_questions, 1000), 0.5),
        "requests": (some(_requests_in_talks, 1500), 0.5),
        "ordinary requests": (some(corpora.ordinary_requests, 1500), 0.5),
    },
    tone=abuse.TONE,
)
JAILBREAK = Plan(
    "jailbreak",
    "user",
    jailbreak.facts,
    jailbreak.NAMES,
    Recipe(vector_scale=4.0, gram_scale=3.0, fact_scale=0.5, seen_by=2, precision=0.91),
    {
        "jailbreakbench": (corpora.jailbreak_prompts, 0.7),
        "own sentences": (lines("jailbreaks", "not_jailbreaks"), 3.0),
        "templates": (_templates("attacks", "ordinary", 12), 1.0),
        "ordinary requests": (corpora.ordinary_requests, 0.5),
        "requests": (some(_requests_in_talks, 1500), 0.5),
        "chatgpt_refusals": (_questions_of_refusals, 0.5),
        "multichallenge": (corpora.long_requests, 1.0),
        "stackoverflow_short": (some(corpora.coding_questions, 2000), 0.5),
        "presidio_synth": (some(corpora.personal_data, 800), 0.5),
    },
)
PLANS = {plan.name: plan for plan in (REFUSAL, FRUSTRATION, GRATITUDE, ABUSE, JAILBREAK)}
