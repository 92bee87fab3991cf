"""The agent says that it lacks a capability: access, a tool, eyes, the internet. English; other languages are not read.

A refusal declines by policy; here the agent says that it has no means. When a tool of that sort was in fact called, in this event or in
the turns before it, the evidence says so: the claim is then wrong.
"""

import re
from dataclasses import dataclass

from signals.detectors.batch import Batch, Detector, Evidence, Finding, Turn, measured
from signals.detectors.built_in import AGENT_SIDE, BuiltIn
from signals.detectors.phrases import Hit, Rule, combined, evidence
from signals.models.definitions import Reads, Sentiment

ADVERBS = "(currently |actually |presently |directly |physically |personally |yet |really |unfortunately |simply |also |still |myself )*"
ACT = (
    "(browse|surf|google|search (the (web|internet|net)|online)|look (things |it |that |this )?up online|access (the )?(internet|web|external|live|real-time|current|your|outside|any|"
    "websites?|links?|urls?|files?|third-party|databases?|systems?)|open (the |your |any |this |that |external )?(links?|urls?|attachments?|files?|websites?|pages?|pdfs?|documents?)|"
    "visit (the |any |external |that )?(links?|urls?|websites?|pages?)|send (you )?(an |any |out |the |a )?(e-?mails?|messages?|texts?|sms|notifications?|invites?|invitations?)|"
    "(make|place|take|receive) (a |any |the )?(phone |outbound |outgoing )?calls?|(phone|call) (you|them|him|her|anyone|people)|"
    "(see|view|look at|read|open|analy[sz]e|process|interpret) (the |your |any |this |that |an? )?(images?|pictures?|photos?|screenshots?|screens?|videos?|audio|attachments?|pdfs?|uploaded files?)|"
    "(hear|listen to|watch|play|record) (the |your |any |this |that |an? )?(audio|music|voice|videos?|sounds?|songs?|recordings?)|"
    "(execute|run) (the |your |any |this |that |actual )?(code|commands?|programs?|scripts?|queries|sql|shell)|(download|upload|save|attach|store) (the |your |any |this |that )?(files?|documents?|images?|anything|attachments?)|"
    "set (up )?(a |an |any |the )?(reminders?|alarms?|timers?)|(create|generate|draw|produce|edit|make) (the |any |an? )?(images?|pictures?|drawings?|videos?|audio|illustrations?)|"
    "(schedule|create|add) (the |any |an? )?(calendar )?(events?|meetings?|appointments?) (in|on|to|for) (your|the) calendars?|"
    "interact with (external|other|your|the|any|third-party|physical)|physically|do (real-time|live) )"
)
NOT_ABLE = "(can't|cannot|can not|couldn't|could not|am unable to|'m unable to|am not able to|'m not able to|am not capable of|am incapable of)"
OLD = (
    "((any |our |your |the |my |all |of |these |those |from )*(previous|past|earlier|prior|old|last|former|other|separate|different) (chat|chats|conversations?|sessions?|messages?|interactions?|discussions?|exchanges?)|"
    "(our |your |the )*(conversation|chat) history|(anything|what) (you|we) ... (before|earlier|last time|yesterday|in the past|previously))"
)
RULE = Rule(
    strong=[
        f"i {ADVERBS}(don't|do not|didn't|do n't) {ADVERBS}(have|possess|come with) {ADVERBS}(direct |real-time |live |any |the |an? |built-in |such |necessary |specific )*"
        "(access to|ability to|capability to|capabilities to|capacity to|capability for|means to|way to|tools? (to|for|that)|tooling|functionality|function (to|for|that)|features? (to|for|that)|integration (with|for)|plugins?|"
        "internet (access|connection)|web access|browsing (capabilities|access|ability)|browser|image (generation|capabilities)|vision|eyes|a screen|real-time (data|information|access))",
        f"i {ADVERBS}(lack|am lacking) (direct |real-time |live |any |the |an? )*(access|ability|abilities|capability|capabilities|capacity|means|tools?|functionality)( to| for| of)?",
        f"i ?{NOT_ABLE} {ADVERBS}{ACT}",
        "i('m| am)? (only )?(an? )?(text-based|text-only|text based)( (ai|assistant|model|chatbot|bot|language model|system))*,? (so |and |which means )?(i )?(can't|cannot|don't|am unable|unable|have no|'m not)",
        "i have no (way (to|of)|means (to|of)|access to|ability to|capability to|tools? (to|for)|internet|browser|eyes|real-time)",
        "(browsing|searching the web|sending e-?mails|opening links|viewing images|seeing images|running code|executing code|making calls|image generation|internet access|web browsing) (is|are|isn't|aren't) (not )?(something i can do|something i'm able to do|within my (capabilities|abilities)|available to me|supported( here| by me)?|possible for me|one of my)",
        "(is|are|that's|this is|it's|goes|falls)( currently| just| simply)? (beyond|outside( of)?|not (within|part of|among|one of)) my (current |technical )?(capabilities|abilities|functionality|toolset|tools)",
        "my (current )?(tools|toolset|capabilities|functionality|abilities|environment) (don't|do not|doesn't|does not) (currently )?(include|allow|support|extend|let|cover|have)",
        "i('m| am) not (connected to|equipped with|equipped to|hooked up to|integrated with|linked to)( the| any| your)?",
        # Memory. That it was needed here is `forgetting`, which may hold as well.
        f"i {ADVERBS}(don't|do not|didn't|do n't|have no) ?(have |possess |retain |keep |store )?{ADVERBS}(any |a |the |long-term |persistent )*(memory|memories|recollection|recall) (of|from|between|across|about) {OLD}",
        f"i ?{NOT_ABLE} {ADVERBS}(remember|recall|retain|access|see|look back at|look up|retrieve) (any |anything |information |details |messages )*(of |from |in |across |between )?{OLD}",
        f"i {ADVERBS}(don't|do not) {ADVERBS}(remember|recall|retain|keep|store|carry over) (any |anything |information |details |context |data )*(of |from |in |across |between )?{OLD}",
    ],
    unless=[
        # Opinions and feelings are `refusal`.
        "(access to|ability to|capability to|way to|capacity to|means to|have no|lack) ... (personal (opinions?|beliefs?|feelings|experiences?)|opinions?|feelings|emotions|feel|consciousness)",
        # It asks for what it needs, or tells how it could.
        "i ... (access|ability|able|way|tools?) ... (until|unless|without|before|once|if) (you|your|i|we)",
        "(access to|ability to|capability to|way to|capacity to|means to) (guarantee|promise|ensure|predict|judge|provide (personal|specific|any)|offer|make (any )?(promises|guarantees))",
        "(if|in case|when|since|although|while|whether) (i|you|they) (don't|do not|can't|cannot|lack|have no)",
        "(you|they|he|she|users?|customers?) (don't|do not|can't|cannot|may not|might not) have",
    ],
)
# In the sentence of the claim: then it is a rule that forbids it.
BY_RULE = re.compile(r"\b(?:polic(?:y|ies)|permitted|allowed|guidelines|rules?|terms of)\b")
SCORE, PROVEN_WRONG = 0.8, 0.95


