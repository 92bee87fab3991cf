"""Ten days of alerts with a server that dies before and after it sends: each message is there once, by its id, at a webhook and in a mailbox."""

import datetime as dt
import random
from collections import Counter
from typing import Any

import pytest
from django.utils import timezone

from issues.actions import create_issue
from issues.alerts import sending
from issues.alerts.rules import create_rule
from issues.models import AlertDelivery
from issues.states.doors import apply_action, regress_issue
from issues.states.transitions import Action
from tests.issues.alerts.sinks import smtp_sink, webhook_sink

DAYS = 10


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.django_db
def test_ten_days_with_crashes(
    project: Any, member: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ALERT_PRIVATE_ADDRESSES = True
    monkeypatch.setattr(sending, "AT_ONCE", 1)
    places = random.Random(7)
    real_send, real_note = sending._send, sending._note
    dies = {"before": False, "after": False}

    def send(delivery: AlertDelivery) -> str:
        if dies["before"]:
            raise Killed
        return real_send(delivery)

    def note(delivery: AlertDelivery, error: str) -> None:
        if dies["after"]:
            raise Killed
        real_note(delivery, error)

    monkeypatch.setattr(sending, "_send", send)
    monkeypatch.setattr(sending, "_note", note)
    crashes: Counter[str] = Counter()
    with webhook_sink() as hook, smtp_sink() as box:
        mail = f"mailto://127.0.0.1:{box.port}?from=a@example.org&to=b@example.org"
        create_rule(
            project=project, user=None, channels=[hook.url(), mail], name="Back", trigger="issue_regresses"
        )
        issue = create_issue(project=project, title="Forgets the seat", description="")
        for day in range(DAYS):
            apply_action(action=Action.RESOLVE, issue=issue, user=member)
            assert regress_issue(issue=issue, reason={"events": day + 1})
            for place in places.choices(["before", "after", ""], k=2):
                dies[place or "before"] = bool(place)
                try:
                    sending.send_due()
                except Killed:
                    crashes[place] += 1
                dies |= {"before": False, "after": False}
                # The claim of who died runs out.
                AlertDelivery.objects.filter(state="pending").update(
                    next_attempt_at=timezone.now() - dt.timedelta(seconds=1)
                )
            sending.send_due()
        mails = list(box.got)
    assert min(crashes["before"], crashes["after"]) > 2
    assert AlertDelivery.objects.filter(state="sent").count() == AlertDelivery.objects.count() == 2 * DAYS
    # The same id comes twice only where the receiver had it before the server could note so; never more ids than messages.
    keys = {headers["idempotency-key"] for headers, _ in hook.got}
    assert keys == {str(row.pk) for row in AlertDelivery.objects.filter(channel__place=0)}
    assert DAYS <= len(hook.got) <= DAYS + crashes["after"]
    assert DAYS <= len(mails) <= DAYS + crashes["after"]
    texts = Counter(mail.get_content().split("resolved: ")[1].split(".")[0] for mail in mails)
    assert len(texts) == DAYS
