"""Who is told when signal matches or cluster members change outside of the pipeline's run over those events: upper apps, whose rows follow
them. Within the pipeline a later stage of theirs sees the change."""

import uuid
from collections.abc import Callable, Collection

Observer = Callable[[Collection[uuid.UUID]], None]
_observers: list[Observer] = []
_of_clusters: list[Callable[[uuid.UUID], None]] = []


def on_change(observer: Observer) -> None:
    """`observer(event ids)`, safe to repeat. For `AppConfig.ready()`."""
    if observer not in _observers:
        _observers.append(observer)


def on_replaced(observer: Callable[[uuid.UUID], None]) -> None:
    """`observer(project id)`, safe to repeat. For `AppConfig.ready()`."""
    if observer not in _of_clusters:
        _of_clusters.append(observer)


def tell_replaced(project: uuid.UUID) -> None:
    """The members of the project's clusters changed as a whole. Call it after the transaction that wrote them."""
    for observer in _of_clusters:
        observer(project)


def tell_changed(event_ids: Collection[uuid.UUID]) -> None:
    """What is observed of these events may differ from what it was. Call it after the transaction that wrote it."""
    for observer in _observers if event_ids else ():
        observer(event_ids)
