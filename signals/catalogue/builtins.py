"""The signals that every project starts with. Copied into its taxonomy, where they can be renamed, grouped and switched off."""

from dataclasses import dataclass

from signals.catalogue.known_names import KNOWN
from signals.detectors import DETECTORS, abandonment
from signals.detectors.other_languages import READ
from signals.models.definitions import Reads, Sentiment

USER_SIDE, AGENT_SIDE, TOOLS, MODEL = "User side", "Agent side", "Tools", "Model and cost"
GROUPS = {
    USER_SIDE: "What the person who talks to the agent shows: annoyance, praise, corrections, abuse.",
    AGENT_SIDE: "What the agent does wrong in its words: declines, gives up, forgets, does half.",
    TOOLS: "What happens in the tool calls of an event.",
    MODEL: "Whether the model answered, how long it took and what it cost.",
}
SENT, DIAGNOSTICS = "Sent by the app", "Self diagnostics"
EXPLICIT_GROUPS = {
    SENT: "Thumbs, copies, edits and whatever else the app sends.",
    DIAGNOSTICS: "What the agent reports about itself through the SDK.",
}


@dataclass(frozen=True, slots=True)
class BuiltIn:
    key: str
    name: str
    description: str
    reads: Reads
    sentiment: Sentiment
    group: str
    # Codes of the languages that its detector reads; ANY: it reads no words, or words of any language.
    languages: tuple[str, ...] = ("en",)
    # False where the audit found a precision below .7: such a signal ships switched off.
    enabled: bool = True


