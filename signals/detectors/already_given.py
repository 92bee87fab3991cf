"""The user says in passing that the agent has it already: "already said that lol", "it's in the message above", "Steht alles da". Pure.

Shorter than what forgetting.USER holds, and often without annoyance: it tells of `forgetting` and of nothing else. English, German, French,
Spanish and Portuguese.
"""

import re

from signals.detectors.phrases import Gate, Hit, Rule
from signals.detectors.text import Text

STOP = "( ?[.,;:!?]| ?$)"
MESSAGE = "(message|messages|question|mail|email|post|text|request|line|sentence)"
NACHRICHT = "(nachricht|anfrage|mail|frage|ersten satz|ersten zeile)"
LIGHT = "( lol| haha| though| btw| mate| you know)?"
GIVEN = Rule(
    strong=[
        f"already (said|told you|gave you|gave|wrote|written|mentioned|answered|explained|provided|typed|stated)( you)?( (that|this|it|so|them|both|those|everything|all of (it|that)|above))?{LIGHT}{STOP}",
        f"(in|see|read) (the|my|that) (very )?((first|last|previous|same|opening|original) )?{MESSAGE} (above|before|already)",
        f"(it's|its|it is|it was|that's|they're|they are|all)( (all|right|literally|already|clearly|there))* (in (my|the) (very )?(first|last|previous|same|opening|original) {MESSAGE}|in my (message|messages|question|request)|my (very )?first {MESSAGE}){STOP}",
        f"(as|like|what) i('ve)? (already |just |clearly |literally )*(said|wrote|written|asked|mentioned|told you|stated|explained) (before|above|at the (start|beginning|top)|(right )?in (my|the) (very )?(first|last|previous|opening|same|original) {MESSAGE})",
        "i did (say|mention|write|tell you)",
        f"as in (my|the) (very )?(first|last|previous|opening|original) {MESSAGE}",
        f"i (gave|told|wrote|said) (you )?(both|all of (it|that|them)|everything|all (this|that)|those)( ((just )?now|above|before|already))?{STOP}",
        "i (literally |just |quite literally )+(opened|started|began) with (this|that|it)",
        "(please )?(just )?read what i (write|wrote|typed|sent|said)|(do|did|are) you (even |actually |really |at all )*(read|reading) (what (i|people)|my (message|messages|question|mail))",
        "(you|u) (got|received|were given) (both|all of (it|that)|everything|that|this|it) (already|above)",
        # German, French, Spanish, Portuguese.
        f"(steht|stand) (doch |eh |ja |schon |bereits |alles |beides |auch |genau )+(da|drin|dort|drüber){STOP}",
        f"(steht|stand) (doch |eh |ja |schon |bereits |alles |beides |auch |genau )*((weiter )?oben|in (der|meiner) (ersten |letzten |vorigen )?{NACHRICHT}){STOP}",
        "(steht|stand) (doch |eh |ja |schon |bereits |alles |beides |auch )*oben",
        "(das |die |den |alles |beides )?(haben sie|hast du|habt ihr) (doch |ja |alles |beides |das |es |von mir )*(schon|bereits) (alles |beides |von mir |mal |einmal |doch )*(bekommen|erhalten|gekriegt|gefragt|von mir)",
        "(das |es |alles |beides )?(habe|hab|hatte) ich (ihnen |dir |euch |doch |ja |alles |beides |das |es )*(schon|bereits|gerade|eben|vorhin|oben) (alles |beides |mal |oben |einmal |doch )*(gesagt|geschrieben|genannt|gegeben|angegeben|erwähnt|erklärt|mitgeteilt|beantwortet)",
        "(lesen sie|liest du|lest ihr) (überhaupt|eigentlich) (mit|was|meine|richtig)",
        f"(schon|bereits) (gesagt|geschrieben|genannt|angegeben|erwähnt|beantwortet){STOP}",
        "(je (vous |te )?l'ai|je (vous|te) les? ai|vous l'avez|tu l'as) déjà (dit|donné|donnés|écrit|indiqué|eu|reçu|demandé|précisé)",
        "(c'est|tout est|c'était) (déjà |bien |tout )*(écrit |indiqué |dit |marqué )?(plus haut|au-dessus|ci-dessus|dans (mon|le) ((premier|dernier) )?message)",
        f"déjà (dit|donné|écrit|indiqué|précisé){STOP}",
        "(ya )?(se|te) l[oa]s? (he |había )?(dicho|dado|escrito|enviado|dije|di|escribí|mandé) (ya|antes|arriba|al principio|lo primero)",
        "ya (te |se |os |le )?l[oa]s? (he )?(dije|di|dicho|dado|puse|escribí|escrito|mandé|envié)",
        f"(está|están|estaba) (todo |ya )?(escrito |dicho )?(arriba|más arriba|ahí|en (mi|el) ((primer|último) )?mensaje){STOP}",
        f"ya (lo )?(tiene|tienes|tienen) (usted |todo |ahí |escrito )*(escrito|arriba|ahí|todo){STOP}",
        f"já (te |lhe |vos )?(disse|dei|falei|escrevi|mandei|enviei|informei|passei)( (isso|tudo|os dois|antes|acima|aí|ali))?{STOP}",
        f"(está|estava|tá) (tudo |já )?(escrito |dito )?(acima|aí em cima|lá em cima|na (minha )?(primeira |última )?mensagem( acima)?){STOP}",
    ],
    unless=[
        "(if|whether|when|once|unless|wenn|falls|si|se|quando|cuando) (i|we|you|ich|je|eu)? ?(have |'ve |had )?(already|bereits|schon|déjà|ya|já)",
        "(is|was|are|were) (it|that|this|my|the) ... in (my|the) ",
        "(can you|could you|please) (read|see|look|check) ... (below|aloud|out)",
    ],
    # Of its own: other languages fill the one that all English rules share.
    gate=Gate(),
)
# Somebody else's, but for "I" and where a clause begins.
BEGINS = re.compile(
    r"(?:^|[^\w' ] ?|\b(?:i|i've|ive|i have|we|we've|as|hab|habe|ich|like|yes|no|but|and|lol) )$"
)
ALREADY = ("already", "schon", "bereits", "déjà")


def already_given(text: Text) -> list[Hit]:
    """Where it stands."""
    return [
        hit
        for hit in GIVEN.hits(text)
        if not text.normal.startswith(ALREADY, hit.start)
        or BEGINS.search(text.normal[max(0, hit.start - 12) : hit.start])
    ]
