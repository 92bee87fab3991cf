"""A taxonomy as a YAML file: writing it, and reading one that may be anybody's.

version: 1
groups:
  - {name: User side, description: What the person shows.}
signals:
  - {key: refund, kind: custom, name: Refund, sentiment: negative, group: User side, reads: user, config: {words: [refund]}}
  - {key: thumbs_down, kind: explicit, action: thumbs_down, muted: false}
  - {key: win, kind: builtin, enabled: false, threshold: 0.7}

Only plain data is read: no tags, no anchors (a few hundred bytes of which can stand for gigabytes), no second document.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from typing import Any

import yaml

from signals.models.definitions import Action, Reads, Sentiment

VERSION = 1
MAX_BYTES = 500_000
MAX_DEPTH = 12
MAX_SIGNALS = 500
MAX_PROBLEMS = 50
BUILTIN, EXPLICIT, CUSTOM = "builtin", "explicit", "custom"
KINDS = (BUILTIN, EXPLICIT, CUSTOM)
Loader: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_PLAIN = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null")}


@dataclass(frozen=True, slots=True)
class Problem:
    """`line`: 1 is the first. `where`: the entry, such as "signal refund"; empty for the whole file."""

    line: int
    where: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.where + ': ' if self.where else ''}{self.message}"


class FileRefused(Exception):
    """What is wrong with the file, all of it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Entry:
    """One signal of the file: only the fields that it names. `lines`: where each stands."""

    key: str
    kind: str
    line: int
    fields: dict[str, Any]
    lines: dict[str, int]


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """`groups`: name -> description, None where the file gives none."""

    groups: dict[str, str | None] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    """U+0085 is a line break to YAML, which a plain scalar would lose; quoted it is written as an escape."""
    style = '"' if "\x85" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _quoted)


def write_file(groups: list[dict[str, Any]], signals: list[dict[str, Any]]) -> str:
    data = {"version": VERSION, "groups": groups, "signals": signals}
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


def read_file(text: str) -> Taxonomy:
    """Raises FileRefused with every problem that is found."""
    return _Reader().read(_root(text))


# -- YAML


