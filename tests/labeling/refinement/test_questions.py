"""From answers that contradict each other to a question, a proposal, a new version of the definition, and back."""

from typing import Any

import pytest
from django.test import Client

from ingest.counts.rollups import Occurrence, record
from ingest.jobs.runner import run_job
from ingest.models import Event, Job
from ingest.store.merged_events import merge_events
from issues.actions import create_issue, delete_issue
from issues.models import Definition, Issue, IssueMatch
from labeling.labels.labels import Why, record_label, standing_labels
from labeling.models import ClarifyingQuestion, Label
from labeling.queue.asked_again import asked_again, cards_of_issue
from labeling.queue.issue_subject import IssueSubject
from labeling.queue.lookahead import next_cards_of
from labeling.refinement import answering, picking, raising
from labeling.refinement.raising import raise_question
from labeling.teaching import TRAIN, retrain, retrain_soon
from signals.vectors.embedding import embed
from tests.issues.people import Api, two_topics

pytestmark = pytest.mark.django_db


@pytest.fixture
def issue(project: Any, member: Any) -> Issue:
    """With 40 flights that count, and 40 returns of which people say different things."""
    two_topics(project, 40, 40)
    issue = create_issue(project=project, title="Trouble with an order", description="A booking or an order.")
    for n in range(4):
        label(issue, f"flight-{n}", "match", member)
        label(issue, f"return-{n}", "not_match", None)
    label(issue, "return-9", "match", member, why=Why("random", 0.4, 0.25))
    return issue


def label(issue: Issue, event_id: str, answer: str, user: Any, **more: Any) -> None:
    event = Event.objects.get(project=issue.project, event_id=event_id)
    record_label(subject=issue, event=event, answer=answer, user=user, **more)


def dispute(issue: Issue) -> ClarifyingQuestion:
    label(issue, "return-9", "not_match", None)
    raised = raise_question(issue)
    assert raised is not None
    return raised


def test_an_induced_disagreement_is_asked_about_once(issue: Issue, client: Client, admin_key: str) -> None:
    """By the API alone: the member has said that return-9 counts."""
    api = Api(client, admin_key)
    path = f"/api/issues/{issue.number}/questions/"
    assert api.get(path).json() == {"results": [], "next": None}
    api.post(f"/api/issues/{issue.number}/labels/", [{"event_id": "return-9", "label": "not_match"}])
    [row] = api.get(path, state="open").json()["results"]
    assert (row["kind"], row["state"], row["written_by"]) == ("disagreement", "open", "template")
    first, second = row["pair"]
    assert first["event_id"] == "return-9" and second["event_id"] in {f"flight-{n}" for n in range(4)}
    assert first["quote"] in row["question"] and second["quote"] in row["question"]
    assert row["settles"] >= 2 and row["answer"] is row["proposal"] is row["accepted_version"] is None
    # While it is open nothing else is asked, and what was put aside is never asked again.
    assert raise_question(issue) is None
    assert api.post(f"{path}{row['id']}/", {"dismiss": True}).json()["state"] == "dismissed"
    assert raise_question(issue) is None
    assert [one["id"] for one in api.pages(path)] == [row["id"]]


def test_the_words_of_a_question_tell_a_topic_and_no_language(
    project: Any, member: Any, make_event: Any
) -> None:
    """German refunds among English and German others: "und" and "der" tell German from English, and nothing of the topic."""
    refund = "Ich möchte bitte die Erstattung für die Fahrkarte {n} und das so bald wie möglich, weil der Zug ausgefallen ist"
    seat = "Ich möchte bitte den Sitzplatz für die Fahrt {n} und das so bald wie möglich, weil der Tisch am Fenster ist"
    english = "I would like to have a seat {n} at the window in the second class because the table is for the family"
    made = [
        make_event(event_id=f"{name}-{n}", input=text.format(n=n), output="")
        for name, text in (("refund", refund), ("seat", seat), ("english", english))
        for n in range(8)
    ]
    embed(made)

    def words(second: str) -> list[str]:
        issue = create_issue(project=project, title="Refunds", description="A refund.")
        label(issue, f"{second}-0", "match", member)
        label(issue, "refund-0", "match", member)
        label(issue, "refund-0", "not_match", None)
        question = raise_question(issue)
        assert question is not None and question.first_quote.startswith("Ich möchte bitte die")
        return question.words

    assert words("seat") == ["ausgefallen", "erstattung", "fahrkarte"]
    assert words("english") == []


