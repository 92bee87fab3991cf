"""Questions and rules in plain words, from templates over the contrast pair: what is said where no LLM writes it, or before it has."""

from collections.abc import Sequence

from issues.classifier.definition_text import Heading
from labeling.refinement.picking import Kind

QUOTE = 160  # characters of an event that a question quotes, of both sides together
WORDS = 4
INCLUDE, EXCLUDE, DEPENDS = "include", "exclude", "depends"
HEADINGS = {INCLUDE: Heading.COUNTS, EXCLUDE: Heading.DOES_NOT, DEPENDS: Heading.DEPENDS}

_WHY = {
    Kind.DISAGREEMENT: "People disagree about this.",
    Kind.FLIP: "The same person has answered both ways here.",
    Kind.CONFLICT: "A person said {answer}. The classifier, which other answers taught, is sure of the opposite.",
    Kind.UNCLEAR: "Several answers say that the definition is unclear here.",
    Kind.SPLIT: "The matches fall into two groups that are far apart:",
    Kind.MERGE: "“{other}” holds on many of the same events, and this is one of them.",
}


def quote(user_text: str, agent_text: str) -> str:
    """The beginning of what the user said and of what the agent answered: either may be what decides."""
    texts = [text for text in (" ".join(user_text.split()), " ".join(agent_text.split())) if text]
    return " → ".join(_cut(text, QUOTE // len(texts)) for text in texts)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def question(
    *,
    kind: Kind,
    title: str,
    first: str,
    second: str,
    second_counts: bool,
    words: Sequence[str],
    answer: str = "",
    other: str = "",
) -> str:
    """One thing asked, of somebody who knows neither event. `answer`: the person's answer, of CONFLICT. `other`: the other issue's title."""
    why = _WHY[kind].format(answer=answer or "something else", other=other)
    unlike = f" What sets it apart: {', '.join(words)}." if words else ""
    if kind == Kind.SPLIT:  # both are answered as matches
        return f"Are “{first}” and “{second}” one problem, “{title}”, or two? {why} people answered that “{first}” counts and that “{second}” counts.{unlike}"
    clear = "counts" if second_counts else "does not count"
    return f"Does an event like “{first}” count as “{title}”? {why} “{second}” {clear}.{unlike}"


def rule(*, answer: str, first: str, words: Sequence[str], text: str = "") -> str:
    """The line that an answer adds to the definition: the person's own words where there are any."""
    text = " ".join(text.split())
    about = f" ({', '.join(words)})" if words else ""
    if answer == DEPENDS:
        return f"events like “{first}”{about}: {text}"
    return text or f"events like “{first}”{about}"
