"""What an agent claims to have done, and which tool would do it: acts that have an effect outside the conversation. Pure.

"I've booked it", "your claim has been submitted", "ich habe den Termin gebucht", "j'ai annulé", "he enviado", "reservei". English, German,
French, Spanish and Portuguese.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import re2

from signals.detectors.batch import SpanFacts
from signals.detectors.phrases import is_asked, sentence_start

# By kind of act: parts of tools' names (or of their arguments) that may do it, and the past participles and past forms that claim it.
ACTS: dict[str, tuple[str, str]] = {
    "book": (
        "book reserve reservation schedule appointment order purchase buy checkout place call callback slot pickup ticket",
        "booked rebooked reserved scheduled rescheduled postponed ordered purchased arranged placed gebucht umgebucht reserviert bestellt réservé commandé reservado reservada agendado agendada pedido reservei agendei encomendei réservée",
    ),
    "cancel": (
        "cancel void revoke unsubscribe terminate refund delete remove change stop end",
        "cancelled canceled storniert gekündigt abgesagt annulé annulée résilié cancelado cancelada anulado cancelei",
    ),
    "refund": (
        "refund reimburse credit reverse return exchange compensat certificate cancel pay void payment",
        "refunded reimbursed credited erstattet remboursé remboursée reembolsado reembolsada reembolsei",
    ),
    "pay": ("pay payment charge transfer deposit checkout book order bank", "paid transferred überwiesen bezahlt viré payé transferido pagado pago"),
    "send": (
        "send email mail notify post message share publish submit forward sms invite reply reminder invoice slack ticket escalat handoff callback nurse call contact",
        "sent emailed e-mailed notified alerted messaged forwarded texted sending emailing forwarding gesendet geschickt verschickt benachrichtigt weitergeleitet envoyé envoyée transmis transmise enviado enviada notificado avisado enviei avisei encaminhei",
    ),
    "file": (
        "file submit claim ticket create open report register log request raise escalat case issue post send add insert complaint",
        "filed submitted lodged registered escalated raised logged opened attached gemeldet eingereicht eingetragen erfasst aufgenommen déposé déposée soumis soumise signalé enregistré presentado presentada registrado registrada abierto registrei abri",
    ),
    "delete": ("delete remove clear drop erase purge rm del close cancel", "deleted erased gelöscht supprimé supprimée eliminado eliminada borrado apagado apaguei"),
    "restart": ("restart reset reboot router device command set run exec", "restarted rebooted neugestartet redémarré reiniciado reiniciei"),
    "export": ("export download file save write csv report upload create run sync", "exported exportiert exporté exportée exportado exportada exportei"),
    "deploy": ("deploy release push merge publish git bash shell exec run command terminal sh ci cd", "deployed released deployt déployé desplegado implantado"),
}  # fmt: skip
_CLAIMED: dict[str, set[str]] = {}
for _kind, (_, _words) in ACTS.items():
    for _word in _words.split():
        _CLAIMED.setdefault(_word, set()).add(_kind)
# The beginnings of a kind's words, as a tool's result may hold them.
STEMS = {
    kind: frozenset(word[:5] for word in words.split() if word.isascii()) for kind, (_, words) in ACTS.items()
}
_DID = "|".join(sorted(map(re.escape, _CLAIMED), key=len, reverse=True))
_CLAIMED["moved"] = {"book"}  # no word of _DID: CLAIM reads it of what has a time alone
_NOW = r"(?:(?:just|now|already|also|both|successfully|gone ahead and|went ahead and|then) ){0,2}"
CLAIM = re.compile(
    rf"\bi(?:'ve| have) {_NOW}(?P<a>{_DID})\b|\bi(?:'ve| have) {_NOW}[a-z-]+ed (?!if|when|that)[^.!?,;\n]{{0,40}} and (?:also |then )?(?P<i>{_DID})\b|(?:^|[.!?,;:] |\n|\band )i {_NOW}(?P<b>{_DID})\b|\b(?:your|the|this) (?!.{{0,40}}\b(?:that|which|when)\b)(?:[\w'#€£$.,-]{{1,20}} ){{1,7}}?(?:has|have) (?:now |just |also |already )?been {_NOW}(?P<c>{_DID})\b|"
    rf"\bi'?a?m {_NOW}(?P<k>sending|emailing|forwarding) (?:it|this|that|you|the|your|them)\b(?=[^.!?\n]{{0,60}}\b(?:now|right away|straight away|this minute|this moment)\b)|"
    rf"\b(?:that|it|this|everything)(?:'s| has) (?:now |just |all )*been {_NOW}(?P<n>{_DID})\b|\b(?:your|the|both|it|that|this|they)(?: [\w'’#-]{{1,20}}){{0,3}} (?:is|are) now {_NOW}(?P<p>{_DID})\b|"
    rf"^(?:done|all done|all set|great|sure|okay|ok)?[,.!:]? ?(?P<o>{_DID})(?=[.!:])|"
    rf"\bi(?:'ve| have) {_NOW}(?P<m>moved)\b(?=[^.!?\n]{{1,40}}\b(?:booking|appointment|visit|call-?back|reservation|meeting|delivery|slot|trip|flight|pick-?up|viewing)\b)|"
    rf"\bich habe? (?:(?!nicht|kein|noch)[^\s.!?]{{1,20}} ){{0,9}}?(?P<d>{_DID})\b|\b(?:wurde|ist)(?: hiermit| damit| jetzt| nun)* (?P<e>storniert|gebucht|gemeldet|eingereicht|erstattet|gelöscht)\b|\bj'ai (?:bien |déjà |également |aussi )?(?P<f>{_DID})\b|"
    rf"\b(?:he|hemos) (?:ya |también )?(?P<g>{_DID})\b|(?:^|[.!?,;:] |\n|\be |\bjá )(?P<h>reservei|agendei|cancelei|enviei|avisei|encaminhei|registrei|reembolsei|apaguei|encomendei)\b"
)
# Few answers hold one of these words. To look for them costs a twentieth of what CLAIM does, which then reads around them alone.
MENTION = re2.compile(f"{_DID}|moved")
AROUND = 160  # characters
PASSIVE = frozenset("cenp")  # groups of CLAIM that say how a thing stands
# Of a thing that "has already been paid", or of which nothing was: how it stands, not what the agent did.
NOT_ITS_OWN = re.compile(r"\b(?:already|nothing|not|never|no|once|if|when)\b|[.!?] ")
TESTED = re.compile(
    r"\b(?:i(?:'ve| have)? (?:just |now |also )?(?:ran|run) (?:the|all|your|both|full)(?: \w+){0,2} (?:tests?|suites?|checks)|(?:all|three|both|every)(?: \w+){0,2} (?:tests?|suites?) (?:were|was|have been) run|\d+ tests? (?:pass(?:ed)?|green|ran))\b"
)
RAN = re.compile(
    r"\bi(?:'ve| have)? (?:just |now |also |then )*(?:(?:re-?)?ran|executed|checked \w+ ?\w* with) `([^`\n]{2,80})`"
)
PUSHED = re.compile(
    r"\bi(?:'ve| have)? (?:just |now |also |then )*(?:pushed|committed|merged)\b(?: (?:it|that|this|the|your|to|them|everything|all)\b)?"
)
# In the sentence, before the claim or behind it.
SUPPOSED = re.compile(
    r"\b(?:if|once|when|whenever|after|until|till|before|whether|unless|as soon as|should|would|could|can|will|may|might|not|never|nothing|no (?!problem|worries)|none|imagine|example|draft|wenn|sobald|nachdem|falls|nicht|si|quand|dès que|ne|pas|cuando|"
    r"si|no|não|quando|se|as if|like|says?|reads?|subject|earlier|yesterday|previously|last (?:week|month|year|time)|(?:that|which) (?:was|were|had)|since|ago)\b|n't\b|[\"“]"
)
READ_NAMES = re.compile(
    r"(?:^|[^a-z])(?:get|find|search|list|query|read|fetch|look|lookup|retrieve|select|check|browse|track|status|view|show|info|quote|describe|forecast|weather|think|calculate|fare|seat|map|results?|details?|available|availability|locate|inventory|sql|schema|glob|grep|cat|lab|pantry|recommend|suggest|roll|dice|validate|verify|inspect|explain|plan|prices?)(?:[^a-z]|$)"
)
# Reading names that take what they get.
ACQUIRES = re.compile(r"\bget (?:\w+ )?(?:rides?|tickets?|cab|taxi)$")
PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
VALUE = re.compile(r'"(?:action|op|operation|command|cmd|method|args)": ?"([^"]{1,200})"')
READ = 4000


@dataclass(frozen=True, slots=True)
class Claim:
    """At [start:end] of the normal form. `kinds`: of ACTS."""

    start: int
    end: int
    kinds: frozenset[str]
    word: str = ""
    passive: bool = False


def claims(normal: str) -> list[Claim]:
    """What the agent says, in the first person or of the user's own things, that it has done."""
    normal = normal[:READ]
    found = []
    end = 0
    for mention in MENTION.finditer(normal):
        if mention.start() < end:
            continue
        match = CLAIM.search(normal, max(end, mention.start() - AROUND), mention.end() + AROUND)
        if match is None:
            continue
        end = match.end()
        group, word = next((group, word) for group, word in match.groupdict().items() if word)
        start = match.start() + len(match[0]) - len(match[0].lstrip(".!?,;: \n"))
        if not supposed(normal, start, match.end()) and not (
            group in PASSIVE and NOT_ITS_OWN.search(match[0])
        ):
            found.append(Claim(start, match.end(), frozenset(_CLAIMED.get(word, ())), word, group in PASSIVE))
    return found


