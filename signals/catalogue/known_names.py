"""Names that apps commonly send, and what they mean: so that a thumb down is negative before anybody has looked at it."""

from dataclasses import dataclass

from signals.models.definitions import Action, Sentiment


@dataclass(frozen=True, slots=True)
class KnownName:
    """`key` is the default's (signals.models.SignalDefault); `names` are the keys that mean the same."""

    key: str
    description: str
    sentiment: Sentiment
    names: frozenset[str]

    @property
    def action(self) -> Action:
        return Action(self.key)


def _known(key: Action, sentiment: Sentiment, description: str, names: str = "") -> KnownName:
    return KnownName(key.value, description, sentiment, frozenset([key.value, *names.split()]))


KNOWN = [
    _known(
        Action.THUMBS_UP,
        Sentiment.POSITIVE,
        "The person rated the answer as good.",
        "thumb_up thumbsup like liked upvote upvoted helpful",
    ),
    _known(
        Action.THUMBS_DOWN,
        Sentiment.NEGATIVE,
        "The person rated the answer as bad.",
        "thumb_down thumbsdown dislike disliked downvote downvoted unhelpful not_helpful",
    ),
    _known(
        Action.REGENERATE,
        Sentiment.NEGATIVE,
        "The person had the answer made again.",
        "regenerated regeneration regenerate_response retry retried try_again rerun",
    ),
    _known(
        Action.REGENERATE_AGAIN,
        Sentiment.NEGATIVE,
        "The person had the same answer made again twice or more. Counted here, from what the app sends.",
    ),
    _known(
        Action.COPY,
        Sentiment.POSITIVE,
        "The person copied the answer, or a part of it.",
        "copied copy_text copy_code copy_answer copy_response copy_output copy_message copy_to_clipboard clipboard_copy",
    ),
    _known(
        Action.EDIT,
        Sentiment.NEGATIVE,
        "The person changed the answer before using it.",
        "edited user_edit edit_answer edit_response edit_output edit_message",
    ),
    _known(
        Action.UPGRADE,
        Sentiment.POSITIVE,
        "The person bought, upgraded or subscribed after this.",
        "upgraded subscribe subscribed purchase purchased converted",
    ),
    _known(
        Action.COMMENT,
        Sentiment.NEUTRAL,
        "The person wrote something about the answer.",
        "commented feedback user_feedback",
    ),
    _known(
        Action.SHARE,
        Sentiment.POSITIVE,
        "The person passed the answer on to somebody.",
        "shared share_link export exported",
    ),
    _known(
        Action.STOP,
        Sentiment.NEGATIVE,
        "The person stopped the agent while it answered.",
        "stopped stop_generation stop_generating cancel cancelled canceled abort aborted interrupt interrupted",
    ),
    _known(
        Action.TOOL_DENIED,
        Sentiment.NEGATIVE,
        "The person refused to let the agent use a tool.",
        "tool_approval_denied tool_call_denied tool_denial tool_rejected tool_approval_rejected approval_denied",
    ),
]
_BY_NAME = {name: known for known in KNOWN for name in known.names}


def known_name(key: str) -> KnownName | None:
    """What a signal of this key means, when it is a common one. `_sent` at its end (signals/explicit/sent.py) does not matter."""
    return _BY_NAME.get(key) or _BY_NAME.get(key.removesuffix("_sent"))


def names_of(key: str) -> list[str]:
    """All signal keys that follow the default of this key."""
    known = _BY_NAME.get(key)
    names = known.names if known is not None and known.key == key else frozenset([key])
    return sorted([*names, *(f"{name}_sent" for name in names)])


def action_of(key: str, signal_type: str = "") -> str:
    """What the person did, as far as the name and the wire's signal type tell; else ""."""
    if known := known_name(key):
        return known.action.value
    by_type = {"edit": Action.EDIT, "feedback": Action.COMMENT}
    return by_type[signal_type].value if signal_type in by_type else ""
