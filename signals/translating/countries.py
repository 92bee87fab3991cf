"""Countries by their names, for values that are their codes: "users from Austria" are those with trait.country:AT."""

from functools import cache

from phonenumbers.geodata.locale import LOCALE_DATA

# As people say, beside the names.
_SAID = {
    "US": ("usa", "america", "the states"),
    "GB": ("uk", "britain", "great britain", "england"),
    "AE": ("uae", "emirates"),
}
# Of people, behind a name: Austrian, Brazilian, Portuguese.
PEOPLE = "(?:n|an|ian|ese)?"


@cache
def names_of(code: str) -> tuple[str, ...]:
    """In lower case, in the languages that are known of it, the longest first; none where the text is no code of a country."""
    known = LOCALE_DATA.get(code, {})
    names = {name.lower() for name in known.values() if not name.startswith("*")}
    return tuple(
        sorted({*names, *(_SAID.get(code, ()) if known else ())}, key=lambda name: (-len(name), name))
    )