def supposed(normal: str, start: int, end: int) -> bool:
    """Not claimed: asked, a condition, denied, told of another time, or quoted."""
    if start and normal[start - 1] in "'\"*_":
        return True
    begin = max(sentence_start(normal, start, ".!?\n;"), start - 80)
    behind = re.match(r"[^.!?\n]{0,60}", normal[end:])
    late = behind is not None and re.search(
        r"\b(?:yesterday|earlier today|last (?:week|month|year|time)|previously|ago|on \d|when you|once you|if you)\b",
        behind[0],
    )
    return is_asked(normal, end) or SUPPOSED.search(normal, begin, start) is not None or bool(late)


def acts(span: SpanFacts) -> bool:
    """Whether the call may have an effect: its name does not read, or its arguments say that it is to do something."""
    return name_acts(span.name) or any(
        not READ_NAMES.search(_spaced(value)) for value in VALUE.findall(span.input)
    )


@lru_cache(maxsize=1024)
def name_acts(name: str) -> bool:
    """Whether a tool of this name may have an effect: its name does not read."""
    spaced = _spaced(name)
    return not READ_NAMES.search(spaced) or ACQUIRES.search(spaced) is not None


def does(span: SpanFacts, kinds: frozenset[str]) -> bool:
    """Whether a call that acts may be the claimed act: by its name or arguments, or because they say nothing."""
    words = {word for text in (span.name, *VALUE.findall(span.input)) for word in _spaced(text).split()}
    stems = {stem for kind in kinds for stem in ACTS[kind][0].split()}
    return any(word.startswith(stem) for word in words for stem in stems) or not words & _NAMED


def _spaced(name: str) -> str:
    """readFile, read_file and read-file: "read file"."""
    return " ".join(part.lower() for part in PART.findall(name[:200]))


# Parts of names that say what is done.
_NAMED = frozenset(
    [
        "book",
        "reserve",
        "cancel",
        "refund",
        "pay",
        "send",
        "email",
        "mail",
        "reschedule",
        "claim",
        "pickup",
        "delete",
        "timer",
        "chart",
        "leave",
        "roll",
        "dice",
        "convert",
        "import",
        "export",
        "sync",
        "address",
        "edit",
        "write",
        "request",
        "submit",
        "order",
        "shopping",
        "update",
        "set",
        "add",
        "create",
    ]
)
# Whoever makes something has not taken something away by that.
MAKES = frozenset(
    ["book", "reserve", "create", "add", "submit", "request", "order", "apply", "schedule", "send", "import"]
)
TAKES = frozenset(["cancel", "delete"])


def only_makes(span: SpanFacts) -> bool:
    words = {word for text in (span.name, *VALUE.findall(span.input)) for word in _spaced(text).split()}
    return bool(words & MAKES) and not any(
        word.startswith(("cancel", "delet", "remov", "withdraw", "void", "modif", "change", "update"))
        for word in words
    )
