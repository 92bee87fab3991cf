"""What a sentence names: users, releases, languages, models, properties and tools of the project."""

import re

from signals.detectors.language_mismatch import CODES
from signals.translating.countries import PEOPLE, names_of
from signals.translating.sentence import EMPTY, FAILED, Part, Sentence, stem, words_of
from signals.translating.vocabulary import Vocabulary

_GROUPS = "users?|customers?|people|accounts?|plan|tier|traffic|conversations?|channel|region|segment|sessions?|events?"

_SEPARATORS = r"[\s_.:/@-]+"
_LANGUAGE = "(" + "|".join(name.lower() for name in CODES) + ")"
_LANGUAGES = rf"{_LANGUAGE}(?:(?:,\s*|\s+or\s+|\s+and\s+){_LANGUAGE})?"
_ANSWERS = r"(?:answer|repl|respon)(?:s|y|ies|ed|ied|d|ds|ded|se|ses|ing|ding|ying)?"
# What the agent writes in. The field `language` is what the user does.
_OF_ANSWERS = (
    rf"\b{_LANGUAGES}(?:[- ]language)?\s+{_ANSWERS}\b",
    rf"\b{_ANSWERS}\s+(?:\w+\s+){{0,2}}?in\s+{_LANGUAGES}\b",
    rf"\b(?:agents?|assistants?|bots?|model)\s+(?:\w+\s+){{0,2}}?(?:in|speaks?|spoke|writes?|wrote|uses?|used)\s+{_LANGUAGES}\b",
)
_OF_COUNTRIES = re.compile(r"countr|nation|region|market|geo|land", re.IGNORECASE)
MISMATCH = "language_mismatch"  # the signal


def read_names(sentence: Sentence, vocabulary: Vocabulary) -> list[Part]:
    """What is introduced by what it is: user u_17, conversation c-9, event e1, issue 12, release r3, and languages."""
    parts: list[Part] = []
    ids = {"user": vocabulary.users, "conversation": vocabulary.conversations}
    for field, pattern in (
        ("user", r"\b(?:users?|customer|person)(?:\s+id)?\s+([^\s,;]*[\d_@-][^\s,;]*)"),
        ("conversation", r"\b(?:conversation|convo|thread)(?:\s+id)?\s+([^\s,;]*[\d_-][^\s,;]*)"),
        ("id", r"\bevent(?:\s+id)?\s+([^\s,;]*[\d_-][^\s,;]*)"),
        ("issue", r"\bissue\s+#?(\d{1,6})\b"),
        ("release", r"\b(?:release|version|build)\s+v?([\w.-]*\d[\w.-]*)"),
    ):
        for found in list(sentence.take(pattern)):
            value = sentence.written(found, 1).rstrip(".?!")
            known = vocabulary.of("release") if field == "release" else []
            negated = sentence.is_negated(found.start())
            parts.append(Part(field, "", _known(value, known), found.span(), negated))
    for field, values in ids.items():
        for word in re.findall(r"[^\s,;!?]+", sentence.original):
            if word.rstrip(".") in values and re.search(r"[\d_@-]", word):
                parts += place_names(sentence, field, word.rstrip("."))
    return parts + _read_languages(sentence, vocabulary)


def _read_languages(sentence: Sentence, vocabulary: Vocabulary) -> list[Part]:
    """What users write in is the field `language`. What answers are in is told by no field, but whether it is the user's language by a signal."""
    of_answers = [found for pattern in _OF_ANSWERS for found in list(sentence.take(pattern))]
    parts = []
    for found in list(
        sentence.take(
            rf"(?:\b(?:in|speaking|speak|write|writing|written in)\s+)?\b{_LANGUAGE}\b(?:[- ]speaking|[- ]language)?"
        )
    ):
        parts.append(
            Part("language", "", (_code(found[1]),), found.span(), sentence.is_negated(found.start()))
        )
    users = {part.values[0] for part in parts if not part.negated}
    is_known = any(signal.key == MISMATCH for signal in vocabulary.signals)
    for found in of_answers:
        answers = {_code(name) for name in found.groups() if name}
        is_another, negated = answers.isdisjoint(users), sentence.is_negated(found.start())
        # Not in English is in any other language, the user's too; in German or English may be either.
        if not is_known or len(users) != 1 or (negated if is_another else answers != users):
            sentence.restore(found.span())
            continue
        parts.append(Part("signal", "", (MISMATCH,), found.span(), negated == is_another))
        language = "the user’s own language" if negated == is_another else "another language than the user’s"
        sentence.notes.append(f"No field tells the language of answers: “{found[0]}” is read as {language}.")
    return parts


def _code(name: str) -> str:
    return next(code for known, code in CODES.items() if known.lower() == name)


def _known(value: str, known: list[str]) -> tuple[str, ...]:
    """The known one that is written so, with or without a v, else those that go on behind it (1.9: 1.9.0 and 1.9.1), else the value."""
    plain = value.lower().lstrip("v")
    same = [one for one in known if one.lower().lstrip("v") == plain]
    begun = [one for one in known if re.match(rf"v?{re.escape(plain)}[._+-]", one.lower())]
    return tuple(same[:1] or begun or [value])


