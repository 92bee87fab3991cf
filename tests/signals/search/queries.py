"""Queries at random, as trees, for property tests."""

from hypothesis import strategies as st

from signals.search.language.nodes import (
    Ago,
    Comparison,
    Glob,
    Meaning,
    Node,
    Not,
    Pattern,
    Phrase,
    Regex,
    Text,
    all_of,
    any_of,
)  # fmt: skip

# What can go wrong in writing and reading: signs of the grammar, spaces, other scripts.
texts = st.text(st.sampled_from('ab1_-.:,*/\\"()~<>=| \n\téß返'), min_size=1, max_size=8)
phrases = texts.filter(lambda text: any(character.isalnum() for character in text))
patterns = st.builds(
    Pattern,
    st.text(st.sampled_from('ab.*+?[]()|"/ \\'), min_size=1, max_size=6).filter(
        lambda text: (
            not text[0].isspace() and len(text) - len(text.rstrip("\\")) in (0, 2) and "\\/" not in text
        )
    ),
    st.booleans(),
)
values = st.one_of(
    st.builds(Text, st.one_of(st.just(""), texts)),
    st.builds(Glob, st.lists(st.one_of(st.just(""), texts), min_size=2, max_size=3).map(tuple)),
    patterns,
)
names = st.one_of(
    st.sampled_from(["signal", "tool.errors", "größe", "a_1", "prop.a.b", "prop.x/y@z-$"]),
    texts.map(lambda key: f"prop.{key}"),
)
leaves = st.one_of(
    st.builds(Phrase, phrases),
    st.builds(Regex, patterns),
    st.builds(Meaning, texts),
    st.builds(Ago, st.integers(0, 99_999), st.sampled_from("mhdw")),
    st.builds(
        Comparison,
        names,
        st.sampled_from(["", ">", ">=", "<", "<="]),
        st.lists(values, min_size=1, max_size=3).map(tuple),
    ),
)


def trees(leaf: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    """Trees of such leaves, as the parser builds them: up to three levels of NOT, AND and OR."""
    level = leaf
    for _ in range(3):
        level = _one_level_more(leaf, level)
    return level


def _one_level_more(leaf: st.SearchStrategy[Node], level: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(level, min_size=2, max_size=3)
    kinds = {"leaf": leaf, "not": level.map(Not), "and": several.map(all_of), "or": several.map(any_of)}
    # one_of would count the leaf's many kinds one by one, and hardly ever build a tree.
    return st.sampled_from([*kinds]).flatmap(kinds.__getitem__)
