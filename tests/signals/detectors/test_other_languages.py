"""What is said outright in German, Spanish, French and Portuguese is found, with its words, and what only sounds like it is not."""

import uuid
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from raindrop.embedder import TONES, read_texts
from signals.detectors import BELIEVED, DETECTORS, RULES
from signals.detectors.batch import Batch, Evidence, Exchange, Turn, nearness_of
from signals.detectors.other_languages import LANGUAGES, SIDES, closes
from signals.detectors.other_languages.wording import loose
from signals.detectors.outright import OUTRIGHT
from signals.detectors.text import Text

CASES = Path(__file__).with_name("other_languages.txt")


class Case(NamedTuple):
    language: str
    signal: str
    holds: bool
    text: str


# What was said before in the conversation, and the other side of the turn itself.
BEFORE = {
    "de": ("Könnten Sie meinen Auftrag ansehen?", "Ja, hier ist Ihr Auftrag.", "Alles klar."),
    "es": ("¿Puede mirar mi pedido?", "Sí, aquí está su pedido.", "De acuerdo."),
    "fr": ("Pouvez-vous regarder ma commande ?", "Oui, voici votre commande.", "D'accord."),
    "pt": ("Pode ver o meu pedido?", "Sim, aqui está o seu pedido.", "Certo."),
}


def read_cases() -> list[Case]:
    cases, section = [], ("", "")
    for line in CASES.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            language, signal = line.strip("[]").split()
            section = (language, signal)
        elif line and not line.startswith("#"):
            cases.append(Case(*section, holds=line[0] == "+", text=line[2:]))
    return cases


ALL = read_cases()


def outright(signal: str, batch: Batch) -> dict[int, list[Evidence]]:
    """What the rules find; the models have no part in it."""
    return {one.index: one.evidence for one in RULES[signal].detect(batch) if one.score == OUTRIGHT}


@cache
def in_conversations() -> Batch:
    """Each case as the second turn of a conversation, with vectors."""
    talks = []
    for case in ALL:
        question, answered, other = BEFORE[case.language]
        ours = (case.text, other) if SIDES[case.signal] == "user" else (question, case.text)
        talks.append(((question, answered), ours))
    texts = sorted({text for talk in talks for pair in talk for text in pair})
    read = read_texts(texts)
    at = {text: place for place, text in enumerate(texts)}
    turns, nearness = [], []
    for (question, answered), (given, answer) in talks:
        previous = [Exchange(Text(question), Text(answered))]
        turns.append(Turn(uuid.uuid4(), Text(given), Text(answer), previous=previous))
        vectors = [read.vectors[at[text]] for text in (given, answer, question, answered)]
        nearness.append(nearness_of(vectors[0], vectors[1], vectors[2][None], vectors[3][None]))
    users, agents = [at[given] for _, (given, _) in talks], [at[answer] for _, (_, answer) in talks]
    return Batch(
        turns,
        read.vectors[users],
        read.vectors[agents],
        user_tones=read.tones[users, : len(TONES)],
        agent_tones=read.tones[agents, len(TONES) :],
        nearness=np.array(nearness),
    )


