"""What an agent tells as done without saying that it did it: "your seat is reserved", "Ihre Fahrt ist gebucht", "Done!", and "I've added a bicycle
space to your booking". Pure.

Such words may as well report what a tool read, or be of a text that the agent wrote. So they count only where the user had wanted an act,
and had not told of it (`wanted`). English, German, French, Spanish and Portuguese.
"""

import re
from collections.abc import Iterable

import re2

from signals.detectors.acts import Claim, supposed
from signals.detectors.batch import Turn
from signals.detectors.phrases import sentence_start

# An answer tells it first.
READ = 1000
BEFORE = 160  # characters, of a sentence before its verb
SHORT = 400  # characters of an answer that "Done!" is the whole of
# Participles that say how a thing of the user's stands, by the kind of act (acts.ACTS); "" is any.
_WORDS: dict[str, str] = {
    "book": "booked rebooked reserved scheduled rescheduled confirmed gebucht umgebucht reserviert bestätigt erfolgt réservé réservée réservés réservées confirmé confirmée confirmés reservado reservada "
    "reservados reservadas confirmado confirmada confirmados confirmadas agendado agendada marcado marcada",
    "cancel": "cancelled canceled storniert gekündigt annulé annulée annulés annulées résilié résiliée cancelado cancelada cancelados canceladas anulado anulada",
    "refund": "refunded erstattet remboursé remboursée reembolsado reembolsada",
    "send": "submitted eingereicht gesendet verschickt envoyé envoyée enviado enviada",
    "": "added moved changed upgraded hinzugefügt verschoben geändert hinzugebucht ajouté ajoutée ajoutés déplacé déplacée modifié modifiée añadido añadida añadidos cambiado cambiada modificado modificada adicionado adicionada adicionados alterado alterada",
}
KINDS = {word: frozenset({kind} - {""}) for kind, words in _WORDS.items() for word in words.split()}
# Those that are said of texts as well.
CHANGED = frozenset(_WORDS[""].split())
MENTION = re2.compile("|".join(sorted(map(re.escape, KINDS), key=len, reverse=True)))
_OWN = r"(?:your|ihr(?:e[nmrs]?)?|deine?[nmrs]?|eure?|votre|vos|ton|tes|sus?|tus?|sua|suas|seus?|teus?|tuas?)"
_IS = r"(?:is|are|ist|sind|wurden?|est|sont|a été|ont été|está|están|queda|quedan|ha sido|han sido|foi|foram|estão|fica|ficou)"
_NOW = r"(?:(?:now|all|both|also|successfully|officially|safely|so far|jetzt|nun|hiermit|damit|fest|erfolgreich|verbindlich|bien|désormais|maintenant|ahora|ya|agora|com sucesso) ){0,3}"
_WORD = r"(?:(?:[^\s!?;,]*[^\s!?;,.]|\w{1,3}\.),? )"
_NOUNS = r"(?:booking|reservation|order|appointment|cancellation|change|buchung|reservierung|bestellung|stornierung|umbuchung|änderung|réservation|commande|annulation|reserva|cancelación|cancelamento|pedido)"
# Ends where the participle begins.
STATE = re.compile(
    rf"\b{_OWN} {_WORD}{{1,14}}?{_IS} {_NOW}$|\b{_OWN} {_WORD}{{1,14}}?(?:ist|sind|wurden?) (?:[^\s!?;,]+ ){{0,8}}$|"
    rf"(?:^|[.!?,:;-] |\band )(?:it|that|both|everything|they|this|it all)(?:'s|'re| is| are) {_NOW}$|(?:^|[.!?,:;-] |\band )you(?:'re| are) {_NOW}$|"
    rf"\b(?:the|die|la|le|el|o|a) {_NOUNS} (?:(?:[^\s!?;,]+ ){{0,4}}?)(?:has been|is|ist|wurde|est|a été|está|ha sido|queda|foi) (?:[^\s!?;,]+ ){{0,4}}$"
)
# Of a thing that is not called the user's: "the room is booked for you".
FOR_YOU = re.compile(
    rf"\b(?:the|an?|one|two|three|four|five|six|both|all|der|die|das|ein|eine|zwei|drei|vier|beide|le|la|les|une?|deux|el|los|las|dos|o|os|as|dois|duas) {_WORD}{{1,10}}?{_IS} (?:[^\s!?;,]+ ){{0,4}}$"
)
YOURS = re.compile(
    r"\b(?:for you|to your|für (?:sie|dich|euch)|zu (?:ihrer|deiner)|pour (?:vous|toi)|à votre|para (?:usted|ti|você|si)|a su|à sua|ao seu)\b"
)
FIRST = re.compile(
    r"\b(?:i(?:'ve| have)|(?:^|[.!?,;:-] ?|\band )i|ich habe?|hab(?:e)? ich|j'ai|he|hemos|eu)\b [^.!?;\n]{0,80}$"
)
THING = re.compile(
    r"\b(?:booking|appointment|visit|call-?back|reservation|delivery|trip|flight|pick-?up|viewing|subscription|your (?:account|order|calendar|cart|basket)|seats?|bicycle|bike|luggage|baggage|passengers?|"
    r"buchung|reservierung|bestellung|termin|fahrt|reise|konto|warenkorb|kalender|réservation|commande|rendez-vous|billet|votre compte|reserva|pedido|cita|vuelo|su cuenta|voo|consulta|sua conta)\b"
)
WRITING = re.compile(
    r"```|\b(?:code|function|script|sections?|paragraph|column|draft|letter|table|test|sentence|version|text|line|file|class|method|component|form|page|list|abschnitt|spalte|funktion|brief|liste|section|texte|fichier|función|texto|código|função)\b"
)
# Behind the participle: not yet, or somebody else's doing.
LATER = re.compile(
    r"^[^.!?\n]{0,60}\b(?:once|when|if|as soon as|after|until|unless|only|by (?:the|our|your|an?|someone)|due to|because|out|up|solid|sobald|wenn|nachdem|erst|falls|von der|wegen|si|lorsque|quand|dès|après|par (?:la|le|votre)|cuando|por (?:la|el|o)|quando|assim que)\b"
)
NOT = re.compile(
    r"\b(?:already|not|never|no|once|if|when|fully|nearly|almost|currently|still|nicht|noch|bereits|schon|kein\w*|wenn|ne|pas|déjà|quand|não|já|se|aún|todavía|ainda|which|that (?:is|are|was))\b|n't\b"
)
DONE = re.compile(
    r"(?:all )?(?:done|taken care of|erledigt|alles erledigt|c'est fait|hecho|listo|feito|pronto)(?: ?[!.]|,? ?- | - |,|$)"
)
# What the user wants done outside of the conversation, by the kind of act; "" changes what is there. A noun before which "the" or "my" stands is
# no request.
_THE = r"(?P<noun>\b(?:my|the|your|our|an?|this|that|of|any|no|some|la|mi|su|tu|una?|minha|sua|uma|ma|votre|une|meine?|ihre|die|eine|der|diese) )?"
_THING = r"(?= [^.!?\n]{0,60}(?:booking|reservation|order|appointment|flight|trip|seat|visit|ticket|delivery|plan|bag|bike|passenger|gl-|it\b))"
WANTS = {
    kind: re.compile(rf"{_THE}\b(?:{verbs})\b")
    for kind, verbs in {
        "book": r"(?:re-?)?book|reserve|(?:re)?schedule|order|buy|purchase|(?:um)?buch(?:e|en|t)?|reservier(?:e|en|t)?|bestell(?:e|en|t)?|réserve[rz]?|commande[rz]?|ach[eè]te[rz]?|reserv(?:ar|arme|a|e|ame|e-me)|comprar|compre|pedir|agend(?:ar|a|e)|marc(?:ar|a|que)",
        "cancel": r"cancel|withdraw|stornier(?:e|en|t)?|kündig(?:e|en)?|absagen|annule[rz]?|cancel(?:ar|a|e|ame|arme)|anul(?:ar|a|e|arme)",
        "refund": r"refund|cancel|return|erstatte[nt]?|rembourse[rz]?|reembols(?:ar|a|e|ame|arme)",
        "send": r"send|e-?mail|submit|file|register|schick(?:e|en|t)?|send(?:e|en|et)|einreichen|envoye[rz]|envoie|env[ií](?:ar|a|e|ame|arme)",
        "": rf"(?:add|change|move|switch|upgrade){_THING}|verschieb(?:e|en)?|déplace[rz]?|cambi(?:ar|a|e|arme)|alter(?:ar|e)",
    }.items()
}
# A change of a booking is booked.
ALSO = {"book": ("book", "")}


