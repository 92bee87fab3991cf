"""The tree of a query. `str(node)` is a query that reads as the same tree.

Places (`span`) do not count when trees are compared. Trees are built by `all_of`, `any_of` and `negate`, which keep them flat.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Span = tuple[int, int]
NOWHERE: Span = (0, 0)

# What stands in a query without quotes (the grammar's terminals, less what would be read as something else).
_BARE = re.compile(r"(?![/<>=])[^\s()\",\\*]+")
_WORD = re.compile(r"(?![-/~,])(?![^\W\d][\w.\-$/@]*:)[^\s()\"]+")
_OPERATORS = {"AND", "NOT"}
_KEY = re.compile(r"[\w\-$/@]+(?:\.[\w\-$/@]+)*")


@dataclass(frozen=True, slots=True)
class Text:
    """A value that is meant as it stands."""

    text: str

    def __str__(self) -> str:
        return self.text if _BARE.fullmatch(self.text) else quoted(self.text)


@dataclass(frozen=True, slots=True)
class Glob:
    """A value with stars: `parts` are what stands between them, so `gpt-*` is ("gpt-", "")."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        return "*".join(re.sub(r"([\s()\",\\*/<>=~])", r"\\\1", part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression. `ignore_case`: written /like this/i."""

    pattern: str
    ignore_case: bool = False

    def __str__(self) -> str:
        return f"/{_slashed(self.pattern)}/" + ("i" if self.ignore_case else "")


Value = Text | Glob | Pattern


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that follow each other in the texts. One word needs no quotes."""

    text: str
    span: Span = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return self.text if _is_word(self.text) else quoted(self.text)


@dataclass(frozen=True, slots=True)
class Regex:
    """What one of the texts matches."""

    value: Pattern
    span: Span = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a text says, in other words."""

    text: str
    span: Span = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return "~" + quoted(self.text)


@dataclass(frozen=True, slots=True)
class Ago:
    """Not longer ago: `-24h` is Ago(24, "h"). Units: m(inutes), h(ours), d(ays), w(eeks)."""

    amount: int
    unit: str
    span: Span = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return f"-{self.amount}{self.unit}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field:value`: any of `values`, compared by `operator`: "" (equal), ">", ">=", "<" or "<="."""

    name: str
    operator: str
    values: tuple[Value, ...]
    span: Span = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return f"{_field(self.name)}:{self.operator}" + ",".join(map(str, self.values))


@dataclass(frozen=True, slots=True)
class Not:
    node: "Node"

    def __str__(self) -> str:
        return f"-({self.node})" if isinstance(self.node, And | Or | Not | Ago) else f"-{self.node}"


@dataclass(frozen=True, slots=True)
class And:
    """All of `nodes`. Of none: the empty query, which every event passes."""

    nodes: tuple["Node", ...] = ()

    def __str__(self) -> str:
        return " ".join(f"({node})" if isinstance(node, Or) else str(node) for node in self.nodes)


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more `nodes`."""

    nodes: tuple["Node", ...]

    def __str__(self) -> str:
        return " OR ".join(map(str, self.nodes))


Leaf = Phrase | Regex | Meaning | Ago | Comparison
Node = Leaf | Not | And | Or


def all_of(nodes: Iterable[Node]) -> Node:
    """The conjunction, flat. Of one node: that node."""
    flat = [part for node in nodes for part in (node.nodes if isinstance(node, And) else (node,))]
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def any_of(nodes: Iterable[Node]) -> Node:
    """The disjunction of at least one node, flat. Of one node: that node."""
    flat = [part for node in nodes for part in (node.nodes if isinstance(node, Or) else (node,))]
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def conjuncts(node: Node) -> tuple[Node, ...]:
    """What must hold all together."""
    return node.nodes if isinstance(node, And) else (node,)


def leaves(node: Node, *, negated: bool = False) -> Iterator[tuple[Leaf, bool]]:
    """Each leaf from left to right, and whether it is negated."""
    if isinstance(node, Not):
        yield from leaves(node.node, negated=not negated)
    elif isinstance(node, And | Or):
        for part in node.nodes:
            yield from leaves(part, negated=negated)
    else:
        yield node, negated


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def unquoted(text: str) -> str:
    r"""Undoes `quoted`. A backslash before anything but a quote or a backslash is meant as it stands, as in "C:\temp"."""
    return re.sub(r'\\(["\\])', r"\1", text[1:-1])


def _slashed(pattern: str) -> str:
    r"""The pattern as it stands between slashes: a slash is written \/."""
    return re.sub(r"\\.|/", lambda found: r"\/" if found[0] == "/" else found[0], pattern, flags=re.DOTALL)


def _is_word(text: str) -> bool:
    """Whether the grammar reads it back as one word without quotes."""
    return _WORD.fullmatch(text) is not None and text not in _OPERATORS and text.lower() != "or"


def _field(name: str) -> str:
    base, dot, key = name.partition(".")
    return name if not dot or _KEY.fullmatch(key) else f"{base}.{quoted(key)}"
