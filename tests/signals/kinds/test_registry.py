"""The registry knows each kind, and tells a signal's kind by its config."""

import json
from typing import Any

import pytest

from signals.kinds.base import SignalKind
from signals.kinds.registry import KINDS, by_name, check, form_of, kind_of_config, shapes
from signals.kinds.words import WordsKind
from signals.models import SignalDefinition


def test_the_kinds_stand_in_the_order_of_their_tabs() -> None:
    assert list(KINDS) == ["words", "metric", "sentence", "question", "combination"]


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_the_shapes_of_a_kind_are_configs_that_it_takes(kind: SignalKind) -> None:
    """They are what an error message tells a person to write."""
    for shape in kind.shapes:
        config = json.loads(shape)
        assert kind_of_config(config) is kind and kind.wrong_with(config) is None
        assert kind.fits_form(config) and kind.describe(config)
        assert shape in shapes()
        form = kind.form
        assert kind.form.rule_field or form.on_signal_page


@pytest.mark.parametrize(
    "config", [None, [], "words", {}, {"word": ["x"]}, {"words": ["x"], "metric": "turns >= 1"}]
)
def test_a_config_of_no_kind_or_of_two_is_of_none(config: Any) -> None:
    assert kind_of_config(config) is None
    draft = SignalDefinition(config=config)
    assert check(draft)["config"] == shapes() and form_of(draft) is None


def test_two_kinds_cannot_have_one_name() -> None:
    class Pattern(WordsKind):
        name = "regex"

    class Others(WordsKind):
        config_names = frozenset({"others"})

    with pytest.raises(ImportError, match="'words'"):
        by_name([WordsKind(), Others()])
    with pytest.raises(ImportError, match="'(words|pattern)'"):
        by_name([WordsKind(), Pattern()])
    assert list(by_name([WordsKind()])) == ["words"]


def test_words_that_are_no_longer_taken_can_be_mended_in_their_form() -> None:
    draft = SignalDefinition(config={"pattern": "("})
    form = form_of(draft)
    assert form is not None and form.from_config(draft.config) == {"expressions": "/(/"}
    assert form_of(SignalDefinition(config={"metric": "mood >= 1"})) is None
