"""Words that stand in the text are found: parts of names in code, and words of scripts without spaces."""

from collections.abc import Callable

import pytest
from django.test import Client

from ingest.models import Event
from signals.vectors.embedding import embed
from signals.vectors.text_search import search_events

TEXTS = {
    "code": "error E_CONN_RESET at /api/v2/orders in foo_bar.py, ticket ABC-123, see https://docs.example.org/a/b?page=2#top",
    "mail": "Write to support@example.com or call +49-30-1234567, version 2.10.1",
    "tags": "<b>bold</b> words &amp; <code>my-element</code>, don't, it's",
    "ja": "この商品を返品したいのですが、送料はいくらですか。iPhone15です",
    "zh": "我想申请退款，订单还没有发货",
    "ko": "환불을 요청합니다",
    "th": "ขอคืนเงินได้ไหม",
    "de": "Straße und Käse",
    "fr": "Le Café de l'été à Łódź, Smo\u0301rrebrød und Ångström",
    "ru": "мой ёлка",
    "plain": "all is well, so bar none, foo is com",
}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "finds"),
    [
        ("foo_bar", "code"), ("foo_bar.py", "code"), ("E_CONN_RESET", "code"), ("conn", "code"), ("ABC-123", "code"), ("orders", "code"),
        ("/api/v2/orders", "code"), ("docs.example.org", "code"), ("https://docs.example.org/a/b?page=2#top", "code"), ("FOO_BAR", "code"),
        ("example.com", "mail"), ("support@example.com", "mail"), ("support", "mail"), ("2.10", "mail"), ("2.10.1", "mail"), ("+49-30-1234567", "mail"),
        ("my-element", "tags"), ("bold", "tags"), ("don't", "tags"), ("it's", "tags"), ("example", "code mail"),
        ("返品", "ja"), ("送料", "ja"), ("商品を返品", "ja"), ("iPhone15", "ja"), ("返品 送料", "ja"), ('"返品 送料"', ""), ("品返", ""),
        ("退款", "zh"), ("订单", "zh"), ("退款 -订单", ""), ("退款 or 返品", "zh ja"), ("환불", "ko"), ("คืนเงิน", "th"), ("straße", "de"),
        ("foo -foo_bar", "plain"), ("foo -bar", ""), ('"bar none"', "plain"), ("bar.com", ""), ("@", ""), ('"', ""), ("-", ""), ("--- \"\" '", ""),
        ("返", "ja"), ("cafe", "fr"), ("CAFÉ", "fr"), ("cafe\u0301", "fr"), ("ete", "fr"), ("lodz", "fr"), ("Łódź", "fr"), ("smorrebrod", "fr"),
        ("angstrom", "fr"), ("Kase", "de"), ("käse", "de"), ("елка", "ru"), ("мой", "ru"), ("мои", ""), ('"café de"', "fr"),
    ],
)  # fmt: skip
def test_words_are_found(make_event: Callable[..., Event], query: str, finds: str) -> None:
    embed([make_event(event_id=name, input=text, output="") for name, text in TEXTS.items()])
    found = search_events(Event.objects.all(), query).values_list("event_id", flat=True)
    assert sorted(found) == sorted(finds.split())


@pytest.mark.django_db
def test_the_side_is_looked_at_with_the_same_eyes(
    make_event: Callable[..., Event], client: Client, query_key: str
) -> None:
    embed(
        [
            make_event(event_id="a", input=TEXTS["ja"], output=TEXTS["code"]),
            make_event(event_id="b", input=TEXTS["code"], output="x"),
        ]
    )
    for query, side, finds in (
        ("返品", "user_input", ["a"]),
        ("返品", "assistant_output", []),
        ("foo_bar", "assistant_output", ["a"]),
    ):
        answer = client.get(
            "/v1/events/search",
            {"query": query, "mode": "text", "search_in": side},
            headers={"Authorization": f"Bearer {query_key}"},
        )
        assert [item["id"] for item in answer.json()["data"]] == finds
