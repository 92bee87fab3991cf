"""Text to tree."""

import re
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from signals.search.language.errors import QueryError
from signals.search.language.nodes import (
    Ago,
    And,
    Comparison,
    Glob,
    Leaf,
    Meaning,
    Node,
    Not,
    Or,
    Pattern,
    Phrase,
    Regex,
    Text,
    Value,
    all_of,
    any_of,
    unquoted,
)

# What a person or a translator writes is far below. Each bounds the SQL that a query becomes.
MAX_LENGTH = 4000  # characters
MAX_DEPTH = 20  # brackets and minus signs around one another
MAX_TERMS = 100  # conditions and values

GRAMMAR = r"""
start: [either]
?either: every (_OR every)*
?every: item (_AND? item)*
?item: _MINUS item -> negation
     | _NOT item -> negation
     | "(" either ")"
     | comparison
     | AGO -> ago
     | REGEX -> regex
     | MEANING -> meaning
     | QUOTED -> quoted
     | WORD -> word
comparison: FIELD [OPERATOR] value (_COMMA value)*
?value: REGEX -> pattern
      | QUOTED -> text
      | BARE -> bare

// A name, perhaps with a part in quotes (prop."any name"), and a colon with its value right behind it. http:// begins an address.
FIELD.9: /[^\W\d]\w*(?:\.(?:[\w\-$\/@]+(?:\.[\w\-$\/@]+)*|"(?:\\.|[^"\\])*"))?:(?!\/\/)(?=[^\s)])/s
AGO.8: /-[0-9]{1,5}[mhdw](?=[\s()]|$)/
_OR.8: /or(?=[\s()]|$)/i
_AND.8: /AND(?=[\s()]|$)/
_NOT.8: /NOT(?=[\s()]|$)/
REGEX.7: /\/(?!\s)(?:\\[^\n]|[^\/\\\n])+\/i?(?=[\s(),]|$)/
MEANING.7: /~"(?:\\.|[^"\\])*"/s
QUOTED.7: /"(?:\\.|[^"\\])*"/s
_MINUS.6: /-(?=[^\s)-])/
OPERATOR.9: /[<>]=?|=/
_COMMA.9: /,/
BARE.1: /(?:\\.|[^\s()",\\])+/s
WORD.1: /(?!(?:OR|AND|NOT)(?:[\s()]|$))[^\s()"]+/
%import common.WS
%ignore WS
"""


def parse(query: str) -> Node:
    """The query's tree; And() for an empty one. Raises QueryError."""
    if len(query) > MAX_LENGTH:
        raise QueryError(
            f"A query has at most {MAX_LENGTH:,} characters; this one has {len(query):,}.", start=MAX_LENGTH
        )
    if "\x00" in query:
        raise QueryError("A query cannot hold a NUL character.", start=query.index("\x00"))
    if found := re.search("[\ud800-\udfff]", query):
        raise QueryError("A query cannot hold half of a surrogate pair.", start=found.start())
    if not query.strip():
        return And()
    try:
        tree: Node = _parser().parse(query)  # type: ignore[assignment]  # what _Build makes of it
    except UnexpectedInput as error:
        raise _explained(query, error) from error
    _check_size(tree, query)
    return _without_signs(tree) or tree  # of signs alone nothing is left, and they are nowhere


class _Build(Transformer[Token, Any]):
    """One method a rule of the grammar. Values come with the end of their place."""

    def start(self, parts: list[Node]) -> Node:
        return parts[0]

    def either(self, parts: list[Node]) -> Node:
        return any_of(parts)

    def every(self, parts: list[Node]) -> Node:
        return all_of(parts)

    def negation(self, parts: list[Node]) -> Node:
        return Not(parts[0])

    def ago(self, parts: list[Token]) -> Leaf:
        [token] = parts
        return Ago(int(token[1:-1]), token[-1], _span(token))

    def regex(self, parts: list[Token]) -> Leaf:
        [token] = parts
        return Regex(_pattern(token), _span(token))

    def meaning(self, parts: list[Token]) -> Leaf:
        [token] = parts
        return Meaning(unquoted(token[1:]), _span(token))

    def quoted(self, parts: list[Token]) -> Leaf:
        [token] = parts
        return Phrase(unquoted(token), _span(token))

    def word(self, parts: list[Token]) -> Leaf:
        [token] = parts
        return Phrase(str(token), _span(token))

    def comparison(self, parts: list[Any]) -> Leaf:
        name, operator, *values = parts
        base, dot, key = name[:-1].partition(".")
        key = unquoted(key) if key.startswith('"') else key
        operator = "" if operator is None or operator == "=" else str(operator)
        span = (name.start_pos, values[-1][1])
        return Comparison(base + dot + key, operator, tuple(value for value, _ in values), span)

    def pattern(self, parts: list[Token]) -> tuple[Value, int]:
        [token] = parts
        return _pattern(token), _span(token)[1]

    def text(self, parts: list[Token]) -> tuple[Value, int]:
        [token] = parts
        return Text(unquoted(token)), _span(token)[1]

    def bare(self, parts: list[Token]) -> tuple[Value, int]:
        """Stars stand for anything; a backslash takes its meaning from the character behind it."""
        [token] = parts
        parts_of_it = [""]
        for found in re.finditer(r"\\(.)|(\*)|.", token, re.DOTALL):
            if found[2]:
                parts_of_it.append("")
            else:
                parts_of_it[-1] += found[1] or found[0]
        value = Glob(tuple(parts_of_it)) if len(parts_of_it) > 1 else Text(parts_of_it[0])
        return value, _span(token)[1]


