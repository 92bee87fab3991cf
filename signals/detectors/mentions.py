"""The cheap question before an expensive pattern: most texts hold none of its words, and looking for a word costs a hundredth of it."""

from signals.detectors.text import Text


def mentions(text: Text, words: tuple[str, ...]) -> bool:
    """Whether one of the (lower-case) words or parts of words stands in the text."""
    normal = text.normal
    return any(word in normal for word in words)
