"""Words to a query (signals/translating): sentences as people write them, each with the query that it means.

The project is made up. A sentence of SEEN was looked at while the rules were written, one of UNSEEN was not: only UNSEEN says how good the
rules are. A query is right when it has the same conditions, in any order.
"""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from raindrop import llm
from raindrop.evaluation.measurement import Measurement, Table
from signals.detectors import SIGNALS
from signals.llm.structured import Void
from signals.search.fields.registry import find_field
from signals.search.language.errors import QueryError
from signals.search.language.nodes import Comparison, Meaning, Node, Not, Or, Phrase, conjuncts
from signals.search.language.parsing import parse
from signals.translating.rules import translate_by_rules
from signals.translating.sentence import stem, words_of
from signals.translating.service import TIMEOUT, ask, nearness
from signals.translating.vocabulary import KnownSignal, Vocabulary

TODAY = dt.date(2026, 11, 29)  # a Sunday
VOCABULARY = Vocabulary(
    values={
        "model": ["gpt-4o", "gpt-4o-mini", "claude-sonnet-4", "claude-haiku-4"],
        "tool": ["book_flight", "cancel_booking", "search_flights", "get_order_details", "refund_payment", "calculator"],
        "release": ["r2", "r3", "2.4.0"],
        "prop.plan": ["pro", "free", "enterprise"],
        "prop.channel": ["web", "email", "phone"],
        "trait.country": ["PT", "DE", "US"],
        "flag.new_checkout": ["on", "off"],
        "event": ["chat_message", "voice_call"],
    },
    signals=[KnownSignal(one.key, one.name, one.description) for one in SIGNALS],
    users=frozenset(["u_17", "u_42", "ann@example.com"]),
    conversations=frozenset(["c-9"]),
)  # fmt: skip
SEEN = [
    ("failed bookings last week on gpt-4o", "tool.failed:book_flight -7d model:gpt-4o"),
    ("frustrated users yesterday", "signal:user_frustration time:2026-11-28"),
    ("refusals on claude models in the last 24 hours", "signal:refusal model:claude* -24h"),
    ("conversations in German where the user asked for a human", "language:de signal:human_request"),
    ("more than 2 tool errors on release r3", "tool.errors:>2 release:r3"),
    ("events of user u_17 since Monday", "user:u_17 since:2026-11-23"),
    ("pro users who are angry about refunds", 'prop.plan:pro signal:user_frustration ~"refunds"'),
    ("slow answers over 10 seconds this week", "duration:>10s since:2026-11-23"),
    ("cost more than 5 cents", "cost:>0.05"),
    ("who called book_flight but not cancel_booking", "tool:book_flight -tool:cancel_booking"),
    ("everything except gpt-4o-mini", "-model:gpt-4o-mini"),
    ("gpt-4o or claude-haiku-4 with tool errors", "model:gpt-4o,claude-haiku-4 tool.errors:>0"),
    ("people complaining about the delivery being late", '~"delivery late"'),
    ("mentions the word refund", "refund"),
    ('"my money back" on the free plan', '"my money back" prop.plan:free'),
    ("model:gpt-4o -tool:search", "model:gpt-4o -tool:search"),
    ("conversations longer than 8 turns that were not frustrated", "turns:>8 -signal:user_frustration"),
    ("on email in November", "prop.channel:email since:2026-11-01 until:2026-11-30"),
    ("get order details failed between 2026-11-01 and 2026-11-10", "tool.failed:get_order_details since:2026-11-01 until:2026-11-10"),
    ("jailbreak attempts last 3 days", "signal:jailbreak -3d"),
    ("tool loops in version 2.4.0", "signal:tool_loop release:2.4.0"),
    ("Show me all refunds that failed in the past two weeks", "tool.failed:refund_payment -2w"),
    ("users who got angry after release r3 on the phone channel", "signal:user_frustration release:r3 prop.channel:phone"),
    ("chats where the agent made something up", "signal:unsupported_value"),
    ("enterprise customers with at least 3 tool calls", "prop.plan:enterprise tool.calls:>=3"),
    ("what did ann@example.com say today?", "user:ann@example.com since:2026-11-29"),
    ("claude-sonnet-4 conversations in French or Spanish", "model:claude-sonnet-4 language:fr,es"),
    ("abandoned conversations this month", "signal:abandonment since:2026-11-01"),
    ("search flights errors on gpt-4o-mini since 20 November", "tool.failed:search_flights model:gpt-4o-mini since:2026-11-20"),
    ("happy users on claude", "signal:win model:claude*"),
    ("users who repeat themselves", "signal:user_repetition"),
    ("answers with more than 10,000 tokens", "tokens:>10000"),
    ("expensive requests above $1", "cost:>1"),
    ("took longer than 2 minutes", "duration:>2m"),
    ("conversation c-9", "conversation:c-9"),
    ("issue 12 on the pro plan", "issue:12 prop.plan:pro"),
    ("the agent forgot what the user said", "signal:forgetting"),
    ("the calculator was used but nobody was frustrated", "tool:calculator -signal:user_frustration"),
    ("questions about baggage allowance", '~"baggage allowance"'),
    ("people who want to change their seat", '~"change seat"'),
    ("user u_42 or u_17 yesterday", "user:u_42,u_17 time:2026-11-28"),
    ("no tools were called and the answer claims success", "-has:tool signal:false_success"),
    ("events without a user", "-has:user"),
    ("voice_call events handed over to a person", "event:voice_call signal:hand_over"),
    ("wrong dates before November 15", "signal:wrong_date time:<2026-11-15"),
    ("cancel_booking was called 2 days ago", "tool:cancel_booking time:2026-11-27"),
    ("contains the phrase \"as an AI\"", '"as an AI"'),
    ("new checkout on and tool failures", "flag.new_checkout:on tool.errors:>0"),
    ("refused or abusive conversations", "signal:refusal,abuse"),
    ("the last hour, not on the web channel", "-1h -prop.channel:web"),
    ("frustrated users on the pro plan last week", "signal:user_frustration prop.plan:pro -7d"),
    ("conversations where book_flight failed", "tool.failed:book_flight"),
    ("show me everything from user u_17 yesterday", "user:u_17 time:2026-11-28"),
    ("people asking for a refund who were not using gpt-4o", '~"refund" -model:gpt-4o'),
    ("task failures since release r3", "signal:task_failure release:r3"),
    ("events slower than 10 seconds", "duration:>10s"),
    ("who complained that the agent forgot something?", "signal:forgetting"),
    ("refusals about invoices", 'signal:refusal ~"invoices"'),
    ("conversations with more than 5 tool errors", "tool.errors:>5"),
    ('chats in the last 24 hours where the assistant said "as an AI language model"', '-24h "as an AI language model"'),
    ("expensive conversations over 50 cents", "cost:>0.5"),
    ("anything mentioning stripe but not paypal", "stripe -paypal"),
    ("long conversations with more than 20 turns that ended in frustration", "turns:>20 signal:user_frustration"),
    ("the agent contradicts itself", "signal:contradiction"),
    ("German users who got English answers", "language:de signal:language_mismatch"),
    ("Spanish speaking users with replies in Spanish", "language:es -signal:language_mismatch"),
    ("users from Portugal", "trait.country:PT"),
    ("laziness in 2.4.0 with gpt-4o-mini", "signal:laziness release:2.4.0 model:gpt-4o-mini"),
]  # fmt: skip
UNSEEN = [
    ("negative conversations from Germany in the last 12 hours", "sentiment:negative trait.country:DE -12h"),
    ("tool failures in conversations of enterprise customers over the past 10 days", "tool.errors:>0 prop.plan:enterprise -10d"),
    ("r2 or r3 where the agent refused", "release:r2,r3 signal:refusal"),
    ("conversations with more than 12 messages in Portuguese", "turns:>12 language:pt"),
    ("find chats about visa requirements for Japan", '~"visa requirements for Japan"'),
    ("users asking for a human on the phone channel", "signal:human_request prop.channel:phone"),
    ("gpt-4o-mini responses slower than 5s", "model:gpt-4o-mini duration:>5s"),
    ("everything from last Tuesday", "time:2026-11-24"),
    ("conversations that cost at least $0.50 and failed", "cost:>=0.50 signal:task_failure"),
    ("laziness on claude-haiku-4", "signal:laziness model:claude-haiku-4"),
    ("not in English", "-language:en"),
    ("calculator errors today", "tool.failed:calculator since:2026-11-29"),
    ("positive feedback from the US", "sentiment:positive trait.country:US"),
    ("which enterprise users could not log in?", '~"log in" prop.plan:enterprise'),
    ("what went wrong for free users on the email channel in the last 2 weeks?", "sentiment:negative prop.plan:free prop.channel:email -2w"),
    ("claude-sonnet answers below 2 cents where the search tool failed", "model:claude-sonnet-4 cost:<0.02 tool.failed:search_flights"),
]  # fmt: skip


