"""The agent's answer is empty, cut off, a placeholder, or leaves the work to the user. English; emptiness in any language."""

import re

from signals.detectors.batch import Batch, Detector, Finding, Turn
from signals.detectors.built_in import AGENT_SIDE, BuiltIn
from signals.detectors.phrases import Hit, Rule, combined, evidence
from signals.detectors.text import Text
from signals.models.definitions import Reads, Sentiment

RULE = Rule(
    strong=[
        "(rest|remainder|remaining part) of (the|your|this) (code|file|function|class|implementation|logic|method|script|component|document|list|table|story|article|essay)( here)?( (remains?|stays?|is|goes) ?(unchanged|the same|here|as (before|is|it was))?)?",
        "(existing|previous|other|your|remaining|same|more) (code|logic|methods|functions|implementation|imports|content)( (goes )?(here|unchanged|as before|remains?( the same)?|stays? the same))",
        "(add|insert|put|implement|place|write|fill in) (your|the|actual|more|similar|additional) (own )?(code|logic|implementation|content|text|details|functionality|rest|data)( logic| code)? here",
        "(your|actual|implementation|more|real|main) (code|logic|implementation|content|text) (goes )?here",
        "todo:? ?(implement|add|fill|finish|complete|write|handle|replace|later)",
        "(not (yet )?implemented|to be implemented|implementation omitted|omitted for brevity|for brevity|left out for brevity|truncated for brevity|details omitted)",
        "(left|leave|i'll leave|i will leave|i leave) ... (as an exercise|to you|up to you|for you|to the reader)( to (implement|do|figure|finish|complete|write|fill))?",
        "(you can|you could|you should be able to|you'll have to|you will have to|you'll need to|you will need to|you may need to|you must) (easily |then |simply |just |now |probably )*(do the rest|do (it|this|that) (yourself|on your own)|finish|figure (it|this|that|the rest) out|fill in|complete the (rest|remaining)|write the (rest|remaining)|implement the (rest|remaining)|look (it|this|that) up|google (it|this|that)|search for (it|this|that)|handle the rest|find (it|this|that) (yourself|online|on google))( yourself)?( on your own)?",
        "(do|try|write|find|check|calculate|solve|look|finish|complete) (it|this|that|the rest|for it|up) (yourself|on your own)",
        "(and so on|etc\\.?|and so forth),? (for|until|with) (the|all|each|every) (rest|remaining|other)",
        "(repeat|continue|follow|do|apply) (this|the same|these|that|similarly)( (process|pattern|steps|thing|format|approach|logic))? (for|with|until|to) (the|all|each|every) (rest|remaining|other|others)( of)?",
        "(similar|same) (code|logic|steps|implementation|pattern|approach) (for|applies to) (the )?(other|rest|remaining|others)",
        "lorem ipsum",
        "(i'll|i will|let me) (skip|summarize|shorten|abbreviate) ... (for brevity|to save (time|space)|here)",
        "(too (long|much|many) (to|for me to) (list|write|include|show|cover|process|read))",
        "(insert|your|enter) (answer|text|content|response|code|description) here",
    ],
    weak=[
        "(placeholder|pseudo-?code|boilerplate|skeleton|stub)",
        "(simplified|rough|basic) (version|outline|example|sketch)",
    ],
    unless=[
        "(no|not|without|never|avoid|instead of|replaced? the|removed? the|any) ... (placeholders?|lorem ipsum|todos?|stubs?|boilerplate)",
    ],
)
# Code that stands in for code: "// ...", "# ... rest of code", "/* ... */", "<!-- ... -->", an ellipsis in brackets.
STAND_IN = re.compile(
    r"(?:^|\n)[ \t]{0,40}(?://|\#|--|/\*|<!--)[ \t]{0,4}(?:\.{3}|…)[^\n]{0,60}|\[(?:\.{3}|…|insert [^\]\n]{1,40}|your [^\]\n]{1,30} here|rest of [^\]\n]{1,40}|content|text here)\]"
)
# The whole answer is one of these.
NOTHING = re.compile(
    r"[\s\"'`(\[{]*(?:\.{2,5}|…|-+|n/?a|null|none|nil|undefined|nan|todo|tbd|empty|no (?:response|output|answer|content)|\[object object\]|\[?(?:response|output|answer|content)\]?|\?+)?[\s\"'`)\]}.]*"
)
UNFINISHED = re.compile(
    r"[a-z](?:,|,? (?:the|a|an|and|or|of|to|for|with|that|is|are|was|were|by|at|from|as|if|which|because|but|your|its|their|can|will))[ \t]*$"
)
# A blank that the user is to fill in belongs into a draft or a template; alone it is no answer.
BLANK = re.compile(r"\[(?:insert|your) [^\]\n]{1,40}\]")
BLANKS_WITHIN = 300  # characters
CLOSING = re.compile(
    r"\b(?:thanks?|thank you|thx|bye|goodbye|good night|cheers|appreciate (?:it|that|your|you|all)|see you|take care|have a (?:good|great|nice|lovely)|no worries|you too|no,? that'?s (?:all|it)|that'?s (?:all|everything|it)|i'?m done|i am done|done here|all set|nothing else|ok(?:ay)?|great|perfect|stop)\b"
)
HANDED_OVER = re.compile(
    r"transfer|hand_?(?:off|over)|escalat|end_?(?:call|chat|conversation)|hang_?up", re.IGNORECASE
)
# The same, said: "I'm transferring you to an agent."
HANDS_OVER = re.compile(
    r"\b(?:transferr?|connect|escalat|hand|forward|pass)(?:ing|ed|e)?\b[^.?!]{0,40}\b(?:to|with) (?:a|an|the|our|another) (?:[a-z]+ ){0,2}"
    r"(?:human|specialist|representative|agent|manager|supervisor|person|colleague|team)\b"
)
# A sentence that asks for something; "if I need anything else" does not.
WANTS = re.compile(
    r"\b(?:can|could|would|will) (?:you|we|i)\b|\bplease (?!do not|don't|note|disregard|ignore)|\bi(?:'d| would)? (?:(?:still|also|just|really|now) )?(?:need(?!ed)|want|like) (?!.{0,20}\bfor (?:now|today)\b)|"
    r"\bi have to\b|\b(?:show|tell|give|help) me\b|^\W*(?:\w+,? ){0,3}?(?:find|book|cancel|change|send|write|fix|create|make|add|remove|update|proceed|go ahead|search|list|explain|check|return|exchange)\b"
)
SUPPOSES = re.compile(r"\b(?:if|when|in case|should|whenever) (?:i|we|there|anything|you|it|the|time)\b")
MYSELF = re.compile(
    r"\bi(?:'ll| will|'m| am|'d| would|'ve| guess)\b|\bguess i\b|\blet's (?:leave|keep|skip|forget)\b"
)
QUESTION = re.compile(
    r"^\W*(?:\w+,? ){0,3}?(?:what|when|where|why|which|who|how|is|are|was|were|do|does|did|can|could|would|will|should|shall|has|have|may|any)\b.*\?",
    re.DOTALL,
)
SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
LONG_ANSWER = 800


