"""The agent says that it could not do what was asked: an error, nothing found, handed over, unable. English."""

from signals.detectors.batch import Batch, Detector, Found
from signals.detectors.phrases import Rule, detect_rule

DO = (
    "(find|locate|complete|process|access|retrieve|book|make|cancel|update|finish|fix|connect|load|reach|get|open|read|verify|confirm|"
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
        "(something|things) (has |have )?(went|gone|goes) wrong",
        "(has|have|had)? ?(unfortunately )?failed( to| with| again| due| because)?",
        "(was|were|is|are|been|proved|turned out) (not |un)(successful|possible|able to)( to)?",
        "(wasn't|isn't|aren't|weren't|has not been|hasn't been|was not|is not|were not|are not|have not been) (able to|possible|working|successful|completed|processed|found|available|accessible|booked|responding|made|placed|confirmed|sent|saved|scheduled|reserved|purchased|added|updated|created|delivered|submitted)",
        "(does not|doesn't|do not|don't|did not|didn't|not|n't) (seem to |appear to |currently )?(exist|work|working|go through|match any|appear in)",
        "(no|not any|couldn't find any|zero) (matching |available |relevant |such |direct |other |suitable |further |exact |search )*(results?|flights?|matches|match|records?|items?|orders?|entries|options|information|data|tickets|tables|rooms|slots|availability|reservations?|document|documents|appointments?|openings?|seats?|times?|time slots?)( (were|was|are|is|that|for|found|available|matching|on|in|with))",
        "(transfer|transferring|transferred|connect|connecting|escalate|escalating|escalated|hand|handing) (you|this|your ... |it) ?(over )?(to|with) (a|an|the|our|another) (human|live|specialist|support|customer|representative|manager|supervisor|agent|team|person|real)( agent| representative| service| support| team)?",
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


def detect(batch: Batch) -> list[Found]:
    return detect_rule(batch, RULE, "assistant")


DETECTOR = Detector("task_failure", 1, detect)
