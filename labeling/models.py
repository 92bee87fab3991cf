from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from ingest.models import Event, Project
from ingest.models.events import BigForeignKey
from issues.models import Definition, Issue
from raindrop.ids import new_id

KIND_LENGTH = 20
AUTHOR_LENGTH = 60
TRAIN, TEACH, FIRST_LOOK = "train", "teach", "first_look"  # kinds of jobs: a training, and the teacher's
TEACHER = "llm"  # the author and the source of the teacher's labels, which no figure of people's counts


class Answer(models.TextChoices):
    MATCH = "match"
    NOT_MATCH = "not_match"
    UNSURE = "unsure"


class Reason(models.TextChoices):
    """Why a person was asked about an event. Rates are measured on what was not picked for its score (UNPICKED)."""

    SHOWN = "", "seen on a page"
    CHOSEN = "chosen", "opened by hand"
    RANDOM = "random", "random"
    UNCERTAIN = "uncertain", "uncertain"
    LIKELY = "likely", "likely"
    SIMILAR = "similar", "similar to the description"
    NEAR = "near", "near miss"
    REDEFINED = "redefined", "asked again: the definition has changed"
    DISPUTED = "disputed", "two ways to learn disagree"
    FAR = "far", "unlike every labelled event"
    DRIFT = "drift", "unlike the labelled events, and new"
    SECOND = "second", "second opinion"
    SPLIT = "split", "people disagree"
    BULK = "bulk", "labelled with similar ones"


class Rationale(models.TextChoices):
    """Why an answer is what it is. Each belongs to one answer (labeling/labels/rationales.py)."""

    OTHER = "other", "something else"
    CLOSE = "close", "close, but not this"
    MENTIONED = "mentioned", "only mentioned"
    JUSTIFIED = "justified", "justified here"
    CONTEXT = "context", "lacks context"
    LANGUAGE = "language", "language"
    SCOPE = "scope", "out of scope"
    UNCLEAR = "unclear", "definition unclear"
    EXPERT = "expert", "for an expert"


class LabelQuerySet(models.QuerySet["Label"]):
    """The vocabulary in which labels are read. A subject is named by its id alone: ids are unique among all kinds."""

    def live(self) -> Self:
        """Answers that nobody took back, changed ones among them."""
        taken_back = Label.objects.filter(retracts=models.OuterRef("pk"))
        return self.filter(~models.Exists(taken_back), retracts=None)

    def of_people(self) -> Self:
        """Without the teacher's."""
        return self.exclude(author=TEACHER)

    def standing(self) -> Self:
        """Of each author the newest live answer on each (subject, event). What is filtered before limits what is looked at, and
        may not name an answer; what is filtered after is about the standing answers."""
        newest = self.live().order_by("subject_id", "event_id", "author", "-created_at", "-id")
        return self._only(newest.distinct("subject_id", "event_id", "author"))

    def last_words(self) -> Self:
        """The newest live answer on each (subject, event), whoever gave it."""
        newest = self.live().order_by("subject_id", "event_id", "-created_at", "-id")
        return self._only(newest.distinct("subject_id", "event_id"))

    def with_standing(self) -> Self:
        """Each row with `stands`: whether `standing` has it. For lists of all rows."""
        same = Label.objects.live().filter(
            subject_id=models.OuterRef("subject_id"),
            event_id=models.OuterRef("event_id"),
            author=models.OuterRef("author"),
        )
        moment = models.OuterRef("created_at")
        newer = models.Q(created_at__gt=moment) | models.Q(created_at=moment, id__gt=models.OuterRef("id"))
        taken_back = Label.objects.filter(retracts=models.OuterRef("pk"))
        return self.annotate(
            stands=models.ExpressionWrapper(
                models.Q(retracts=None) & ~models.Exists(taken_back) & ~models.Exists(same.filter(newer)),
                output_field=models.BooleanField(),
            )
        )

    def _only(self, rows: models.QuerySet["Label"]) -> Self:
        only: Self = self.model.objects.filter(pk__in=rows.values("pk"))  # type: ignore[assignment]  # the manager's own queryset
        return only


