"""A page's HTML as tests search it: how a template is broken into lines is nobody's business."""

import re
from typing import Any

_SPACE = re.compile(r"\s+")
_WORDS = "a|abbr|b|code|del|em|i|ins|kbd|mark|q|small|span|strong|sub|sup|time"
_BLOCK = re.compile(rf" ?(</?(?!(?:{_WORDS})\b)[a-z!][^<>]*>) ?")


def html_of(response: Any) -> str:
    """The body of a response on one line.

    Runs of white space are one space, and none stands beside a tag that is not part of a sentence.
    """
    line = _SPACE.sub(" ", response.content.decode()).replace(" >", ">")
    return _BLOCK.sub(r"\1", line)
