"""The agent answers in another language than the user wrote in. Any of LANGUAGES, in both directions.

Cheap questions come first, since nearly every answer is in its question's language: does each side hold a few English words that
other languages do not have, or does the answer use the question's words? Only where that leaves a doubt is the language identified (py3langid).
Code, quotes, addresses and JSON say nothing, and of short texts only a message that looks like those before it; whoever names a translation
or another language than they write gets what they asked for.
"""

import functools
import re
from collections.abc import Callable

from signals.detectors.batch import Batch, Detector, Finding, Turn, measured
from signals.detectors.built_in import AGENT_SIDE, ANY, BuiltIn
from signals.detectors.phrases import piece
from signals.detectors.text import Text
from signals.models.definitions import Reads, Sentiment

NAMES = {
    "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi",
    "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian",
    "lv": "Latvian", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian",
    "sk": "Slovak", "sl": "Slovenian", "sv": "Swedish", "ta": "Tamil", "te": "Telugu", "th": "Thai", "tl": "Tagalog", "tr": "Turkish",
    "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
LANGUAGES = sorted(NAMES)
CODES = {name: code for code, name in NAMES.items()}
# Told apart too seldom to rely on.
RELATED = [
    {"da", "no", "sv"},
    {"cs", "sk"},
    {"hr", "sl"},
    {"ru", "uk", "bg"},
    {"ca", "es"},
    {"ur", "fa", "ar"},
]
# Words that English texts hold and others seldom do.
ENGLISH = frozenset(
    ["the", "and", "you", "to", "that", "for", "have", "with", "this", "your", "are", "would", "please", "my", "what", "how", "from", "which",
     "want", "need", "there", "but", "they", "i'm", "it's", "can", "not", "don't", "i'd", "i've", "i'll", "let", "here's", "thank", "thanks",
     "yes", "should", "could", "any", "looking", "like", "it", "find", "when", "where", "does", "about"]
)  # fmt: skip
ENGLISH_WORDS = 3
ENGLISH_SHARE = 0.12  # of a shorter text's words
LOOKED_AT = 80  # words, for that
SAME_WORDS = 0.3  # of the answer's words: more than names and terms make up
READ = 2000  # characters, for identifying
LETTERS, WIDE_LETTERS = 30, 8  # at the least; in scripts that write a syllable or a word with one sign
SURE = 0.97
SURE_OF_SCRIPT = 0.4  # the script says most of it: what is left open lies within RELATED
LIKELY = 0.9  # of a short text, beside longer ones before it
LAST = 3  # messages
ASIDE = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]{1,300}`|https?://\S+|\S+@\S+|\"[^\"\n]{1,1000}\"|<[^>\n]{1,200}>|\{[^}]{0,1000}\}|[\w./\\-]*[\d_/\\][\w./\\-]*|^[ \t]*>.*$",
    re.DOTALL | re.MULTILINE,
)
SCRIPTS = [
    ("kana", re.compile("[\u3040-\u30ff]")),
    ("hangul", re.compile("[\uac00-\ud7af]")),
    ("han", re.compile("[\u4e00-\u9fff]")),
    ("cyrillic", re.compile("[\u0400-\u04ff]")),
    ("arabic", re.compile("[\u0600-\u06ff]")),
    ("hebrew", re.compile("[\u0590-\u05ff]")),
    ("greek", re.compile("[\u0370-\u03ff]")),
    ("thai", re.compile("[\u0e00-\u0e7f]")),
    ("devanagari", re.compile("[\u0900-\u097f]")),
]
WIDE = {"kana", "hangul", "han", "thai"}
ASKS = re.compile(
    r"translat|interpret(?:er|ation)|übersetz|traduc|tradui|tradu[zç]|vertaal|vertal|перевод|перевед|переклад|翻译|翻譯|翻訳|訳して|번역|ترجم|अनुवाद|tłumacz|przetłumacz|çevir|dịch sang|"
    r"\b(?:english|inglés|ingles|inglês|anglais|englisch|inglese|engels|english language|англий\w*|spanish|español|espanol|espagnol|spanisch|castellano|german|deutsch|alemán|allemand|tedesco|"
    r"french|français|francais|francés|französisch|italian|italiano|italienisch|portuguese|português|portugues|dutch|nederlands|russian|русск\w*|chinese|mandarin|cantonese|japanese|korean|"
    r"arabic|hindi|turkish|türkçe|polish|polski|swedish|svenska|norwegian|danish|finnish|czech|greek|hebrew|latin|ukrainian|vietnamese|thai|indonesian|romanian|hungarian|persian|farsi|urdu|bengali|"
    r"language|idioma|sprache|langue|lingua|taal|язык\w*)\b|英語|英语|中文|汉语|漢語|日本語|日语|韩语|한국어|영어|الإنجليزية|العربية",
)
TRANSLATES = re.compile(ASKS.pattern.partition("|\\b(?:english")[0])
# What a message calls the language that it is written in; who asks for that one, or why it is another, asks for no other.
OWN = {
    "de": re.compile(r"deutsch|german|alemán|allemand|tedesco"),
    "en": re.compile(r"english|inglés|ingles|inglês|anglais|englisch|inglese|engels"),
    "es": re.compile(r"spanish|español|espanol|espagnol|spanisch|castellano"),
    "fr": re.compile(r"french|français|francais|francés|französisch"),
    "it": re.compile(r"italian|italiano|italienisch"),
    "nl": re.compile(r"dutch|nederlands"),
    "pt": re.compile(r"portuguese|português|portugues"),
}
COMPLAINS = re.compile(
    r"\b(?:kein|(?<!warum )(?<!wieso )nicht auf|verstehe|(?:warum|wieso|why|pourquoi|por qué|por que)(?! not| nicht| pas| no)|don't (?:speak|understand)|(?<!why )not in|no (?:hablo|entiendo|habla)|não (?:falo|entendo|em)|"
    r"(?:parle|comprends|comprend|parlons) pas|(?<!pourquoi )pas en)\b[^.!?,;\n]{0,40}$"
)


def detect(batch: Batch) -> list[Finding]:
    found = []
    for index, turn in enumerate(batch.turns):
        if _is_short(turn.output.raw) or (_is_short(turn.input.raw) and not _began_in_another(turn)):
            continue
        if _is_english(turn.input) and _is_english(turn.output) or _says_the_same_words(turn):
            continue
        if (languages := _differ(turn)) is not None:
            of_user, of_agent = languages
            text = f"The user writes {NAMES[of_user]}, the agent answers in {NAMES[of_agent]}."
            first = turn.output.sentences()[:1] or [(0, min(200, len(turn.output.normal)))]
            found.append(Finding(index, 0.9, [piece("assistant", turn.output, *first[0]), measured(text)]))
    return found


def _is_short(raw: str) -> bool:
    return len(raw) < (LETTERS if raw.isascii() else WIDE_LETTERS)


def language_of(text: Text) -> str | None:
    """The language that a text is written in, by its name; None for what is too short or in doubt.

    English is told by its words. Anything else asks py3langid, whose model takes a second and 100 MB once a process, then 0.3 ms."""
    code = "en" if _is_english(text) else _language(_prose(text))
    return code and NAMES[code]


def _is_english(text: Text) -> bool:
    words = text.words_of(LOOKED_AT)
    found = len(ENGLISH.intersection(words))
    return found >= ENGLISH_WORDS or 0 < found >= ENGLISH_SHARE * len(words)


def _says_the_same_words(turn: Turn) -> bool:
    answer_words = [word for word in turn.output.words_of(LOOKED_AT) if len(word) > 2 and word.isalpha()]
    message_words = set(turn.input.words_of(LOOKED_AT))
    repeated = sum(word in message_words for word in answer_words)
    return len(answer_words) >= 8 and repeated >= SAME_WORDS * len(answer_words)


def _differ(turn: Turn) -> tuple[str, str] | None:
    """The two languages, where both are known and are not one."""
    if turn.output.raw.lstrip()[:1] in ("{", "["):
        return None
    given = _prose(turn.input)
    of_user = "en" if _is_english(turn.input) else _language_of_user(turn, given)
    if of_user is None or of_user == "en" and _is_english(turn.output):
        return None
    of_agent = _language_of_agent(turn.output)
    if of_agent is None or _same(of_user, of_agent):
        return None
    of_user = _language_of_user(turn, given)  # a few English words may be a foreign text's
    if of_user is None or _same(of_user, of_agent):
        return None
    if any(_asks(text.normal, of_user) for text in (turn.input, *(old.input for old in turn.previous))):
        return None
    # A text of another language that the user brought along, with a word of their own before or after it.
    own = [part for part in re.split(r"[\n:.!?]+", given) if len(part) > 12]
    for part in own[:2] + own[-2:]:
        if _near(part, of_agent):
            return None
    for old in turn.previous[-LAST:]:
        if (before := _language(_prose(old.input))) is not None and _same(before, of_agent):
            return None  # who talks in two languages may be answered in either
    return of_user, of_agent


def _began_in_another(turn: Turn) -> bool:
    """Whether a message before may be in another language than English; asked of short ones alone."""
    return any(not (_is_short(old.input.raw) or _is_english(old.input)) for old in turn.previous[-LAST:])


def _language_of_user(turn: Turn, given: str) -> str | None:
    """Of this message; of one that is too short that of those before, where it looks like it."""
    if (language := _language(given)) is not None or not turn.previous or " " not in given:
        return language
    before = [_language(_prose(old.input)) for old in turn.previous[-LAST:]]
    known = [language for language in before if language is not None]
    guess, probability = _identifier()(given)
    return guess if known and guess == known[-1] and probability >= LIKELY else None


def _language_of_agent(text: Text) -> str | None:
    """English words help where a text is too short, or full of names."""
    prose = _prose(text)
    if (language := _language(prose)) is not None or not _near(prose, "en"):
        return language
    guess, probability = _identifier()(prose)
    return guess if guess == "en" and probability >= LIKELY else None


def _asks(normal: str, of_user: str) -> bool:
    """Whether the message names a translation, or a language beside its own that it does not complain of."""
    for match in ASKS.finditer(normal):
        own = of_user in OWN and OWN[of_user].fullmatch(match[0])
        if TRANSLATES.match(match[0]) or not (own or COMPLAINS.search(normal, 0, match.start())):
            return True
    return False


def _prose(text: Text) -> str:
    return ASIDE.sub(" ", text.shown[:READ]).strip()


def _language(prose: str) -> str | None:
    """None for what is too short or in doubt."""
    script = _script(prose)
    letters = sum(map(str.isalpha, prose))
    if letters < (WIDE_LETTERS if script in WIDE else LETTERS) or (script is None and prose.count(" ") < 4):
        return None
    language, probability = _identifier()(prose)
    return language if probability >= (SURE_OF_SCRIPT if script else SURE) else None


def _near(part: str, language: str) -> bool:
    """Whether a clause may well be in that language."""
    if language == "en":
        return len(ENGLISH.intersection(part.lower().split())) >= 2
    found, probability = _identifier()(part)
    return probability >= 0.8 and _same(found, language)


def _script(prose: str) -> str | None:
    """The first script beside Latin that a tenth of the letters are in."""
    if prose.isascii():
        return None
    letters = max(1, sum(map(str.isalpha, prose)))
    return next((name for name, letter in SCRIPTS if 10 * len(letter.findall(prose)) >= letters), None)


def _same(one: str, other: str) -> bool:
    return one == other or any(one in group and other in group for group in RELATED)


@functools.cache
def _identifier() -> Callable[[str], tuple[str, float]]:
    """Loaded when first in doubt: it takes a second."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LANGUAGES)

    def identify(text: str) -> tuple[str, float]:
        language, probability = identifier.classify(text)
        return str(language), float(probability)

    return identify


SIGNAL = BuiltIn(
    "language_mismatch",
    "Language mismatch",
    "The agent answers in another language than the user wrote in. Short texts, code, quotes, and requests that name a language or a "
    "translation do not count.",
    Reads.CONVERSATION,
    Sentiment.NEGATIVE,
    AGENT_SIDE,
    languages=ANY,
)
DETECTOR = Detector("language_mismatch", 2, detect)
