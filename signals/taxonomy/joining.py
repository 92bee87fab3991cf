"""Names that the app sends for what a built-in signal reads: counted twice, unless they are joined.

A joined name stays in the taxonomy, switched off, and says in its config which signal it is joined to; what the app sends under it is a
match of that signal, of old events too. Where the detector finds the same, its evidence stands.
"""

from django.core.exceptions import ValidationError
from django.db import transaction

from ingest.models import User
from raindrop import live
from signals.catalogue.history import remember, save_changed
from signals.detection.backfill import request_backfill
from signals.models import SignalDefinition
from signals.models.definitions import Kind

JOINED = "joined"  # in the config: the key of the built-in signal
# What apps call what a built-in signal reads, by the built-in's key.
NAMES = {
    "hand_over": "handed_to_human handed_over handoff human_handoff hand_off handover human_handover transferred_to_human transfer_to_human "
    "transferred_to_agent escalated_to_human escalated_to_agent escalate_to_human escalated handed_to_agent live_agent_handoff",
    "human_request": "asked_for_human request_human requested_human human_requested wants_human talk_to_human requested_agent agent_requested",
    "refusal": "refused model_refusal agent_refusal refusal_detected",
    "task_failure": "task_failed agent_failed could_not_answer no_answer failed_to_answer",
    "tool_failure": "tool_error tool_failed tool_call_failed tool_errored function_call_failed",
    "user_frustration": "frustrated frustration user_frustrated annoyed",
    "model_error": "llm_error model_failed llm_failed provider_error",
    "slow_response": "slow slow_answer timeout_warning",
}
BUILT_IN_OF = {name: key for key, names in NAMES.items() for name in names.split()}


def double_of(signal: SignalDefinition) -> str | None:
    """The key of the built-in signal that means the same as the name. None when there is none, or the name is joined already."""
    if signal.kind != Kind.EXPLICIT or joined_to(signal):
        return None
    return BUILT_IN_OF.get(signal.key)


def joined_to(signal: SignalDefinition) -> str | None:
    return signal.config.get(JOINED) if signal.kind == Kind.EXPLICIT else None


@transaction.atomic
def join_signal(*, signal: SignalDefinition, user: User | None, via: str = "") -> SignalDefinition:
    """What the app sends under the name counts as the built-in signal; returns that one. A run over its history is queued. Raises
    ValidationError for a name that doubles none."""
    key = double_of(signal)
    if key is None:
        raise ValidationError("This says the same as no built-in signal.")
    target = SignalDefinition.objects.get(project=signal.project_id, key=key, builtin=True)
    _change(
        signal,
        config={**signal.config, JOINED: key},
        enabled=False,
        user=user,
        via=via or f"joined to {target.name}",
    )
    if target.enabled:
        request_backfill(target, user=user)
    return target


@transaction.atomic
def separate_signal(*, signal: SignalDefinition, user: User | None, via: str = "") -> None:
    """A signal of its own again. Raises ValidationError when it is not joined."""
    key = joined_to(signal)
    if key is None:
        raise ValidationError("This is joined to no signal.")
    config = {name: value for name, value in signal.config.items() if name != JOINED}
    _change(signal, config=config, enabled=True, user=user, via=via or "separated")
    target = SignalDefinition.objects.filter(
        project=signal.project_id, key=key, builtin=True, enabled=True
    ).first()
    if target is not None:
        request_backfill(target, user=user)


def _change(
    signal: SignalDefinition, *, config: dict[str, object], enabled: bool, user: User | None, via: str
) -> None:
    locked = SignalDefinition.objects.select_for_update().get(pk=signal.pk)
    remember([locked])
    locked.config, locked.enabled, locked.reviewed = config, enabled, True
    save_changed([locked], fields={"config", "enabled", "reviewed"}, user=user, via=via)
    live.changed([locked.project_id])
