"""The agent says that it could not do what was asked: an error, nothing found, unable. English; what is said outright in German, Spanish,
French and Portuguese (other_languages).

Two things that sound like it are kept apart, since a team counts this signal to see where its agent fails. A hand-over to a person is a
signal of its own (hand_over.py): the agent may do it because the user asked for it, or because it should; where it says that it was unable,
those words match here. And "L is sold out" is a true answer to "and in L?": what is not there fails only who was asked to
get it ("book it", "yes", "find me one").
"""

import re

from signals.detectors.batch import Batch, Detector, Finding, Turn
from signals.detectors.built_in import AGENT_SIDE, BuiltIn
from signals.detectors.other_languages import LANGUAGES_READ, united
from signals.detectors.phrases import Hit, Rule, combined, compile_phrases, evidence, in_own_words
from signals.detectors.text import Text
from signals.models.definitions import Reads, Sentiment

DO = (
    "(find|locate|check|complete|process|access|retrieve|book|make|cancel|update|finish|fix|connect|load|reach|get|open|read|verify|confirm|"
    "determine|identify|reserve|schedule|add|place|send|save|create|do|run|execute|perform|proceed|fulfill|resolve|secure|"
    "purchase|change|modify|submit|play|transfer|see|view|fetch|parse|generate|arrange|set|pull up|look up|track|return|exchange|refund|authenticate)"
)
RULE = Rule(
    strong=[
        "(i|we)( was|'m| am|'re| are| were|'ve been| have been) (still |currently |unfortunately |sorry,? but |also )?(unable|not able) to (successfully |also |currently )?"
        + DO,
        "(i|we|it) (couldn't|could not|can't|cannot|can not|wasn't able to|was not able to|weren't able to|failed to|did not manage to|didn't manage to|haven't been able to|have not been able to|am having trouble|'m having trouble|having trouble|am having difficulty) (seem to |actually |currently |directly |successfully |even |be )?"
        + DO,
        "(couldn't|could not|wasn't able to|was not able to|unable to|failed to|not able to) (seem to |successfully )?"
        + DO,
        "(there was|there were|there is|there's|there has been|there seems to be|there appears to be|there seems to have been|we have|i have|i've|i|we|we've|it looks like there was) (encountered |hit |ran into |run into |experienced |experiencing |having |facing |got |had )?(an |a |some |another |still |multiple |technical |unexpected |system |internal |unfortunately )*(error|errors|issue|issues|problem|problems|technical difficult(y|ies)|failure|glitch|bug|trouble)( with| when| while| in| processing| accessing| that| retrieving| completing| trying| on)",
        "(i'm|i am|we're|we are|still|currently) having (some |a bit of |a little )?(trouble|difficulty|difficulties|problems) [a-z]{1,15}ing",
        "(something|things) (has |have )?(went|gone|goes) wrong",
        "(has|have|had)? ?(unfortunately )?failed( to| with| again| due| because)?",
        "(was|were|is|are|been|proved|turned out) (not |un)(successful|possible|able to)( to)?",
        "(wasn't|isn't|aren't|weren't|has not been|hasn't been|was not|is not|were not|are not|have not been) (able to|possible|working|successful|completed|processed|found|available|accessible|booked|responding|made|placed|confirmed|sent|saved|scheduled|reserved|purchased|added|updated|created|delivered|submitted)",
        "(does not|doesn't|do not|don't|did not|didn't|not|n't) (seem to |appear to |currently )?(exist|work|working|go through|match any|appear in)",
        "(no|not any|couldn't find any|zero) (matching |available |relevant |such |direct |other |suitable |further |exact |search )*(results?|flights?|matches|match|records?|items?|orders?|entries|options|information|data|tickets|tables|rooms|slots|availability|reservations?|document|documents|appointments?|openings?|seats?|times?|time slots?)( (were|was|are|is|that|for|found|available|matching|on|in|with))",
        "(please )?(try again|retry) (later|in a (few|moment|bit)|after|another time)",
        "(i )?(don't|do not|didn't|did not) (have|find|see|get) (any |the |access |enough |sufficient |a |an )+(information|access|results?|data|record|records|way|ability|response|tool|tools|option|answer)( |\\.|,|!)(on|about|to|for|from|that|of|in|,|\\.)?",
        "(they're|they are|it's|it is|is|are) (all|already|fully|unfortunately|completely) (booked|taken|full)( up)?",
        "(they're|they are) booked",
        "(is|are) (currently |temporarily |not currently |already |fully |no longer |all )*(unavailable|sold out|fully booked|down|offline|out of stock|not available|no longer available|not in stock)",
        "(i've|i have|i) (reached|exceeded|hit|run out of) (the|my|a) (limit|maximum|quota|context|time|number)",
        "(sorry|apologize|apologies|unfortunately),? ... (isn't|is not|didn't|did not|couldn't|could not|failed|unavailable|unsuccessful|no longer|only found|error|issue with|(can't|cannot|can not|unable to|not able to) "
        + DO
        + ")",
    ],
    weak=[
        "(unfortunately|regrettably|i regret)",
        "(i'm|i am) (so |very |really |truly |deeply )?sorry,? (but|that|i)",
        "(i )?apologi[sz]e (for|that)",
        "(timed out|timeout|time-out|rate limit(ed)?|exception|traceback|invalid|not found|denied|rejected|declined)",
        "(instead|another time|different (time|date|day|one)|alternative(ly)?)",
    ],
    unless=[
        "(if|in case|when|whenever|should|unless|until|whether|once|make sure) ... (fails?|failed|unable|error|errors|(can't|cannot|couldn't) "
        + DO
        + "|not (found|work|working|available)|doesn't (work|exist)|is(n't| not) (available|working|possible)|goes wrong)",
        "(no|without( any)?|any|zero|fixed|resolved|handles?|handled|handling|catch(es)?|raises?|throws?|returns?|common|possible) (an? |the )?(errors?|issues?|problems?|exceptions?|failures?)",
        "(never|not|hasn't|didn't|has not) failed",
        "(sorry|apologi[sz]e|apologies) (to hear|for (the|any|your) (inconvenience|confusion|delay|misunderstanding|trouble|frustration|wait))",
        "(not|n't) (only|just) ",
        "can't (wait|help but|go wrong|recommend)",
    ],
    weak_weight=0.25,
)


