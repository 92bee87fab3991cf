"""A project's taxonomy out to a file and in from one. Reading the file itself: signals/taxonomy/exchange_file.py."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from ingest.models import Project, User
from raindrop import live
from signals.catalogue.history import FieldChange, name_author, remember, save_changed, shown
from signals.catalogue.installing import ensure_groups, ensure_signals
from signals.catalogue.known_names import action_of
from signals.kinds import registry
from signals.models import SignalDefinition, SignalGroup
from signals.models.definitions import DetectorType, Kind, Reads
from signals.taxonomy.definitions import DEFAULTED, change_signal, check_signal, create_signal
from signals.taxonomy.exchange_file import (
    BUILTIN,
    CUSTOM,
    EXPLICIT,
    Entry,
    FileRefused,
    Problem,
    Taxonomy,
    write_file,
)

VIA = "import of a YAML file"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import does, or would do, with one entry: "create", "change" or "keep"."""

    what: str
    key: str
    name: str
    fields: list[FieldChange]


def export_signals(project: Project) -> str:
    """The whole taxonomy as YAML, sorted, so that two exports can be compared. Imports into any project."""
    ensure_signals(project)
    groups = SignalGroup.objects.filter(project=project)
    signals = SignalDefinition.objects.filter(project=project).select_related("group").order_by("key")
    return write_file(
        [{"name": group.name, "description": group.description} for group in groups.order_by("name")],
        [_entry(signal) for signal in signals],
    )


def import_signals(
    *, project: Project, taxonomy: Taxonomy, user: User | None, dry_run: bool = False, via: str = VIA
) -> list[Outcome]:
    """Makes the project's signals as the file has them; signals that it does not name stay as they are.

    All or nothing: raises FileRefused with every problem. With `dry_run` the same is done and taken back.
    """
    with transaction.atomic():
        outcomes = _apply(project, taxonomy, user, via)
        if dry_run:
            transaction.set_rollback(True)
    return outcomes


def _apply(project: Project, taxonomy: Taxonomy, user: User | None, via: str) -> list[Outcome]:
    ensure_signals(project)
    groups = _groups(project, taxonomy, user, via)
    known = {
        signal.key: signal
        for signal in SignalDefinition.objects.filter(project=project).select_related("group", "project")
    }
    outcomes: dict[str, Outcome] = {}
    problems: list[Problem] = []
    for entry in sorted(taxonomy.entries, key=_names_signals):  # last: the others are there by then
        fields = dict(entry.fields)
        if "group" in fields:
            fields["group"] = groups.get(fields["group"])
        try:
            outcomes[entry.key] = _take(project, entry, fields, known.get(entry.key), user, via)
        except ValidationError as error:
            for name, messages in error.message_dict.items():
                line = entry.lines.get(name, entry.line)
                problems.append(Problem(line, f"signal {entry.key}", f"{name}: {' '.join(messages)}"))
    if problems:
        raise FileRefused(problems)
    live.changed([project.id])
    return [outcomes[entry.key] for entry in taxonomy.entries]


def _take(
    project: Project,
    entry: Entry,
    fields: dict[str, Any],
    found: SignalDefinition | None,
    user: User | None,
    via: str,
) -> Outcome:
    if found is not None and kind_of(found) != entry.kind:
        raise ValidationError(
            {"kind": f"{entry.key!r} is {kind_of(found)} in this project, not {entry.kind}."}
        )
    if found is not None:
        changed = change_signal(signal=found, user=user, via=via, **fields)
        differ = _differences(found, changed, entry.fields)
        return Outcome("change" if differ else "keep", entry.key, changed.name, differ)
    if entry.kind == BUILTIN:
        raise ValidationError({"key": f"This server has no built-in signal {entry.key!r}."})
    fields.setdefault("name", entry.key)
    if entry.kind == CUSTOM:
        if "config" not in fields:
            raise ValidationError({"config": f"A new signal needs one. {registry.shapes()}"})
        made = create_signal(project=project, key=entry.key, user=user, via=via, **fields)
    else:
        made = _create_explicit(project, entry.key, fields, user, via)
    return Outcome("create", entry.key, made.name, [])


def _names_signals(entry: Entry) -> bool:
    kind = registry.kind_of_config(entry.fields.get("config"))
    return kind is not None and kind.names_signals


def _create_explicit(
    project: Project, key: str, fields: dict[str, Any], user: User | None, via: str
) -> SignalDefinition:
    """A name that the app has not sent here yet."""
    fields.setdefault("action", action_of(key))
    signal = SignalDefinition(
        project=project, key=key, kind=Kind.EXPLICIT, detector=DetectorType.SDK, reads=Reads.CONVERSATION,
        own_fields=sorted(fields.keys() & set(DEFAULTED)), **fields,
    )  # fmt: skip
    check_signal(signal)
    name_author(signal, user=user, via=via)
    signal.save(force_insert=True)
    return signal


def _groups(project: Project, taxonomy: Taxonomy, user: User | None, via: str) -> dict[str, SignalGroup]:
    """By name: those that the file names or its signals lie in, with the file's descriptions."""
    descriptions = dict(taxonomy.groups)
    for entry in taxonomy.entries:
        if entry.fields.get("group"):
            descriptions.setdefault(entry.fields["group"], None)
    groups = ensure_groups(project, {name: text or "" for name, text in descriptions.items()})
    rows = [
        groups[name]
        for name, text in descriptions.items()
        if text is not None and groups[name].description != text
    ]
    remember(rows)
    for row in rows:
        row.description = descriptions[row.name] or ""
    save_changed(rows, fields=["description"], user=user, via=via)
    return groups


def kind_of(signal: SignalDefinition) -> str:
    """As files name it."""
    if signal.kind == Kind.EXPLICIT:
        return EXPLICIT
    return BUILTIN if signal.builtin else CUSTOM


def _entry(signal: SignalDefinition) -> dict[str, Any]:
    entry: dict[str, Any] = {"key": signal.key, "kind": kind_of(signal), "name": signal.name}
    if signal.description:
        entry["description"] = signal.description
    entry["sentiment"] = signal.sentiment
    entry["group"] = signal.group.name if signal.group else None
    entry |= {"enabled": signal.enabled, "muted": signal.muted}
    if signal.kind == Kind.EXPLICIT:
        return entry | ({"action": signal.action} if signal.action else {})
    if signal.threshold is not None:
        entry["threshold"] = signal.threshold
    if signal.builtin:
        return entry | ({"config": signal.config} if signal.config else {})
    return entry | {"reads": signal.reads, "config": signal.config}


def _differences(
    before: SignalDefinition, after: SignalDefinition, named: dict[str, Any]
) -> list[FieldChange]:
    pairs = ((name, getattr(before, name), getattr(after, name)) for name in named)
    return [FieldChange(name, shown(old), shown(new)) for name, old, new in pairs if old != new]