class Label(models.Model):
    """One answer on one (subject, event), or (`retracts`) the taking back of one. Rows are added and never changed: a changed mind
    is a new row. `LabelQuerySet.standing` tells what counts."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    subject_kind = models.CharField(max_length=KIND_LENGTH, help_text="issue or signal.")
    subject_id = models.UUIDField()
    event = BigForeignKey(Event, related_name="labels")
    author = models.CharField(
        max_length=AUTHOR_LENGTH,
        help_text="Whose answer it is: user:ID, key (a program) or llm (the teacher). It outlives the user's account.",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    answer = models.CharField(
        max_length=10, choices=Answer.choices, blank=True, help_text="Empty in a row that takes one back."
    )
    retracts = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="What is taken back.",
    )
    rationale = models.CharField(
        max_length=20,
        blank=True,
        default="",
        db_default="",
        choices=Rationale.choices,
        help_text="Why the answer is what it is. Empty: not given.",
    )
    note = models.TextField(blank=True)
    source = models.CharField(max_length=20, default="queue", help_text="queue, api, page, admin, llm.")
    reason = models.CharField(
        max_length=20, blank=True, choices=Reason.choices, help_text="Why it was asked. Empty: it was not."
    )
    score = models.FloatField(
        null=True, blank=True, help_text="The classifier's or detector's when it was asked."
    )
    probability = models.FloatField(
        null=True,
        blank=True,
        help_text="Of a random card: the chance that this event was the one drawn (0 to 1). Null: picked, or not known.",
    )
    definition_version = models.PositiveIntegerField(
        null=True, blank=True, help_text="Of the subject's text, when it was answered. Null: not known."
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = LabelQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["subject_id", "event", "author", "-created_at", "-id"], name="label_standing"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(answer="", retracts__isnull=False)
                | models.Q(answer__in=Answer.values, retracts=None),
                name="label_answers_or_takes_back",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.answer or 'taken back'} on {self.event_id}"


class Offer(models.Model):
    """An event that the queue offered to somebody, and why: until it is answered, and for a while on that person's screen alone
    (labeling/queue/lookahead.py)."""

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    subject_kind = models.CharField(max_length=KIND_LENGTH)
    subject_id = models.UUIDField()
    event = BigForeignKey(Event, db_index=False, related_name="+")
    author = models.CharField(max_length=AUTHOR_LENGTH)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=20)
    score = models.FloatField(null=True)
    probability = models.FloatField(null=True)
    leads = models.JSONField(default=list, help_text="What found it, as labeling.queue.leads.Lead.")
    place = models.SmallIntegerField(default=0, help_text="Offers are shown in this order.")
    audit = models.BooleanField(default=False, help_text="Offered by the audit, which shows no other cards.")
    offered_at = models.DateTimeField(default=timezone.now)
    held_until = models.DateTimeField(null=True, help_text="Until then nobody else is asked about it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "event", "author"], name="one_offer_each"),
            models.UniqueConstraint(
                fields=["subject_id", "event"],
                condition=models.Q(held_until__isnull=False),
                name="one_holder",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.author}"


class QueuePlan(models.Model):
    """How a subject's queue is shared among people. Without a row the defaults hold."""

    subject_id = models.UUIDField(primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    overlap = models.PositiveSmallIntegerField(
        default=10, help_text="Of a hundred answered cards, so many are asked of a second person too."
    )
    disputes_reviewed_at = models.DateTimeField(
        null=True, help_text="When somebody took what people disagree on out of the inbox."
    )

    def __str__(self) -> str:
        return f"{self.overlap} % overlap of {self.subject_id}"


class Assignment(models.Model):
    """A person whose queue this is, among others. Nobody else is locked out."""

    id = models.BigAutoField(primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    subject_kind = models.CharField(max_length=KIND_LENGTH)
    subject_id = models.UUIDField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject_id", "user"], name="one_assignment_each")]

    def __str__(self) -> str:
        return f"{self.subject_id} to {self.user_id}"


class LessonState(models.TextChoices):
    ASKING = "asking"  # with a worker, until available_at; money is held for it
    ANSWERED = "answered"  # there is a label of it
    VOID = "void"  # answered, but not to be used; `problem` says why
    FAILED = "failed"  # given up; `problem` says why


class Lesson(models.Model):
    """What the teacher (an LLM) was asked about one event of one issue, and what came of it: one row each, asked anew once the definition has
    changed. Its answer is a label too, of the author TEACHER."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="+")
    event = BigForeignKey(Event, db_index=False, related_name="+")
    state = models.CharField(max_length=8, choices=LessonState.choices, default=LessonState.ASKING)
    problem = models.TextField(default="", blank=True, help_text="Why there is no label of it.")
    match = models.BooleanField(null=True)
    quote = models.TextField(
        default="", blank=True, help_text="Verbatim from the event, where it is a match."
    )
    explanation = models.TextField(default="", blank=True, help_text="Why, in the teacher's words.")
    definition_version = models.PositiveIntegerField()
    prompt_version = models.CharField(max_length=32)
    model = models.TextField()
    input_tokens = models.PositiveIntegerField(default=0)
    cache_write_tokens = models.PositiveIntegerField(default=0)
    cache_read_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    cost = models.BigIntegerField(default=0, help_text="Microdollars, of all attempts.")
    held = models.BigIntegerField(default=0, help_text="Microdollars that are reserved for it now.")
    day = models.DateField(null=True, help_text="Of whose budget they are held.")
    attempts = models.PositiveSmallIntegerField(default=0)
    available_at = models.DateTimeField(help_text="Until then a worker has it.")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issue", "event"], name="one_lesson_each")]
        indexes = [models.Index(fields=["event"], name="lesson_of_event")]

    def __str__(self) -> str:
        return f"{self.state} on {self.event_id}"


class QuestionState(models.TextChoices):
    OPEN = "open"
    ANSWERED = "answered"
    DISMISSED = "dismissed"


class ClarifyingQuestion(models.Model):
    """A question about an issue's definition, over a contrast pair: a first event of which it is not clear whether it counts, and a second
    one that is. Its answer proposes a version of the definition. Written by labeling/refinement/."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="questions")
    kind = models.CharField(max_length=12, help_text="Why it is asked: labeling/refinement/picking.py, Kind.")
    state = models.CharField(max_length=9, choices=QuestionState.choices, default=QuestionState.OPEN)
    first = BigForeignKey(Event, db_index=False, related_name="+")
    second = BigForeignKey(Event, db_index=False, related_name="+")
    other_issue = models.ForeignKey(
        Issue, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", help_text="Of a merge."
    )
    first_quote = models.TextField(help_text="What is quoted of the events; it outlives them.")
    second_quote = models.TextField()
    words = models.JSONField(default=list, help_text="What sets the first apart from the second.")
    text = models.TextField(help_text="The question.")
    written_by = models.CharField(max_length=8, default="template", help_text="template or llm.")
    settles = models.PositiveIntegerField(help_text="How many events its answer is about, when it was asked.")
    asked_version = models.PositiveIntegerField(help_text="Of the definition.")
    answer = models.CharField(max_length=8, blank=True, help_text="include, exclude or depends.")
    answer_text = models.TextField(blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)
    # {"base_version", "heading", "rule", "title", "description", "written_by"}: labeling/refinement/answering.py
    proposal = models.JSONField(null=True)
    effect = models.JSONField(null=True, help_text="As labeling.refinement.effects.Effect.")
    # Of the events whose labels an accepted proposal took back to ask about them again.
    reasked = models.JSONField(default=list)
    definition = models.ForeignKey(
        Definition,
        null=True,
        on_delete=models.SET_NULL,
        related_name="questions",
        help_text="The version that the accepted proposal made.",
    )
    accepted_at = models.DateTimeField(null=True)
    reviewed_at = models.DateTimeField(
        null=True, help_text="When somebody took it out of the inbox. It stays open."
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["issue"], condition=models.Q(state=QuestionState.OPEN), name="one_open_question"
            ),
        ]

    def __str__(self) -> str:
        return self.text


class SearchStart(models.Model):
    """From what a person started a deep search. Written and read by labeling/queue/leads.py."""

    issue = models.OneToOneField(Issue, on_delete=models.CASCADE, related_name="+", primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=7, help_text="signal, cluster or query.")
    name = models.TextField(help_text="As people knew it then.")
    query = models.TextField(help_text="What it finds, in the query language.")

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Drift(models.Model):
    """How an issue's new events compare with the earlier ones, by what is labelled: the last look (labeling/drift/)."""

    issue = models.OneToOneField(Issue, on_delete=models.CASCADE, related_name="drift", primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    checked_at = models.DateTimeField()
    since = models.DateTimeField(help_text="Events from then on are new.")
    new_events = models.PositiveIntegerField(default=0, help_text="How many of them were looked at.")
    farther = models.FloatField(
        null=True,
        help_text="The chance that a new event is farther from the nearest label than an earlier one. Null: too few events.",
    )
    less_sure = models.FloatField(
        null=True, help_text="The chance that its score is nearer the threshold than an earlier one's."
    )
    found_at = models.DateTimeField(
        null=True, help_text="Since when new events look unlike the labelled ones."
    )
    reviewed_at = models.DateTimeField(null=True, help_text="When somebody took it out of the inbox.")

    class Meta:
        indexes = [
            models.Index(
                fields=["project"], name="drift_standing", condition=models.Q(found_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{'drift' if self.found_at else 'none'} of {self.issue_id}"

    @property
    def in_words(self) -> str:
        """What is unlike, with its numbers. For a drift that stands."""
        farther, less_sure = self.farther or 0.0, self.less_sure or 0.0
        how = "lies farther from the labels" if farther >= less_sure else "is less certain to the classifier"
        share = max(farther, less_sure)
        return f"New events look unlike the labelled ones: one since {self.since:%-d %B} {how} than an earlier one in {share * 100:.0f} % of cases ({self.new_events:,} new events)."