# Something is not to be had.
GONE = compile_phrases(
    [
        "(is|are|was|were|it's|they're|that's|'s) (all |already |fully |unfortunately |completely |currently |temporarily |no longer |just |not )*(sold out|booked|taken|full|out of stock|"
        "in stock|available|unavailable|discontinued)( up)?",
        "(no|not any) (more |other |free |open |available )*(tables|rooms|slots|availability|appointments?|openings?|seats?|times?|time slots?|tickets?|items?|flights?|options) (left|available|free|open|on|in|for|at)",
        "(sold out|out of stock|fully booked)",
    ]
)
UNABLE = re.compile(r"\b(?:unable|fail\w*|errors?|not able)\b|\b(?:could|can)(?:n't| ?not)\b")
# Words of a wish, or of a yes to it.
TO_DO = re.compile(
    r"^\W*(?:yes|yeah|yep|yup|sure|ok|okay|correct|right|perfect|great|good|fine|that|sounds|go ahead|do it|confirm|please|exactly|absolutely|alright|no)\b|\bplease\b|"
    r"\b(?:book|reserve|order|buy|purchase|get me|find|search|look|check|cancel|change|schedule|make|add|send|play|set|pay|rent|want|need|like|try|go ahead|put|move|switch|upgrade|"
    r"exchange|return|refund|take|confirm|help)\b"
)
READ = 1000


def detect(batch: Batch) -> list[Finding]:
    found = []
    for index, turn in enumerate(batch.turns):
        text = turn.output
        hits = in_own_words(RULE.hits(text), text)
        if hits and not _to_do(turn):
            hits = [hit for hit in hits if not _tells(text, hit)]
        if hits:
            found.append(Finding(index, combined(hits, text), evidence("assistant", text, hits)))
    return found


def _to_do(turn: Turn) -> bool:
    """The user wants something done, or answers the question that comes before doing it."""
    message = turn.input.normal[:READ]
    answer_before = turn.previous[-1].output.normal.rstrip() if turn.previous else ""
    return TO_DO.search(message) is not None or (answer_before.endswith("?") and "?" not in message)


def _tells(text: Text, hit: Hit) -> bool:
    """It tells that something is not to be had, and of no attempt."""
    if UNABLE.search(text.normal, hit.start, hit.end):
        return False
    start = max(text.normal.rfind(mark, 0, hit.start) for mark in ".!?\n") + 1
    ends = [place for mark in ".!?\n" if (place := text.normal.find(mark, hit.end - 1)) >= 0]
    return GONE.search(text.normal, start, min(ends, default=len(text.normal))) is not None


SIGNAL = BuiltIn(
    "task_failure",
    "Task failure",
    "The agent says that it could not do the task: an error, nothing found, unavailable. Advice about possible errors, a hand-over to a person, "
    "and “sold out” as the answer to a mere question do not count.",
    Reads.ASSISTANT,
    Sentiment.NEGATIVE,
    AGENT_SIDE,
    languages=LANGUAGES_READ,
)
DETECTOR = Detector("task_failure", 4, united("task_failure", detect))