def test_a_conflict_that_is_none_any_more_is_put_aside(issue: Issue, monkeypatch: pytest.MonkeyPatch) -> None:
    conflicts: list[int] = []

    def contradicted(known: Any, settled: dict[int, bool]) -> list[int]:
        conflicts[:] = conflicts and [min(settled)]
        return conflicts

    for module in (picking, raising):
        monkeypatch.setattr(module, "contradicted", contradicted)
    assert raise_question(issue) is None
    conflicts.append(0)
    question = raise_question(issue)
    assert question is not None and question.kind == "conflict"
    assert " → " in question.first_quote  # what the user said, and what the agent did
    assert raise_question(issue) is None
    question.refresh_from_db()
    assert question.state == "open"
    conflicts.clear()
    assert raise_question(issue) is None
    question.refresh_from_db()
    assert question.state == "dismissed"


def test_a_slip_is_asked_about(issue: Issue, member: Any) -> None:
    """The classifier would learn the slip by heart: it is judged by one that has not seen it."""
    for n in range(4, 12):
        label(issue, f"flight-{n}", "match", member)
        label(issue, f"return-{n + 10}", "not_match", member)
    label(issue, "return-9", "not_match", member)
    label(issue, "flight-20", "not_match", member)
    classifier = retrain(issue)
    assert classifier is not None
    slip = Event.objects.get(event_id="flight-20")
    assert classifier.contradicted == {str(slip.pk): False}
    Label.objects.filter(event__event_id="return-9").delete()  # of which two answers were given
    question = raise_question(issue)
    assert question is not None and (question.kind, question.first_id) == ("conflict", slip.pk)
    label(issue, "flight-20", "match", member)
    raise_question(issue)
    question.refresh_from_db()
    assert question.state == "dismissed", "the answer that was contradicted stands no more"