@cache
def _parser() -> Lark:
    """It builds the tree as it reads, on a stack of its own: however deep the brackets, Python's stack does not grow."""
    return Lark(GRAMMAR, parser="lalr", lexer="contextual", transformer=_Build(), maybe_placeholders=True)


def _span(token: Token) -> tuple[int, int]:
    assert token.start_pos is not None and token.end_pos is not None, "the lexer sets both"
    return token.start_pos, token.end_pos


def _pattern(token: Token) -> Pattern:
    written, _, flag = str(token)[1:].rpartition("/")
    return Pattern(re.sub(r"\\(.)", lambda found: "/" if found[1] == "/" else found[0], written), flag == "i")


def _check_size(tree: Node, query: str) -> None:
    """Raises QueryError for a tree that is too deep or has too many terms. Walks without recursion."""
    terms, rest = 0, [(tree, 0)]
    while rest:
        node, depth = rest.pop()
        if depth > MAX_DEPTH:
            raise QueryError(f"Brackets and minus signs nest at most {MAX_DEPTH} deep.", end=len(query))
        if isinstance(node, Not):
            rest.append((node.node, depth + 1))
        elif isinstance(node, And | Or):
            rest += [(part, depth + 1) for part in node.nodes]
        else:
            terms += len(node.values) if isinstance(node, Comparison) else 1
    if terms > MAX_TERMS:
        raise QueryError(
            f"A query has at most {MAX_TERMS} conditions and values; this one has {terms}.", end=len(query)
        )


def _without_signs(node: Node) -> Node | None:
    """Less what stands between words and is none, as the dash in `refund - order`. None when nothing is left."""
    if isinstance(node, Phrase):
        return node if any(character.isalnum() for character in node.text) else None
    if isinstance(node, Not):
        kept = _without_signs(node.node)
        return None if kept is None else Not(kept)
    if isinstance(node, And | Or):
        parts = [part for part in map(_without_signs, node.nodes) if part is not None]
        if not parts:
            return None
        return all_of(parts) if isinstance(node, And) else any_of(parts)
    return node


def _explained(query: str, error: UnexpectedInput) -> QueryError:
    """What lark found, in words for the person who wrote the query."""
    at = error.pos_in_stream or 0
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        at = len(query)
    rest, before = query[at:], query[:at].rstrip()
    if isinstance(error, UnexpectedCharacters) and rest.startswith(('"', '~"')):
        return QueryError(
            'This quote is not closed: put another " behind the words.', start=at, end=len(query)
        )
    if found := re.search(r"(?:^|[\s()])(OR|or|AND|NOT)$", before):
        return _lonely(found[1], "behind", found.start(1))
    if found := re.match(r"OR|or|AND|NOT", rest):
        return _lonely(found[0], "before", at)
    if rest.startswith(")") and not before.endswith("("):
        return QueryError("This bracket closes none: take it away, or open one before it.", start=at)
    if before.endswith("(") and (rest.startswith(")") or not rest):
        return QueryError("This bracket holds nothing: put a condition into it.", start=len(before) - 1)
    opened = _unclosed(query)
    if not rest and opened is not None and not before.endswith((":", ",", "<", ">", "=")):
        return QueryError("This bracket is not closed: put a ) behind what it holds.", start=opened)
    return QueryError("A value is missing here. A value with signs in it stands in quotes.", start=at)


def _lonely(word: str, side: str, start: int) -> QueryError:
    message = f'{word} needs a condition {side} it. To look for the word itself, write "{word}".'
    return QueryError(message, start=start, end=start + len(word))


def _unclosed(query: str) -> int | None:
    """Where the last bracket opens that nothing closes. Quotes are skipped."""
    opened: list[int] = []
    for found in re.finditer(r'"(?:\\.|[^"\\])*"|[()]', query, re.DOTALL):
        if found[0] == "(":
            opened.append(found.start())
        elif found[0] == ")" and opened:
            opened.pop()
    return opened[-1] if opened else None