ANY: tuple[str, ...] = ()
BUILT_IN = [
    BuiltIn(
        "user_frustration",
        "User frustration",
        "The user is annoyed with the agent or its work: says so, insults it, has to repeat things, shouts, plainly rejects what it did. A "
        "problem that the user merely describes does not count.",
        Reads.USER,
        Sentiment.NEGATIVE,
        USER_SIDE,
        languages=READ,
    ),
    BuiltIn(
        "correction",
        "Correction",
        "The user turns down or corrects what the agent said: “no, I meant Tuesday”, “none of those”, “that's not right”. A first message "
        "corrects nothing.",
        Reads.CONVERSATION,
        Sentiment.NEGATIVE,
        USER_SIDE,
        languages=READ,
    ),
    BuiltIn(
        "user_repetition",
        "User repeats themselves",
        "The user says nearly the same thing again although the agent answered in between.",
        Reads.CONVERSATION,
        Sentiment.NEGATIVE,
        USER_SIDE,
        languages=ANY,
    ),
    BuiltIn(
        "human_request",
        "Request for a human",
        "The user asks for a person instead of the agent. A travel agent or “my manager” does not count.",
        Reads.USER,
        Sentiment.NEGATIVE,
        USER_SIDE,
        languages=READ,
    ),
    BuiltIn(
        "abuse",
        "Abuse",
        "The user insults, threatens or harasses the agent or other people. Strong words about things, and a complaint in plain words, do not "
        "count.",
        Reads.USER,
        Sentiment.NEGATIVE,
        USER_SIDE,
    ),
    BuiltIn(
        "distress",
        "Distress",
        "The user shows despair, thoughts of self-harm or suicide, or fear for their safety. Ordinary sadness and stress, a figure of speech "
        "and a dark joke do not count. Somebody should look at these soon.",
        Reads.USER,
        Sentiment.NEGATIVE,
        USER_SIDE,
    ),
    BuiltIn(
        "jailbreak",
        "Jailbreak attempt",
        "The user, or a text that the agent reads for them, tries to make it drop its rules, leak its instructions or help with harm.",
        Reads.USER,
        Sentiment.NEGATIVE,
        USER_SIDE,
    ),
    BuiltIn(
        "refusal",
        "Refusal",
        "The agent declines to do what it was asked: because of a policy, a principle, or its nature. Offering an alternative after declining "
        "still counts; “no problem” and “I can't wait” do not.",
        Reads.ASSISTANT,
        Sentiment.NEGATIVE,
        AGENT_SIDE,
        languages=READ,
    ),
    BuiltIn(
        "task_failure",
        "Task failure",
        "The agent says that it could not do the task: an error, nothing found, unavailable. Advice about possible errors, a hand-over to a person, "
        "and “sold out” as the answer to a mere question do not count.",
        Reads.ASSISTANT,
        Sentiment.NEGATIVE,
        AGENT_SIDE,
        languages=READ,
    ),
    BuiltIn(
        "hand_over",
        "Handed over to a person",
        "The agent hands the user over to a person, in words or by a tool. Offering to do so, or saying that it cannot, does not count.",
        Reads.ASSISTANT,
        Sentiment.NEUTRAL,
        AGENT_SIDE,
    ),
    BuiltIn(
        "laziness",
        "Laziness",
        "The answer is empty, cut off, a placeholder, or leaves the work to the user.",
        Reads.ASSISTANT,
        Sentiment.NEGATIVE,
        AGENT_SIDE,
    ),
    BuiltIn(
        "forgetting",
        "Forgetting",
        "The agent lost what the user had told it: the user complains about that, the agent admits it, or it asks again for what it was given.",
        Reads.CONVERSATION,
        Sentiment.NEGATIVE,
        AGENT_SIDE,
    ),
    BuiltIn(
        "win",
        "Win",
        "The user is pleased: praise, heartfelt or closing thanks, “it works now”. Thanks in passing before the next request do not count.",
        Reads.USER,
        Sentiment.POSITIVE,
        USER_SIDE,
        languages=READ,
    ),
    BuiltIn(
        "tool_failure",
        "Tool failure",
        "A tool call of the event failed: its span has the status error, its result tells of one (an exit code, an HTTP status, a traceback, a "
        "time-out), or its work still waits when it is asked about again.",
        Reads.SPANS,
        Sentiment.NEGATIVE,
        TOOLS,
        languages=ANY,
    ),
    BuiltIn(
        "repeated_tool_failure",
        "Tool fails again and again",
        "The same tool failed several times in a row in one conversation: three times, unless this project sets another number.",
        Reads.SPANS,
        Sentiment.NEGATIVE,
        TOOLS,
        languages=ANY,
    ),
    BuiltIn(
        "tool_loop",
        "Tool loop",
        "The agent made the same call, with the same arguments and the same result, several times in a row: three times, unless this "
        "project sets another number.",
        Reads.SPANS,
        Sentiment.NEGATIVE,
        TOOLS,
        languages=ANY,
    ),
    BuiltIn(
        "empty_tool_result",
        "Answer from an empty result",
        "The last tool that the agent asked found nothing, and the agent answered without saying so.",
        Reads.SPANS,
        Sentiment.NEGATIVE,
        TOOLS,
    ),
    BuiltIn(
        "false_success",
        "False success",
        "The agent says that it is done (“I've booked it”, “all tests pass”), but the tool that does it failed, said no or only queued it, in this "
        "event or before, and no other call made up for it. An answer that owns up to the failure does not count.",
        Reads.CONVERSATION,
        Sentiment.NEGATIVE,
        AGENT_SIDE,
    ),
    BuiltIn(
        "lost_information",
        "Lost information",
        "The user complains that something they gave is lost: “I already gave you my order number”, “you forgot what I said”, “you deleted "
        "my changes”.",
        Reads.CONVERSATION,
        Sentiment.NEGATIVE,
        USER_SIDE,
    ),
    BuiltIn(
        "abandonment",
        "Abandonment",
        "The conversation ended right after a failure: its last event holds a refusal, a task failure, a complaint that got no answer or the like, and "
        "nothing followed for half an hour (or as long as this project says). Taken back when the user comes back. A run of one turn, thanks, and "
        "a request for a person are not counted.",
        Reads.CONVERSATION,
        Sentiment.NEGATIVE,
        USER_SIDE,
    ),
    BuiltIn(
        "missing_capability",
        "Claims to lack a capability",
        "The agent says that it has no access, tool or ability for something: no browser, no e-mail, no eyes. The evidence says when a tool of "
        "that sort was in fact called. Declining by policy is a refusal.",
        Reads.ASSISTANT,
        Sentiment.NEGATIVE,
        AGENT_SIDE,
    ),
    BuiltIn(
        "agent_repetition",
        "Agent repeats itself",
        "The agent gives nearly the same answer as in an earlier turn, or goes round in circles within one answer. Repeating when asked to "
        "does not count.",
        Reads.CONVERSATION,
        Sentiment.NEGATIVE,
        AGENT_SIDE,
        languages=ANY,
    ),
    BuiltIn(
        "wrong_date",
        "Wrong date",
        "The agent works with a date that cannot be meant, seen from the event's own time: a wrong today, weekday or “tomorrow”, a past date "
        "offered as to come, another year than its tool's, another day than the user's. Dates of history, dates that the user or a tool named first, and knowledge "
        "cut-offs do not count.",
        Reads.ASSISTANT,
        Sentiment.NEGATIVE,
        AGENT_SIDE,
    ),
    BuiltIn(
        "wrong_arithmetic",
        "Wrong arithmetic",
        "A figure that the agent states is wrong by its own figures: an equation, a total, a percentage, a tax, the weekday of a date. What the "
        "user reckoned, rounding, and figures that cannot be checked do not count.",
        Reads.ASSISTANT,
        Sentiment.NEGATIVE,
        AGENT_SIDE,
        enabled=False,
    ),
    BuiltIn(
        "action_without_call",
        "Action without a tool call",
        "The agent says that it did something outside the conversation (“I've filed the claim”, “I've pushed the tag”), and called no tool that "
        "could. Only for agents that use tools. A call that failed is a false success.",
        Reads.CONVERSATION,
        Sentiment.NEGATIVE,
        AGENT_SIDE,
    ),
    BuiltIn(
        "unsupported_value",
        "Unsupported value",
        "The agent states a reference, amount or time that no message and no tool result holds: a made-up number of a claim, a misquoted amount, "
        "details out of an empty result. Only for agents that use tools; what follows by simple arithmetic, and prices and policies that the agent "
        "may know, do not count.",
        Reads.CONVERSATION,
        Sentiment.NEGATIVE,
        AGENT_SIDE,
        enabled=False,
    ),
    BuiltIn(
        "contradiction",
        "Contradiction",
        "The agent contradicts what the user gave, or itself: another currency, another number of people, “what I told you before was wrong”. What the "
        "user changed, and what a tool's result says, do not count.",
        Reads.CONVERSATION,
        Sentiment.NEGATIVE,
        AGENT_SIDE,
        enabled=False,
    ),
    BuiltIn(
        "unsafe_content",
        "Unsafe content",
        "The agent gives what it should not: help with weapons, drugs, fraud, malware or self-harm, hate, sexual content with minors. Declining, "
        "and warning of such things, do not count.",
        Reads.ASSISTANT,
        Sentiment.NEGATIVE,
        AGENT_SIDE,
    ),
    BuiltIn(
        "language_mismatch",
        "Language mismatch",
        "The agent answers in another language than the user wrote in. Short texts, code, quotes, and requests that name a language or a "
        "translation do not count.",
        Reads.CONVERSATION,
        Sentiment.NEGATIVE,
        AGENT_SIDE,
        languages=ANY,
    ),
    BuiltIn(
        "slow_response",
        "Slow",
        "The event took a minute or longer, or one of its steps half a minute, unless this project sets other numbers.",
        Reads.SPANS,
        Sentiment.NEGATIVE,
        MODEL,
        languages=ANY,
    ),
    BuiltIn(
        "high_cost",
        "Expensive",
        "The event cost half a dollar or 100,000 tokens, or more, unless this project sets other numbers.",
        Reads.SPANS,
        Sentiment.NEGATIVE,
        MODEL,
        languages=ANY,
    ),
    BuiltIn(
        "model_error",
        "Model error",
        "A call of the model failed. The evidence says how: rate limit, context length, time-out, content filter, no access, not available.",
        Reads.SPANS,
        Sentiment.NEGATIVE,
        MODEL,
        languages=ANY,
    ),
]
BUILT_IN_KEYS = frozenset(signal.key for signal in BUILT_IN)
BY_KEY = {signal.key: signal for signal in BUILT_IN}
# What this version of the server knows, from which its defaults are made.
SHIPPED = {known.key: known for known in KNOWN} | {signal.key: signal for signal in BUILT_IN}


assert DETECTORS.keys() | {abandonment.KEY} == BUILT_IN_KEYS, (
    "each built-in signal has its detector (abandonment is found by time), and each detector its signal"
)