def test_an_answer_proposes_and_accepting_changes(
    issue: Issue, member: Any, client: Client, admin_key: str
) -> None:
    assert retrain(issue) is not None
    question = dispute(issue)
    client.force_login(member)
    path = f"/api/issues/{issue.number}/questions/{question.pk}/"
    where = f"?project={issue.project.slug}"

    def post(tail: str, body: Any) -> Any:
        return client.post(f"{path}{tail}{where}", body, content_type="application/json")

    labels_before = set(standing_labels(issue).values_list("id", flat=True))
    matches_before = IssueMatch.objects.count()
    answered = post("", {"answer": "include", "text": "Returns of what was ordered."})
    assert answered.status_code == 200, answered.json()
    proposal = answered.json()["proposal"]
    assert (proposal["base_version"], proposal["heading"]) == (1, "Counts")
    assert proposal["diff"].splitlines()[-2:] == ["+Counts:", "+- Returns of what was ordered."]
    effect = proposal["effect"]
    assert effect["labels"] == 8 and effect["events"] == effect["sampled"] == 80
    assert effect["labels_reasked"] >= 1
    assert effect["events_gained"] > 0 and effect["rate_after"] > effect["rate_before"]
    assert effect["rate_after"] - effect["rate_before"] == pytest.approx(
        (effect["events_gained"] - effect["events_lost"]) / 80
    )
    assert set(effect["gained"]) <= {f"return-{n}" for n in range(40)}
    # Nothing has changed so far.
    issue.refresh_from_db()
    assert issue.description == "A booking or an order." and issue.definitions.count() == 1
    assert set(standing_labels(issue).values_list("id", flat=True)) == labels_before
    assert issue.classifiers.count() == 1 and IssueMatch.objects.count() == matches_before
    assert not Job.objects.filter(kind=TRAIN).exists()
    # Another answer replaces the first, until one is accepted.
    assert post("", {"answer": "exclude"}).json()["proposal"]["heading"] == "Does not count"
    post("", {"answer": "include", "text": "Returns of what was ordered."})

    accepted = post("accept/", {})
    assert accepted.status_code == 201, accepted.json()
    made = accepted.json()
    assert (made["version"], made["current"], made["author"]) == (2, True, "alice")
    assert made["effect"] == effect and made["diff"] == proposal["diff"]
    issue.refresh_from_db()
    assert issue.description.endswith("Counts:\n- Returns of what was ordered.")
    # Exactly the contradicting labels of the region are asked about again; the answer is a label.
    again = {card.event.event_id for card in asked_again(issue=issue, limit=50)}
    assert len(again) == effect["labels_reasked"] and again <= {f"return-{n}" for n in range(4)}
    stands = dict(standing_labels(issue).values_list("event__event_id", "answer"))
    assert stands["return-9"] == "match" and not again & stands.keys()
    assert set(stands) == {f"flight-{n}" for n in range(4)} | {f"return-{n}" for n in range(4)} - again | {
        "return-9"
    }
    # They are the next cards, for people and for programs.
    api = Api(client, admin_key)
    offered = api.get(f"/api/issues/{issue.number}/candidates/", limit=len(again) + 2).json()["results"]
    assert {one["event_id"] for one in offered if one["reason"] == "redefined"} == again
    assert [one["reason"] for one in offered[: len(again)]] == ["redefined"] * len(again)
    card, *_ = next_cards_of(subject=IssueSubject(issue), user=member)
    assert card is not None and (card.reason, card.event.event_id in again) == ("redefined", True)
    # It is trained once, on the new text.
    [job] = Job.objects.filter(kind=TRAIN)
    run_job(job.pk)
    classifier = issue.classifiers.current().get()
    assert (classifier.version, classifier.definition_version) == (2, 2)
    # The same cannot be accepted, answered or dismissed again.
    assert [post(tail, body).status_code for tail, body in (("accept/", {}), ("", {"answer": "exclude"}), ("", {"dismiss": True}))] == [409] * 3  # fmt: skip

    # One click back: the text, and the labels that nobody has given anew.
    [kept, *rest] = sorted(again)
    label(issue, kept, "match", None)
    back = client.post(
        f"/api/issues/{issue.number}/definitions/{where}", {"revert_to": 1}, content_type="application/json"
    )
    assert (back.status_code, back.json()["version"], back.json()["description"]) == (201, 3, "A booking or an order.")  # fmt: skip
    stands = dict(standing_labels(issue).values_list("event__event_id", "answer"))
    assert stands[kept] == "match" and all(stands[event] == "not_match" for event in rest)
    assert asked_again(issue=issue, limit=50) == []
    random = standing_labels(issue).get(event__event_id="return-9", user=member)
    assert (random.answer, random.reason, random.probability) == ("match", "random", 0.25)
    listed = api.pages(f"/api/issues/{issue.number}/definitions/")
    assert [(one["version"], one["effect"] is not None) for one in listed] == [
        (3, False),
        (2, True),
        (1, False),
    ]
    assert listed[1]["classifier_version"] == 2 and listed[1]["effect"] == effect


def test_what_depends_asks_about_all_of_the_region_again(
    issue: Issue, member: Any, client: Client, admin_key: str
) -> None:
    retrain(issue)
    question = dispute(issue)
    api = Api(client, admin_key)
    path = f"/api/issues/{issue.number}/questions/{question.pk}/"
    assert api.post(path, {"answer": "depends"}).json()["error"]["details"] == {"field": "text"}
    answered = api.post(path, {"answer": "depends", "text": "only when it is broken"}).json()
    assert answered["proposal"]["rule"].endswith(": only when it is broken")
    assert api.post(f"{path}accept/", {}).status_code == 201
    again = asked_again(issue=issue, limit=50)
    assert "return-9" in {card.event.event_id for card in again}
    # A card that was drawn at random stays one, with its probability.
    [random] = asked_again(issue=issue, limit=50, audit=True)
    assert (random.event.event_id, random.reason, random.probability) == ("return-9", "random", 0.25)
    assert cards_of_issue(issue=issue, limit=1, exclude=[again[0].event.pk])[0].event != again[0].event


