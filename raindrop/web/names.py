"""Names in which code stands between backticks, such as that of a problem: "`bank_sync` fails"."""

import re

CODE = re.compile(r"`([^`]+)`")


def plain_name(name: str) -> str:
    """The name without the marks of its code, for where no element can stand: the title of an issue, an alert or a page."""
    return CODE.sub(r"\1", name)
