"""What may stand at a place of the search box: fields, and the values of the one that stands before the colon, with their counts."""

import datetime as dt
import re
from dataclasses import dataclass

from django.utils import timezone

from signals.search.fields.registry import Field, all_fields, find_field
from signals.search.language.nodes import Text
from signals.search.scope import Scope
from signals.translating.vocabulary import read_names

UNLISTED = frozenset(["number", "words"])  # kinds of field whose values nobody picks from a list
MOST = 12
# The word at the end: perhaps a minus, a field with its colon, an operator, earlier values with their commas, and a beginning.
_WORD = re.compile(
    r'(?P<minus>-?)(?:(?P<field>[^\W\d]\w*(?:\.(?:[\w\-$/@.]+|"[^"]*"))?):(?P<operator>[<>]=?|=)?(?P<earlier>(?:[^\s(),"]+,)*))?(?P<start>"?[^\s()",:<>=]*)$'
)


@dataclass(frozen=True, slots=True)
class Completion:
    """`text` takes the place of the characters from `start` to `end`; `note` says what it is, `count` how many events have it."""

    text: str
    start: int
    end: int
    note: str = ""
    count: int | None = None


def complete(query: str, at: int, scope: Scope) -> list[Completion]:
    """For the caret behind `at` characters. Nothing within quotes and regular expressions, where anything may stand."""
    at = max(0, min(at, len(query)))
    before = query[:at]
    if re.sub(r"\\.", "", before).count('"') % 2 and not re.search(r':[^\s"]*"[^"]*$', before):
        return []
    found = _WORD.search(before)
    if found is None or (found["start"].startswith("/")):
        return []
    start = found.start("start")
    rest = re.match(r"[^\s()\",:]*", query[at:])
    end = at + (len(rest[0]) if rest and not found["start"].startswith('"') else 0)
    if found["field"] is None:
        return _names(found["start"], start, end, scope) if not found["start"].startswith('"') else []
    return _values(found["field"], found["start"].strip('"'), start, end, scope)


def _names(written: str, start: int, end: int, scope: Scope) -> list[Completion]:
    """Fields whose name, or another name of theirs, begins so; then the project's properties, traits and flags."""
    prefix = written.lower()
    fields = [
        field
        for field in all_fields()
        if any(name.startswith(prefix) for name in (field.name, *field.aliases))
    ]
    fields.sort(key=lambda field: (not field.name.startswith(prefix), field.name))
    found = [Completion(_opened(field), start, end, field.title) for field in fields]
    if prefix:
        keyed = [name for name in read_names(scope) if prefix in name.lower()]
        found += [Completion(f"{name}:", start, end, "of this project") for name in keyed]
        if "has".startswith(prefix):
            found.append(Completion("has:", start, end, "there is a value"))
    return found[:MOST]


def _opened(field: Field) -> str:
    """The field's name, as far as it is the same in each query."""
    return f"{field.name}." if field.needs_key else f"{field.name}:"


def _values(name: str, written: str, start: int, end: int, scope: Scope) -> list[Completion]:
    if name.lower() == "has":
        fields = [field.name for field in all_fields() if field.name.startswith(written.lower())]
        return [Completion(one, start, end) for one in fields[:MOST]]
    named = find_field(name.replace('"', ""))
    if named is None:
        return []
    field, key = named
    if field.kind == "time":
        return _times(written, start, end, scope)
    if field.kind in UNLISTED:
        return []
    try:
        field.check_key(key, scope)
        known = field.known(scope, key=key, starts=written, limit=MOST)
    except ValueError:
        return []
    return [Completion(str(Text(value)), start, end, count=count) for value, count in known if value]


def _times(written: str, start: int, end: int, scope: Scope) -> list[Completion]:
    today = timezone.now().astimezone(dt.UTC).date()
    days = {
        "today": today,
        "yesterday": today - dt.timedelta(days=1),
        "a week ago": today - dt.timedelta(days=7),
    }
    found = [
        Completion(ago, start, end, f"{note} ago")
        for ago, note in (("1h", "an hour"), ("24h", "a day"), ("7d", "a week"), ("30d", "a month"))
    ]
    found += [Completion(str(day), start, end, note) for note, day in days.items()]
    return [one for one in found if one.text.startswith(written)]
