"""What the signals are compared with: keyword lists such as one writes in ten minutes, and VADER."""

import re
from collections.abc import Callable

import numpy as np

from signals.detectors.heads import Floats

Baseline = Callable[[str], float]


def _words(*words: str) -> Baseline:
    pattern = re.compile(r"(?<!\w)(?:" + "|".join(words) + r")(?!\w)", re.IGNORECASE)
    return lambda text: float(len(pattern.findall(text.replace("’", "'"))))


REFUSAL = _words(
    "i'm sorry", "i am sorry", "i cannot", "i can't", "i can not", "i won't", "i will not", "unable to", "not able to", "as an ai",
    "i apologize", "i must decline", "not appropriate", "inappropriate", "against my", "i'm just an ai", "unethical", "not programmed",
)  # fmt: skip
FRUSTRATION = _words(
    "frustrat\\w*", "annoy\\w*", "angry", "ridiculous", "useless", "terrible", "horrible", "awful", "worst", "stupid", "hate", "wtf",
    "disappoint\\w*", "unacceptable", "not working", "doesn't work", "wrong", "waste of time", "fuck\\w*", "shit\\w*", "damn", "sucks?", "pathetic",
    "idiots?", "bullshit", "crap", "fed up", "sick of", "ugh", "no",
)  # fmt: skip
WIN = _words("thank", "thanks", "thank you", "thx", "grateful", "appreciate")
TASK_FAILURE = _words(
    "unable to", "couldn't", "could not", "can't", "cannot", "failed", "error", "sorry", "unfortunately", "went wrong", "not available", "not found",
)  # fmt: skip
ABUSE = _words(
    "fuck\\w*", "shit\\w*", "bitch\\w*", "ass", "assholes?", "bastards?", "dick\\w*", "cunts?", "idiots?", "stupid", "dumb\\w*", "morons?", "retard\\w*",
    "shut up", "kill yourself", "hate you", "loser", "pathetic", "scum", "trash", "whores?", "sluts?", "nigg\\w*", "fags?", "faggots?", "sucks?", "ugly",
    "disgusting", "liar", "crap", "damn", "hell",
)  # fmt: skip
JAILBREAK = _words(
    "ignore (?:all )?(?:previous|the above)", "jailbreak", "dan", "do anything now", "no restrictions", "unfiltered", "pretend", "hypothetical\\w*", "act as",
    "roleplay", "system prompt", "developer mode", "amoral", "without any restrictions", "hack\\w*", "bomb", "malware", "illegal", "kill", "phishing", "weapons?",
)  # fmt: skip
TOOL_FAILURE = _words("error", "failed", "exception", "not found", "invalid")


def score(baseline: Baseline, texts: list[str]) -> Floats:
    return np.array([baseline(text) for text in texts], dtype=np.float32)


def vader(texts: list[str], *, negative: bool) -> Floats | None:
    """VADER's compound score, -1 to 1 (positive feelings, or negative ones when `negative`); matched from 0.05 on, as its authors
    say. None where vaderSentiment (requirements-dev.txt) is not installed."""
    try:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    except ImportError:
        return None
    analyzer = SentimentIntensityAnalyzer()
    sign = -1 if negative else 1
    return np.array([sign * analyzer.polarity_scores(text)["compound"] for text in texts], dtype=np.float32)