def test_a_proposal_of_an_older_text_is_not_accepted(issue: Issue, client: Client, admin_key: str) -> None:
    question = dispute(issue)
    api = Api(client, admin_key)
    path = f"/api/issues/{issue.number}/questions/{question.pk}/"
    assert api.post(f"{path}accept/", {}).status_code == 409  # not answered
    assert api.post(path, {"answer": "include"}).status_code == 200
    api.post(f"/api/issues/{issue.number}/definitions/", {"title": "Orders"})
    refused = api.post(f"{path}accept/", {})
    assert refused.status_code == 409 and "has changed since" in refused.json()["error"]["message"]
    assert api.post(path, {"answer": "include"}).json()["proposal"]["base_version"] == 2
    assert api.post(f"{path}accept/", {}).json()["version"] == 3


def test_bad_requests_are_refused(issue: Issue, client: Client, admin_key: str, query_key: str) -> None:
    question = dispute(issue)
    api = Api(client, admin_key)
    path = f"/api/issues/{issue.number}/questions/"
    for body in (
        {}, {"answer": "maybe"}, {"answer": "include", "dismiss": True}, {"dismiss": False}, {"text": "x"}, {"answer": ["include"]},
        {"answer": "include", "text": "x" * 1001}, {"answer": "include", "why": "x"}, [],
    ):  # fmt: skip
        refused = api.post(f"{path}{question.pk}/", body)
        assert refused.status_code == 400 and refused.json()["error"]["code"] == "BAD_REQUEST", body
    assert api.get(path, state="new").status_code == api.get(path, stat="open").status_code == 400
    assert api.post(f"{path}{issue.pk}/", {"answer": "include"}).status_code == 404
    other = create_issue(project=issue.project, title="Other", description="")
    assert api.post(f"/api/issues/{other.number}/questions/{question.pk}/accept/", {}).status_code == 404
    reader = Api(client, query_key)
    assert reader.get(path).status_code == 200
    assert reader.post(f"{path}{question.pk}/", {"dismiss": True}).status_code == 403
    question.refresh_from_db()
    assert question.state == "open"


def test_a_flip_is_asked_about_by_the_training_job(issue: Issue, member: Any) -> None:
    label(issue, "flight-30", "match", member)
    label(issue, "flight-30", "not_match", member)
    run_job(retrain_soon(issue).pk)
    question = ClarifyingQuestion.objects.get()
    assert (question.kind, question.first.event_id) == ("flip", "flight-30")


def test_definition_unclear_three_times(issue: Issue, member: Any) -> None:
    for n in (20, 21, 22):
        assert raise_question(issue) is None
        label(issue, f"flight-{n}", "unsure", member, note="Definition unclear: is a change trouble?")
    question = raise_question(issue)
    assert question is not None
    assert (question.kind, question.first.event_id.startswith("flight-2")) == ("unclear", True)


def test_matches_of_two_topics_and_of_two_issues(project: Any, member: Any, make_event: Any) -> None:
    templates = {
        "flight": "Which seat do I have on flight {} to Rome?",
        "bread": "Why does my dough of {} g not rise?",
    }
    embed(
        [
            make_event(event_id=f"{topic}-{n}", input=text.format(n), output="Of course.")
            for topic, text in templates.items()
            for n in range(12)
        ]
    )
    issue = create_issue(project=project, title="Requests", description="What customers want.")
    for n in range(5):
        label(issue, f"flight-{n}", "match", member)
        label(issue, f"bread-{n}", "match", member)
    question = raise_question(issue)
    assert question is not None and question.kind == "split"
    assert {event.event_id.split("-")[0] for event in (question.first, question.second)} == set(templates)
    other = create_issue(project=project, title="Planes", description="")
    for one, name in ((issue, ""), (other, "flight")):
        for event in Event.objects.filter(project=project, event_id__startswith=name):
            common = {"project": project, "event": event, "timestamp": event.timestamp}
            IssueMatch.objects.create(issue=one, classifier_version=1, score=0.9, **common)
    record(
        [
            Occurrence(match.issue_id, project.pk, match.timestamp, None, None)
            for match in IssueMatch.objects.all()
        ],
        removed=[],
    )
    ClarifyingQuestion.objects.update(state="dismissed")
    merge = raise_question(issue)
    assert merge is not None
    assert (merge.kind, merge.other_issue, merge.first.event_id.split("-")[0]) == ("merge", other, "flight")
    assert "“Planes”" in merge.text