@dataclass(frozen=True, slots=True)
class Sort:
    """A capability: the words of the claim, and the names of tools that give it."""

    name: str
    claim: re.Pattern[str]
    tool: re.Pattern[str]


def _sort(name: str, claim: str, tool: str) -> Sort:
    return Sort(name, re.compile(claim), re.compile(rf"(?:^|[^a-z])(?:{tool})", re.IGNORECASE))


# A tool's name is read in parts: sendEmail and send_email both hold "email" (see _parts).
SORTS = [
    _sort("e-mail", r"e-?mail", r"e ?mails?|mail|smtp|gmail|outlook|sendgrid"),
    _sort("messages", r"\b(?:sms|texts?|messages?|notif)", r"sms|message|slack|notify|notification|twilio|whatsapp|telegram|discord"),
    _sort("calls", r"\b(?:call|phone)", r"call(?: user| customer| phone)|phone|dial|voice|twilio"),
    _sort("calendar", r"calendar|remind|appointment|meeting|alarm|timer", r"calendar|remind|appointment|meeting|event|schedule|alarm|timer"),
    _sort("images", r"image|picture|photo|screenshot|draw|vision|eyes|illustration", r"image|picture|photo|vision|draw|dall|screenshot|ocr|paint"),
    _sort("code", r"\b(?:execut|run)|\bcode\b|commands?\b|shell|sql", r"exec|execute|run|shell|bash|terminal|python|code|sandbox|interpreter|sql|query"),
    _sort("files", r"file|attachment|document|pdf|download|upload|folder", r"file|files|document|pdf|drive|upload|download|attachment|folder|glob|read|write"),
    _sort("records", r"account|order|database|record|profile|booking|reservation|customer|your (?:personal )?(?:data|information|details)|inventory|system", r"account|order|database|db|record|profile|booking|reservation|customer|user|crm|inventory|lookup"),
    _sort("web", r"internet|\bweb|online|brows|\blinks?\b|\burls?\b|\bsites?\b|real-?time|\blive\b|current (?:news|data|events|information|weather|prices?)|up-to-date|external", r"web|search|browse|browser|url|http|fetch|scrape|google|bing|tavily|serp|crawl|navigate|news|weather"),
]  # fmt: skip