def place_names(sentence: Sentence, field: str, value: str) -> list[Part]:
    """Each place where the value stands as a word of its own."""
    pattern = rf"(?<![\w.-]){re.escape(value.lower())}(?![\w]|[.-]\w)"
    return [
        Part(field, "", (value,), found.span(), sentence.is_negated(found.start()))
        for found in list(sentence.take(pattern))
    ]


def read_values(sentence: Sentence, vocabulary: Vocabulary) -> list[Part]:
    """Models, releases, event names, properties, traits and flags by their values, the longest first."""
    parts: list[Part] = []
    for value in sorted(vocabulary.of("model"), key=len, reverse=True):
        parts += place_names(sentence, "model", value)
    parts += _begun_models(sentence, vocabulary.of("model"))
    families = {re.split(r"[-_.:/\s\d]", value.lower())[0] for value in vocabulary.of("model")}
    for family in sorted(family for family in families if len(family) > 2):
        for found in list(sentence.take(rf"(?<![\w-]){re.escape(family)}(?:\s+models?)?(?![\w-])")):
            negated = sentence.is_negated(found.start())
            parts.append(Part("model", "glob", (family, ""), found.span(), negated))
    for value in sorted(vocabulary.of("release"), key=len, reverse=True):
        if re.search(r"\d", value):
            parts += place_names(sentence, "release", value)
    for value in sorted(vocabulary.of("agent"), key=len, reverse=True):
        parts += _agent(sentence, value)
    owners: dict[str, list[str]] = {}
    for name, values in vocabulary.values.items():
        if name.partition(".")[0] in ("prop", "trait", "flag"):
            for value in values:
                owners.setdefault(value.lower(), []).append(name)
    for value, names in sorted(owners.items(), key=lambda pair: -len(pair[0])):
        parts += _value(sentence, vocabulary, value, names)
    for value, names in sorted(owners.items(), key=lambda pair: -len(pair[0])):
        parts += _telling_value(sentence, vocabulary, value, names)
        parts += _country(sentence, vocabulary, value, names)
    for value in sorted(vocabulary.of("event"), key=len, reverse=True):
        if len(value) > 3 and "_" in value:
            parts += place_names(sentence, "event", value)
    return parts


def _agent(sentence: Sentence, value: str) -> list[Part]:
    """By its name, written with spaces as well; a name of one plain word only beside "agent"."""
    pieces = [piece for piece in re.split(_SEPARATORS, value.lower()) if piece]
    spoken = _SEPARATORS.join(map(re.escape, pieces))
    plain = len(pieces) < 2 and not re.search(r"\d", value)
    parts = []
    for found in list(
        sentence.take(
            rf"(?:\b(?:sub-?)?agents?\s+)?(?<![\w.-]){spoken}(?![\w-]|\.\w)(?:\s+(?:sub-?)?agent\b)?"
        )
    ):
        if plain and "agent" not in found[0].replace(value.lower(), "", 1):
            sentence.restore(found.span())
            continue
        parts.append(Part("agent", "", (value,), found.span(), sentence.is_negated(found.start())))
    return parts


def _begun_models(sentence: Sentence, models: list[str]) -> list[Part]:
    """Models by at least two parts that their names begin with, before or behind a provider: "claude-haiku" and "claude haiku" for
    anthropic/claude-haiku-4-5. All that begin so are meant."""
    begun: dict[tuple[str, ...], list[str]] = {}
    for model in models:
        for name in {model, model.rpartition("/")[2]}:
            pieces = [piece for piece in re.split(_SEPARATORS, name.lower()) if piece]
            for length in range(2, len(pieces) + 1):
                begun.setdefault(tuple(pieces[:length]), []).append(model)
    parts = []
    for start, meant in sorted(begun.items(), key=lambda pair: (-len(pair[0]), pair[0])):
        spoken = _SEPARATORS.join(map(re.escape, start))
        for found in list(sentence.take(rf"(?<![\w.-]){spoken}(?:\s+models?)?(?![\w-]|\.\w)")):
            negated = sentence.is_negated(found.start())
            parts.append(Part("model", "", tuple(meant), found.span(), negated))
    return parts


def _value(sentence: Sentence, vocabulary: Vocabulary, value: str, names: list[str]) -> list[Part]:
    """A property's value beside its name ("plan pro", "pro plan", "plan is pro"), or alone beside a group of people ("pro users")."""
    word = rf"(?<![\w-]){re.escape(value)}(?![\w-])"
    for name in names:
        key = name.partition(".")[2].lower()
        spoken_key = r"[\s_-]*".join(map(re.escape, re.split(r"[\s_-]+", key)))
        patterns = [
            rf"\b{spoken_key}\b\s*(?:is|are|was|=|:|of|equal to)?\s*{word}",
            rf"{word}[\s-]+{spoken_key}s?\b",
        ]
        if (
            len(names) == 1
            and len(value) > 1
            and value not in EMPTY
            and re.search(r"[a-z]", value)
            and value not in ("true", "false", "on", "off", "yes", "no")
        ):
            patterns.append(rf"{word}(?=\s+(?:{_GROUPS})\b)")
            patterns.append(rf"\b(?:on|in|from|via|through)\s+(?:the\s+)?{word}")
        written = next((one for one in vocabulary.of(name) if one.lower() == value), value)
        for pattern in patterns:
            for found in list(sentence.take(pattern)):
                negated = sentence.is_negated(found.start())
                return [Part(name, "", (written,), found.span(), negated)]
    return []