def measure(data: Path) -> Measurement:
    """Rules, and the LLM where there is a key: it is asked once a sentence, outside of any project's budget."""
    ways: dict[str, Callable[[str], Node | None]] = {"rules": by_rules}
    if not llm.why_not():
        ways[settings.LLM_MODEL] = by_llm
    rows: list[list[object]] = []
    wrong: list[list[object]] = []
    results = {}
    for way, translate in ways.items():
        for part, sentences in (("seen", SEEN), ("unseen", UNSEEN)):
            found = [(sentence, wanted, translate(sentence)) for sentence, wanted in sentences]
            score = _score([(parse(wanted), got) for _, wanted, got in found])
            results[f"{way} {part}"] = score
            rows.append([f"{way}, {part}", len(sentences), *score.values()])
            wrong += [
                [sentence, wanted, "–" if got is None else str(got)]
                for sentence, wanted, got in found
                if got is None or conditions(got) != conditions(parse(wanted))
            ]
    header = ["by, sentences", "number", "right", "conditions found", "of the conditions right"]
    tables = [
        Table("Words to a query", header, rows),
        Table("Not as wanted", ["sentence", "wanted", "is"], wrong),
    ]
    return Measurement(tables, results)


def by_rules(sentence: str) -> Node | None:
    return translate_by_rules(sentence, VOCABULARY, today=TODAY, near=nearness).query


