"""The reasons of an answer that a person chooses with one key: 1 to 4 say why it is not a match, 5 to 9 why a card is skipped."""

from dataclasses import dataclass

from labeling.models import Answer, Rationale


@dataclass(frozen=True, slots=True)
class Choice:
    """`number`: its key, 1 to 9. `title`: what it means, in a sentence. `answer`: what it gives."""

    number: int
    value: Rationale
    title: str
    answer: Answer

    @property
    def text(self) -> str:
        return str(self.value.label)


_TITLES = {
    Answer.NOT_MATCH: {
        Rationale.OTHER: "The turn is about something else",
        Rationale.CLOSE: "It resembles it, but what counts is missing",
        Rationale.MENTIONED: "The words are there, but it does not happen",
        Rationale.JUSTIFIED: "It happens, and rightly: no problem here",
    },
    Answer.UNSURE: {
        Rationale.CONTEXT: "What is shown does not suffice to tell",
        Rationale.LANGUAGE: "You do not read this language",
        Rationale.SCOPE: "A test, spam, or nothing that a user asked",
        Rationale.UNCLEAR: "The definition does not say whether this counts. After three of these it asks a question",
        Rationale.EXPERT: "Somebody who knows more should answer",
    },
}
CHOICES = [
    Choice(number, value, title, answer)
    for number, (value, title, answer) in enumerate(
        ((value, title, answer) for answer, titles in _TITLES.items() for value, title in titles.items()), 1
    )
]
# As the card shows them.
GROUPS = [
    ("Wrong", [choice for choice in CHOICES if choice.answer == Answer.NOT_MATCH]),
    ("Skip", [choice for choice in CHOICES if choice.answer == Answer.UNSURE]),
]
ANSWER_OF = {choice.value: choice.answer for choice in CHOICES}


def fits(rationale: str, answer: Answer | str) -> bool:
    """Whether this answer may have this rationale. None ("") fits every answer."""
    return not rationale or ANSWER_OF.get(Rationale(rationale)) == answer