def _telling_value(sentence: Sentence, vocabulary: Vocabulary, value: str, names: list[str]) -> list[Part]:
    """A value that is no plain word, wherever it stands: it has a mark or a digit within, several words, or a capital letter that the sentence
    has as well ("AT", "Vienna")."""
    if _is_number(value) or len(value) < 2:
        return []
    name = _owner(names)
    written = next(one for one in vocabulary.of(name) if one.lower() == value)
    marked = re.search(r"[\W_]|\d", value) is not None
    pieces = re.split(r"[\s_-]+", value)
    spoken = (
        r"[\s_-]+".join(map(re.escape, pieces)) if all(len(one) > 1 for one in pieces) else re.escape(value)
    )
    parts = []
    for found in list(sentence.take(rf"(?<![\w.@/-]){spoken}(?![\w@/]|[.-]\w)")):
        begins = not sentence.original[: found.start()].strip()
        same = (
            sentence.written(found, 0) == written and written != value and (not begins or written.isupper())
        )
        if marked or same:
            parts.append(Part(name, "", (written,), found.span(), sentence.is_negated(found.start())))
        else:
            sentence.restore(found.span())
    return parts


def _country(sentence: Sentence, vocabulary: Vocabulary, value: str, names: list[str]) -> list[Part]:
    """A value that is a country's code, by the country's name."""
    parts = []
    name = _owner(names)
    written = next(one for one in vocabulary.of(name) if one.lower() == value)
    if not written.isupper() and not _OF_COUNTRIES.search(name):  # "de" of a property `lang` is none
        return []
    for spoken in names_of(value.upper()):
        pattern = rf"(?:\b(?:from|in|aus)\s+)?(?:the\s+)?(?<![\w-]){re.escape(spoken)}{PEOPLE}(?![\w-])"
        for found in list(sentence.take(pattern)):
            parts.append(Part(name, "", (written,), found.span(), sentence.is_negated(found.start())))
    return parts


def _owner(names: list[str]) -> str:
    """Of fields that have the same value: what is known of the user, before what is of the event."""
    return min(names, key=lambda name: ["trait", "prop", "flag"].index(name.partition(".")[0]))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_tools(sentence: Sentence, vocabulary: Vocabulary) -> list[Part]:
    """Tools by their names as they are written, then by words that share a stem with theirs; failed ones where it says so."""
    parts: list[Part] = []
    for tool in sorted(vocabulary.of("tool"), key=len, reverse=True):
        spoken = r"[\s_.-]+".join(map(re.escape, re.split(r"[\s_.-]+", tool.lower())))
        if len(tool) > 2:
            for found in list(
                sentence.take(rf"(?:\btools?\s+)?(?<![\w-]){spoken}(?![\w-])(?:\s+(?:tool|calls?))*")
            ):
                if "_" in tool or "tool" in found[0] or "call" in found[0] or " " in found[0].strip():
                    parts.append(_tool(sentence, (tool,), found.span()))
                    continue
                parts.append(_tool(sentence, (tool,), found.span()))
    failing = re.search(FAILED, sentence.text)
    if not parts and failing and not re.search(r"\b(?:tool|tools)\b", sentence.text):
        for found in re.finditer(r"[^\W\d_]{3,}", sentence.text):
            same = stem(found[0])
            named = {
                tool: [stem(word) for word in words_of(tool.replace("_", " "))]
                for tool in vocabulary.of("tool")
            }
            # What it does, before what it does it to.
            tools = [tool for tool, stems in named.items() if stems[:1] == [same]]
            tools = tools or [tool for tool, stems in named.items() if same in stems]
            if found[0] not in EMPTY and tools and not re.fullmatch(FAILED, found[0]):
                words = {stem(word) for word in words_of(sentence.text)}
                shared = {tool: len(words.intersection(named[tool])) for tool in tools}
                tools = [tool for tool in tools if shared[tool] == max(shared.values())]
                parts.append(_tool(sentence, tuple(tools), found.span()))
                sentence.blank(found.span())
                break
    return parts


def _tool(sentence: Sentence, tools: tuple[str, ...], place: tuple[int, int]) -> Part:
    """Failed, where a word for failing stands within four words."""
    around = sentence.whole[max(0, place[0] - 30) : place[1] + 25]
    failed = re.search(FAILED, around)
    negated = sentence.is_negated(place[0])
    if failed and not negated:
        start = max(0, place[0] - 30) + failed.start()
        sentence.blank((start, start + len(failed[0])))
        return Part("tool.failed", "", tools, place)
    return Part("tool", "", tools, place, negated)
