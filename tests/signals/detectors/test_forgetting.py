"""What was given is asked for again, or taken wrong."""

import pytest

from tests.signals.detectors.asking import holds, span


def test_what_was_given_is_asked_for_again() -> None:
    given = (
        "Hi, I want to return my shoes. My email is anna@example.com and my order is #W2378156.",
        "Sure, why?",
    )
    assert holds("forgetting", given, ("They are too small", "Could you please provide your email address?"))
    assert holds("forgetting", given, ("They are too small", "What is your order number?"))
    assert not holds("forgetting", given, ("They are too small", "Could you please provide your zip code?"))
    assert not holds(
        "forgetting", given, ("I don't have that one any more", "Please provide your email address.")
    )
    verified = "I have already verified your identity using your name and zip code."
    question = ("hello", "Could you please provide your name and zip code?")
    assert not holds("forgetting", question, ("I'm sorry, it's 94105", verified))
    looked = [span(output="Error: user not found")]
    assert not holds("forgetting", given, ("ok", "Please provide your email address."), spans=looked)


def test_getting_it_wrong_is_forgetting() -> None:
    given = ("My name is Anna Kovacs, my order is W2378156", "Thank you, Anna. What is wrong with it?")
    [wrong] = holds("forgetting", given, ("It is broken", "I have cancelled order W2378165 for you."))
    assert [piece["text"] for piece in wrong.evidence] == ["W2378165"]
    assert not holds("forgetting", given, ("It is broken", "I have cancelled order W2378156 for you."))
    found_it = [span(output='{"orders": ["W2378156", "W2378165"]}')]
    assert not holds(
        "forgetting", given, ("All", "Both W2378156 and W2378165 are cancelled."), spans=found_it
    )
    assert holds("forgetting", given, ("It is broken", "Thank you, Maria. I will send a new one."))
    assert not holds("forgetting", given, ("It is broken", "Thank you, Anna. I will send a new one."))
    assert not holds("forgetting", given, ("It is broken", "Thanks, Great. I will send a new one."))


@pytest.mark.parametrize(
    "message",
    [
        "24. already said that lol",
        "GL-46102, it's in the message above",
        "It's all in my message.",
        "two adults, as I wrote in my very first message...",
        "Mohamed Aziz, GL-48200. I gave you both.",
        "Friday!! please read what I write",
        "I did mention the dog",
        "Samstag mit Hund. Steht alles da.",
        "Das haben Sie beides schon bekommen!",
        "Lesen Sie überhaupt mit?",
        "vous l'avez déjà reçu",
        "ya se lo dije",
        "já te disse isso",
    ],
)
def test_what_was_given_is_said_to_be_there(message: str) -> None:
    before = ("My booking is GL-46102, for two.", "What is it about?")
    assert holds("forgetting", before, (message, "Thank you."))
    assert not holds("forgetting", (message, "Thank you."), before), "nothing was said before it"
    assert not holds("user_frustration", before, ("It's all in my message.", "Thank you."))


@pytest.mark.parametrize(
    "message",
    [
        "My mother already said that.",
        "You already told me, thanks",
        "If already stated, leave it out.",
        "„Kein Datenvolumen“ steht da.",
        "The error is in the request.",
        "Did you read the article?",
        "Already sent.",
        "Is it in my message?",
    ],
)
def test_what_others_said_or_where_a_thing_stands(message: str) -> None:
    before = ("My booking is GL-46102, for two.", "What is it about?")
    assert not holds("forgetting", before, (message, "Thank you."))
