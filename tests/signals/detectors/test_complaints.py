"""Annoyance with the agent in many registers, and what only sounds like it. With vectors, as in the pipeline."""

import uuid

import pytest

from raindrop.embedder import read_texts
from signals.detectors import RULES
from signals.detectors.batch import Batch, Exchange, Turn
from signals.detectors.text import Text

ANSWER = "Please restart the app. Is there anything else I can help with?"


def annoyed(text: str, *, before: str = ANSWER) -> bool:
    read = read_texts([text])
    previous = [Exchange(Text("It does not start."), Text(before))] if before else []
    turn = Turn(uuid.uuid4(), Text(text), Text(""), previous=previous)
    detector = RULES["user_frustration"]
    batch = Batch([turn], read.vectors, read.vectors * 0, user_tones=read.tones)
    return any(found.score >= detector.threshold for found in detector.detect(batch))


@pytest.mark.parametrize(
    "text",
    [
        "that's it? seriously?",
        "I've tried five times now",
        "great, another useless answer",
        "Oh fantastic, one more form to fill in.",
        "this is the third time I explain my symptoms",
        "I been waiting for three weeks for the refund",
        "nobody answered my mails",
        "come on, that's not a plan",
        "thanks for nothing",
        "thank you so much for deleting my cart",
        "wow. great.. now it's worse",
        "how could you do this to my code",
        "bruh that's not even the same file",
        "I asked for two rooms, not one",
        "anyone there?",
        "u had one job",
        "what is even the point of this app",
        "I have reset it ten times already",
        "same error again",
        "Just great. The build is red again.",
        "very helpful... not",
        "i am done with this app",
        "is that all you can do?",
        "I told you I'm allergic to shrimp",
        "esto es una vergüenza",
        "Ich bin echt sauer, das ist das vierte Mal",
        "j'en ai marre, c'est la troisième fois que je demande",
        "wtf is this",
        "what the hell is wrong with you",
        "no one ever called me back about my biopsy",
        "I'm really frustrated because my flight was delayed",
        "I'm so disappointed with their quality",
    ],
)
def test_annoyed(text: str) -> None:
    assert annoyed(text)


@pytest.mark.parametrize(
    "text",
    [
        "Can you help me with a letter to my landlord? I'm so frustrated with him, it makes me furious",
        "wtf is a monad",
        "what the hell is a mutex lol",
        "how the heck do i center a div",
        "I'd like to speak to a manager",
        "can i talk to a real person please",
        "Please delete all my data",
        "try again",
        "Please try it again.",
        "Explain 'fatal: refusing to merge unrelated histories'",
        "my boss is angry with me, what do I write him?",
        "I'm mad at my sister because she lied",
        "my girlfriend is upset about the dinner, any ideas for flowers?",
        "Great, another question: can I bring a dog?",
        "perfect, now add a login page",
        "That's all I need, thank you",
        "that's it, thanks!",
        "It's the second time I visit Rome, what did I miss?",
        "This is a great plan, we go for it",
        "I have waited in line at the museum. Is there a fast track?",
        "Is this the third time zone?",
        "Summarize the complaint of the customer who hates our app",
        "Delete the broken branch",
        "I run this query three times a day",
        "for the first time it works, wow",
        "is anyone there at the front desk at night",
        "my patients are tired of the diet, alternatives?",
        "translate: I am very disappointed in my doctor",
        "Ich bin nicht sauer, nur neugierig",
        "thanks a lot for the quick help",
        "same time tomorrow, please",
        "thanks for breaking it down for me",
        "perfect, now I'd like to exchange the camera",
        "that sounds just great.",
    ],
)
@pytest.mark.parametrize("before", [ANSWER, ""])
def test_not_annoyed_with_the_agent(text: str, before: str) -> None:
    assert not annoyed(text, before=before)