@cache
def alone() -> Batch:
    """Each case as a message with nothing else, not embedded."""
    user = [SIDES[case.signal] == "user" for case in ALL]
    return Batch(
        [
            Turn(uuid.uuid4(), Text(case.text if mine else ""), Text("" if mine else case.text))
            for case, mine in zip(ALL, user, strict=True)
        ]
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("signal", SIDES)
def test_it_is_found_where_it_is_said_and_nowhere_else(language: str, signal: str) -> None:
    found = outright(signal, in_conversations())
    lone = outright(signal, alone())
    cases = [(i, case) for i, case in enumerate(ALL) if case[:2] == (language, signal)]
    assert sum(case.holds for _, case in cases) >= 8 and sum(not case.holds for _, case in cases) >= 6
    assert [case.text for i, case in cases if (i in found) != case.holds] == []
    if signal == "correction":
        assert not any(i in lone for i, _ in cases)  # a first message corrects nothing
    else:
        assert [case.text for i, case in cases if (i in lone) != case.holds] == []
    for i, case in cases:
        for piece in found.get(i, []):
            assert piece["side"] == SIDES[case.signal]
            assert case.text[piece["start"] : piece["end"]] == piece["text"] != ""


def test_no_model_overrules_what_is_said_outright() -> None:
    assert all(BELIEVED[signal] <= OUTRIGHT for signal in SIDES)


def test_the_models_take_few_of_the_hard_negatives() -> None:
    """They weigh, and so are wrong at times: here, where every sentence is made to look like the signal, at most one time in seven."""
    matched = {
        (ALL[one.index].text, signal)
        for signal in SIDES
        for one in DETECTORS[signal].detect(in_conversations())
        if one.score >= DETECTORS[signal].threshold
    }
    negatives = [case for case in ALL if not case.holds]
    wrong = [case for case in negatives if (case.text, case.signal) in matched]
    assert len(wrong) <= len(negatives) / 7, wrong


def test_what_is_said_outright_matches_whatever_the_models_say() -> None:
    matched = {
        (one.index, signal)
        for signal in SIDES
        for one in DETECTORS[signal].detect(in_conversations())
        if one.score >= DETECTORS[signal].threshold
    }
    assert [case for i, case in enumerate(ALL) if case.holds and (i, case.signal) not in matched] == []


@pytest.mark.parametrize("signal", SIDES)
def test_one_signal_is_not_another(signal: str) -> None:
    """What holds for one side's other signals is not this one, but where annoyed users correct and agents decline in one breath."""
    near = (
        {signal, "user_frustration", "correction"}
        if signal in ("user_frustration", "correction")
        else {signal}
    )
    found = outright(signal, in_conversations())
    assert [ALL[i].text for i in found if ALL[i].signal not in near] == []


def test_accents_may_be_left_out_spelt_out_or_apart() -> None:
    assert loose("não") == "n(ã|a[\u0300-\u0327]?)o" and loose("für") == "f(ü|ue|u[\u0300-\u0327]?)r"
    texts = ["Danke fuer nichts!", "Nao foi possivel concluir", "na\u0303o consegui abrir", "nada consegui"]
    turns = [Turn(uuid.uuid4(), Text(text), Text(text)) for text in texts]
    assert set(outright("user_frustration", Batch(turns))) == {0}
    assert set(outright("task_failure", Batch(turns))) == {1, 2}


@pytest.mark.parametrize(
    "text", ["Nein, das ist alles", "no, gracias", "Non merci", "Não, obrigado", "No, eso es todo"]
)
def test_who_closes_corrects_nothing(text: str) -> None:
    assert closes(Text(text))


@pytest.mark.parametrize(
    "text", ["Nein, ich meinte Dienstag", "no, el martes", "Non, mardi", "no thanks, I meant Tuesday"]
)
def test_who_says_no_does_not_always_close(text: str) -> None:
    assert not closes(Text(text))


@pytest.mark.parametrize(
    ("signal", "given", "answer"),
    [
        ("human_request", "Übersetze ins Spanische: Ich möchte mit einem Menschen sprechen", ""),
        ("user_frustration", 'Was heißt "c\'est vraiment frustrant" auf Deutsch?', ""),
        ("win", "Traduce al alemán: muchas gracias", ""),
        ("refusal", "Schreib eine Absage", "Betreff: Ihre Bewerbung\n\nDabei können wir Ihnen nicht helfen."),
        ("user_frustration", "Das ist eine Frechheit, " + "und dann kam er wieder und " * 10, ""),
        ("win", "Das hat geklappt, aber jetzt fehlt der Ton", ""),
    ],
)
def test_words_of_others_and_half_a_success_do_not_count(signal: str, given: str, answer: str) -> None:
    turn = Turn(uuid.uuid4(), Text(given), Text(answer), previous=[Exchange(Text("hallo"), Text("ja"))])
    assert outright(signal, Batch([turn])) == {}