def detect(batch: Batch) -> list[Finding]:
    found = []
    for index, turn in enumerate(batch.turns):
        text = turn.output
        hits = [hit for hit in RULE.hits(text) if not BY_RULE.search(_sentence(text.normal, hit))]
        if hits:
            has = _tools_against(turn, hits)
            score = PROVEN_WRONG if has else max(SCORE, combined(hits, text) - 0.05)
            found.append(Finding(index, score, evidence("assistant", text, hits) + has))
    return found


def _tools_against(turn: Turn, hits: list[Hit]) -> list[Evidence]:
    """A called tool that gives what the agent says it lacks."""
    normal = turn.output.normal
    claims = " ".join(_sentence(normal, hit) for hit in hits)
    here = [span.name for span in turn.spans if span.kind == "tool"]
    before = [name for exchange in reversed(turn.previous) for name in exchange.tools]
    for names, place in ((here, "in this event"), (before, "earlier in this conversation")):
        for sort in SORTS:
            if sort.claim.search(claims):
                name = next((name for name in names if sort.tool.search(_parts(name))), None)
                if name is not None:
                    text = f"It has a tool for {sort.name}: {name[:100]} was called {place}."
                    return [measured(text)]
    return []


def _parts(name: str) -> str:
    """sendEmail, send_email and send-email: "send email"."""
    return re.sub(r"[\W_]+", " ", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name[:200])).lower()


def _sentence(normal: str, hit: Hit) -> str:
    """The words of the hit and what follows them, to the end of the sentence."""
    start = max(normal.rfind(mark, max(0, hit.start - 120), hit.start) for mark in ".!?\n") + 1
    ends = [place for mark in ".!?\n" if (place := normal.find(mark, hit.end, hit.end + 160)) >= 0]
    return normal[max(start, 0) : min(ends, default=hit.end + 160)]


SIGNAL = BuiltIn(
    "missing_capability",
    "Claims to lack a capability",
    "The agent says that it has no access, tool or ability for something: no browser, no e-mail, no eyes. The evidence says when a tool of "
    "that sort was in fact called. Declining by policy is a refusal.",
    Reads.ASSISTANT,
    Sentiment.NEGATIVE,
    AGENT_SIDE,
)
DETECTOR = Detector("missing_capability", 2, detect)