def by_llm(sentence: str) -> Node | None:
    """None where the model gives no query that the parser takes."""
    try:
        return parse(
            ask(
                sentence, VOCABULARY, today=TODAY,
                call=lambda request: llm.send(request, timeout=TIMEOUT)[0], check=_check,
            ).query
        )  # fmt: skip
    except (Void, llm.Unavailable):
        return None


def _check(node: Node) -> None:
    for part in conjuncts(node):
        if isinstance(part, Comparison) and part.name != "has" and find_field(part.name) is None:
            raise QueryError(f"There is no field {part.name!r}.")


def conditions(node: Node) -> frozenset[str]:
    """The query's conditions, each written in one way: fields by their own names, values in order, meanings by their words' stems."""
    return frozenset(_written(part) for part in conjuncts(node))


def _written(node: Node) -> str:
    if isinstance(node, Not):
        return f"-{_written(node.node)}"
    if isinstance(node, Or):
        return " OR ".join(sorted(map(_written, node.nodes)))
    if isinstance(node, Meaning):
        return "~" + " ".join(
            sorted(
                {
                    stem(word)
                    for word in words_of(node.text)
                    if len(word) > 3 and word not in ("being", "their")
                }
            )
        )
    if isinstance(node, Phrase):
        return node.text.lower()
    if isinstance(node, Comparison):
        found = find_field(node.name)
        name = f"{found[0].name}.{found[1]}".rstrip(".") if found else node.name
        return f"{name}:{node.operator}{','.join(sorted(map(str, node.values)))}"
    return str(node)


def _score(pairs: list[tuple[Node, Node | None]]) -> dict[str, float]:
    """The share of sentences with exactly the wanted conditions, of the wanted conditions found, and of those found that are wanted."""
    sets = [
        (conditions(wanted), conditions(got) if got is not None else frozenset()) for wanted, got in pairs
    ]
    common = sum(len(wanted & got) for wanted, got in sets)
    return {
        "right": sum(wanted == got for wanted, got in sets) / len(sets),
        "recall": common / sum(len(wanted) for wanted, _ in sets),
        "precision": common / max(1, sum(len(got) for _, got in sets)),
    }
