"""What is said in other words: `~"meaning of this"` as a condition. It has no name of its own to stand before a colon."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from django.db.models import Exists, OuterRef, Q

from signals.models import EventEmbedding
from signals.search.comparing import Test
from signals.search.fields.registry import Field
from signals.search.language.nodes import Text, Value
from signals.search.meaning import NEAR_ENOUGH, meaning_vector, near_events
from signals.search.scope import Facts, Scope


@dataclass(frozen=True, slots=True)
class NearTest:
    """A cosine of NEAR_ENOUGH or more to the text, on the side that is nearer."""

    text: str

    def holds(self, sides: Any) -> bool:
        """`sides`: (n, 384), the vectors of the sides that have a text."""
        return bool((sides @ meaning_vector(self.text) >= NEAR_ENOUGH).any())

    def q(self, column: str) -> Q:
        return Q(**{f"{column}__gte": NEAR_ENOUGH})


@dataclass(frozen=True, kw_only=True)
class MeaningField(Field):
    """Events are found once the pipeline has embedded them."""

    kind: ClassVar[str] = "words"
    has_facets: ClassVar[bool] = False
    is_slow: ClassVar[bool] = True

    def test(self, value: Value, *, operator: str, key: str, scope: Scope) -> Test:
        if not isinstance(value, Text) or not any(character.isalnum() for character in value.text):
            raise ValueError("takes words: there is no letter and no digit in it")
        return NearTest(value.text)

    def where(self, test: Test, *, key: str, scope: Scope) -> Q:
        assert isinstance(test, NearTest)
        near = near_events(test.text, project=scope.project).filter(test.q("score"), event=OuterRef("pk"))
        return Q(Exists(near))

    def present(self, *, key: str, scope: Scope) -> Q:
        return Q(Exists(EventEmbedding.objects.filter(project=scope.project, event=OuterRef("pk"))))

    def values(self, facts: Facts, *, key: str) -> Sequence[Collection[Any]]:
        sides = facts.vectors
        return [[np.stack(mine)] if (mine := sides.get(event.id)) else [] for event in facts.events]


MEANING = MeaningField(name="meaning", title="what it means", example='~"wants money back"')
