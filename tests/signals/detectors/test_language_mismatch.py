"""The agent answers in another language."""

import pytest

from tests.signals.detectors.asking import holds

SENTENCES = {
    "en": "I would like to change my flight to tomorrow morning, and I also need a window seat please.",
    "de": "Ich möchte meinen Flug auf morgen früh umbuchen und brauche außerdem einen Fensterplatz, bitte.",
    "fr": "Je voudrais changer mon vol pour demain matin, et j'ai aussi besoin d'une place côté hublot.",
    "es": "Quisiera cambiar mi vuelo para mañana por la mañana y también necesito un asiento de ventanilla.",
    "it": "Vorrei cambiare il mio volo a domani mattina e ho anche bisogno di un posto al finestrino, grazie.",
    "nl": "Ik wil graag mijn vlucht naar morgenochtend verzetten en ik heb ook een stoel bij het raam nodig.",
    "ru": "Я хотел бы перенести свой рейс на завтра утром, и мне также нужно место у окна.",
    "zh": "我想把我的航班改到明天早上，还需要一个靠窗的座位，谢谢。",
    "ja": "フライトを明日の朝に変更したいのですが、窓側の席もお願いします。",
    "ar": "أود تغيير رحلتي إلى صباح الغد وأحتاج أيضًا إلى مقعد بجانب النافذة من فضلك.",
}


@pytest.mark.parametrize("question", SENTENCES)
@pytest.mark.parametrize("answered", SENTENCES)
def test_another_language_is_seen_and_the_same_is_not(question: str, answered: str) -> None:
    matches = holds("language_mismatch", (SENTENCES[question], SENTENCES[answered]))
    assert bool(matches) == (question != answered)


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ("Translate into German: I would like to change my flight", SENTENCES["de"]),
        ("How do I say this in Spanish to the hotel? I need a quiet room", SENTENCES["es"]),
        ("Bitte antworte mir auf Englisch, ich möchte meinen Flug umbuchen", SENTENCES["en"]),
        (f"Please summarise this mail for me:\n\n{SENTENCES['de']} {SENTENCES['de']}", SENTENCES["en"]),
        ("Wie geht das?", SENTENCES["en"]),
        (SENTENCES["de"], "OK"),
        (SENTENCES["de"], '{"status": "the booking was changed", "seat": "window", "message": "this is it"}'),
        (
            SENTENCES["de"],
            "```python\nfor seat in the_plane:\n    if seat.is_free and not seat.taken: return seat\n```",
        ),
        ("Where can I find Schöneberger Straße und Tempelhofer Feld please?", SENTENCES["en"]),
        ("Book Chez Pierre, Rue de la Paix, for the four of us", SENTENCES["en"]),
    ],
)
def test_translations_quotes_code_and_short_texts_are_no_mismatch(given: str, answer: str) -> None:
    assert not holds("language_mismatch", (given, answer))


def test_who_talks_in_two_languages_may_be_answered_in_either() -> None:
    assert not holds(
        "language_mismatch", (SENTENCES["es"], "Claro, ¿para qué fecha?"), (SENTENCES["en"], SENTENCES["es"])
    )
    asked_before = ("Please answer in English from now on", "Sure, I will.")
    assert not holds("language_mismatch", asked_before, (SENTENCES["de"], SENTENCES["en"]))


@pytest.mark.parametrize(
    "again",
    [
        "Auf Deutsch bitte! Ich habe doch auf Deutsch gefragt.",
        "Danke, aber warum antworten Sie auf Englisch?",
        "Ich verstehe kein Englisch, können Sie mir das auf Deutsch sagen?",
        "Das verstehe ich leider nicht.",
    ],
)
def test_each_answer_in_the_wrong_language_counts(again: str) -> None:
    before = (SENTENCES["de"], SENTENCES["en"])
    answer = "Your flight is changed to tomorrow, and you have a window seat."
    assert holds("language_mismatch", before, (again, answer))
    assert not holds("language_mismatch", before, (again, "Ihr Flug ist auf morgen früh umgebucht worden."))


@pytest.mark.parametrize(
    "again",
    [
        "Mein Deutsch ist nicht gut, bitte antworten Sie auf Englisch.",
        "Warum nicht auf Englisch? Das wäre mir viel lieber als so.",
        "yes please",
        "ok",
    ],
)
def test_who_turns_to_the_agents_language_or_says_little_is_no_mismatch(again: str) -> None:
    before = (SENTENCES["de"], SENTENCES["en"])
    assert not holds("language_mismatch", before, (again, SENTENCES["en"]))