def _root(text: str) -> yaml.Node:
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise FileRefused([Problem(1, "", f"The file is larger than {MAX_BYTES:,} bytes.")])
    if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise FileRefused(
            [Problem(1, "", "The file is not text: it holds a NUL or half of a surrogate pair.")]
        )
    try:
        _refuse_tricks(text)
        root = yaml.compose(text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = error.problem or error.context or "cannot be read"
        raise FileRefused(
            [Problem(mark.line + 1 if mark else 1, "", f"This is not YAML: {message}.")]
        ) from error
    except yaml.YAMLError as error:
        raise FileRefused([Problem(1, "", f"This is not YAML: {str(error).splitlines()[0]}.")]) from error
    if root is None:
        raise FileRefused([Problem(1, "", "The file is empty.")])
    return root


def _refuse_tricks(text: str) -> None:
    """Before anything is built: reads the stream of events, which takes no more memory than the text."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise FileRefused(
                [Problem(line, "", "Anchors (&) and aliases (*) are not taken. Write the value out.")]
            )
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH or documents > 1:
            message = (
                "It is nested too deeply."
                if depth > MAX_DEPTH
                else "One document a file: take out the second."
            )
            raise FileRefused([Problem(line, "", message)])


class _Wrong(Exception):
    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line, self.message = line, message


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _value(node: yaml.Node) -> Any:
    """The node as plain data. Raises _Wrong."""
    if isinstance(node, yaml.MappingNode):
        return {key: _value(value) for key, value in _pairs(node)}
    if isinstance(node, yaml.SequenceNode):
        return [_value(part) for part in node.value]
    if node.tag not in _PLAIN:
        raise _Wrong(
            _line(node), f"{node.value!r} is read as {node.tag.rpartition(':')[2]}. Put it in quotes."
        )
    try:
        value = _construct(node)
    except (ValueError, OverflowError) as error:
        raise _Wrong(_line(node), f"{str(node.value)[:80]!r} is not a value that can be read.") from error
    if isinstance(value, float) and not math.isfinite(value):
        raise _Wrong(_line(node), "Infinity and NaN are not taken.")
    if isinstance(value, str) and ("\x00" in value or any("\ud800" <= c <= "\udfff" for c in value)):
        raise _Wrong(_line(node), "A text holds a NUL or half of a surrogate pair.")
    return value


def _construct(node: yaml.Node) -> Any:
    """Of a plain scalar only: nothing here can call anything."""
    return yaml.constructor.SafeConstructor().construct_object(node)


def _pairs(node: yaml.Node) -> list[tuple[str, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode) or node.tag != "tag:yaml.org,2002:map":
        raise _Wrong(_line(node), "This must be fields with values (name: value).")
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if key.tag != "tag:yaml.org,2002:str":
            raise _Wrong(_line(key), "A field's name must be text. Put it in quotes.")
        if key.value in found:
            raise _Wrong(_line(key), f"{key.value!r} stands here twice.")
        found[key.value] = value
    return list(found.items())


def _list(node: yaml.Node) -> list[yaml.Node]:
    if not isinstance(node, yaml.SequenceNode) or node.tag != "tag:yaml.org,2002:seq":
        raise _Wrong(_line(node), "This must be a list (- first, - second).")
    return list(node.value)


# -- what may stand in it


def _text(longest: int, *, empty: bool = True) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        if not isinstance(value, str):
            return f"must be text, not {type(value).__name__}. Put it in quotes."
        if not empty and not value.strip():
            return "must not be empty."
        return f"is longer than {longest:,} characters." if len(value) > longest else None

    return check


def _choice(values: list[str]) -> Callable[[Any], str | None]:
    return lambda value: None if value in values else f"must be one of: {', '.join(filter(None, values))}."


def _yes_no(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false."


def _threshold(value: Any) -> str | None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    return None if number or value is None else "must be a number from 0 to 1."


def _group(value: Any) -> str | None:
    return None if value is None else _text(80, empty=False)(value)


def _config(value: Any) -> str | None:
    return None if isinstance(value, dict) else "must be fields with values, such as {words: [refund]}."


_COMMON = {
    "name": _text(120, empty=False),
    "description": _text(20_000),
    "sentiment": _choice(Sentiment.values),
    "group": _group,
    "enabled": _yes_no,
    "muted": _yes_no,
}
FIELDS: dict[str, dict[str, Callable[[Any], str | None]]] = {
    BUILTIN: {**_COMMON, "threshold": _threshold, "config": _config},
    EXPLICIT: {**_COMMON, "action": _choice(["", *Action.values])},
    CUSTOM: {**_COMMON, "threshold": _threshold, "reads": _choice(Reads.values), "config": _config},
}


class _Reader:
    """Collects problems instead of stopping at the first."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def read(self, root: yaml.Node) -> Taxonomy:
        groups: dict[str, str | None] = {}
        entries: list[Entry] = []
        try:
            top = dict(_pairs(root))
            self._known(root, top, {"version", "groups", "signals"}, "")
            if "version" not in top or _value(top["version"]) != VERSION:
                raise _Wrong(_line(top.get("version", root)), f"The file must say version: {VERSION}.")
            for node in _list(top["groups"]) if "groups" in top else []:
                self._try(node, "group", partial(self._read_group, node, groups))
            nodes = _list(top["signals"]) if "signals" in top else []
            if len(nodes) > MAX_SIGNALS:
                raise _Wrong(_line(nodes[MAX_SIGNALS]), f"More than {MAX_SIGNALS} signals in one file.")
            for node in nodes:
                self._try(node, "signal", partial(self._read_signal, node, entries))
        except _Wrong as wrong:
            self.problems.append(Problem(wrong.line, "", wrong.message))
        if self.problems:
            raise FileRefused(self.problems[:MAX_PROBLEMS])
        return Taxonomy(groups, entries)

    def _try(self, node: yaml.Node, what: str, read: Callable[[], None]) -> None:
        try:
            read()
        except _Wrong as wrong:
            self.problems.append(Problem(wrong.line, f"{what} {_name_of(node)}".strip(), wrong.message))

    def _read_group(self, node: yaml.Node, groups: dict[str, str | None]) -> None:
        fields = dict(_pairs(node))
        where = f"group {_name_of(node)}".strip()
        self._known(node, fields, {"name", "description"}, where)
        values = {name: _value(value) for name, value in fields.items() if name in {"name", "description"}}
        for name, check in (("name", _text(80, empty=False)), ("description", _text(20_000))):
            if name == "name" or name in values:
                self._check(fields.get(name, node), where, name, values.get(name), check)
        if values.get("name") in groups:
            raise _Wrong(_line(node), "There is another group of this name above.")
        groups[str(values.get("name"))] = values.get("description")

    def _read_signal(self, node: yaml.Node, entries: list[Entry]) -> None:
        nodes = dict(_pairs(node))
        where = f"signal {_name_of(node)}".strip()
        key = _value(nodes["key"]) if "key" in nodes else None
        if not isinstance(key, str) or not re.fullmatch(r"[-a-zA-Z0-9_]{1,120}", key):
            raise _Wrong(_line(nodes.get("key", node)), "key must be 1 to 120 letters, digits, - or _.")
        if any(entry.key == key for entry in entries):
            raise _Wrong(_line(node), "There is another signal of this key above.")
        kind = _value(nodes["kind"]) if "kind" in nodes else CUSTOM
        if kind not in KINDS:
            raise _Wrong(_line(nodes["kind"]), f"kind must be one of: {', '.join(KINDS)}.")
        checks = FIELDS[kind]
        self._known(node, nodes, {"key", "kind", *checks}, where, kind=kind)
        named = [name for name in nodes if name in checks]
        fields = {name: _value(nodes[name]) for name in named}
        for name in named:
            self._check(nodes[name], where, name, fields[name], checks[name])
        entries.append(Entry(key, kind, _line(node), fields, {name: _line(nodes[name]) for name in nodes}))

    def _known(
        self, node: yaml.Node, given: dict[str, yaml.Node], known: set[str], where: str, *, kind: str = ""
    ) -> None:
        for name in given.keys() - known:
            close = get_close_matches(name, known, n=1)
            of = f" for the kind {kind}" if kind else ""
            hint = f" Did you mean {close[0]!r}?" if close else f" Known: {', '.join(sorted(known))}."
            self.problems.append(
                Problem(_line(given[name]), where, f"There is no field {name[:80]!r}{of}.{hint}")
            )

    def _check(
        self, node: yaml.Node, where: str, name: str, value: Any, check: Callable[[Any], str | None]
    ) -> None:
        if message := check(value):
            self.problems.append(Problem(_line(node), where, f"{name} {message}"))


def _name_of(node: yaml.Node) -> str:
    """The entry's key or name, as far as it has one that can be read."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value in ("key", "name") and isinstance(value, yaml.ScalarNode):
                return str(value.value)[:120]
    return ""
