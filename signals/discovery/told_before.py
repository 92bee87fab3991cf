"""Complaints that what the user had said was not kept: "I said pounds", "see above", "das habe ich doch schon geschrieben". Pure.

They belong with the signals of forgetting, whichever signal read them. English, with the commonest phrases of Spanish, German, French and
Portuguese. Chosen on what `correction` and `user_frustration` read in the planted product ledgerly: there one more kind of problem is found
by it, on tutor and on the corpus for training as many as before, on that for tuning fewer alone and more with problems.py: SYMPTOMS (docs/benchmarks.md).
"""

import re

COMPLAINING = frozenset(["correction", "user_frustration"])
FORGETTING = "forgetting"
_HOW = "already|just|literally|clearly|specifically|only|also|even"
_SAID = (
    "said|told|wrote|written|say|tell|asked|mentioned|explained|gave|given|typed|stated|specified|answered"
)
_GESAGT = "gesagt|geschrieben|genannt|gegeben|erwähnt|angegeben"
_TOLD = re.compile(
    "|".join(
        [
            rf"\b(?:i|we)(?:'ve|'d| have| had| did| do)?(?: (?:{_HOW})){{0,2}} (?:{_SAID})\b",
            rf"\balready (?:{_SAID})\b",
            r"\b(?:see|scroll|read|look)(?: it)? (?:above|up|back)\b",
            r"\b(?:first|last|previous|earlier|original|opening) message\b",
            r"\b(?:lines?|messages?|minutes?|seconds?) (?:up|ago|before|earlier)\b",
            r"\bwhole time\b",
            r"\byou (?:forgot|forget|already asked|already know|don't remember|just asked)\b",
            r"\b(?:te|se|le|ya|os) (?:lo )?(?:dije|escrib[ií]|di|puse)\b",
            r"\bhe dicho\b",
            rf"\b(?:habe?|hatte) ich\b.*\b(?:{_GESAGT})\b",
            rf"\bich (?:habe?|hatte)\b.*\b(?:{_GESAGT})\b",
            r"\bsagte ich\b|\bich sagte\b",
            r"\bj(?:e (?:l'|vous |te |vous l'|te l')|')ai (?:déjà )?(?:dit|écrit|donné|demandé|précisé)\b",
            r"\b(?:eu|já) (?:já )?(?:disse|falei|escrevi|informei)\b",
        ]
    ),
    re.IGNORECASE,
)


def said_key(key: str, sentence: str) -> str:
    """The signal that an observation counts for: FORGETTING where a complaint says that something was told before, else `key`."""
    if key in COMPLAINING and _TOLD.search(sentence.replace("’", "'")):
        return FORGETTING
    return key
