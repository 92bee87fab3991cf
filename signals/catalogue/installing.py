"""The server's defaults of the built-in signals as rows, and a project's own copies of them."""

from collections.abc import Iterable

from django.db import transaction

from ingest.models import Project
from signals.catalogue.builtins import BUILT_IN_KEYS, SENT, SHIPPED
from signals.catalogue.known_names import known_name
from signals.detectors import SIGNALS
from signals.detectors.built_in import GROUPS, BuiltIn
from signals.models import SignalDefault, SignalDefinition, SignalGroup
from signals.models.definitions import DetectorType, Kind


def default_key(signal: SignalDefinition) -> str:
    """The key of the server's default that the signal follows; "" for a signal that was made in the app."""
    if signal.kind == Kind.EXPLICIT:
        known = known_name(signal.key)
        return known.key if known else signal.key
    return signal.key if signal.builtin else ""


def default_rows(keys: Iterable[str]) -> dict[str, SignalDefault]:
    """The server's defaults of these keys, by key. Those that ship with the server are stored when they are first asked for."""
    named = set(keys) - {""}
    found = {row.key: row for row in SignalDefault.objects.filter(key__in=named)}
    if missing := sorted((named - found.keys()) & SHIPPED.keys()):
        SignalDefault.objects.bulk_create((shipped_default(key) for key in missing), ignore_conflicts=True)
        found |= {row.key: row for row in SignalDefault.objects.filter(key__in=missing)}
    return found


def shipped_default(key: str) -> SignalDefault:
    """As this version of the server has it, unsaved. Raises KeyError for a key that it does not know."""
    signal = SHIPPED[key]
    if isinstance(signal, BuiltIn):
        return SignalDefault(
            key=key, kind=Kind.IMPLICIT, name=signal.name, description=signal.description,
            sentiment=signal.sentiment, group=signal.group, enabled=signal.enabled,
        )  # fmt: skip
    return SignalDefault(
        key=key, kind=Kind.EXPLICIT, description=signal.description, sentiment=signal.sentiment, group=SENT,
        action=signal.action,
    )  # fmt: skip


@transaction.atomic
def install_builtin_signals(project: Project) -> None:
    """Adds the built-in signals that the project does not have, as the server's defaults say. What people changed stays as it is.
    Safe twice at once."""
    defaults = default_rows(BUILT_IN_KEYS)
    groups = ensure_groups(
        project, {row.group: GROUPS.get(row.group, "") for row in defaults.values() if row.group}
    )
    SignalDefinition.objects.bulk_create(
        (
            SignalDefinition(
                project=project,
                key=signal.key,
                name=defaults[signal.key].name or signal.name,
                description=defaults[signal.key].description,
                kind=Kind.IMPLICIT,
                detector=DetectorType.RULE,
                reads=signal.reads,
                sentiment=defaults[signal.key].sentiment,
                group=groups.get(defaults[signal.key].group),
                enabled=defaults[signal.key].enabled,
                muted=defaults[signal.key].muted,
                builtin=True,
                threshold=defaults[signal.key].threshold,
            )
            for signal in sorted(SIGNALS, key=lambda signal: signal.key)
        ),
        ignore_conflicts=True,
    )


def ensure_groups(project: Project, groups: dict[str, str]) -> dict[str, SignalGroup]:
    """The project's groups of these names (name -> description), made where they are missing."""
    SignalGroup.objects.bulk_create(
        (SignalGroup(project=project, name=name, description=groups[name]) for name in sorted(groups)),
        ignore_conflicts=True,
    )
    return {group.name: group for group in SignalGroup.objects.filter(project=project, name__in=groups)}


def ensure_signals(project: Project) -> None:
    """For pages that list signals before the first event came: installs the built-ins when one is missing."""
    present = SignalDefinition.objects.filter(project=project, key__in=BUILT_IN_KEYS).count()
    if present < len(BUILT_IN_KEYS):
        install_builtin_signals(project)
