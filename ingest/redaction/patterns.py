"""A project's own patterns, in RE2's syntax: linear time whatever is written, and no look-around."""

import functools
from typing import Any

import re2

MAX_PATTERNS = 20
MAX_LENGTH = 500  # characters of one pattern
MAX_MEMORY = 4 << 20  # bytes that RE2 may use for one compiled pattern
MAX_PROGRAM = 5000  # RE2 instructions: a text costs at most this many steps per character


class PatternError(ValueError):
    """A pattern that cannot be used; the message is for the person who wrote it."""


@functools.lru_cache(maxsize=1000)
def compile_pattern(pattern: str) -> Any:
    """The compiled pattern. Raises PatternError."""
    if len(pattern) > MAX_LENGTH:
        raise PatternError(
            f"The pattern is {len(pattern)} characters long; at most {MAX_LENGTH} are allowed."
        )
    options = re2.Options()
    options.max_mem = MAX_MEMORY
    options.log_errors = False
    try:
        compiled = re2.compile(pattern.encode(), options)
    except (re2.error, UnicodeEncodeError) as error:
        detail = error.args[0] if error.args else ""
        if isinstance(detail, bytes):
            detail = detail.decode(errors="replace")
        hint = (
            " RE2 has no look-around and no back-references."
            if "(?" in pattern or "escape" in str(detail)
            else ""
        )
        raise PatternError(f"Not a valid pattern: {detail}.{hint}") from None
    if compiled.programsize > MAX_PROGRAM:
        raise PatternError(
            "The pattern is too complex: use fewer or smaller counted repetitions such as {1,100}."
        )
    if compiled.match(b"") is not None:
        raise PatternError("The pattern matches the empty text, so it would match everywhere.")
    return compiled


def check_patterns(patterns: list[str]) -> dict[int, str]:
    """What is wrong with each pattern, by its index; empty when all can be used."""
    wrong: dict[int, str] = {}
    for index, pattern in enumerate(patterns):
        try:
            compile_pattern(pattern)
            if index >= MAX_PATTERNS:
                raise PatternError(f"At most {MAX_PATTERNS} patterns are allowed.")
            if patterns.index(pattern) < index:
                raise PatternError("The same pattern stands above.")
        except PatternError as error:
            wrong[index] = str(error)
    return wrong
