"""What people say of a signal's matches, as a page or the queue records it."""

from ingest.models import Event, User
from labeling.labels.authors import author_of
from labeling.labels.judgements import judged_events
from labeling.labels.labels import Why, record_label, take_back_label
from labeling.models import Answer, Label
from signals.learning.tuning import tune
from signals.models import SignalDefinition, SignalTuning

ANSWERS = {True: Answer.MATCH, False: Answer.NOT_MATCH, None: Answer.UNSURE}


def judge(
    *, signal: SignalDefinition, event: Event, right: bool | None, user: User, reason: str = ""
) -> Label:
    return record_label(
        subject=signal, event=event, answer=ANSWERS[right], user=user, source="page", why=Why(reason)
    )


def take_back(*, signal: SignalDefinition, event: Event, user: User) -> None:
    take_back_label(subject=signal, event_id=event.pk, author=author_of(user))


def learn(signal: SignalDefinition) -> SignalTuning:
    return tune(signal, judged_events(signal))
