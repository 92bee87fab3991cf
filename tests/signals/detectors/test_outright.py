"""What a user says outright of the agent is a match by the words alone; what only sounds like it is not."""

import uuid

import pytest

from signals.detectors.batch import Exchange, Turn
from signals.detectors.other_value import gives_another
from signals.detectors.outright import said_outright
from signals.detectors.text import Text


def turn(said_by_user: str, *, after: str | None = "Your booking is on Thursday.") -> Turn:
    previous = [] if after is None else [Exchange(Text("Could you look at my booking?"), Text(after))]
    return Turn(uuid.uuid4(), Text(said_by_user), Text("I see."), previous=previous)


@pytest.mark.parametrize(
    "message",
    [
        "That's so annoying, the appointment was moved twice already.",
        "how hard can it be to read a date",
        "what a mess",
        "great, another useless answer",
        "I'm losing my patience here",
        "I've been on hold for forty minutes, this is a disgrace",
        "As I wrote.",
        "it's all in my first message",
        "never mind, I'll look myself",
        "are you making her up?",
        "So that was ten minutes for nothing",
        "Sigh.",
        "this is the third time mate",
        "those are the same three hotels.",
    ],
)
def test_complaints(message: str) -> None:
    [*pieces] = said_outright(turn(message))
    assert pieces and all(piece["text"] in message for piece in pieces)


@pytest.mark.parametrize(
    "message",
    [
        "I find it annoying when the lights flicker, which bulb should I get?",
        "How do I reply to a customer who says our service is a disgrace?",
        "my son was disappointed with the film, any other ideas?",
        "The kitchen is a mess, where do I start?",
        "can't believe how fast that was",
        "I was on hold with the bank this morning, do you know their hours?",
        "Finally it works, thank you!",
        "Sorry, I should have said so earlier: for two.",
        "It is the same size as the one I have",
        'Translate: "This is a disgrace."',
    ],
)
def test_what_only_sounds_like_it(message: str) -> None:
    assert said_outright(turn(message)) == []


@pytest.mark.parametrize("message", ["As I wrote.", "Sigh.", "never mind, I'll look myself", "so annoying."])
def test_some_words_need_an_answer_before_them(message: str) -> None:
    assert said_outright(turn(message)) != [] and said_outright(turn(message, after=None)) == []


@pytest.mark.parametrize(
    ("message", "stated"),
    [
        ("Friday, not Thursday!", "Your booking is on Thursday."),
        ("No - Friday, not Thursday", "Your booking is on Thursday."),
        ("Freitag, nicht Donnerstag!", "Ihr Termin ist am Donnerstag."),
        ("Viernes, no jueves!", "Su cita es el jueves."),
        ("Vendredi, pas jeudi !", "Votre rendez-vous est jeudi."),
        ("Sexta, não quinta!", "A sua consulta é na quinta."),
        ("I said two rooms, not three rooms", "I booked three rooms for you."),
    ],
)
def test_one_thing_not_the_other(message: str, stated: str) -> None:
    [piece] = gives_another(turn(message, after=stated))
    assert piece["text"] in message


@pytest.mark.parametrize(
    ("message", "stated"),
    [
        ("Friday, not Thursday, works best for me", "Your booking is on Thursday."),
        ("Friday, not Thursday", "Would Thursday suit you?"),
        ("Friday, not Thursday", "We have free tables on Thursday and on Friday."),
        ("Am liebsten Freitag, nicht Donnerstag.", "Ihr Termin ist am Donnerstag."),
        ("Friday, not Monday!", "Your booking is on Thursday."),
        ("Friday, not Thursday!", ""),
    ],
)
def test_a_wish_an_answer_and_what_nobody_stated(message: str, stated: str) -> None:
    assert gives_another(turn(message, after=stated)) == []
