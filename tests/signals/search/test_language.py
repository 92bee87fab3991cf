"""Text to tree and back; errors know the character."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signals.search.language.errors import QueryError
from signals.search.language.nodes import (
    Ago,
    And,
    Comparison,
    Glob,
    Meaning,
    Node,
    Not,
    Or,
    Pattern,
    Phrase,
    Regex,
    Text,
    leaves,
)  # fmt: skip
from signals.search.language.parsing import MAX_LENGTH, MAX_TERMS, parse
from tests.examples import examples
from tests.signals.search import queries


def is_(name: str, *values: str, operator: str = "") -> Comparison:
    return Comparison(name, operator, tuple(map(Text, values)))


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("", And()),
        ("  \n", And()),
        ("refund", Phrase("refund")),
        ("refund order", And((Phrase("refund"), Phrase("order")))),
        ("refund AND order", And((Phrase("refund"), Phrase("order")))),
        ("refund or order", Or((Phrase("refund"), Phrase("order")))),
        ("a b OR c", Or((And((Phrase("a"), Phrase("b"))), Phrase("c")))),
        ("a (b OR c)", And((Phrase("a"), Or((Phrase("b"), Phrase("c")))))),
        ("((a))", Phrase("a")),
        ("-a", Not(Phrase("a"))),
        ("NOT a", Not(Phrase("a"))),
        ("-(a b)", Not(And((Phrase("a"), Phrase("b"))))),
        ('"exact words"', Phrase("exact words")),
        (r'"say \"no\" to C:\temp"', Phrase('say "no" to C:\\temp')),
        ('"or"', Phrase("or")),
        ("~\"meaning of this\"", Meaning("meaning of this")),
        ("/reg ex/", Regex(Pattern("reg ex"))),
        (r"/a\/b/i", Regex(Pattern("a/b", ignore_case=True))),
        ("-24h", Ago(24, "h")),
        ("signal:frustration", is_("signal", "frustration")),
        ("model:gpt-4o,claude", is_("model", "gpt-4o", "claude")),
        ("tool.errors:>2", is_("tool.errors", "2", operator=">")),
        ("tokens:<=2", is_("tokens", "2", operator="<=")),
        ("tokens:=2", is_("tokens", "2")),
        ('prop."any name":"a b"', is_("prop.any name", "a b")),
        ("model:gpt-*", Comparison("model", "", (Glob(("gpt-", "")),))),
        (r"model:a\*b", is_("model", "a*b")),
        ("tool:/^book/i", Comparison("tool", "", (Pattern("^book", ignore_case=True),))),
        ("since:2026-11-20T12:00:00+00:00", is_("since", "2026-11-20T12:00:00+00:00")),
        # What is no syntax is words, as it was before there was a language.
        ("http://example.com/a?b=c", Phrase("http://example.com/a?b=c")),
        ("10:30 /usr/bin", And((Phrase("10:30"), Phrase("/usr/bin")))),
        ("refund - order ?", And((Phrase("refund"), Phrase("order")))),
        ("error: timeout", And((Phrase("error:"), Phrase("timeout")))),
        ("print(x)", And((Phrase("print"), Phrase("x")))),
        ("- ?", And((Phrase("-"), Phrase("?")))),
        ("yes / no / maybe", And((Phrase("yes"), Phrase("no"), Phrase("maybe")))),
    ],
)  # fmt: skip
def test_a_query_is_read(query: str, tree: Node) -> None:
    assert parse(query) == tree
    assert parse(str(tree)) == tree


def test_each_part_knows_its_place() -> None:
    query = 'signal:a,b -tool.errors:>2 ("x y" OR /z/i) -24h ~"m"'
    assert [query[slice(*leaf.span)] for leaf, _ in leaves(parse(query))] == [
        "signal:a,b", "tool.errors:>2", '"x y"', "/z/i", "-24h", '~"m"',
    ]  # fmt: skip
    assert [negated for _, negated in leaves(parse(query))] == [False, True, False, False, False, False]


@pytest.mark.parametrize(
    ("query", "start", "end", "says"),
    [
        ('say "hello', 4, 10, "quote is not closed"),
        ('user:"a', 5, 7, "quote is not closed"),
        ("a)", 1, 2, "closes none"),
        ("a (b", 2, 3, "bracket is not closed"),
        ("a ()", 2, 3, "holds nothing"),
        ("a OR", 2, 4, "OR needs a condition behind it"),
        ("a AND OR b", 2, 5, "AND needs a condition behind it"),
        ("OR a", 0, 2, "OR needs a condition before it"),
        ("(a OR) b", 3, 5, "OR needs a condition behind it"),
        ("tokens:>", 8, 9, "A value is missing"),
        ("user:a,", 7, 8, "A value is missing"),
        ("a\x00b", 1, 2, "NUL"),
        ("a\ud800b", 1, 2, "surrogate"),
    ],
)
def test_an_error_knows_the_character(query: str, start: int, end: int, says: str) -> None:
    with pytest.raises(QueryError) as raised:
        parse(query)
    assert (raised.value.start, raised.value.end) == (start, end)
    assert says in raised.value.message


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("a" * 100_000, f"at most {MAX_LENGTH:,} characters"),
        ("(" * 1900 + "a" + ")" * 1900, ""),
        ("-(" * 900 + "a" + ")" * 900, "nest at most"),
        ("a (b OR (" * 100 + "a" + "))" * 100, "nest at most"),
        ("a " * (MAX_TERMS + 1), "at most 100 conditions"),
        ("user:" + ",".join("a" * (MAX_TERMS + 1)), "at most 100 conditions"),
        ("(" * 3999, "holds nothing"),
    ],
)
def test_what_is_too_large_is_refused_without_a_crash(query: str, says: str) -> None:
    if not says:  # brackets around brackets are no depth
        assert parse(query) == Phrase("a")
        return
    with pytest.raises(QueryError) as raised:
        parse(query)
    assert says in raised.value.message


@settings(max_examples=examples(500), deadline=None)
@given(queries.trees(queries.leaves))
def test_a_tree_is_its_query_again(tree: Node) -> None:
    assert parse(str(tree)) == tree


@settings(max_examples=examples(500), deadline=None)
@given(st.text(st.sampled_from('ab1:.,*/\\"()~<>=- \nORANDT')))
def test_any_text_is_read_or_refused_at_a_character(text: str) -> None:
    try:
        tree = parse(text)
    except QueryError as error:
        assert 0 <= error.start < error.end and error.start <= len(text), text
        return
    assert parse(str(tree)) == tree
    for leaf, _ in leaves(tree):
        assert 0 <= leaf.span[0] < leaf.span[1] <= len(text)