@pytest.fixture
def two_groups(project: Any, member: Any, make_event: Any) -> Issue:
    """An issue with five of twelve matches on flights and on bread answered."""
    templates = {"flight": "Which seat do I have on flight {} to Rome?", "bread": "Why does my dough of {} g not rise?"}  # fmt: skip
    embed(
        [
            make_event(event_id=f"{topic}-{n}", input=text.format(n), output="Of course.")
            for topic, text in templates.items()
            for n in range(12)
        ]
    )
    issue = create_issue(project=project, title="Requests", description="What customers want.")
    for n in range(5):
        label(issue, f"flight-{n}", "match", member)
        label(issue, f"bread-{n}", "match", member)
    return issue


def test_a_split_gives_way_to_a_disagreement_and_comes_back_once(two_groups: Issue, member: Any) -> None:
    issue = two_groups
    split = raise_question(issue)
    assert split is not None and split.kind == "split"
    assert raise_question(issue) is None
    label(issue, "flight-9", "match", member)
    label(issue, "flight-9", "not_match", None)
    question = raise_question(issue)
    assert question is not None and (question.kind, question.first.event_id) == ("disagreement", "flight-9")
    assert ClarifyingQuestion.objects.get() == question, "the other is withdrawn"
    label(issue, "flight-9", "match", None)  # they agree: it asks nothing any more
    again = raise_question(issue)
    question.refresh_from_db()
    assert question.state == "dismissed" and again is not None and again.kind == "split"
    again.state = "dismissed"
    again.save()
    for event in (again.first.event_id, again.second.event_id):  # so that others are in the middle
        label(issue, event, "unsure", member)
    assert raise_question(issue) is None


def test_a_split_of_which_an_answer_changes_nothing_is_not_asked(
    two_groups: Issue, member: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert retrain(two_groups) is not None
    monkeypatch.setattr(picking, "sure_rows", lambda known: set())  # so that something is open
    before = (
        two_groups.definitions.count(),
        standing_labels(two_groups).count(),
        two_groups.classifiers.count(),
    )
    tried: list[dict[str, Any]] = []
    real = answering.effect_of
    nothing = ("events_gained", "events_lost", "labels_flipped", "labels_reasked")

    def effect_of(issue: Issue, apply: Any) -> dict[str, Any]:
        tried.append(real(issue, apply) | changed)
        return tried[-1]

    monkeypatch.setattr(answering, "effect_of", effect_of)
    changed = dict.fromkeys(nothing, 0)
    assert raise_question(two_groups) is None and len(tried) == 1
    changed = {"events_gained": 1}
    question = raise_question(two_groups)
    assert question is not None and question.kind == "split" and len(tried) == 3
    assert tried[2]["labels_reasked"] >= 3, (
        "two problems: the labels of the smaller group are asked about again"
    )
    after = (
        two_groups.definitions.count(),
        standing_labels(two_groups).count(),
        two_groups.classifiers.count(),
    )
    assert after == before, "nothing stays of a trial"


def test_groups_that_are_answered_as_a_whole_are_not_asked_about(two_groups: Issue, member: Any) -> None:
    for n in range(5, 12):
        label(two_groups, f"flight-{n}", "match", member)
        label(two_groups, f"bread-{n}", "match", member)
    assert raise_question(two_groups) is None


def test_an_issue_that_follows_something_is_not_asked_about(issue: Issue) -> None:
    Issue.objects.filter(pk=issue.pk).update(follows="query", query="refund")
    issue.refresh_from_db()
    label(issue, "return-9", "not_match", None)
    assert raise_question(issue) is None


def test_questions_go_with_their_issue_and_move_with_their_events(issue: Issue) -> None:
    question = dispute(issue)
    first, second = question.first, question.second
    merge_events(issue.project, [(first, second.pk)])
    question.refresh_from_db()
    assert (question.first_id, question.state) == (second.pk, "dismissed")  # one event asks nothing
    delete_issue(issue=issue)
    assert not ClarifyingQuestion.objects.exists() and not Definition.objects.exists()
    assert not Label.objects.filter(subject_id=issue.pk).exists()
