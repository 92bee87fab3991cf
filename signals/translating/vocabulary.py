"""What a project's sentences may name: the values of its fields, read off its newest events, and its signals."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ingest.models import Appearance, AppearanceKind, Event, Span
from ingest.models.events import AGENT_NAME, SpanKind
from signals.search.fields.registry import NEWEST, find_field
from signals.search.scope import Scope

MOST = 40  # values of a field
MOST_NAMES = 300  # models, releases, tools and agents
_NAMES = ("model", "release", "tool", "agent")
LONGEST = 60  # characters of a value that is worth naming
# Of a property with more different values each is hardly ever named: it is an id, or text.
MOST_DIFFERENT = 60
# Of a property that is written without quotes.
NAME = re.compile(r"[\w\-$/@]+(?:\.[\w\-$/@]+)*")


@dataclass(frozen=True, slots=True)
class KnownSignal:
    key: str
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`values`: field -> its values, the commonest first: model, event, tool, release, prop.NAME, trait.NAME, flag.NAME and others."""

    values: dict[str, list[str]] = field(default_factory=dict)
    signals: list[KnownSignal] = field(default_factory=list)
    users: frozenset[str] = frozenset()
    conversations: frozenset[str] = frozenset()

    def of(self, name: str) -> list[str]:
        return self.values.get(name, [])


def read_vocabulary(scope: Scope) -> Vocabulary:
    """Off the NEWEST newest events of the scope's project; every model and every release that it ever had."""
    newest = Event.objects.filter(project=scope.project).order_by("-timestamp", "-id")
    rows = list(
        newest.values_list(
            "id", "model", "name", "properties", "feature_flags",
            "end_user__user_id", "end_user__traits", "conversation__convo_id",
        )[:NEWEST]
    )  # fmt: skip
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for _, model, name, properties, flags, _, traits, _ in rows:
        counts["model"][model] += 1
        counts["event"][name] += 1
        for prefix, values in (("prop", properties), ("flag", flags), ("trait", traits)):
            _count_map(counts, prefix, values)
    spans = Span.objects.filter(project=scope.project, event__in=[row[0] for row in rows])
    counts["tool"].update(spans.filter(kind=SpanKind.TOOL).values_list("name", flat=True))
    counts["agent"].update(spans.filter(kind=SpanKind.AGENT).values_list(AGENT_NAME, flat=True))
    counts["agent"].update(counts.pop("prop.agent", Counter()))
    if release := counts.pop("prop.release", None):
        counts["release"] = release
    ever = Appearance.objects.filter(
        project=scope.project, kind__in=[AppearanceKind.MODEL, AppearanceKind.RELEASE]
    )
    for kind, value in ever.values_list("kind", "value"):
        counts[kind][value] += 0
    if intents := find_field("intent"):  # an upper room's
        counts["intent"] = Counter(dict(intents[0].known(scope, limit=MOST)))
    signals = [KnownSignal(one.key, one.name, one.description) for one in scope.signals if one.enabled]
    return Vocabulary(
        values={name: kept for name, values in counts.items() if (kept := _commonest(name, values))},
        signals=signals,
        users=frozenset(row[5] for row in rows if row[5]),
        conversations=frozenset(row[7] for row in rows if row[7]),
    )


def read_names(scope: Scope) -> list[str]:
    """The properties, traits and flags that the NEWEST newest events have, as a query writes them, those that most have first."""
    newest = Event.objects.filter(project=scope.project).order_by("-timestamp", "-id")
    counts: Counter[str] = Counter()
    for row in newest.values_list("properties", "feature_flags", "end_user__traits")[:NEWEST]:
        for prefix, values in zip(("prop", "flag", "trait"), row, strict=True):
            if isinstance(values, dict):
                counts.update(
                    f"{prefix}.{key}" if NAME.fullmatch(key) else f'{prefix}."{key}"'
                    for key in values
                    if '"' not in key
                )
    return [name for name, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]


def _count_map(counts: dict[str, Counter[str]], prefix: str, values: Any) -> None:
    if not isinstance(values, dict):
        return
    for key, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str | int | float):
                counts[f"{prefix}.{key}"][str(one).lower() if isinstance(one, bool) else str(one)] += 1


def _commonest(name: str, values: Counter[str]) -> list[str]:
    keyed = name.partition(".")[0] in ("prop", "trait", "flag")
    if keyed and len(values) > MOST_DIFFERENT:
        return []
    named: Iterable[tuple[str, int]] = sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))
    return [value for value, _ in named if 0 < len(value) <= LONGEST][
        : MOST_NAMES if name in _NAMES else MOST
    ]