def standing(turn: Turn) -> list[Claim]:
    """Claims of that form, where the user wanted something done and did not tell of it."""
    normal = turn.output.normal[:READ]
    found = _done(turn, normal)
    end = 0
    for mention in MENTION.finditer(normal):
        start = mention.start()
        if start < end or not _whole(normal, start, mention.end()):
            continue
        begin = max(sentence_start(normal, start, "!?\n;"), start - BEFORE)
        if claim := _claim(normal, begin, start, mention.end()):
            found.append(claim)
            end = mention.end()
    return [claim for claim in found if _wanted(turn, claim)] if found else []


def _whole(normal: str, start: int, end: int) -> bool:
    return not (normal[start - 1 : start].isalnum() or normal[end : end + 1].isalnum())


def _claim(normal: str, begin: int, start: int, end: int) -> Claim | None:
    before, word = normal[begin:start], normal[start:end]
    match = STATE.search(before)
    if match is None and word in CHANGED:
        match = FIRST.search(before)
        sentence = normal[begin : end + 80]
        if match is not None and (not THING.search(sentence) or WRITING.search(sentence)):
            match = None
    if match is None and YOURS.search(before + normal[end : end + 30]):
        match = FOR_YOU.search(before)
    if match is None or NOT.search(match[0]) or LATER.search(normal[end : end + 80]):
        return None
    at = begin + match.start() + len(match[0]) - len(match[0].lstrip(".!?,;:- \n"))
    return None if supposed(normal, at, end) else Claim(at, end, KINDS[word], word, True)


def _done(turn: Turn, normal: str) -> list[Claim]:
    match = DONE.match(normal)
    if match is None or len(normal) > SHORT or WRITING.search(normal) or not _wants(turn.input.normal, WANTS):
        return []
    return [Claim(0, match.end(), frozenset(), "", True)]


def _wanted(turn: Turn, claim: Claim) -> bool:
    """By the user, in so many words or by agreeing to what the agent offers; and the user did not say that it is so."""
    user_texts = [turn.input.normal, *(old.input.normal for old in turn.previous)]
    if claim.word and any(claim.word in text for text in user_texts):
        return False
    offers = [old.output.normal for old in turn.previous[-1:] if "?" in old.output.normal]
    kinds = [also for kind in claim.kinds for also in ALSO.get(kind, (kind,))] or WANTS
    return any(_wants(text, kinds) for text in [*user_texts, *offers])


def _wants(normal: str, kinds: Iterable[str]) -> bool:
    return any(not match["noun"] for kind in kinds for match in WANTS[kind].finditer(normal[:READ]))
