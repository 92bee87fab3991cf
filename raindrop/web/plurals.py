"""Numbers of things in sentences."""


def counted(number: int, one: str, many: str = "") -> str:
    """ "1 line", "2,000 lines"; `many` where it is not `one` with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
