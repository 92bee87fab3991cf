"""How users ask, and what they want: sentences of the kind that open the demo's conversations."""

import pytest

from signals.discovery.wishes import wish_of


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Hi! I’d like to exchange a couple of items from my recent order.", "Exchange a couple of items from my recent order"),
        ("Hey there! I need to cancel an order. Can you help me with that?", "Cancel an order"),
        ("Um, hi. I want to exchange a fleece jacket I bought.", "Exchange a fleece jacket I bought"),
        ("Hello, I need help with an order that got sent to the wrong place. Could you assist me?", "An order that got sent to the wrong place"),
        ("Hi, I'd like to cancel my flight, please.", "Cancel my flight"),
        ("Hi! I'm looking to book a flight from New York.", "Book a flight from New York"),
        ("Can you please tell me where my parcel is?", "Tell me where my parcel is"),
        ("Hi! I wanted to check how much I paid for it.", "Check how much I paid for it"),
        ("Why was I charged twice?", "Why was I charged twice?"),
        ("Book a photographed receipt as purchase", "Book a photographed receipt as purchase"),
        ("My parcel  is\nlate.", "My parcel is late"),
        ("Hi!", "Hi!"),
        ("Can you help me with that?", "Can you help me with that?"),
        ("Wo ist mein Paket?", "Wo ist mein Paket?"),
        ("Guten Tag, ich möchte gerne mein Ticket nach St. Pölten stornieren. Können Sie mir dabei helfen?", "Mein Ticket nach St. Pölten stornieren"),
        ("Hallo! Ich brauche eine Rechnung für Oktober.", "Eine Rechnung für Oktober"),
        ("Servus, kannst du mir bitte sagen, wo mein Zug ist?", "Sagen, wo mein Zug ist"),
        ("Vielen Dank! Ich würde gerne einen Sitzplatz reservieren, bitte.", "Einen Sitzplatz reservieren"),
        ("Hallo. Darf ich meinen Hund mitnehmen?", "Meinen Hund mitnehmen"),
        ("Ja, das passt.", "Das passt"),
        ("", ""),
    ],
)  # fmt: skip
def test_what_is_wanted(text: str, wanted: str) -> None:
    assert wish_of(text) == wanted