def detect(batch: Batch) -> list[Finding]:
    found = []
    for index, turn in enumerate(batch.turns):
        text = turn.output
        if text.is_blank:
            if _was_due(turn):
                found.append(Finding(index, 0.8, []))
            continue
        if NOTHING.fullmatch(text.normal[:80]) and len(text.normal.strip()) < 80:
            start = len(text.normal) - len(text.normal.lstrip())
            hits = [Hit(start, len(text.normal.rstrip()), 0.9)]
        else:
            hits = RULE.hits(text) + _stand_ins(text) + _cut_off(text)
        if hits:
            found.append(Finding(index, combined(hits, text), evidence("assistant", text, hits)))
    return found


def _was_due(turn: Turn) -> bool:
    """An answer was expected. An app may send the two sides as separate events, so there must be a sign that the agent worked: a
    model or a span. Nobody answers a goodbye, and an agent that hands over to a person falls silent."""
    if turn.error or any(span.kind == "llm" and span.status == "error" for span in turn.spans):
        return False  # the model failed: `model_error`
    if turn.is_step or _only_calls_tool(turn):
        return False  # the answer is a later event's
    worked = bool(turn.model) or any(span.kind in {"llm", "tool", "agent"} for span in turn.spans)
    if not worked or turn.input.is_blank or any(HANDED_OVER.search(span.name) for span in turn.spans):
        return False
    sentences = SENTENCE.findall(turn.input.normal[-1000:])
    if any(_asks(sentence) for sentence in sentences):
        return True
    # It tells something: what was asked for, perhaps.
    return CLOSING.search(turn.input.normal) is None and turn.input.words > 1


def _only_calls_tool(turn: Turn) -> bool:
    """The model's call is all there is, and asks for a tool, which runs outside: the run goes on in another event."""
    if any(span.kind in {"tool", "agent"} for span in turn.spans):
        return False
    calls = [span for span in turn.spans if span.kind == "llm"]
    return bool(calls) and '"tool_calls":[{' in calls[-1].output


def _asks(sentence: str) -> bool:
    if QUESTION.search(sentence):
        return True
    if SUPPOSES.search(sentence) or CLOSING.search(sentence) and "please" not in sentence:
        return False
    wants = WANTS.search(sentence)
    return wants is not None and (
        MYSELF.search(sentence) is None or "please" in sentence or "i'd like" in sentence
    )


def _stand_ins(text: Text) -> list[Hit]:
    long = len(text.normal) > BLANKS_WITHIN
    return [
        Hit(match.start() + (match[0][0] == "\n"), match.end(), 0.7)
        for match in STAND_IN.finditer(text.normal)
        if not (long and BLANK.fullmatch(match[0]))
    ]


def _cut_off(text: Text) -> list[Hit]:
    """A code block that is never closed, or a long answer that ends in the middle of a sentence."""
    normal = text.normal.rstrip()
    fence = normal.rfind("```")
    if normal.count("```") % 2 and len(normal) > fence + 10:
        return [Hit(fence, min(fence + 60, len(normal)), 0.6)]
    if len(normal) > LONG_ANSWER and "```" not in normal and UNFINISHED.search(normal[-40:]):
        last = normal.rsplit("\n", 1)[-1]
        # Lists, signatures and headings end without a stop as well; prose does not.
        if len(last) > 80 and not last.lstrip().startswith(("-", "*", "#", "|", ">")):
            start = max(normal.rfind(" ", 0, len(normal) - 40) + 1, len(normal) - 60)
            return [Hit(start, len(normal), 0.6)]
    return []


SIGNAL = BuiltIn(
    "laziness",
    "Laziness",
    "The answer is empty, cut off, a placeholder, or leaves the work to the user.",
    Reads.ASSISTANT,
    Sentiment.NEGATIVE,
    AGENT_SIDE,
)
DETECTOR = Detector("laziness", 2, detect)
